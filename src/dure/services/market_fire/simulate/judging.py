"""An episode through the running system's own parts: the core of detection and the stages. No clock, no I/O."""

import copy
import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dure.detect.core.shard import Shard
from dure.detect.model import Cleared, Device, Raised, Rule
from dure.kernel.geometry import LonLat, moved
from dure.sense.packs import Pack, Value
from dure.services.market_fire import signs, verification
from dure.services.market_fire.signs import Readings, Sign
from dure.services.market_fire.simulate.episodes import Episode, Trace
from dure.services.market_fire.simulate.people import Reply
from dure.services.market_fire.simulate.physics import Flags, Floats
from dure.services.market_fire.verification import Act, Kind, Stage, Stages, State, Terms, Who, Why

_PLAIN: Final = ("heat", "smoke")
_ANALOG: Final = ("heat", "smoke_obscuration", "smoke")
_T0: Final = 1_800_000_000.0
_FLIGHT_S: Final = 0.2
_HERE: Final = LonLat(128.6, 35.87)
_AROUND_S: Final = 75.0
"""Readings this near to anything that a rule could look at are fed; the rest of a quiet hour changes no state."""
_FIRST: Final = 8
_HEAT_CEL: Final = 50.0
_RISE_K: Final = 2.5
"""Below what any rule asks for within a minute, so that no reading that could matter is left out."""
_BIN_S: Final = 15.0
_BINS: Final = 6
"""The lowest of the last 75 to 90 s is what a rise is told from."""
_PATIENCE_S: Final = (100.0, 400.0)
"""How long after something moved the readings are looked at first, for most fires are told of by then."""
_ASKED: Final = {Act.ASK_OPERATOR: Who.OPERATOR, Act.ASK_OWNER: Who.OWNER, Act.SEND_SOMEBODY: Who.SENT}


@dataclass(frozen=True, slots=True)
class Signal:
    """What detection said, in seconds of the episode."""

    at: float
    kind: Kind
    device: str
    onset: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """When 119 was told (None: never) and why; when the pre-alarm began, and what was done on the way."""

    reported_at: float | None
    why: Why | None
    began: float | None
    acts: tuple[tuple[float, Act], ...]


class Heard:
    """What the core of detection says of an episode; looked at once, however many then judge it."""

    def __init__(self, episode: Episode, rules: Sequence[Rule]) -> None:
        self.episode, self._feed = episode, _Feed(episode, rules)
        self._known: dict[float | None, list[Signal]] = {}
        moving = [float(one.at[lively][0]) for one in episode.traces if (lively := _lively(one)).any()]
        first = min(moving, default=None)
        start = 0.0 if first is None else max(first, episode.began)
        self.spans = () if first is None else (*(start + patience for patience in _PATIENCE_S), None)

    def told(self, *, steamy: bool) -> "Heard":
        """The same for a city that knows the stall for steam, or does not."""
        other = copy.copy(self)
        other.episode = replace(self.episode, steamy=steamy)
        return other

    def until(self, end: float | None) -> list[Signal]:
        """Signals up to `end`; None for all. The ends asked for must grow."""
        if end not in self._known:
            self._known[end] = self._feed.on(end)
        return self._known[end]


def judged(heard: Heard, table: Stages, *, answered: bool = True) -> Outcome:
    """The whole way of an episode. The readings are first looked at until a while after something moved, then all."""
    episode = heard.episode if answered else heard.episode.unanswered()
    found = Outcome(None, None, None, ())
    for end in heard.spans:
        found = _Night(episode, table).run(heard.until(end), end)
        if found.reported_at is not None:
            break
    return found


def detected(episode: Episode, rules: Sequence[Rule], *, whole: bool = False) -> list[Signal]:
    """What the core of detection says of an episode, in order of time. `whole` feeds the quiet readings as well."""
    return _Feed(episode, rules, whole=whole).on(None)


