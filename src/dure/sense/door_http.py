"""The HTTP door: a body of readings is checked, packed by partition and stored before it is answered."""

import hashlib
import time
from typing import NamedTuple

from dure.engine.context import Context
from dure.kernel.errors import BadRequest, DureError, Invalid, TooLarge, Unavailable
from dure.sense.formats import MEDIA_TYPES, Format, decode_body
from dure.sense.packs import Pack, encode, subject_of
from dure.sense.readings import Readings, Reason, Refused
from dure.sense.refusals import Refusals, refusals_of
from dure.sense.registry import Known, registry_of

_WHOLE: dict[Reason, type[DureError]] = {
    Reason.TOO_LARGE: TooLarge,
    Reason.TOO_MANY: TooLarge,
    Reason.TOO_DEEP: BadRequest,
    Reason.MALFORMED: BadRequest,
    Reason.DUPLICATE_KEY: BadRequest,
}
"""What a body that cannot be read at all is answered with; everything else is 422."""


class Accepted(NamedTuple):
    """How many records were stored, and which were not."""

    accepted: int
    rejected: list[Refused]


def format_of(content_type: str) -> Format | None:
    """The format that a Content-Type names; None lets the body tell. Raises Invalid for one that is not ours."""
    media = content_type.split(";", 1)[0].strip().lower()
    if media not in MEDIA_TYPES:
        raise Invalid("sense.media_type.unknown", media_type=media[:80])
    return MEDIA_TYPES[media]


async def take_in(
    context: Context, body: bytes, form: Format | None, *, own: str | None, message_id: str | None
) -> Accepted:
    """Store the readings of one body.

    `own` is the device whose token asks, None for a service. `message_id` names this body, so that the same one is
    stored once even when it was stored and its answer lost. Raises BadRequest, Invalid or TooLarge where nothing of the
    body can be read, Unavailable when the stream or the database is away.
    """
    if not context.stream.connected:
        raise Unavailable("engine.stream.away")
    registry, refusals = registry_of(context), refusals_of(context)
    await registry.ready()
    now = time.time()
    found = decode_body(body, form, own, now, registry.__contains__)
    if found.whole is not None:
        refusals.count("http", own or "", found.whole, body)
        raise _WHOLE.get(found.whole, Invalid)(f"sense.refused.{found.whole}")
    devices = set(found.device)
    await registry.find(devices)
    packs = _packed(found, {device: registry.get(device) for device in devices}, now)
    for partition, pack in packs.items():
        await context.stream.publish(subject_of(partition), encode(pack), message_id=_part(message_id, partition))
    _count(refusals, found, body)
    return Accepted(len(set(found.index)), sorted(found.refused))


def message_id_of(owner: str, key: str, body: bytes) -> str:
    """The stream's name for a body that came with an Idempotency-Key."""
    return "http-" + hashlib.sha256(b"\0".join((owner.encode(), key.encode(), body))).hexdigest()


def _part(message_id: str | None, partition: int) -> str | None:
    return None if message_id is None else f"{message_id}-p{partition}"


def _packed(found: Readings, known: dict[str, Known | None], now: float) -> dict[int, Pack]:
    """Packs by partition. Readings that may not go in move to `found.refused`; the rest stays in `found`."""
    clear = all(one is not None and one.on and one.properties is None for one in known.values())
    if not clear:
        _weed(found, known)
    partitions = {one.partition for one in known.values() if one is not None}
    rows = len(found)
    if not rows:
        return {}
    if len(partitions) == 1:
        return {
            partitions.pop(): Pack(
                device=found.device,
                property=found.property,
                value=found.value,
                observed_at=found.at,
                received_at=[now] * rows,
                estimated=found.estimated,
                seq=[0] * rows,
            )
        }
    packs: dict[int, Pack] = {}
    for device, name, value, at, estimated in zip(
        found.device, found.property, found.value, found.at, found.estimated, strict=True
    ):
        one = known[device]
        assert one is not None
        pack = packs.get(one.partition)
        if pack is None:
            pack = packs[one.partition] = Pack()
        pack.device.append(device)
        pack.property.append(name)
        pack.value.append(value)
        pack.observed_at.append(at)
        pack.received_at.append(now)
        pack.estimated.append(estimated)
        pack.seq.append(0)
    return packs


def _weed(found: Readings, known: dict[str, Known | None]) -> None:
    bad: set[int] = set()
    for row, (device, name) in enumerate(zip(found.device, found.property, strict=True)):
        reason = _reason(known[device], name)
        if reason is not None:
            bad.add(row)
            found.refuse(found.index[row], reason, device, name)
    found.keep_rows([row for row in range(len(found)) if row not in bad])


def _reason(known: Known | None, name: str) -> Reason | None:
    if known is None:
        return Reason.UNKNOWN_DEVICE
    if not known.on:
        return Reason.SWITCHED_OFF
    return Reason.NOT_ITS_PROPERTY if known.properties is not None and name not in known.properties else None


def _count(refusals: Refusals, found: Readings, body: bytes) -> None:
    counts: dict[tuple[str, str], int] = {}
    for one in (*found.refused, *found.noted):
        key = (one.device, one.reason)
        counts[key] = counts.get(key, 0) + 1
    for (device, reason), times in counts.items():
        refusals.count("http", device, reason, body[:400], times)
