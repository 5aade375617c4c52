"""SenML (RFC 8428): records with base fields become readings named `<device>/<property>`.

The quick way reads typed records straight from the bytes. It is taken only when counting keys proves that no key stands
twice and none is unknown; everything else goes the slow way, record by record, so that one bad record does not cost
the good ones.
"""

import json
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from dure.kernel.ids import is_device_id
from dure.kernel.units import PROPERTIES, Property
from dure.sense.packs import Value
from dure.sense.readings import (
    LATEST,
    MAX_DEPTH,
    MAX_RECORDS,
    MAX_VALUES,
    RELATIVE,
    Readings,
    Reason,
    Refused,
    in_unit,
)

VERSION = 10
"""The SenML version that RFC 8428 defines."""


class Record(msgspec.Struct, gc=False):
    """One SenML record as it stands in the payload, base fields and all."""

    bn: str | UnsetType = UNSET
    bt: float | UnsetType = UNSET
    bu: str | UnsetType = UNSET
    bv: float | UnsetType = UNSET
    bs: float | UnsetType = UNSET
    bver: int | UnsetType = UNSET
    n: str | UnsetType = UNSET
    u: str | UnsetType = UNSET
    v: float | UnsetType = UNSET
    vs: str | UnsetType = UNSET
    vb: bool | UnsetType = UNSET
    vd: str | UnsetType = UNSET
    s: float | UnsetType = UNSET
    t: float | UnsetType = UNSET
    ut: float | UnsetType = UNSET


_TEXTS = frozenset({"bn", "bu", "n", "u", "vs", "vd"})
_NUMBERS = frozenset({"bt", "bv", "bs", "v", "s", "t", "ut"})
_BASES = frozenset({"bn", "bt", "bu", "bv", "bs", "bver"})
_decoder = msgspec.json.Decoder(list[Record])
_encoder = msgspec.json.Encoder()

Name = tuple[str, str, Property]
_names: dict[str, Name | Reason] = {}
_NAMES_KEPT = 20_000


def decode_json(payload: bytes, *, now: float, own: str | None = None) -> Readings:
    """Readings of a SenML JSON payload.

    `now` is the door's time (Unix seconds). `own` is the device whose door it is (its topic or token): names may then
    leave the device out, and naming another is refused.
    """
    if payload.count(b",") > MAX_VALUES:
        return Readings(Reason.TOO_MANY)
    records = _quick(payload)
    if records is not None:
        return resolved(records, now, own) if len(records) <= MAX_RECORDS else Readings(Reason.TOO_MANY)
    try:
        parsed = parsed_json(payload)
    except TooDeepError:
        return Readings(Reason.TOO_DEEP)
    except ValueError:
        return Readings(Reason.MALFORMED)
    return from_parsed(parsed, now=now, own=own)


def _quick(payload: bytes) -> list[Record] | None:
    """Typed records where the payload is plain: no escapes, no space before a colon, each key known and once."""
    if b"\\" in payload or b'" ' in payload or b'"\n' in payload or b'"\t' in payload or b'"\r' in payload:
        return None
    try:
        records = _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    same = _encoder.encode(records).count(b'":') == payload.count(b'":')
    return records if same else None


class TooDeepError(ValueError):
    """Containers are nested too deep to be meant."""


