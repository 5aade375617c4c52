"""One rule on one subject: its lanes of time, and what becomes of their maturing."""

from typing import Final, Protocol

from dure.detect.core.channel import NEVER, Channel
from dure.detect.core.checks import Checks
from dure.detect.core.lanes import EPSILON_S, GRACE_S, CountLane, Lane, RiseLane, SustainedLane
from dure.detect.core.timers import Timers
from dure.detect.model import Cleared, Count, Outcome, Raised, Rise, Rule, Sustained, Threshold, Value

_SPANS: Final = 8
Span = tuple[float, float]


class Out(Protocol):
    """Where outcomes go."""

    def append(self, outcome: Outcome, /) -> None:
        """Take one."""
        ...


def new_lane(track: "Track") -> Lane:
    """The state machine of the track's rule."""
    checks, pattern = track.checks, track.rule.pattern
    if isinstance(pattern, Sustained | Threshold):
        return SustainedLane(track, checks, pattern)
    if isinstance(pattern, Count):
        return CountLane(track, checks, pattern)
    if isinstance(pattern, Rise):
        return RiseLane(track, checks, pattern)
    raise TypeError(f"{track.rule.pattern_name} has no lane")


class Track:
    """`observed` always exists; `received` and `back` from the first reading that needs them.

    `opened` says that an alarm which people act on is open. `spans` are the observed times of the last alarms, so that
    a device which sends its log again raises nothing twice.
    """

    __slots__ = (
        "back", "checks", "device", "doubt", "group", "observed", "onset", "opened", "out", "received", "rule", "spans",
        "subject", "timers",
    )  # fmt: skip

    def __init__(
        self, rule: Rule, checks: Checks, subject: str, device: str | None, group: str | None, out: Out, timers: Timers
    ) -> None:
        self.rule, self.checks, self.subject, self.device, self.group = rule, checks, subject, device, group
        self.out, self.timers = out, timers
        self.observed = new_lane(self)
        self.received: Lane | None = None
        self.back: Lane | None = None
        self.doubt: Doubt | None = None
        self.opened = False
        self.onset = NEVER
        self.spans: list[Span] = []

    @property
    def idle(self) -> bool:
        """Whether nothing is under way and nothing is remembered."""
        lanes_rest = not (self.observed.busy or self.observed.opened or self.spans or self.doubt)
        return lanes_rest and self.received is None and self.back is None

    def take_received(self, channel: Channel, truth: bool, value: Value, at: float) -> None:
        """A reading for the received lane."""
        if self.received is None:
            if not truth:
                return
            self.received = new_lane(self)
        if truth or self.received.busy:
            self.received.take(channel, truth, value, at, 0.0)

    def take_back(self, channel: Channel, truth: bool, value: Value, at: float, skew: float, *, anew: bool) -> None:
        """An old reading behind newer ones; `anew` where it is older than the back lane's own last."""
        if self.back is None:
            if not truth:
                return
            self.back = new_lane(self)
        elif anew:
            self.back.release()
        if truth or self.back.busy:
            self.back.take(channel, truth, value, at, skew)

    def hand_over(self, last: float) -> None:
        """The device's clock left the observed lane, whose last reading was at `last`: the received lane goes on with
        what is open there."""
        if self.device is not None and self.observed.opened and not self.observed.late:
            if self.received is None:
                self.received = new_lane(self)
            if not self.received.opened:
                self.received.adopt(self.onset)
            self.spans = [*self.spans, (self.observed.onset, last)][-_SPANS:]
            self.observed.release()

    def adopt(self, onset: float) -> None:
        """An alarm is open that this state does not know of (restored after a crash): watch for its end."""
        if not self.opened:
            self.opened, self.onset = True, onset
            if not self.observed.opened:
                self.observed.adopt(onset)
            self.observed.late = False

    def retire(self) -> None:
        """The rule or the subject is gone: no timer of this track means anything any more."""
        for sleeper in (self.observed, self.received, self.back, self.doubt):
            if sleeper is not None:
                sleeper.deadline = None

    def arm(self, lane: Lane) -> None:
        """See `Owner.arm`."""
        self.timers.arm(lane)

    def matured(self, lane: Lane, onset: float, at: float, channel: Channel | None, value: Value | None) -> None:
        """See `Owner.matured`. Fresh evidence raises; old evidence raises a late alarm, unless the received lane or an
        earlier alarm has it."""
        if lane.skew <= self.rule.max_age_s:
            lane.late = False
            if self.doubt is not None:
                self.doubt.deadline = None
            if not self.opened:
                self.opened, self.onset = True, onset
                self._raise(lane, onset, at, channel, value, late=False)
            return
        if lane.late:
            return
        lane.late = True
        received = self.received
        if (received is not None and received.opened) or self._covered(onset, at):
            return
        raised = self._raised(lane, onset, at, channel, value, late=True)
        if received is not None and received.running_until() > NEVER:
            self.doubt = Doubt(self, raised)
            self.timers.arm(self.doubt)
        else:
            self.raise_late(raised)

    def raise_late(self, raised: Raised) -> None:
        """Give out a late alarm and remember when it was."""
        self.spans = [*self.spans, (raised.onset, raised.at)][-_SPANS:]
        self.out.append(raised)

    def cleared(self, lane: Lane, at: float) -> None:
        """See `Owner.cleared`. Late alarms stay until a person has seen them."""
        if lane is not self.received:
            self.spans = [*self.spans, (lane.onset, at)][-_SPANS:]
        if lane.late or not self.opened:
            return
        lanes = (self.observed, self.received, self.back)
        if any(other is not None and other.opened and not other.late for other in lanes):
            return
        self.opened = False
        if self.received is not None and lane is not self.received:
            at += lane.skew  # two lines of time end at one moment: the door's names it
        self.out.append(Cleared(self.rule.id, self.subject, at, self.onset))

    def _covered(self, onset: float, at: float) -> bool:
        if self.observed.opened and not self.observed.late and at + EPSILON_S >= self.observed.onset:
            return True
        return any(start <= at + EPSILON_S and onset <= end + EPSILON_S for start, end in self.spans)

    def _raise(
        self, lane: Lane, onset: float, at: float, channel: Channel | None, value: Value | None, *, late: bool
    ) -> None:
        self.out.append(self._raised(lane, onset, at, channel, value, late=late))

    def _raised(
        self, lane: Lane, onset: float, at: float, channel: Channel | None, value: Value | None, *, late: bool
    ) -> Raised:
        return Raised(
            rule=self.rule.id,
            subject=self.subject,
            device=self.device if channel is None else channel.device,
            group=self.group,
            onset=onset,
            at=at,
            late=late,
            delay=max(lane.skew, 0.0),
            property=None if channel is None else channel.property,
            value=value,
            recent=() if channel is None else channel.recent(at - channel.newest() if lane is self.received else 0.0),
        )


class Doubt:
    """A late alarm that waits: while the received lane runs, the clock may only be wrong; then the alarm is live."""

    __slots__ = ("deadline", "queued", "raised", "track")

    def __init__(self, track: Track, raised: Raised) -> None:
        self.track, self.raised = track, raised
        self.queued: float | None = None
        self.deadline: float | None = self._patience()

    def _patience(self) -> float:
        received = self.track.received
        return NEVER if received is None else received.running_until() + 2 * GRACE_S

    def wakes_at(self) -> float | None:
        """See `Sleeper`."""
        return self.deadline

    def wake(self, now: float) -> None:
        """Give the late alarm out when the received lane's run has come to nothing."""
        if self.deadline is None or self.deadline > now:
            return
        if self._patience() > now:
            self.deadline = self._patience()
            return
        self.deadline = None
        self.track.doubt = None
        self.track.raise_late(self.raised)
