"""What a decoder makes of a payload: readings in columns, and refusals with their reasons.

Decoders are pure: bytes in, `Readings` out, and no payload raises. They know properties and units; which devices exist
is asked at the door.
"""

import math
from enum import StrEnum
from typing import NamedTuple

from dure.kernel.units import PROPERTIES, Property, converted
from dure.sense.packs import Value

MAX_BODY_BYTES = 4_000_000
"""Of one HTTP body."""
MAX_RECORDS = 10_000
"""Of one payload."""
MAX_CBOR_BYTES = 1_000_000
"""Of one CBOR body: an empty map takes one byte there and 64 in memory."""
MAX_MESSAGE_BYTES = 64_000
"""Of one MQTT payload."""
MAX_DEPTH = 16
"""Of nested containers in one payload."""
MAX_VALUES = MAX_RECORDS * 15
"""Of scalars and containers in one payload: a record has at most 15 fields."""

RELATIVE = float(2**28)
"""SenML times below it count from now (RFC 8428, 4.5.3)."""
LATEST = 7_258_118_400.0
"""2200-01-01. Past it stands no clock, but milliseconds taken for seconds."""


class Reason(StrEnum):
    """Why a reading was refused; each has a text under `sense.refused.<reason>`."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    TOO_OFTEN = "too_often"
    TOO_DEEP = "too_deep"
    DUPLICATE_KEY = "duplicate_key"
    VERSION = "version"
    MUST_UNDERSTAND = "must_understand"
    BASE = "base"
    FIELD = "field"
    NAME = "name"
    OTHER_DEVICE = "other_device"
    UNKNOWN_DEVICE = "unknown_device"
    SWITCHED_OFF = "switched_off"
    UNKNOWN_PROPERTY = "unknown_property"
    NOT_ITS_PROPERTY = "not_its_property"
    WRONG_UNIT = "wrong_unit"
    WRONG_KIND = "wrong_kind"
    NOT_FINITE = "not_finite"
    OUT_OF_BOUNDS = "out_of_bounds"
    NO_VALUE = "no_value"
    SUM_UNKNOWN = "sum_unknown"
    TIME = "time"


class Refused(NamedTuple):
    """A record that was not believed: its place in the payload, why, and whose it claimed to be ("" where unknown)."""

    row: int
    reason: Reason
    device: str = ""
    property: str = ""


class Readings:
    """Readings of one payload in columns, refusals beside them.

    `whole` is set where nothing of the payload could be read. `noted` is what was counted without being refused: a
    reading whose time cannot be meant is kept with the door's time, for a wrong clock never hides a fire.
    """

    __slots__ = ("at", "device", "estimated", "index", "noted", "property", "refused", "value", "whole")

    def __init__(self, whole: Reason | None = None) -> None:
        self.device: list[str] = []
        self.property: list[str] = []
        self.value: list[Value] = []
        self.at: list[float] = []
        self.estimated: list[bool] = []
        self.index: list[int] = []
        self.refused: list[Refused] = []
        self.noted: list[Refused] = []
        self.whole = whole

    def __len__(self) -> int:
        return len(self.device)

    def add(self, index: int, device: str, name: str, value: Value, at: float, estimated: bool) -> None:
        """Append one reading."""
        self.index.append(index)
        self.device.append(device)
        self.property.append(name)
        self.value.append(value)
        self.at.append(at)
        self.estimated.append(estimated)

    def refuse(self, index: int, reason: Reason, device: str = "", name: str = "") -> None:
        """Note one refusal."""
        self.refused.append(Refused(index, reason, device, name))

    def keep(self, properties: frozenset[str]) -> int:
        """Keep the readings of these properties only; tells how many went."""
        rows = [row for row, name in enumerate(self.property) if name in properties]
        gone = len(self) - len(rows)
        self.keep_rows(rows)
        return gone

    def keep_rows(self, rows: list[int]) -> None:
        """Keep these readings only."""
        self.device = [self.device[row] for row in rows]
        self.property = [self.property[row] for row in rows]
        self.value = [self.value[row] for row in rows]
        self.at = [self.at[row] for row in rows]
        self.estimated = [self.estimated[row] for row in rows]
        self.index = [self.index[row] for row in rows]

    def measure(self, index: int, device: str, name: str, given: object, unit: str | None, time: "Time") -> None:
        """Append a plain measured value (ChirpStack, zigbee2mqtt), or its refusal."""
        spec = PROPERTIES.get(name)
        if spec is None:
            self.refuse(index, Reason.UNKNOWN_PROPERTY, device, name)
            return
        value = believed(given, unit, spec)
        if isinstance(value, Reason):
            self.refuse(index, value, device, name)
        else:
            self.add(index, device, name, value, time.at, time.estimated)


class Time(NamedTuple):
    """When it was observed, in Unix seconds, and whether that is the door's guess."""

    at: float
    estimated: bool


def believed(given: object, unit: str | None, spec: Property) -> Value | Reason:
    """`given` in the property's own unit, or why it cannot be one of its values.

    A boolean is no number, a number no boolean and a string neither. `unit` None means the property's own.
    """
    if spec.kind == "boolean":
        return given if isinstance(given, bool) else Reason.WRONG_KIND
    if isinstance(given, bool) or not isinstance(given, int | float):
        return Reason.WRONG_KIND
    try:
        value = float(given)
    except OverflowError:
        return Reason.NOT_FINITE
    return in_unit(value, unit, spec)


def in_unit(value: float, unit: str | None, spec: Property) -> float | Reason:
    """`value` of `unit` in the property's own unit and within its bounds, or why not."""
    if unit is not None and spec.unit is not None and unit != spec.unit:
        other = converted(value, unit, spec.unit)
        if other is None:
            return Reason.WRONG_UNIT
        value = other
    if spec.low <= value <= spec.high:
        return value
    return Reason.OUT_OF_BOUNDS if math.isfinite(value) else Reason.NOT_FINITE
