"""Short words for rules, devices and packs in tests of detection."""

from collections.abc import Iterable, Sequence

from dure.detect.core import saved
from dure.detect.core.shard import Shard
from dure.detect.model import (
    Absence,
    Cleared,
    ClockSkew,
    Condition,
    Device,
    Outcome,
    Pattern,
    Raised,
    Rule,
    Sustained,
    Value,
)
from dure.sense.packs import Observation, Pack

T0 = 1_800_000_000.0
"""A round moment; tests count seconds from it."""
HEAT = Condition("heat", ">=", 60.0, 55.0)
SMOKE = Condition("smoke", "=", True)


def rule(pattern: Pattern, *conditions: Condition, name: str = "fire", **more: object) -> Rule:
    """A rule over fire detectors."""
    fields = {"kinds": ("fire_detector",), "clear_for_s": 10.0} | more
    return Rule(id=name, name_ko=name, name_en=name, pattern=pattern, conditions=conditions, **fields)  # type: ignore[arg-type]


FIRE = rule(Sustained(5.0), HEAT, SMOKE)
SILENT = rule(Absence(300.0), name="silent", kinds=("*",))
CLOCK = rule(ClockSkew(), name="clock", kinds=("*",))


def devices(count: int, group: str | None = None, kind: str = "fire_detector") -> list[Device]:
    """d0, d1, …, ten metres apart along a street."""
    return [Device(f"d{index}", kind, group, 128.6 + index * 1.1e-4, 35.87) for index in range(count)]


def seen(
    at: float,
    value: Value,
    *,
    device: str = "d0",
    prop: str = "heat",
    received: float | None = None,
    seq: int = 0,
) -> Observation:
    """A reading `at` seconds after T0, by default received 50 ms later."""
    arrival = at + 0.05 if received is None else received
    return Observation(device, prop, value, T0 + at, T0 + arrival, False, seq)


def pack(readings: Iterable[Observation]) -> Pack:
    """One pack of them."""
    made = Pack()
    for reading in readings:
        made.add(reading)
    return made


class Run:
    """A shard under test; what it gave out is kept with times in seconds after T0."""

    def __init__(self, rules: Sequence[Rule] = (FIRE,), known: Sequence[Device] | None = None) -> None:
        self.rules, self.known = rules, devices(1) if known is None else known
        self.shard = Shard(rules, self.known)
        self.outcomes: list[Outcome] = []

    def feed(self, *readings: Observation) -> "Run":
        """Each reading in a pack of its own."""
        for reading in readings:
            self.shard.feed(pack([reading]))
            self.outcomes += self.shard.drain()
        return self

    def burst(self, *readings: Observation) -> "Run":
        """All readings in one pack."""
        self.shard.feed(pack(readings))
        self.outcomes += self.shard.drain()
        return self

    def wait(self, until: float) -> "Run":
        """The wall clock comes to `until` with nothing queued."""
        self.shard.idle(T0 + until)
        self.outcomes += self.shard.drain()
        return self

    def restart(self) -> "Run":
        """Through bytes and back, as after a crash."""
        payload = saved.dump(self.shard)
        self.shard = Shard(self.rules, self.known)
        saved.load(self.shard, payload)
        return self

    @property
    def raised(self) -> list[Raised]:
        """The alarms."""
        return [outcome for outcome in self.outcomes if isinstance(outcome, Raised)]

    @property
    def cleared(self) -> list[Cleared]:
        """The ends of alarms."""
        return [outcome for outcome in self.outcomes if isinstance(outcome, Cleared)]

    @property
    def onsets(self) -> list[float]:
        """Onsets of live alarms, seconds after T0."""
        return [round(alarm.onset - T0, 3) for alarm in self.raised if not alarm.late]

    @property
    def late(self) -> list[float]:
        """Onsets of late alarms, seconds after T0."""
        return [round(alarm.onset - T0, 3) for alarm in self.raised if alarm.late]
