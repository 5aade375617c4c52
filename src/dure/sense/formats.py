"""Which decoder reads a payload: by the device's profile, by media type, or by a look at its first bytes."""

from typing import Literal, get_args

from dure.kernel.ids import is_device_id
from dure.sense.gateways import Known, decode_chirpstack, decode_zigbee
from dure.sense.readings import MAX_BODY_BYTES, MAX_MESSAGE_BYTES, Readings, Reason
from dure.sense.senml import decode_json
from dure.sense.senml_cbor import decode_cbor

Format = Literal["senml", "senml_cbor", "chirpstack", "zigbee2mqtt"]
FORMATS: tuple[Format, ...] = get_args(Format)

MEDIA_TYPES: dict[str, Format | None] = {
    "application/senml+json": "senml",
    "application/senml+cbor": "senml_cbor",
    "application/cbor": "senml_cbor",
    "application/json": None,
    "application/x-www-form-urlencoded": None,
    "": None,
}
"""Of POST bodies; None asks the body itself: plain JSON, and what scripts say that set no type (curl's `-d`)."""


def sniffed(payload: bytes) -> Format | None:
    """The format by the payload's first bytes, or None where it can be none of ours."""
    head = payload[:64].lstrip(b" \t\r\n")[:1]
    if head == b"[":
        return "senml"
    if head == b"{":
        return "chirpstack" if b'"deviceInfo"' in payload else "zigbee2mqtt"
    return "senml_cbor" if b"\x80" <= head <= b"\x9f" else None


def decode_message(payload: bytes, device: str, form: str | None, now: float) -> Readings:
    """Readings of one MQTT payload that came through `device`'s own topic. Never raises.

    `form` is the device's profile where it has one; `now` the door's time in Unix seconds.
    """
    if len(payload) > MAX_MESSAGE_BYTES:
        return Readings(Reason.TOO_LARGE)
    return _decode(payload, form if form in FORMATS else sniffed(payload), device, now, is_device_id)


def decode_body(payload: bytes, form: Format | None, own: str | None, now: float, known: Known) -> Readings:
    """Readings of one HTTP body. Never raises.

    `own` is the device whose token it came with, None for a service; `known` tells registered devices.
    """
    if len(payload) > MAX_BODY_BYTES:
        return Readings(Reason.TOO_LARGE)
    return _decode(payload, form or sniffed(payload), own, now, known)


def _decode(payload: bytes, form: str | None, own: str | None, now: float, known: Known) -> Readings:
    if form == "senml":
        return decode_json(payload, now=now, own=own)
    if form == "senml_cbor":
        return decode_cbor(payload, now=now, own=own)
    if form == "chirpstack":
        return decode_chirpstack(payload, now=now, own=own, known=known)
    if form == "zigbee2mqtt":
        return decode_zigbee(payload, now=now, own=own)
    return Readings(Reason.MALFORMED)
