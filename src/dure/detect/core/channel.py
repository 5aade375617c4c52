"""One property of one device: when it last spoke, how often it does, and its last readings."""

from array import array
from typing import TYPE_CHECKING, Final

from dure.detect.model import Sustained

if TYPE_CHECKING:
    from dure.detect.core.checks import Check
    from dure.detect.core.lanes import Lane
    from dure.detect.core.neighbours import NeighbourWatch

NEVER: Final = float("-inf")
KNOWN_AFTER: Final = 3
"""Gaps after which the usual interval counts as known."""
_WEIGHT: Final = 0.125
_CLIP: Final = 4.0
_LONGEST_S: Final = 3_600.0
_SLACK: Final = 1.5
STEP_S: Final = 2.0
"""Device and door clocks moved on alike when their steps differ by no more than this."""
RING: Final = 32
"""Readings kept for the picture of an alarm's run-up."""


class Channel:
    """`last` is the newest observed time taken, `heard` the newest received time on the long way, `back` the
    last one behind newer ones; `interval` seconds between readings."""

    __slots__ = (
        "at", "back", "device", "feeds", "gaps", "heard", "interval", "key", "last", "property",
        "ring",
    )  # fmt: skip

    def __init__(self, device: str, name: str) -> None:
        self.device = device
        self.property = name
        self.key = f"{device}/{name}"
        self.last = NEVER
        self.heard = NEVER
        self.back = NEVER
        self.interval = 0.0
        self.gaps = 0
        self.feeds: tuple[tuple[Check, Lane | NeighbourWatch], ...] = ()
        self.ring = array("d")
        self.at = 0

    def note(self, observed: float, value: float) -> None:
        """Take a reading in order: the usual interval and the picture."""
        last = self.last
        self.last = observed
        if last != NEVER:
            self.learn(observed - last)
        self.keep(observed, value)

    def knows(self, observed: float, value: float) -> bool:
        """Whether this very reading was taken lately: the network brings it a second time."""
        if observed == self.last:
            return True
        ring = self.ring
        return any(ring[at] == observed and ring[at + 1] == value for at in range(0, len(ring), 2))

    def learn(self, gap: float) -> None:
        """Take the seconds since the reading before into the usual interval.

        The least of the first three gaps starts it (a night of silence must not); then a moving mean in which one gap
        counts four intervals at most.
        """
        if self.gaps < KNOWN_AFTER:
            self.gaps += 1
            self.interval = min(gap, _LONGEST_S) if self.gaps == 1 else min(self.interval, gap)
            return
        interval = self.interval
        self.interval = interval + (min(gap, _CLIP * interval, _LONGEST_S) - interval) * _WEIGHT

    def hold_s(self, pattern: Sustained) -> float:
        """How long silence is bridged: the rule's hold-over, longer for a slow or still unknown reporter."""
        usual = self.interval if self.gaps >= KNOWN_AFTER else pattern.for_s
        return max(pattern.hold_over_s, _SLACK * usual)

    def keep(self, at: float, value: float) -> None:
        """Remember a reading for the picture."""
        ring = self.ring
        if len(ring) < 2 * RING:
            ring.append(at)
            ring.append(value)
            return
        index = self.at
        ring[index] = at
        ring[index + 1] = value
        self.at = (index + 2) % (2 * RING)

    def newest(self) -> float:
        """The device's time of the last remembered reading; 0 where there is none."""
        return self.ring[(self.at - 2) % len(self.ring)] if self.ring else 0.0

    def recent(self, shift: float = 0.0) -> tuple[tuple[float, float], ...]:
        """The remembered readings, oldest first: (Unix seconds, value). `shift` is added to the device's times."""
        ring = self.ring
        order = range(self.at, self.at + len(ring), 2) if ring else ()
        return tuple((ring[index % len(ring)] + shift, ring[index % len(ring) + 1]) for index in order)
