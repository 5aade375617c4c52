"""Absence of data: one device that fell silent, or a gateway with all behind it as one."""

from dure.detect.core.channel import NEVER
from dure.detect.core.source import Source
from dure.detect.core.timers import Timers
from dure.detect.core.tracks import Out
from dure.detect.model import Absence, Cleared, Raised, Rule, group_subject


class Silence:
    """The watch over one device under one rule. `since` is the moment from which silence counts."""

    __slots__ = ("onset", "opened", "queued", "retired", "second", "source", "watch")

    def __init__(self, watch: "AbsenceWatch", source: Source) -> None:
        self.watch, self.source = watch, source
        self.queued: float | None = None
        self.opened = self.retired = False
        self.onset = NEVER
        self.second = (NEVER, NEVER)

    def since(self) -> float:
        """When it was last heard, or from when on this shard listens again after a gap of its own."""
        return max(self.source.heard, self.watch.listening_since)

    def patience_s(self) -> float:
        """How long it may be silent."""
        pattern = self.watch.pattern
        usual = self.source.info.interval_s or self.source.usual_interval_s()
        return max(pattern.for_s, pattern.intervals * usual)

    def wakes_at(self) -> float | None:
        """See `Sleeper`. A device that never spoke is not missed."""
        if self.opened or self.retired or self.source.heard == NEVER or self.watch.covers(self):
            return None
        since = self.since()
        # Asked first after the rule's time and then after the device's own: what the core does must not hang on when
        # the usual interval was looked at last.
        return self.second[1] if self.second[0] == since else since + self.watch.pattern.for_s

    def wake(self, now: float) -> None:
        """Raise if nothing was heard."""
        wanted = self.wakes_at()
        if wanted is None or wanted > now:
            return
        since = self.since()
        if now < since + self.patience_s():
            self.second = (since, since + self.patience_s())
        else:
            self.watch.fell_silent(self, now)

    def spoke(self, at: float) -> None:
        """The device is there again at `at` (received time)."""
        self.watch.spoke(self, at)


class AbsenceWatch:
    """One absence rule over all its devices."""

    def __init__(self, rule: Rule, pattern: Absence, out: Out, timers: Timers) -> None:
        self.rule, self.pattern, self.out, self.timers = rule, pattern, out, timers
        self.listening_since = NEVER
        self.silences: dict[str, Silence] = {}
        self.groups: dict[str, list[Silence]] = {}
        self.open_groups: dict[str, float] = {}

    def add(self, source: Source) -> Silence:
        """Watch over `source`."""
        silence = self.silences[source.info.id] = Silence(self, source)
        if source.info.group is not None:
            self.groups.setdefault(source.info.group, []).append(silence)
        return silence

    def remove(self, source: Source, at: float) -> None:
        """Watch over `source` no longer; its own alarm is cleared."""
        silence = self.silences.pop(source.info.id, None)
        if silence is None:
            return
        self._clear_device(silence, at)
        silence.retired = True
        if source.info.group is not None:
            self.groups[source.info.group].remove(silence)

    def retire(self) -> None:
        """The rule is gone: no timer of it means anything any more."""
        for silence in self.silences.values():
            silence.retired = True

    def open_now(self) -> list[tuple[str, float]]:
        """(subject, onset) of what is open."""
        single = [(name, silence.onset) for name, silence in self.silences.items() if silence.opened]
        return single + [(group_subject(group), onset) for group, onset in self.open_groups.items()]

    def covers(self, silence: Silence) -> bool:
        """Whether the silence belongs to an open alarm of its group."""
        return silence.source.info.group in self.open_groups

    def fell_silent(self, silence: Silence, now: float) -> None:
        """Raise for the device, or for its group when enough of it went together."""
        group = silence.source.info.group
        missing = self._missing(group, now) if group is not None else []
        if group is not None and self._many(group, missing):
            for other in missing:
                self._clear_device(other, now)
            onset = min(other.since() for other in missing)
            self.open_groups[group] = onset
            silent = tuple(sorted(other.source.info.id for other in missing))
            subject = group_subject(group)
            self.out.append(Raised(self.rule.id, subject, None, group, onset, now, members=silent))
            self._mark(group)
            return
        silence.opened, silence.onset, silence.source.odd = True, silence.since(), True
        name = silence.source.info.id
        self.out.append(Raised(self.rule.id, name, name, group, silence.onset, now))

    def spoke(self, silence: Silence, at: float) -> None:
        """End what the device's silence had opened."""
        self._clear_device(silence, at)
        group = silence.source.info.group
        if group in self.open_groups and not self._many(group, self._missing(group, at)):
            onset = self.open_groups.pop(group)
            self.out.append(Cleared(self.rule.id, group_subject(group), at, onset))
            self._rearm(group)
        else:
            self.timers.arm(silence)

    def adopt(self, subject: str, onset: float) -> None:
        """An alarm is open that this state does not know of."""
        name = subject.removeprefix(group_subject(""))
        if name != subject:
            self.open_groups.setdefault(name, onset)
            self._mark(name)
        elif name in self.silences:
            silence = self.silences[name]
            silence.opened, silence.onset, silence.source.odd = True, onset, True

    def _missing(self, group: str, now: float) -> list[Silence]:
        """Members silent for at least half the time: they went with the first, though their report was not yet due."""
        return [other for other in self._members(group) if now - other.since() >= other.patience_s() / 2]

    def _members(self, group: str) -> list[Silence]:
        return [other for other in self.groups.get(group, []) if other.source.heard != NEVER]

    def _many(self, group: str, missing: list[Silence]) -> bool:
        return len(missing) >= self.pattern.group_min and len(missing) >= self.pattern.share * len(self._members(group))

    def _clear_device(self, silence: Silence, at: float) -> None:
        if silence.opened:
            silence.opened = False
            self.out.append(Cleared(self.rule.id, silence.source.info.id, at, silence.onset))

    def _mark(self, group: str) -> None:
        for other in self.groups.get(group, []):
            other.source.odd = True

    def _rearm(self, group: str) -> None:
        for other in self.groups.get(group, []):
            self.timers.arm(other)
