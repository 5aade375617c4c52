"""SenML in CBOR (RFC 8428, 6): the same records with numbers for labels."""

import io
from typing import Any, NoReturn

import cbor2

from dure.sense.readings import MAX_CBOR_BYTES, MAX_DEPTH, Readings, Reason
from dure.sense.senml import from_parsed

_LABELS: dict[object, str] = {
    -1: "bver",
    -2: "bn",
    -3: "bt",
    -4: "bu",
    -5: "bv",
    -6: "bs",
    0: "n",
    1: "u",
    2: "v",
    3: "vs",
    4: "vb",
    5: "s",
    6: "t",
    7: "ut",
    8: "vd",
}
"""RFC 8428, table 4."""
_TEXT_LABELS = frozenset(_LABELS.values())


def _no_tag(*_: Any) -> NoReturn:
    raise ValueError("SenML has no tags")


_NO_TAGS = dict.fromkeys((0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004), _no_tag)
"""The tags that cbor2 would turn into dates, big numbers, patterns or shared references."""


def decode_cbor(payload: bytes, *, now: float, own: str | None = None) -> Readings:
    """Readings of a SenML CBOR payload; `now` and `own` as in `decode_json`."""
    if len(payload) > MAX_CBOR_BYTES:
        return Readings(Reason.TOO_LARGE)
    stream = io.BytesIO(payload)
    try:
        parsed = cbor2.CBORDecoder(
            stream,
            tag_hook=_no_tag,
            semantic_decoders=_NO_TAGS,
            max_depth=MAX_DEPTH,
            allow_duplicate_keys=False,
            read_size=1,
        ).decode()
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, RecursionError, MemoryError) as error:
        return Readings(_reason(error))
    if not isinstance(parsed, list) or stream.tell() != len(payload):
        return Readings(Reason.MALFORMED)
    return from_parsed([_relabelled(record) for record in parsed], now=now, own=own)


def _reason(error: Exception) -> Reason:
    message = str(error).lower()
    if "duplicate" in message:
        return Reason.DUPLICATE_KEY
    return Reason.TOO_DEEP if "depth" in message else Reason.MALFORMED


def _relabelled(record: object) -> object:
    """The record with JSON's labels; text labels stand for extensions only (RFC 8428, 6)."""
    if not isinstance(record, dict):
        return record
    return {_label(label): value for label, value in record.items()}


def _label(label: object) -> str:
    if type(label) is int:
        return _LABELS.get(label, "")
    return label if isinstance(label, str) and label not in _TEXT_LABELS else ""
