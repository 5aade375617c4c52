"""Moments of the past that somebody marked for an incident. The note is sealed under the incident's key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, NotFound
from dure.kernel.ids import new_id
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.vault import texts

MOST = 200
"""Of one incident."""
NOTE = "video_bookmark.note"
_ADD = text(
    "insert into video_bookmark (id, incident_id, camera_id, at, note, made_at, made_by) "
    "values (:id, :incident, :camera, :at, :note, :now, :by)"
)
_COUNT = text("select count(*) from video_bookmark where incident_id = :incident")
_LIST = text("select * from video_bookmark where incident_id = :incident order by at, id")
_DROP = text("delete from video_bookmark where id = :id and incident_id = :incident and made_by = :by")


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A marked moment of a camera (None: of all that were shown), by whom, and why; `note` is None where its key went
    with the incident's words.
    """

    id: UUID
    camera_id: str | None
    at: datetime
    note: str | None
    made_at: datetime
    made_by: str


async def add(tx: Tx, by: Principal, incident_id: UUID, camera_id: str | None, at: datetime, note: str) -> Bookmark:
    """Mark a moment. Raises Conflict where there are too many."""
    if int(await tx.scalar(_COUNT, {"incident": incident_id})) >= MOST:
        raise Conflict("video.bookmark.many", most=MOST)
    made = Bookmark(new_id(), camera_id, at, note, tx.now(), by.actor)
    values = {
        "id": made.id,
        "incident": incident_id,
        "camera": camera_id,
        "at": at,
        "note": await texts.sealed_line(tx, incident_id, NOTE, note),
        "now": made.made_at,
        "by": made.made_by,
    }
    await tx.execute(_ADD, values)
    await audit.record(tx, by, "video.bookmark", "video_bookmark", made.id, case=incident_id)
    return made


async def of(tx: Tx, incident_id: UUID) -> Sequence[Bookmark]:
    """All of an incident, by the moment that they mark."""
    return [
        Bookmark(
            row["id"],
            row["camera_id"],
            row["at"],
            texts.opened_lines(tx, NOTE, {incident_id: row["note"]})[incident_id],
            row["made_at"],
            row["made_by"],
        )
        for row in await tx.rows(_LIST, {"incident": incident_id})
    ]


async def drop(tx: Tx, by: Principal, incident_id: UUID, bookmark_id: UUID) -> None:
    """Take one's own back. Raises NotFound."""
    done = await tx.execute(_DROP, {"id": bookmark_id, "incident": incident_id, "by": by.actor})
    if not done.rowcount:
        raise NotFound("video.bookmark.unknown")
    await audit.record(tx, by, "video.bookmark.drop", "video_bookmark", bookmark_id, case=incident_id)
