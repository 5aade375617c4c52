"""State machines over one line of time: threshold and sustained, count in a window, rate of rise.

A lane knows two states, waiting and opened (its rule matured). Silence never clears it: a burnt detector is silent too.
Times are Unix seconds on the lane's own line. Readings come in the order of that time.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

from dure.detect.core.channel import NEVER, Channel
from dure.detect.core.checks import Checks
from dure.detect.model import Count, Rise, Sustained, Threshold, Value

EPSILON_S: Final = 1e-6
"""Unix seconds as floats resolve 0.24 µs: 5.0 s must not fail for that."""
TOLERANCE_S: Final = 1e-3
"""Devices tell times in milliseconds: a duration is reached when no more than this is missing."""
GRACE_S: Final = 0.1
"""A timer waits this long after its moment for a report that is on its way; a report itself is never held up."""
_LONGEST_WINDOW: Final = 4_096
_COMPANION: Final = Sustained(0.0)
"""How long a rise's companions are bridged."""
Find = Callable[[str, str], Channel | None]


class Owner(Protocol):
    """What a lane reports to."""

    def matured(self, lane: "Lane", onset: float, at: float, channel: Channel | None, value: Value | None) -> None:
        """The rule matured in `lane`; the owner sets `lane.late` where that came too late."""
        ...

    def cleared(self, lane: "Lane", at: float) -> None:
        """The condition is gone in `lane`."""
        ...

    def arm(self, lane: "Lane") -> None:
        """See to it that `lane.wake` is called when received time comes to `lane.wakes_at()`."""
        ...


class Lane(ABC):
    """What all lanes share: one deadline, and clearing.

    `busy`: even a reading that does not fulfil the condition matters. `deadline`: while waiting the moment of maturity
    by timer, while open the moment of clearing. `skew`: received minus lane time at the last reading. `late`: what
    matured came too late to be acted on by itself. `queued`: where the timers hold the lane, in received time.
    """

    __slots__ = ("busy", "checks", "clears", "deadline", "late", "onset", "opened", "owner", "queued", "skew")

    def __init__(self, owner: Owner, checks: Checks) -> None:
        self.owner = owner
        self.checks = checks
        self.busy = False
        self.opened = False
        self.late = False
        self.onset = NEVER
        self.skew = 0.0
        self.deadline: float | None = None
        self.queued: float | None = None
        self.clears: dict[str, bool] = {}

    def take(self, channel: Channel, truth: bool, value: Value, at: float, skew: float) -> None:
        """A reading at `at` whose condition is `truth`."""
        self.skew = skew
        if self.deadline is not None and self.deadline + GRACE_S < at:
            self._fire(self.deadline)
        if not self.opened:
            self._while_waiting(channel, truth, value, at)
        else:
            self._while_open(channel, truth, value, at)
        if self.queued is not None:
            due = self.wakes_at()
            if due is not None and due < self.queued - GRACE_S:  # the device's time has jumped ahead
                self.owner.arm(self)

    def wakes_at(self) -> float | None:
        """The received time at which `wake` has something to do, as far as the last reading tells."""
        return None if self.deadline is None else self.deadline + self.skew + GRACE_S

    def wake(self, now: float) -> None:
        """Received time has come to `now` without a reading."""
        wanted = self.wakes_at()
        if self.deadline is not None and wanted is not None and wanted <= now + EPSILON_S:
            self._fire(self.deadline)

    def running_until(self) -> float:
        """Until when, without further readings, something is under way that may still mature; NEVER if nothing is."""
        return NEVER

    def adopt(self, onset: float) -> None:
        """Take over an alarm that is open already."""
        self._rest()
        self.opened, self.late, self.busy, self.onset = True, False, True, onset

    def release(self) -> None:
        """Forget an open alarm that another lane takes over."""
        self.opened = self.late = False
        self._rest()

    @abstractmethod
    def _while_waiting(self, channel: Channel, truth: bool, value: Value, at: float) -> None:
        """A reading while the rule has not matured."""

    def _while_open(self, channel: Channel, truth: bool, value: Value, at: float) -> None:
        if truth:
            self._goes_on(channel, value, at)
        self._watch_clearing(channel, not truth and self.checks.gone[channel.property](value), at)

    def _goes_on(self, channel: Channel, value: Value, at: float) -> None:
        """A true report while open: what was too old to act on when it matured may be fresh now."""
        if self.late:
            self.owner.matured(self, self.onset, at, channel, value)

    def _fire(self, deadline: float) -> None:
        """The deadline has passed."""
        self.deadline = None
        if self.opened:
            self._clear(deadline)

    def _rest(self) -> None:
        """Back to waiting with nothing under way."""
        self.busy = False
        self.onset = NEVER
        self.deadline = None
        self.clears = {}

    def _open(self, onset: float, at: float, channel: Channel | None, value: Value | None) -> None:
        self.opened, self.busy, self.onset, self.deadline = True, True, onset, None
        self.owner.matured(self, onset, at, channel, value)

    def _watch_clearing(self, channel: Channel, gone: bool, at: float) -> None:
        """Clear when the condition has been gone for the rule's clear time, in every channel that said otherwise."""
        self.clears[self.checks.key(channel)] = gone
        whole = any(self.clears.values()) if self.checks.needed else all(self.clears.values())
        if not whole:
            self.deadline = None
        elif self.deadline is None and self.checks.clear_for_s > 0:
            self.deadline = at + self.checks.clear_for_s
            self.owner.arm(self)
        elif self.deadline is None or at + EPSILON_S >= self.deadline:
            self._clear(at if self.deadline is None else self.deadline)

    def _clear(self, at: float) -> None:
        self.opened = False
        self.owner.cleared(self, at)
        self.late = False
        self._rest()

    def dump(self) -> dict[str, object]:
        """The state as plain values, for the snapshot."""
        return {
            "busy": self.busy,
            "opened": self.opened,
            "late": self.late,
            "onset": self.onset,
            "skew": self.skew,
            "deadline": self.deadline,
            "clears": self.clears,
        }

    def load(self, state: dict[str, Any], _find: Find) -> None:
        """The state back from `dump`, with its timer armed. Raises AttributeError on what it does not know."""
        for name, value in state.items():
            setattr(self, name, value)
        if self.deadline is not None:
            self.owner.arm(self)