class _Feed:
    """The core of detection with an episode's readings, as far as it has been fed."""

    def __init__(self, episode: Episode, rules: Sequence[Rule], *, whole: bool = False) -> None:
        self._episode, self._shard = episode, Shard(rules, _devices(episode))
        self._rows = _order(episode, whole=whole)
        self._fed = 0
        self._said: list[Signal] = []

    def on(self, end: float | None) -> list[Signal]:
        """All signals after the readings up to `end` (None: to the last)."""
        at = self._rows[0]
        until = at.size if end is None else int(np.searchsorted(at, end, side="right"))
        self._shard.feed(_pack(self._episode, self._rows, self._fed, until))
        self._fed = until
        last = max(float(one.at[-1]) for one in self._episode.traces if one.at.size) if end is None else end
        self._shard.advance(_T0 + last + _FLIGHT_S)
        said = [_signal(one) for one in self._shard.drain()]
        self._said = sorted((one for one in (*self._said, *said) if one is not None), key=lambda one: one.at)
        return self._said


def _signal(outcome: Raised | Cleared) -> Signal | None:
    kind = verification.RULES.get(outcome.rule)
    if kind is None:
        return None
    at = outcome.at - _T0
    if isinstance(outcome, Raised):
        return Signal(at, kind, outcome.device or outcome.subject, outcome.onset - _T0)
    onset = at if outcome.onset is None else outcome.onset - _T0
    return Signal(at, Kind.CLEARED, outcome.subject, onset) if kind is Kind.SIGNAL else None


def _devices(episode: Episode) -> Iterator[Device]:
    for one in episode.traces:
        point = moved(_HERE, 90.0, one.x_m)
        yield Device(one.id, "fire_detector", None, point.lon, point.lat, None, one.every_s)


_Rows = tuple[Floats, NDArray[np.int64], NDArray[np.int64]]
"""Times, which trace, and which of its readings, in order of arrival."""


def _order(episode: Episode, *, whole: bool) -> _Rows:
    """The readings that matter."""
    times: list[Floats] = []
    numbers: list[NDArray[np.int64]] = []
    rows: list[NDArray[np.int64]] = []
    for ordinal, one in enumerate(episode.traces):
        index = np.nonzero(np.ones(one.at.size, dtype=np.bool_) if whole else _near(one, _lively(one)))[0]
        times.append(one.at[index])
        numbers.append(np.full(index.size, ordinal))
        rows.append(index)
    at = np.concatenate(times)
    order = np.argsort(at, kind="stable")
    return at[order], np.concatenate(numbers)[order], np.concatenate(rows)[order]


def _pack(episode: Episode, rows: _Rows, begin: int, end: int) -> Pack:
    """Those from `begin` to `end` as one pack."""
    pack = Pack()
    device, prop, value, observed = pack.device, pack.property, pack.value, pack.observed_at
    for moment, which, here in zip(*(part[begin:end].tolist() for part in rows), strict=True):
        one = episode.traces[which]
        said: tuple[Value, ...] = (float(one.heat[here]), bool(one.smoke[here]))
        if one.obscuration is not None:
            said = (said[0], float(one.obscuration[here]), said[1])
        device += (one.id,) * len(said)
        prop += _PLAIN if one.obscuration is None else _ANALOG
        value += said
        observed += (_T0 + moment,) * len(said)
    pack.received_at.extend(moment + _FLIGHT_S for moment in observed)
    pack.seq.extend([0] * len(observed))
    pack.estimated.extend([False] * len(observed))
    return pack


