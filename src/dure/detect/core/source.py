"""One device as the core knows it: when it was heard, and whether its clock can be believed."""

from typing import TYPE_CHECKING, Final

from dure.detect.core.channel import KNOWN_AFTER, NEVER, STEP_S, Channel
from dure.detect.model import Device

if TYPE_CHECKING:
    from dure.detect.core.silence import Silence
    from dure.detect.core.tracks import Track

SKEW_S: Final = 30.0
"""Device time and door time may differ by this much before the device's clock is doubted (house.md, Time)."""
SUSPECT_S: Final = 60.0
"""How long after the last doubtful reading the received lane goes on."""


class Source:
    """`odd` sends its readings the long way round: a doubted clock, or silence that ends."""

    __slots__ = (
        "channels", "clock_bad", "good_run", "heard", "info", "last_obs", "last_recv", "odd", "off_run", "silences",
        "suspect_until", "tracks",
    )  # fmt: skip

    def __init__(self, info: Device) -> None:
        self.info = info
        self.channels: dict[str, Channel] = {}
        self.tracks: dict[str, Track] = {}
        self.silences: list[Silence] = []
        self.heard = NEVER
        self.suspect_until = NEVER
        self.odd = False
        self.clock_bad = False
        self.last_obs = NEVER
        self.last_recv = NEVER
        self.off_run = 0
        self.good_run = 0

    def usual_interval_s(self) -> float:
        """Between two readings of its most frequent property; 0 while nothing is known."""
        known = (channel.interval for channel in self.channels.values() if channel.gaps >= KNOWN_AFTER)
        return min(known, default=0.0)

    def settle(self) -> None:
        """Back on the usual way: what was judged on the long one no longer counts, and need not be kept."""
        self.suspect_until = self.last_obs = self.last_recv = NEVER
        self.off_run = self.good_run = 0

    def judge(self, observed: float, received: float) -> None:
        """Take one message's times into the judgement: runs of live messages with a steady wrong clock, or a right one.

        A backlog comes faster than it was observed, so its skew is not steady and it says nothing about the clock.
        """
        if received <= self.last_recv:
            return
        step_observed, step_received = observed - self.last_obs, received - self.last_recv
        live = step_observed > 0 and abs(step_received - step_observed) <= STEP_S
        live = live and step_received >= step_observed / 2
        self.last_obs, self.last_recv = observed, received
        if abs(received - observed) > SKEW_S:
            self.off_run = self.off_run + 1 if live else 1
            self.good_run = 0
        else:
            self.off_run = 0
            self.good_run += 1
