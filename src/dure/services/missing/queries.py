"""Every query of the service."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, NotFound

_ONE = text("select * from missing_person where incident_id = :id")
_LOCKED = text("select * from missing_person where incident_id = :id for update")
_INSERT = text(
    "insert into missing_person (incident_id, mark_id, person_id, guardian_id, age, condition, basis, document, "
    "device_id, told_at, told_by) values (:incident, :mark, :person, :guardian, :age, :condition, :basis, :document, "
    ":device, :now, :by)"
)
_PHOTO = text(
    "update missing_person set photo = :photo, photo_media = :media, photo_at = :now, version = version + 1 "
    "where incident_id = :id"
)
_TRAIL = text("select * from missing_sighting where incident_id = :id order by at, told_at")
_SIGHTING = text(
    "insert into missing_sighting (id, incident_id, at, source, place, told_at, told_by) "
    "values (:id, :incident, :at, :source, :place, :now, :by)"
)
_SHARES = text("select * from missing_share where incident_id = :id order by from_at, id")
_SHARE = text(
    "insert into missing_share (id, incident_id, agency_id, basis, from_at, until_at, shared_by) "
    "values (:id, :incident, :agency, :basis, :now, :until, :by)"
)
_END_SHARES = text(
    "update missing_share set ended_at = :now where incident_id = :id and ended_at is null "
    "and (cast(:agency as text) is null or agency_id = :agency)"
)
_VIEW = text(
    "update missing_share set views = views + 1 where id = (select id from missing_share where incident_id = :id "
    "and agency_id = :agency and ended_at is null and from_at <= :now and until_at > :now "
    "order by until_at desc limit 1) returning basis"
)
_END = text(
    "update missing_person set outcome = :outcome, ended_at = :now, ended_by = :by, person_id = null, "
    "guardian_id = null, device_id = null, photo = null, photo_media = null, version = version + 1 "
    "where incident_id = :id"
)
_FORGET_TRAIL = text("delete from missing_sighting where incident_id = :id")
_CLOSED = text(
    "select m.incident_id from missing_person m join incident i on i.id = m.incident_id "
    "where m.ended_at is null and i.status = 'closed' and i.closed_at <= :before order by i.closed_at limit 50"
)
_DEVICE = text("select id, lon, lat, latest, last_seen from device where id = :id")


async def one(tx: Tx, incident_id: UUID, *, lock: bool = False) -> RowMapping:
    """Who is missing there. Raises NotFound."""
    row = await tx.row(_LOCKED if lock else _ONE, {"id": incident_id})
    if row is None:
        raise NotFound("missing.none")
    return row


async def running(tx: Tx, incident_id: UUID) -> RowMapping:
    """The same, locked, while they are looked for. Raises NotFound, Conflict."""
    row = await one(tx, incident_id, lock=True)
    if row["ended_at"] is not None:
        raise Conflict("missing.ended")
    return row


async def known(tx: Tx, incident_id: UUID) -> bool:
    """Whether somebody was told of there."""
    return await tx.row(_ONE, {"id": incident_id}) is not None


async def add(tx: Tx, values: dict[str, Any]) -> None:
    """Somebody is missing."""
    await tx.execute(_INSERT, {**values, "now": tx.now()})


async def keep_photo(tx: Tx, incident_id: UUID, photo: bytes, media: str) -> None:
    """A sealed photo in place of the one before."""
    await tx.execute(_PHOTO, {"id": incident_id, "photo": photo, "media": media, "now": tx.now()})


async def trail(tx: Tx, incident_id: UUID) -> Sequence[RowMapping]:
    """Where they were, by time."""
    return await tx.rows(_TRAIL, {"id": incident_id})


async def add_sighting(tx: Tx, values: dict[str, Any]) -> None:
    """They were there."""
    await tx.execute(_SIGHTING, {**values, "now": tx.now()})


async def shares(tx: Tx, incident_id: UUID) -> Sequence[RowMapping]:
    """What was provided to whom."""
    return await tx.rows(_SHARES, {"id": incident_id})


async def share(tx: Tx, values: dict[str, Any]) -> None:
    """Provide the photo to an agency."""
    await tx.execute(_SHARE, {**values, "now": tx.now()})


async def end_shares(tx: Tx, incident_id: UUID, agency_id: str | None = None) -> int:
    """End what is shared with an agency, or with all; how many."""
    return (await tx.execute(_END_SHARES, {"id": incident_id, "agency": agency_id, "now": tx.now()})).rowcount


async def counted_view(tx: Tx, incident_id: UUID, agency_id: str) -> str | None:
    """Count a look at what is shared with an agency now; on what ground, None where nothing is."""
    found: str | None = await tx.scalar(_VIEW, {"id": incident_id, "agency": agency_id, "now": tx.now()})
    return found


async def end(tx: Tx, incident_id: UUID, outcome: str, by: str) -> None:
    """It is over; who they are, the photo and the trail are gone from these rows."""
    await tx.execute(_FORGET_TRAIL, {"id": incident_id})
    await tx.execute(_END, {"id": incident_id, "outcome": outcome, "by": by, "now": tx.now()})


async def closed_before(tx: Tx, before: datetime) -> list[UUID]:
    """Incidents that were closed before then, with somebody still looked for."""
    return [row["incident_id"] for row in await tx.rows(_CLOSED, {"before": before})]


async def device(tx: Tx, device_id: str) -> RowMapping | None:
    """A device with where it stands and what it said last."""
    return await tx.row(_DEVICE, {"id": device_id})