def _lively(one: Trace) -> Flags:
    """Readings at which a rule could have something to look at: smoke, heat, or warmth that a rise could end in."""
    if not one.at.size:
        return one.smoke
    bins = ((one.at - one.at[0]) // _BIN_S).astype(np.int64)
    low = np.full(int(bins[-1]) + _BINS, np.inf)
    np.minimum.at(low, bins + _BINS - 1, one.heat)
    lowest = np.lib.stride_tricks.sliding_window_view(low, _BINS).min(axis=1)
    return np.asarray(one.smoke | (one.heat >= _HEAT_CEL) | (one.heat >= lowest[bins] + _RISE_K))


def _near(one: Trace, lively: Flags) -> Flags:
    """The readings around the lively ones, and the first few, from which the device's interval is learned."""
    kept = np.zeros(one.at.size, dtype=np.bool_)
    kept[:_FIRST] = True
    if lively.any():
        moments = one.at[lively]
        after = np.searchsorted(moments, one.at - _AROUND_S)
        kept |= moments[np.minimum(after, moments.size - 1)] - one.at <= _AROUND_S
        kept &= (after < moments.size) | (np.arange(one.at.size) < _FIRST)
    return kept


class _Night:
    """One episode's course: signals, answers and time-outs in order of time."""

    def __init__(self, episode: Episode, table: Stages) -> None:
        self._episode, self._table = episode, verification.at_hour(table, trades=episode.trades)
        self._terms: Terms = verification.terms(
            table, trades=episode.trades, steamy=episode.steamy, announced=episode.announced
        )
        self._state = State()
        self._acts: list[tuple[float, Act]] = []
        self._queue: list[tuple[float, int, Signal | Reply]] = []
        self._count = 0
        self._onsets: dict[str, float] = {}
        self._readings = {
            one.id: Readings(one.at, one.heat, one.smoke, one.obscuration, one.battery, one.every_s)
            for one in episode.traces
        }

    def run(self, signals: list[Signal], until: float | None) -> Outcome:
        """Until 119 is told, or the readings end."""
        end = until if until is not None else max(float(one.at[-1]) for one in self._episode.traces if one.at.size)
        for one in signals:
            self._push(one.at, one)
        reported: float | None = None
        began: float | None = None
        while reported is None:
            due = self._state.deadline if self._state.stage is Stage.PRE_ALARM else None
            at = min(self._queue[0][0] if self._queue else np.inf, np.inf if due is None else due)
            if at > end:
                break
            if due is not None and due <= at:
                signs_now = self._signs(self._state.calling, at)
                self._take(at, verification.on_time(self._table, self._terms, self._state, at, signs_now))
            else:
                self._happens(heapq.heappop(self._queue)[2], at)
            if self._state.stage is Stage.PRE_ALARM and began is None:
                began = at
            reported = at if self._state.stage is Stage.REPORTED else None
        return Outcome(reported, self._state.why, began, tuple(self._acts))

    def _happens(self, what: Signal | Reply, at: float) -> None:
        if isinstance(what, Reply):
            answered = verification.on_answer(self._state, what.by, what.says, at, trades=self._episode.trades)
            self._take(at, answered)
            return
        if what.kind is Kind.SIGNAL:
            self._onsets[what.device] = what.onset
        found = self._signs({what.device}, at, what.onset)
        self._take(at, verification.on_signal(self._table, self._terms, self._state, what.kind, what.device, at, found))

    def _signs(self, devices: frozenset[str] | set[str], at: float, onset: float | None = None) -> frozenset[Sign]:
        """Those that every one of the devices shows."""
        of_each = [
            signs.signs(
                self._table.signs, self._readings[name], self._onsets.get(name, at) if onset is None else onset, at
            )
            for name in devices
            if name in self._readings
        ]
        if not of_each or not all(of_each):
            return frozenset()
        return frozenset[Sign]().union(*of_each)

    def _take(self, at: float, step: verification.Step) -> None:
        self._state, acts = step
        for act in acts:
            self._acts.append((at, act))
            who = _ASKED.get(act)
            for reply in self._episode.replies if who is not None else ():
                when = max(at + reply.after_s, reply.not_before)
                if reply.by is who and when < reply.before:
                    self._push(when, reply)

    def _push(self, at: float, what: Signal | Reply) -> None:
        self._count += 1
        heapq.heappush(self._queue, (at, self._count, what))
