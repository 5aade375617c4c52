"""Masks of cameras in the database. A version that covers all that the one before did holds at once; one that uncovers
something waits for a second person, as every look beneath a mask does.
"""

import asyncio
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, NotFound
from dure.kernel.ids import new_id
from dure.trust import audit
from dure.trust.principal import Principal
from dure.video.masks.shapes import Polygon, plane

CHANNEL = "dure_mask"
"""Notified whenever what holds has changed."""
_GRID = (320, 180)
_LOCK = text("select pg_advisory_xact_lock(hashtext('dure.video.mask.' || :camera))")
_KNOWN = text("select 1 from camera where id = :camera")
_NOW = text(
    "select * from video_mask where camera_id = :camera and holds_from <= :now "
    "order by holds_from desc, id desc limit 1"
)
_ALL_NOW = text(
    "select distinct on (camera_id) camera_id, id, polygons from video_mask where holds_from <= :now "
    "order by camera_id, holds_from desc, id desc"
)
_VERSIONS = text("select * from video_mask where camera_id = :camera order by asked_at desc, id desc limit 100")
_WAITING = text("select 1 from video_mask where camera_id = :camera and holds_from is null and refused is null")
_KEEP = text(
    "insert into video_mask (id, camera_id, polygons, reason, asked_at, asked_by, asked_name, holds_from) "
    "values (:id, :camera, cast(:polygons as jsonb), :reason, :now, :by, :name, :holds_from)"
)
_ONE = text("select * from video_mask where id = :id for update")
_HOLD = text(
    "update video_mask set holds_from = :now, decided_at = :now, decided_by = :by, decided_name = :name where id = :id"
)
_REFUSE = text(
    "update video_mask set refused = :why, decided_at = :now, decided_by = :by, decided_name = :name where id = :id"
)
_OVER = text(
    """
    select id, polygons, holds_from from (
        select id, polygons, holds_from, lead(holds_from) over (order by holds_from, id) as until
        from video_mask where camera_id = :camera and holds_from is not null
    ) m where (holds_from < :end and (until is null or until > :begin)) or until is null
    order by holds_from
    """
)


def of_row(polygons: object) -> tuple[Polygon, ...]:
    """Polygons as they are kept."""
    assert isinstance(polygons, list)
    return tuple(tuple((float(x), float(y)) for x, y in polygon) for polygon in polygons)


async def known(tx: Tx, camera_id: str) -> None:
    """Raises NotFound where there is no such camera."""
    if await tx.row(_KNOWN, {"camera": camera_id}) is None:
        raise NotFound("city.camera.unknown", camera=camera_id)


async def now_of(tx: Tx, camera_id: str) -> tuple[Polygon, ...]:
    """What is covered now."""
    row = await tx.row(_NOW, {"camera": camera_id, "now": tx.now()})
    return () if row is None else of_row(row["polygons"])


async def all_now(tx: Tx) -> dict[str, tuple[Polygon, ...]]:
    """What is covered now, by camera; cameras without a mask are not among them."""
    rows = await tx.rows(_ALL_NOW, {"now": tx.now()})
    return {row["camera_id"]: of_row(row["polygons"]) for row in rows if row["polygons"]}


async def over(tx: Tx, camera_id: str, begin: datetime, end: datetime) -> list[RowMapping]:
    """The versions that cover a stretch of the past: those that held then, and the one that holds now, so that a window
    covered today is covered in older pictures, too. Rows of id, polygons and holds_from.
    """
    return list(await tx.rows(_OVER, {"camera": camera_id, "begin": begin, "end": end}))


def together(rows: Iterable[RowMapping]) -> tuple[Polygon, ...]:
    """All their polygons, each once."""
    return tuple(dict.fromkeys(polygon for row in rows for polygon in of_row(row["polygons"])))


async def versions(tx: Tx, camera_id: str) -> Sequence[RowMapping]:
    """A camera's versions, the newest first, those that wait or were refused among them."""
    return await tx.rows(_VERSIONS, {"camera": camera_id})


def uncovers(before: Sequence[Polygon], after: Sequence[Polygon]) -> bool:
    """Whether something that was covered would be seen."""
    old, new = plane(before, *_GRID), plane(after, *_GRID)
    return any(one and not other for one, other in zip(old, new, strict=True))


async def change(
    tx: Tx, principal: Principal, camera_id: str, polygons: Sequence[Polygon], reason: str
) -> tuple[UUID, bool]:
    """Propose a camera's next mask; its id, and whether it holds already. Raises NotFound for a camera that is not
    there, Conflict where it changes nothing or another one waits.
    """
    await known(tx, camera_id)
    await tx.execute(_LOCK, {"camera": camera_id})
    before = await now_of(tx, camera_id)
    if before == tuple(polygons):
        raise Conflict("video.mask.same")
    if await tx.row(_WAITING, {"camera": camera_id}) is not None:
        raise Conflict("video.mask.waits")
    holds = not await asyncio.to_thread(uncovers, before, polygons)
    id_ = new_id()
    action = "video.mask" if holds else "video.mask.ask"
    await audit.record(tx, principal, action, "camera", camera_id, purpose=str(id_))
    await tx.execute(
        _KEEP,
        {
            "id": id_,
            "camera": camera_id,
            "polygons": json.dumps(polygons),
            "reason": reason,
            "now": tx.now(),
            "by": principal.actor,
            "name": principal.audited_name,
            "holds_from": tx.now() if holds else None,
        },
    )
    if holds:
        await tell(tx)
    return id_, holds


async def decide(tx: Tx, principal: Principal, mask_id: UUID, refused: str | None) -> str:
    """A second person's word on a version that uncovers something: it holds from now on, or not, with the reason; the
    camera's id. Raises NotFound, Conflict where it does not wait or is their own.
    """
    row = await tx.row(_ONE, {"id": mask_id})
    if row is None:
        raise NotFound("video.mask.unknown")
    if row["holds_from"] is not None or row["refused"] is not None:
        raise Conflict("video.mask.not_waiting")
    if row["asked_by"] == principal.actor:
        raise Conflict("video.mask.own")
    action = "video.mask.approve" if refused is None else "video.mask.refuse"
    await audit.record(tx, principal, action, "camera", row["camera_id"], purpose=str(mask_id))
    values = {"id": mask_id, "now": tx.now(), "by": principal.actor, "name": principal.audited_name}
    if refused is None:
        await tx.execute(_HOLD, values)
        await tell(tx)
    else:
        await tx.execute(_REFUSE, {**values, "why": refused})
    return str(row["camera_id"])


async def tell(tx: Tx) -> None:
    """Have the relay read again what holds, as soon as this transaction has committed."""
    await tx.execute(text(f"notify {CHANNEL}"))
