"""All rules over all devices of one shard: readings and time in, alarms out.

Nothing here reads a clock: `feed` takes packs in stream order, `advance` says how far received time has come. Fed the
same packs, two shards give the same alarms, whenever the wall clock was asked between them.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from dure.detect.core.channel import NEVER, Channel
from dure.detect.core.checks import Check, Checks
from dure.detect.core.lanes import Lane
from dure.detect.core.neighbours import NeighbourWatch
from dure.detect.core.silence import AbsenceWatch
from dure.detect.core.source import SKEW_S, SUSPECT_S, Source
from dure.detect.core.timers import Timers
from dure.detect.core.tracks import Track
from dure.detect.model import (
    Absence,
    Cleared,
    ClockSkew,
    Device,
    Neighbours,
    Outcome,
    Raised,
    Rule,
    Value,
    group_subject,
)

FLIGHT_S: Final = 0.1
"""How long a reading may be on its way from the door to here: the wall clock is believed only up to this long ago."""


class Readings(Protocol):
    """Columns of one pack (`dure.sense.packs.Pack`)."""

    device: list[str]
    property: list[str]
    value: list[Value]
    observed_at: list[float]
    received_at: list[float]
    seq: list[int]


class Shard:
    """`mark` is the highest MQTT sequence taken: readings at or below it come twice. `out` collects outcomes."""

    def __init__(self, rules: Sequence[Rule] = (), devices: Iterable[Device] = ()) -> None:
        self.mark = 0
        self.now = NEVER
        self.listening_since = NEVER
        self.out: list[Outcome] = []
        self.timers = Timers()
        self.rules: dict[str, Rule] = {}
        self.devices: dict[str, Device] = {}
        self.sources: dict[str, Source] = {}
        self.tracks: dict[tuple[str, str], Track] = {}
        self.absences: dict[str, AbsenceWatch] = {}
        self.neighbours: dict[str, NeighbourWatch] = {}
        self.clocks: dict[str, Rule] = {}
        self._checks: dict[str, Checks] = {}
        self._by_kind: dict[str, list[Rule]] = {}
        self._clock_reports = 3
        self.set_devices(devices)
        self.set_rules(rules)

    # What is watched

    def set_rules(self, rules: Sequence[Rule]) -> None:
        """Watch by `rules` from now on. A rule whose logic is unchanged keeps its state, any other starts anew."""
        before, self.rules = self.rules, {rule.id: rule for rule in rules if rule.enabled}
        changed = {
            name
            for name in before.keys() | self.rules.keys()
            if name not in before
            or name not in self.rules
            or before[name].logic_hash() != self.rules[name].logic_hash()
        }
        for key in [key for key in self.tracks if key[0] in changed]:
            self.tracks.pop(key).retire()
        for track in self.tracks.values():
            track.rule = self.rules[track.rule.id]
        self._checks = {name: Checks(rule) for name, rule in self.rules.items()}
        for name in changed & self.absences.keys():
            self.absences.pop(name).retire()
        for name in changed & self.neighbours.keys():
            self.neighbours.pop(name).clusters.clear()
        self.clocks = {name: rule for name, rule in self.rules.items() if isinstance(rule.pattern, ClockSkew)}
        self._clock_reports = min(
            (r.pattern.reports for r in self.clocks.values() if isinstance(r.pattern, ClockSkew)), default=3
        )
        for name, rule in self.rules.items():
            if isinstance(rule.pattern, Absence):
                watch = self.absences.setdefault(name, AbsenceWatch(rule, rule.pattern, self.out, self.timers))
                watch.rule, watch.listening_since = rule, self.listening_since
            elif isinstance(rule.pattern, Neighbours):
                self.neighbours.setdefault(name, NeighbourWatch(rule, rule.pattern, self.out, self.timers)).rule = rule
        self._rewire()

    def set_devices(self, devices: Iterable[Device]) -> None:
        """These are the devices now. One that moved to another kind or group starts anew; what was open on one that is
        gone is cleared."""
        found = {device.id: device for device in devices}
        self.change_devices(found.values(), [name for name in self.devices if name not in found])

    def change_devices(self, changed: Iterable[Device], gone: Iterable[str] = ()) -> None:
        """These devices are new or other ones now, those are gone. All else stays as it is."""
        moved = False
        for name in gone:
            moved |= self.devices.pop(name, None) is not None
            if name in self.sources:
                self._drop(self.sources.pop(name))
        for device in changed:
            old = self.devices.get(device.id)
            if old == device:
                continue
            moved = True
            self.devices[device.id] = device
            source = self.sources.get(device.id)
            if source is None:
                continue
            if old is not None and (old.kind, old.group) != (device.kind, device.group):
                self._drop(source)
            source.info = device
            self._wire_all(source)
        if moved:
            for near in self.neighbours.values():
                near.place(self.devices)

    def listen(self, since: float) -> None:
        """Nobody could be heard before `since` (the city was down, the stream away): silence counts from then."""
        self.listening_since = max(self.listening_since, since)
        for watch in self.absences.values():
            watch.listening_since = self.listening_since

    # Readings and time

    def feed(self, pack: Readings) -> None:
        """Take a pack, in stream order; outcomes are appended to `out`."""
        if not pack.device:
            return
        self.advance(min(pack.received_at))
        mark, sources = self.mark, self.sources
        columns = zip(pack.device, pack.property, pack.value, pack.observed_at, pack.received_at, pack.seq, strict=True)
        for name, prop, value, observed, received, seq in columns:
            if 0 < seq <= mark:
                continue
            source = sources.get(name)
            if source is None:
                source = self.meet(name)
                if source is None:
                    continue
            channel = source.channels.get(prop)
            if channel is None:
                channel = self.open_channel(source, prop)
            skew = received - observed
            if source.odd or skew > SKEW_S or skew < -SKEW_S or observed <= channel.last:
                self._odd(source, channel, value, observed, received)
                continue
            if received > source.heard:
                source.heard = received
            channel.note(observed, value)
            for check, lane in channel.feeds:
                truth = check(value)
                if truth or lane.busy:
                    lane.take(channel, truth, value, observed, skew)
        self.mark = max(mark, *pack.seq)

    def advance(self, now: float) -> None:
        """Received time has come to `now` and nothing received before it is still to come."""
        if now > self.now:
            self.now = now
            self.timers.advance(now)

    def idle(self, wall: float) -> None:
        """Nothing is queued at wall time `wall`: timers run with it."""
        self.advance(wall - FLIGHT_S)

    def drain(self) -> list[Outcome]:
        """Outcomes since the last call."""
        taken = list(self.out)
        self.out.clear()
        return taken

    # Alarms that the store knows

    def open_alarms(self) -> list[tuple[str, str, float]]:
        """(rule, subject, onset) of every alarm this state holds open, late ones aside."""
        held = [(name, subject, track.onset) for (name, subject), track in self.tracks.items() if track.opened]
        for name, absence in self.absences.items():
            held += [(name, subject, onset) for subject, onset in absence.open_now()]
        for name, near in self.neighbours.items():
            held += [(name, subject, cluster.onset) for subject, cluster in near.clusters.items()]
        for name in self.clocks:
            held += [(name, device, source.last_recv) for device, source in self.sources.items() if source.clock_bad]
        return held

    def adopt(self, rule: str, subject: str, onset: float, at: float) -> None:
        """The store holds an open alarm that this state does not know of: watch for its end."""
        device = None if subject.startswith(group_subject("")) else subject
        source = None if device is None else self.meet(device)
        if rule in self.absences:
            self.absences[rule].adopt(subject, onset)
        elif rule in self.neighbours:
            if subject not in self.neighbours[rule].clusters:
                self.neighbours[rule].adopt(subject, onset, at, set() if device is None else {device})
        elif rule in self.clocks:
            if source is not None:
                source.clock_bad = source.odd = True
        elif rule in self.rules:
            group = None if device is not None else subject.removeprefix(group_subject(""))
            self.track(self.rules[rule], subject, device, group).adopt(onset)

    # The long way round

    def _odd(self, source: Source, channel: Channel, value: Value, observed: float, received: float) -> None:
        """A reading whose times are doubtful, of a device whose clock is, or that ends a silence."""
        received = max(received, source.heard)
        skew = received - observed
        off = abs(skew) > SKEW_S
        in_order = observed > channel.last
        was_silent = source.heard
        source.heard = received
        if off:
            source.suspect_until = received + SUSPECT_S
        elif not in_order:
            if channel.knows(observed, value):
                source.heard = was_silent  # a repeat says nothing, not even that the device lives
                return
            source.suspect_until = received + SUSPECT_S  # its clock was set back, or jumps
        self._judge(source, observed, received)
        for silence in source.silences:
            silence.spoke(received)
        gap = observed - channel.last if in_order and skew >= -SKEW_S else received - channel.heard
        if gap > 0 and NEVER not in {channel.last, channel.heard}:
            channel.learn(gap)
        channel.heard = received
        self._feed_lanes(source, channel, value, observed, received)
        source.odd = self._still_odd(source, received)
        if not source.odd:
            source.settle()

    def _feed_lanes(self, source: Source, channel: Channel, value: Value, observed: float, received: float) -> None:
        skew = received - observed
        in_order = observed > channel.last
        ahead = skew < -SKEW_S
        if in_order and not ahead:
            channel.last = observed
        channel.keep(observed, value)
        doubtful = received < source.suspect_until
        anew = observed <= channel.back
        if not in_order and skew > SKEW_S:
            channel.back = observed
        for check, lane in channel.feeds:
            truth = check(value)
            if isinstance(lane, NeighbourWatch):
                if source.clock_bad or abs(skew) <= SKEW_S:
                    lane.take(channel, truth, value, received if source.clock_bad else observed, 0.0)
                continue
            track = lane.owner
            assert isinstance(track, Track)
            observing = in_order and not ahead
            if not observing:
                track.hand_over(channel.last)
            if doubtful or track.received is not None:
                track.take_received(channel, truth, value, received)
            if observing and (truth or lane.busy):
                lane.take(channel, truth, value, observed, skew)
            elif not in_order and skew > SKEW_S:
                track.take_back(channel, truth, value, observed, skew, anew=anew)
            if track.received is not None and not doubtful and not track.received.busy:
                track.received = None

    def _still_odd(self, source: Source, received: float) -> bool:
        if received < source.suspect_until or source.clock_bad:
            return True
        if any(track.received is not None for track in source.tracks.values()):
            return True
        return any(silence.opened or silence.watch.covers(silence) for silence in source.silences)

    def _judge(self, source: Source, observed: float, received: float) -> None:
        source.judge(observed, received)
        name = source.info.id
        if not source.clock_bad and source.off_run >= self._clock_reports:
            source.clock_bad = True
            for rule in self._clock_rules(source):
                skew = received - observed
                self.out.append(Raised(rule, name, name, source.info.group, received, received, value=skew))
        elif source.clock_bad and source.good_run >= self._clock_reports:
            source.clock_bad = False
            self.out.extend(Cleared(rule, name, received) for rule in self._clock_rules(source))

    def _clock_rules(self, source: Source) -> list[str]:
        return [name for name, rule in self.clocks.items() if rule.applies_to(source.info.kind)]

    # Wiring

    def meet(self, name: str) -> Source | None:
        """The device's state, made at its first reading; None for a device that the city does not know."""
        source = self.sources.get(name)
        info = self.devices.get(name)
        if source is not None or info is None:
            return source
        source = self.sources[name] = Source(info)
        source.odd = True  # the long way meets the absence rules and judges the clock once
        self._watch_silence(source)
        return source

    def _watch_silence(self, source: Source) -> None:
        source.silences = [
            watch.silences.get(source.info.id) or watch.add(source)
            for watch in self.absences.values()
            if watch.rule.applies_to(source.info.kind)
        ]
        for silence in source.silences:
            self.timers.arm(silence)

    def open_channel(self, source: Source, prop: str) -> Channel:
        """A property that the device has not reported before."""
        channel = source.channels[prop] = Channel(source.info.id, prop)
        self._wire(source, channel)
        return channel

    def _wire(self, source: Source, channel: Channel) -> None:
        """Tell the channel which rules read it."""
        feeds: list[tuple[Check, Lane | NeighbourWatch]] = []
        for rule in self._rules_for(source.info.kind):
            if channel.property not in rule.properties:
                continue
            check = self._checks[rule.id].holds[channel.property]
            if rule.id in self.neighbours:
                feeds.append((check, self.neighbours[rule.id]))
                continue
            by_group = rule.subject == "group" and source.info.group is not None
            subject = group_subject(source.info.group or "") if by_group else source.info.id
            track = self.track(rule, subject, None if by_group else source.info.id, source.info.group)
            source.tracks[rule.id] = track
            feeds.append((check, track.observed))
        channel.feeds = tuple(feeds)

    def track(self, rule: Rule, subject: str, device: str | None, group: str | None) -> Track:
        """The track of a rule on a subject, made where there is none."""
        track = self.tracks.get((rule.id, subject))
        if track is None:
            track = Track(rule, self._checks[rule.id], subject, device, group, self.out, self.timers)
            self.tracks[rule.id, subject] = track
        return track

    def _rules_for(self, kind: str) -> list[Rule]:
        rules = self._by_kind.get(kind)
        if rules is None:
            rules = self._by_kind[kind] = [rule for rule in self.rules.values() if rule.applies_to(kind)]
        return rules

    def _rewire(self) -> None:
        self._by_kind.clear()
        for near in self.neighbours.values():
            near.place(self.devices)
        for source in self.sources.values():
            self._wire_all(source)

    def _wire_all(self, source: Source) -> None:
        source.tracks.clear()
        for channel in source.channels.values():
            self._wire(source, channel)
        self._watch_silence(source)

    def _drop(self, source: Source) -> None:
        """The device is gone, or is another one now: its own tracks end."""
        name = source.info.id
        for rule in [rule for rule, subject in self.tracks if subject == name]:
            track = self.tracks.pop((rule, name))
            track.retire()
            if track.opened:
                self.out.append(Cleared(rule, name, self.now, track.onset))
        for watch in self.absences.values():
            watch.remove(source, self.now)
        source.silences = []