class SustainedLane(Lane):
    """Sustained, and plain threshold as sustained for no time.

    A run begins with a true report; a false report, or silence beyond the hold-over, ends it. It matures at onset +
    `for_s` when `min_reports` true reports came, by timer even when nothing more arrives, or when a true report at or
    after that moment arrives (two are enough then). `truths` says until when each source's true report counts.
    """

    __slots__ = ("channel", "expiry", "last", "pattern", "reports", "truths", "value")

    def __init__(self, owner: Owner, checks: Checks, pattern: Sustained | Threshold) -> None:
        super().__init__(owner, checks)
        self.pattern = pattern if isinstance(pattern, Sustained) else Sustained(0.0, min_reports=1)
        self._rest()

    def running_until(self) -> float:
        return NEVER if self.opened or not self.reports else self.expiry

    def _rest(self) -> None:
        super()._rest()
        self.truths: dict[str, float] = {}
        self._stop()

    def _stop(self) -> None:
        """End the run; what single properties said stays."""
        self.onset = self.last = self.expiry = NEVER
        self.reports = 0
        self.deadline = None
        self.channel: Channel | None = None
        self.value: Value | None = None
        self.busy = bool(self.truths)

    def _while_waiting(self, channel: Channel, truth: bool, value: Value, at: float) -> None:
        if self.reports and at > self.expiry + EPSILON_S:
            self._stop()
        key = self.checks.key(channel)
        if truth:
            self.truths[key] = at + channel.hold_s(self.pattern)
            self.busy = True
            self._true(channel, value, at)
        elif self.truths.pop(key, None) is not None or self.reports:
            if self.checks.needed or not self.truths or max(self.truths.values()) + EPSILON_S < at:
                self._stop()
            else:
                self.expiry = max(self.truths.values())

    def _true(self, channel: Channel, value: Value, at: float) -> None:
        needed = self.checks.needed
        if needed and (len(self.truths) < needed or min(self.truths.values()) + EPSILON_S < at):
            return
        self.expiry = min(self.truths.values()) if needed else max(self.truths.values())
        if not self.reports:
            self.onset = at
        if at > self.last + EPSILON_S:
            self.reports += 1
        self.last, self.channel, self.value = at, channel, value
        pattern = self.pattern
        if at - self.onset >= pattern.for_s - TOLERANCE_S and self.reports >= min(2, pattern.min_reports):
            self._ripe(at)
        elif self.reports >= pattern.min_reports and self.deadline is None:
            self.deadline = self.onset + pattern.for_s
            self.owner.arm(self)

    def _ripe(self, at: float) -> None:
        self.clears = dict.fromkeys(self.truths, False)
        self._open(self.onset, at, self.channel, self.value)

    def _fire(self, deadline: float) -> None:
        if self.opened:
            super()._fire(deadline)
        elif self.expiry + EPSILON_S >= deadline:
            self._ripe(deadline)
        else:
            self._stop()

    def dump(self) -> dict[str, object]:
        own = {"truths": self.truths, "last": self.last, "expiry": self.expiry, "reports": self.reports}
        spoke = None if self.channel is None else (self.channel.device, self.channel.property)
        return super().dump() | own | {"value": self.value, "spoke": spoke}

    def load(self, state: dict[str, Any], find: Find) -> None:
        spoke = state.pop("spoke")
        super().load(state, find)
        self.channel = None if spoke is None else find(*spoke)