class Twice(dict[str, Any]):
    """A JSON object in which a key stood twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else Twice(made)


def parsed_json(payload: bytes) -> Any:
    """JSON with duplicate keys marked (`Twice`) and NaN and Infinity as such.

    Raises ValueError where it is not JSON in UTF-8, TooDeepError where it is nested beyond 16.
    """
    try:
        parsed = json.loads(payload.decode("utf-8"), object_pairs_hook=_object)
    except RecursionError:
        raise TooDeepError from None
    _check_depth(parsed)
    return parsed


def _check_depth(parsed: Any) -> None:
    level = [parsed] if isinstance(parsed, dict | list) else []
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise TooDeepError


def from_parsed(parsed: Any, *, now: float, own: str | None) -> Readings:
    """Readings of an already parsed SenML pack (a list of maps with SenML's JSON labels)."""
    if not isinstance(parsed, list):
        return Readings(Reason.MALFORMED)
    if len(parsed) > MAX_RECORDS:
        return Readings(Reason.TOO_MANY)
    return resolved(_checked(parsed), now, own)


def _checked(parsed: list[Any]) -> Iterable[Record | Reason]:
    """Each record, or why it is none. Once a base field is wrong the rest cannot be resolved."""
    broken = False
    for given in parsed:
        record = Reason.BASE if broken else _record(given)
        if isinstance(record, Reason) and isinstance(given, dict) and not _BASES.isdisjoint(given):
            broken = True
        yield record


def _record(given: Any) -> Record | Reason:
    if not isinstance(given, dict):
        return Reason.FIELD
    if isinstance(given, Twice):
        return Reason.DUPLICATE_KEY
    record = Record()
    for label, value in given.items():
        if label in _TEXTS:
            fits = isinstance(value, str)
        elif label in _NUMBERS:
            fits = isinstance(value, int | float) and not isinstance(value, bool)
        elif label == "vb":
            fits = isinstance(value, bool)
        elif label == "bver":
            fits = isinstance(value, int) and not isinstance(value, bool)
        elif label.endswith("_"):
            return Reason.MUST_UNDERSTAND
        else:
            continue
        if not fits:
            return Reason.WRONG_KIND if label in {"v", "vb"} else Reason.FIELD
        try:
            setattr(record, label, float(value) if label in _NUMBERS else value)
        except OverflowError:
            return Reason.NOT_FINITE
    return record


def _named(name: str, own: str | None) -> Name | Reason:
    """Device, property and its specification for a resolved name; remembered, because names come again and again."""
    full = name if own is None or "/" in name else f"{own}/{name}"
    found = _names.get(full)
    if found is None:
        device, slash, prop = full.partition("/")
        spec = PROPERTIES.get(prop)
        if not slash or not is_device_id(device):
            return Reason.NAME
        if spec is None:
            return Reason.UNKNOWN_PROPERTY
        if len(_names) >= _NAMES_KEPT:
            _names.clear()
        found = _names[full] = (device, prop, spec)
    if own is not None and found[0] != own:
        return Reason.OTHER_DEVICE
    return found


class _Base:
    """The base fields in force; each holds until a record names it anew (RFC 8428, 4.1)."""

    __slots__ = ("name", "sum", "time", "unit", "value")

    def __init__(self) -> None:
        self.name = ""
        self.time: float | UnsetType = UNSET
        self.unit: str | UnsetType = UNSET
        self.value: float | UnsetType = UNSET
        self.sum: float | UnsetType = UNSET

    def take(self, record: Record) -> bool:
        """Take over the record's base fields; False where its version is one that nobody here knows."""
        if record.bn is not UNSET:
            self.name = record.bn
        if record.bt is not UNSET:
            self.time = record.bt
        if record.bu is not UNSET:
            self.unit = record.bu
        if record.bv is not UNSET:
            self.value = record.bv
        if record.bs is not UNSET:
            self.sum = record.bs
        return record.bver is UNSET or 0 < record.bver <= VERSION


def resolved(records: Iterable[Record | Reason], now: float, own: str | None) -> Readings:
    """Readings of SenML records: base fields applied, units normalised, values checked (RFC 8428, 4.6)."""
    out = Readings()
    base = _Base()
    for index, record in enumerate(records):
        if isinstance(record, Reason):
            if record is Reason.MUST_UNDERSTAND:
                return Readings(record)
            out.refuse(index, record)
            continue
        if not base.take(record):
            return Readings(Reason.VERSION)
        _resolve(out, index, record, base, now, own)
    return out


def _resolve(out: Readings, index: int, record: Record, base: _Base, now: float, own: str | None) -> None:
    """Add what one record measures, or refuse it; a record of base fields only measures nothing."""
    valueless = record.v is UNSET and record.vb is UNSET and record.vs is UNSET and record.vd is UNSET
    if valueless and record.n is UNSET and record.s is UNSET:
        return
    found = _named(base.name if record.n is UNSET else base.name + record.n, own)
    if isinstance(found, Reason):
        out.refuse(index, found)
        return
    device, name, spec = found
    at, estimated, sound = _when(record, base, now)
    if not sound:
        out.noted.append(Refused(index, Reason.TIME, device, name))
    if record.s is not UNSET or (valueless and base.sum is not UNSET):
        total = _sum(record, base, name, spec)
        if isinstance(total, Reason):
            out.refuse(index, total, device, name)
            return
        out.add(index, device, f"{name}_sum", total, at, estimated)
        if valueless:
            return
    value = _value(record, base, spec)
    if isinstance(value, Reason):
        out.refuse(index, value, device, name)
    else:
        out.add(index, device, name, value, at, estimated)


def _value(record: Record, base: _Base, spec: Property) -> Value | Reason:
    if record.vs is not UNSET or record.vd is not UNSET:
        return Reason.WRONG_KIND
    if spec.kind == "boolean":
        if record.vb is UNSET:
            return Reason.NO_VALUE if record.v is UNSET else Reason.WRONG_KIND
        return record.vb if record.v is UNSET else Reason.FIELD
    if record.v is UNSET:
        return Reason.NO_VALUE if record.vb is UNSET else Reason.WRONG_KIND
    if record.vb is not UNSET:
        return Reason.FIELD
    value = record.v if base.value is UNSET else record.v + base.value
    unit = base.unit if record.u is UNSET else record.u
    return in_unit(value, None if unit is UNSET else unit, spec)


def _sum(record: Record, base: _Base, name: str, spec: Property) -> float | Reason:
    """The integrated value, in the property's unit times seconds, where the city keeps one (`<property>_sum`)."""
    kept = PROPERTIES.get(f"{name}_sum")
    if kept is None:
        return Reason.SUM_UNKNOWN
    unit = base.unit if record.u is UNSET else record.u
    if unit is not UNSET and unit != spec.unit:
        return Reason.WRONG_UNIT
    total = (0.0 if record.s is UNSET else record.s) + (0.0 if base.sum is UNSET else base.sum)
    return in_unit(total, None, kept)


def _when(record: Record, base: _Base, now: float) -> tuple[float, bool, bool]:
    """Observed at, whether that is the door's guess, and whether the given time could be meant (RFC 8428, 4.5.3)."""
    if record.t is UNSET:
        if base.time is UNSET:
            return now, True, True
        time = base.time
    else:
        time = record.t if base.time is UNSET else record.t + base.time
    if RELATIVE <= time <= LATEST:
        return time, False, True
    if -RELATIVE < time < RELATIVE:
        return now + time, True, True
    return now, True, False
