"""Looking beneath a mask: one asks, another allows it, for one incident, one camera, these two people and some minutes.
It ends by itself. Its lines stand in the audit log before anything is seen.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, NotFound
from dure.kernel.ids import new_id
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.purposes import cases
from dure.trust.vault import reasons, texts
from dure.video.masks import keeping

PURPOSE = "video_mask_lift.purpose"
WAITS = timedelta(minutes=20)
"""A request that nobody decides on is over after that."""
_ASK = text(
    "insert into video_mask_lift (id, camera_id, incident_id, purpose, minutes, asked_at, asked_by, asked_name) "
    "values (:id, :camera, :incident, :purpose, :minutes, :now, :by, :name)"
)
_ONE = text("select * from video_mask_lift where id = :id for update")
_DECIDE = text(
    "update video_mask_lift set allowed = :allowed, decided_at = :now, decided_by = :by, decided_name = :name, "
    "ends_at = :ends_at where id = :id"
)
_END = text("update video_mask_lift set ended_at = :now, ended_name = :name where id = :id")
_STANDING = text(
    "select camera_id, incident_id, asked_by, decided_by, ends_at from video_mask_lift "
    "where ends_at > :now and ended_at is null"
)
_LIST = text("select * from video_mask_lift order by asked_at desc, id desc limit 100")


def state_of(row: RowMapping, now: datetime) -> str:
    """waiting, standing, refused, over."""
    if row["allowed"] is None:
        return "waiting" if now - row["asked_at"] < WAITS else "over"
    if row["allowed"] == "no":
        return "refused"
    return "standing" if row["ended_at"] is None and now < row["ends_at"] else "over"


async def ask(tx: Tx, principal: Principal, camera_id: str, incident_id: UUID, purpose: str, minutes: int) -> UUID:
    """Ask to look beneath; its id. Raises NotFound for an unknown camera, Forbidden for an incident that they may not
    know of, Conflict where nothing is covered.
    """
    await keeping.known(tx, camera_id)
    await cases.find(tx, principal, "incident", str(incident_id))
    if not await keeping.now_of(tx, camera_id):
        raise Conflict("video.mask.none")
    id_ = new_id()
    why = await reasons.sealed(tx, principal, purpose, incident_id=incident_id)
    await audit.record(tx, principal, "video.mask.lift.ask", "camera", camera_id, purpose=why, case=incident_id)
    await tx.execute(
        _ASK,
        {
            "id": id_,
            "camera": camera_id,
            "incident": incident_id,
            "purpose": await texts.sealed_line(tx, incident_id, PURPOSE, purpose),
            "minutes": minutes,
            "now": tx.now(),
            "by": principal.id,
            "name": principal.audited_name,
        },
    )
    return id_


async def decide(tx: Tx, principal: Principal, lift_id: UUID, *, allow: bool) -> None:
    """Allow it, from now on for its minutes, or not. Raises NotFound, Conflict where it does not wait or is their own
    request.
    """
    row = await _one(tx, lift_id)
    if state_of(row, tx.now()) != "waiting":
        raise Conflict("video.mask.not_waiting")
    if row["asked_by"] == principal.id:
        raise Conflict("video.mask.own")
    action = "video.mask.lift" if allow else "video.mask.lift.refuse"
    await audit.record(tx, principal, action, "camera", row["camera_id"], case=row["incident_id"], purpose=str(lift_id))
    await tx.execute(
        _DECIDE,
        {
            "id": lift_id,
            "allowed": "yes" if allow else "no",
            "now": tx.now(),
            "by": principal.id,
            "name": principal.audited_name,
            "ends_at": tx.now() + timedelta(minutes=row["minutes"]) if allow else None,
        },
    )
    await keeping.tell(tx)


async def end(tx: Tx, principal: Principal, lift_id: UUID) -> None:
    """Cover again before its time. Raises NotFound, Conflict where it does not stand."""
    row = await _one(tx, lift_id)
    if state_of(row, tx.now()) != "standing":
        raise Conflict("video.mask.not_standing")
    await audit.record(
        *(tx, principal, "video.mask.lift.end", "camera", row["camera_id"]),
        case=row["incident_id"],
        purpose=str(lift_id),
    )
    await tx.execute(_END, {"id": lift_id, "now": tx.now(), "name": principal.audited_name})
    await keeping.tell(tx)


async def _one(tx: Tx, lift_id: UUID) -> RowMapping:
    row = await tx.row(_ONE, {"id": lift_id})
    if row is None:
        raise NotFound("video.mask.unknown")
    return row


async def standing(tx: Tx) -> dict[tuple[str, UUID, UUID], datetime]:
    """Who sees beneath now: (camera, incident, person) and until when."""
    found: dict[tuple[str, UUID, UUID], datetime] = {}
    for row in await tx.rows(_STANDING, {"now": tx.now()}):
        for person in (row["asked_by"], row["decided_by"]):
            key = (row["camera_id"], row["incident_id"], person)
            found[key] = max(row["ends_at"], found.get(key, row["ends_at"]))
    return found


async def listing(tx: Tx) -> list[dict[str, Any]]:
    """The newest hundred with their purpose in words and their state."""
    rows: Sequence[RowMapping] = await tx.rows(_LIST)
    by_incident = [texts.opened_lines(tx, PURPOSE, {row["incident_id"]: row["purpose"]}) for row in rows]
    return [
        {**row, "purpose": said[row["incident_id"]] or "", "state": state_of(row, tx.now())}
        for row, said in zip(rows, by_incident, strict=True)
    ]
