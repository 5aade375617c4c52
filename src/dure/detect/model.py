"""What a rule is: which devices, which condition, how long, and what the alarm then is. Values only, no I/O.

Times and spans are seconds; values are in the unit that `dure.kernel.units.PROPERTIES` gives each property.
"""

import hashlib
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

import msgspec

from dure.kernel.severity import Severity

Value = float | bool
Op = Literal[">=", ">", "<=", "<", "=", "!="]
Match = Literal["any", "all"]
Category = Literal["event", "fault"]
Subject = Literal["device", "group"]
Stage = Literal["pre_alarm", "confirmed"]
OPS: Final[dict[str, Callable[[Value, Value], bool]]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "=": operator.eq,
    "!=": operator.ne,
}
ANY_KIND: Final = "*"
CANARY_KIND: Final = "canary"


@dataclass(frozen=True, slots=True)
class Condition:
    """`property op value`; `clear` is the threshold at which it counts as gone (hysteresis), else the opposite."""

    property: str
    op: Op
    value: Value
    clear: Value | None = None
    unit: str | None = None

    def holds(self, value: Value) -> bool:
        """Whether a reading fulfils it."""
        return OPS[self.op](value, self.value)

    def gone(self, value: Value) -> bool:
        """Whether a reading is clear of it, hysteresis included."""
        if self.clear is None:
            return not self.holds(value)
        if self.op in {">=", ">"}:
            return value <= self.clear
        return value >= self.clear


@dataclass(frozen=True, slots=True)
class Threshold:
    """Raises with the first report that fulfils the condition."""


@dataclass(frozen=True, slots=True)
class Sustained:
    """The condition holds for `for_s`; gaps up to `hold_over_s` are bridged, `min_reports` reports are asked for.

    The hold-over stretches to 1.5 times the usual interval of a slow reporter.
    """

    for_s: float
    hold_over_s: float = 4.0
    min_reports: int = 3


@dataclass(frozen=True, slots=True)
class Absence:
    """Nothing heard for `for_s`, or for `intervals` of the device's usual intervals where that is longer.

    When at least `group_min` devices of a group, and `share` of all of it, fall silent together (a dead gateway), that
    is one alarm of the group.
    """

    for_s: float
    intervals: float = 3.0
    group_min: int = 3
    share: float = 0.6


@dataclass(frozen=True, slots=True)
class Rise:
    """The property went up by at least `by` (down, when negative) within `within_s`. Conditions on it are a floor under
    the rise; conditions on other properties (under `all`) must hold meanwhile."""

    property: str
    by: float
    within_s: float


@dataclass(frozen=True, slots=True)
class Count:
    """The condition came true at least `times` times within `within_s`; with `edges` only changes from false count."""

    times: int
    within_s: float
    edges: bool = False


@dataclass(frozen=True, slots=True)
class Neighbours:
    """At least `devices` different devices report the condition within `within_s` of each other: those that stand
    within `metres`, or of the same group when `metres` is None."""

    devices: int
    within_s: float
    metres: float | None = None


@dataclass(frozen=True, slots=True)
class ClockSkew:
    """The device's clock is off by more than 30 s, steadily, over `reports` live messages."""

    reports: int = 3


Pattern = Threshold | Sustained | Absence | Rise | Count | Neighbours | ClockSkew
PATTERNS: Final[dict[str, type]] = {
    "threshold": Threshold,
    "sustained": Sustained,
    "absence": Absence,
    "rise": Rise,
    "count": Count,
    "neighbours": Neighbours,
    "clock": ClockSkew,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition over observations, with a time. `source` is the TOML text it was read from, as people wrote it. What
    is `beside` makes no alarm: who contributed it hears of it and weighs it (`contributed.listen`).
    """

    id: str
    name_ko: str
    name_en: str
    kinds: tuple[str, ...]
    pattern: Pattern
    conditions: tuple[Condition, ...] = ()
    match: Match = "any"
    severity: Severity = Severity.WATCH
    stage: Stage = "pre_alarm"
    category: Category = "event"
    lane: str = "other"
    incident: str | None = None
    life_safety: bool = False
    subject: Subject = "device"
    clear_for_s: float = 10.0
    max_age_s: float = 30.0
    enabled: bool = True
    hidden: bool = False
    beside: bool = False
    source: str = field(default="", compare=False)

    @property
    def silent(self) -> bool:
        """Whether it makes no alarm."""
        return self.hidden or self.beside

    @property
    def pattern_name(self) -> str:
        """The TOML table that holds the pattern."""
        return next(name for name, kind in PATTERNS.items() if isinstance(self.pattern, kind))

    @property
    def properties(self) -> frozenset[str]:
        """The properties it reads; empty for rules about silence and clocks."""
        named = {condition.property for condition in self.conditions}
        return frozenset(named | {self.pattern.property} if isinstance(self.pattern, Rise) else named)

    def applies_to(self, kind: str) -> bool:
        """Whether devices of `kind` are watched. The canary is nobody's but its own rule's."""
        return kind in self.kinds or (ANY_KIND in self.kinds and kind != CANARY_KIND)

    def logic_hash(self) -> str:
        """A digest of all that decides when it matures; texts and severity may change without losing state."""
        logic = (
            self.kinds, self.pattern_name, self.pattern, self.conditions, self.match, self.subject, self.clear_for_s,
            self.max_age_s,
        )  # fmt: skip
        return hashlib.sha256(msgspec.msgpack.encode(logic)).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Device:
    """What detection needs to know of a device. `group` is its gateway or market; neighbours share it. `interval_s` is
    how often it reports, where the city knows."""

    id: str
    kind: str
    group: str | None = None
    lon: float | None = None
    lat: float | None = None
    asset: str | None = None
    interval_s: float | None = None


def group_subject(group: str) -> str:
    """The subject of an alarm about a whole group; device ids cannot hold a colon, so the two never meet."""
    return f"group:{group}"


@dataclass(frozen=True, slots=True)
class Raised:
    """A rule matured. `onset` and `at` are Unix seconds on the lane's time; `at` is when it matured, `delay` how old
    the evidence was when it came in. `recent` is the run-up, (Unix seconds, value), oldest first."""

    rule: str
    subject: str
    device: str | None
    group: str | None
    onset: float
    at: float
    late: bool = False
    delay: float = 0.0
    property: str | None = None
    value: Value | None = None
    recent: tuple[tuple[float, float], ...] = ()
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cleared:
    """The condition of an open alarm is gone since `at`. `onset` names the alarm; None clears whatever is open."""

    rule: str
    subject: str
    at: float
    onset: float | None = None
    late: bool = False


Outcome = Raised | Cleared
Judged = tuple[Outcome, datetime]
"""An outcome, and when it was judged: which is when an alarm is raised."""