class CountLane(Lane):
    """The condition came true `times` times within the window. It clears when, for the window and the clear time after
    it, nothing more came: here silence is what is waited for."""

    __slots__ = ("pattern", "seen", "truths")

    def __init__(self, owner: Owner, checks: Checks, pattern: Count) -> None:
        super().__init__(owner, checks)
        self.pattern = pattern
        self.seen: deque[float] = deque(maxlen=pattern.times)
        self.truths: dict[str, bool] = {}
        self._rest()

    def _rest(self) -> None:
        super()._rest()
        self.seen.clear()
        self.busy = self.pattern.edges  # the false readings between are what makes an edge

    def _counts(self, channel: Channel, truth: bool) -> bool:
        if not self.pattern.edges:
            return truth
        key = self.checks.key(channel)
        before = self.truths.get(key, False)
        self.truths[key] = truth
        return truth and not before

    def _while_waiting(self, channel: Channel, truth: bool, value: Value, at: float) -> None:
        if not self._counts(channel, truth):
            return
        seen, pattern = self.seen, self.pattern
        seen.append(at)
        while seen[0] < at - pattern.within_s - EPSILON_S:
            seen.popleft()
        self.busy = True
        if len(seen) >= pattern.times:
            self._open(seen[0], at, channel, value)
            self._wait_on(at)

    def _while_open(self, channel: Channel, truth: bool, value: Value, at: float) -> None:
        if self._counts(channel, truth):
            self._goes_on(channel, value, at)
            self._wait_on(at)

    def _wait_on(self, at: float) -> None:
        armed = self.deadline is not None
        self.deadline = at + self.pattern.within_s + self.checks.clear_for_s
        if not armed:
            self.owner.arm(self)

    def adopt(self, onset: float) -> None:
        super().adopt(onset)
        self._wait_on(onset)

    def dump(self) -> dict[str, object]:
        return super().dump() | {"seen": list(self.seen), "truths": self.truths}

    def load(self, state: dict[str, Any], find: Find) -> None:
        self.seen.extend(state.pop("seen"))
        super().load(state, find)


class RiseLane(Lane):
    """The value moved by `by` within the window. `low` holds the window's least values (greatest, for a fall), times
    and values growing, so that its first is what the newest is measured against.

    Conditions on other properties are companions: the rise matures only while each of them holds, a lost report of it
    bridged. `beside` says until when each companion counts; `rose` is the newest reading where that one had risen.
    """

    __slots__ = ("beside", "companions", "low", "pattern", "rose", "sign")

    def __init__(self, owner: Owner, checks: Checks, pattern: Rise) -> None:
        super().__init__(owner, checks)
        self.pattern = pattern
        self.sign = 1.0 if pattern.by > 0 else -1.0
        self.low: deque[tuple[float, float]] = deque(maxlen=_LONGEST_WINDOW)
        self.companions = len(checks.holds.keys() - {pattern.property})
        self.beside: dict[str, float] = {}
        self.rose: tuple[float, float, Channel, Value] | None = None
        self.busy = True

    def _rest(self) -> None:
        super()._rest()
        self.busy = True

    def _risen(self, value: Value, at: float) -> tuple[bool, float]:
        """Whether it rose enough up to this reading, and since when."""
        level, low = self.sign * float(value), self.low
        while low and low[-1][1] >= level:
            low.pop()
        low.append((at, level))
        while low[0][0] < at - self.pattern.within_s - EPSILON_S:
            low.popleft()
        return level - low[0][1] >= abs(self.pattern.by) - EPSILON_S, low[0][0]

    def _accompanied(self, at: float) -> bool:
        return len(self.beside) == self.companions and all(at <= until for until in self.beside.values())

    def _beside(self, channel: Channel, truth: bool, at: float) -> None:
        """What a companion says."""
        if truth:
            self.beside[channel.property] = at + channel.hold_s(_COMPANION)
        else:
            self.beside.pop(channel.property, None)

    def _while_waiting(self, channel: Channel, truth: bool, value: Value, at: float) -> None:
        if channel.property != self.pattern.property:
            self._beside(channel, truth, at)
            rose = self.rose
            if truth and rose is not None and at - rose[1] <= rose[2].hold_s(_COMPANION) and self._accompanied(at):
                self._open(rose[0], at, rose[2], rose[3])
            return
        risen, since = self._risen(value, at)
        self.rose = (since, at, channel, value) if risen and truth and self.companions else None
        if risen and truth and self._accompanied(at):
            self._open(since, at, channel, value)

    def _while_open(self, channel: Channel, truth: bool, value: Value, at: float) -> None:
        if channel.property != self.pattern.property:
            self._beside(channel, truth, at)
            self._watch_clearing(channel, not truth, at)
            return
        risen, _ = self._risen(value, at)
        if risen and truth:
            self._goes_on(channel, value, at)
        self._watch_clearing(channel, not risen, at)

    def dump(self) -> dict[str, object]:
        rose = None if self.rose is None else (*self.rose[:2], self.rose[2].device, self.rose[3])
        low = [list(point) for point in self.low]
        return super().dump() | {"low": low, "beside": self.beside, "rose": rose}

    def load(self, state: dict[str, Any], find: Find) -> None:
        self.low.extend((at, level) for at, level in state.pop("low"))
        rose = state.pop("rose", None)
        super().load(state, find)
        channel = None if rose is None else find(rose[2], self.pattern.property)
        self.rose = None if channel is None else (rose[0], rose[1], channel, rose[3])
