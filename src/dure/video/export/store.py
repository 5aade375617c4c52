"""Exports in the database: asked for under an approved ticket, made, fetched a few times, destroyed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from dure.kernel.ids import new_id
from dure.trust import audit
from dure.trust.principal import Principal, system
from dure.trust.roles import CONTROL_ROOM, Role
from dure.trust.vault import reasons, texts
from dure.video.export import model
from dure.video.tickets import register, rights
from dure.video.tickets.model import Span
from dure.video.tickets.register import Shown

PURPOSE = "video_export.purpose"
CHANNEL = "dure_video_export"
Step = Literal["asked", "begun", "ready", "failed", "cancelled", "downloaded", "destroyed"]
SEES_ALL = CONTROL_ROOM | {Role.ADMIN, Role.AUDITOR}
_MAKER = system("video export")

_MAKE = text(
    "insert into video_export (id, ticket_id, incident_id, receipt_no, camera_ids, begin_at, end_at, purpose, ground, "
    "document, asked_kind, asked_by, asked_name, agency_id, approved_by, asked_at, state, most_downloads) values "
    "(:id, :ticket, :incident, :receipt_no, :cameras, :begin, :end, :purpose, :ground, :document, :kind, :by, :name, "
    ":agency, :approved_by, :now, 'waiting', :most)"
)
_STEP = text(
    "insert into video_export_step (id, export_id, at, what, who, who_name, address, digest) "
    "values (:id, :export, :now, :what, :who, :name, :address, :digest)"
)
_SEEN = "(:all or (e.asked_kind = :kind and e.asked_by = :by))"
_LIST = text(f"select e.* from video_export e where {_SEEN} order by e.asked_at desc, e.id desc limit 100")
_ONE = text(f"select e.* from video_export e where e.id = :id and {_SEEN}")
_HELD = text(f"select e.* from video_export e where e.id = :id and {_SEEN} for update")
_STEPS = text("select * from video_export_step where export_id = any(:ids) order by at, id")
_CLAIM = text(
    "update video_export set state = 'running', started_at = :now, progress = 0 where id = (select id from "
    "video_export where state = 'waiting' order by asked_at, id limit 1 for update skip locked) returning *"
)
_AGAIN = text("update video_export set state = 'waiting', progress = 0 where state = 'running'")
_PROGRESS = text("update video_export set progress = :done where id = :id and state = 'running' returning id")
_READY = text(
    "update video_export set state = 'ready', progress = 1, ready_at = :now, expires_at = :expires, bytes = :bytes, "
    "digest = :digest, detector = :detector where id = :id and state = 'running' returning *"
)
_FAIL = text("update video_export set state = 'failed', why = :why where id = :id and state = 'running' returning id")
_CANCEL = text("update video_export set state = 'cancelled' where id = :id")
_FETCHED = text("update video_export set downloads = downloads + 1 where id = :id")
_OVER = text(
    "select * from video_export where state = 'ready' and expires_at <= :now "
    "order by expires_at limit 50 for update skip locked"
)
_DESTROY = text("update video_export set state = 'destroyed', destroyed_at = :now where id = :id")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cameras, which stretch, for which incident, and why."""

    incident_id: UUID
    camera_ids: tuple[str, ...]
    begin: datetime
    end: datetime
    purpose: str


async def ask(tx: Tx, principal: Principal, wanted: Wanted) -> UUID:
    """Have it made; its id. Raises Invalid for a stretch that is none or too long, Conflict where no approved ticket
    lets these pictures leave as a file.
    """
    if not wanted.begin < wanted.end <= tx.now():
        raise Invalid("video.export.span")
    if model.camera_hours(len(wanted.camera_ids), wanted.begin, wanted.end) > model.MOST_CAMERA_HOURS:
        raise Invalid("video.export.long", most=model.MOST_CAMERA_HOURS)
    span = Span(wanted.begin, wanted.end)
    right = await rights.export(tx, principal, wanted.camera_ids, span, wanted.incident_id)
    id_ = new_id()
    why = await reasons.sealed(tx, principal, wanted.purpose, incident_id=right.incident_id)
    await audit.record(tx, principal, "video.export.ask", "video_export", id_, purpose=why, case=right.incident_id)
    await tx.execute(
        _MAKE,
        {
            "id": id_,
            "ticket": right.id,
            "incident": right.incident_id,
            "receipt_no": right.receipt_no,
            "cameras": list(wanted.camera_ids),
            "begin": wanted.begin,
            "end": wanted.end,
            "purpose": await texts.sealed_line(tx, right.incident_id, PURPOSE, wanted.purpose),
            "ground": right.ground or "",
            "document": right.document or "",
            "kind": principal.kind,
            "by": principal.id,
            "name": principal.audited_name,
            "agency": principal.agency_id,
            "approved_by": right.approved_by,
            "now": tx.now(),
            "most": model.MOST_DOWNLOADS,
        },
    )
    await step(tx, id_, "asked", principal)
    await tx.execute(text(f"notify {CHANNEL}"))
    return id_


async def step(tx: Tx, id_: UUID, what: Step, principal: Principal = _MAKER, digest: str | None = None) -> None:
    """One more link of the chain of custody."""
    await tx.execute(
        _STEP,
        {
            "id": new_id(),
            "export": id_,
            "now": tx.now(),
            "what": what,
            "who": principal.actor,
            "name": principal.audited_name,
            "address": principal.address,
            "digest": digest,
        },
    )


def _values(principal: Principal) -> dict[str, Any]:
    return {"all": bool(principal.roles & SEES_ALL), "kind": principal.kind, "by": principal.id}


async def listing(tx: Tx, principal: Principal) -> Sequence[RowMapping]:
    """The newest hundred: the centre sees all, an officer their own."""
    return await tx.rows(_LIST, _values(principal))


async def steps(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, list[RowMapping]]:
    """The chains of custody."""
    found: dict[UUID, list[RowMapping]] = {id_: [] for id_ in ids}
    for row in await tx.rows(_STEPS, {"ids": list(ids)}):
        found[row["export_id"]].append(row)
    return found


def purpose_of(tx: Tx, row: RowMapping) -> str:
    """Why it was asked for, in words; empty where the incident's key was destroyed."""
    return texts.opened_lines(tx, PURPOSE, {row["incident_id"]: row["purpose"]})[row["incident_id"]] or ""


async def one(tx: Tx, principal: Principal, id_: UUID, *, held: bool = False) -> RowMapping:
    """One that they may know of. Raises NotFound."""
    row = await tx.row(_HELD if held else _ONE, {"id": id_, **_values(principal)})
    if row is None:
        raise NotFound("video.export.unknown")
    return row


async def cancel(tx: Tx, principal: Principal, id_: UUID) -> None:
    """Stop it, or take what is ready away before its time. Raises NotFound, Conflict where it is over already."""
    row = await one(tx, principal, id_, held=True)
    if row["state"] == "ready":
        await destroy(tx, row, principal)
        return
    if row["state"] not in {"waiting", "running"}:
        raise Conflict("video.export.over")
    await audit.record(tx, principal, "video.export.cancel", "video_export", id_, case=row["incident_id"])
    await tx.execute(_CANCEL, {"id": id_})
    await step(tx, id_, "cancelled", principal)
    await tx.execute(text(f"notify {CHANNEL}"))


async def fetch(tx: Tx, principal: Principal, id_: UUID) -> RowMapping:
    """Count a download and write it down, before a byte leaves. Only who asked for it fetches it. Raises NotFound,
    Forbidden, Conflict where it is not ready, has expired, was fetched often enough, or its ticket stands no more.
    """
    row = await one(tx, principal, id_, held=True)
    if (row["asked_kind"], row["asked_by"]) != (principal.kind, principal.id):
        raise Forbidden("video.export.not_yours")
    if row["state"] != "ready" or row["expires_at"] <= tx.now():
        raise Conflict("video.export.over")
    if row["downloads"] >= row["most_downloads"]:
        raise Conflict("video.export.often", most=row["most_downloads"])
    span = Span(row["begin_at"], row["end_at"])
    right = await rights.export(tx, principal, row["camera_ids"], span, row["incident_id"])
    await audit.record(
        *(tx, principal, "video.export.download", "video_export", id_),
        purpose=f"{row['number']} {row['digest']}",
        case=row["incident_id"],
    )
    said = purpose_of(tx, row)
    why = await reasons.sealed(tx, principal, said, code=str(row["number"]), incident_id=right.incident_id)
    for camera_id in row["camera_ids"]:  # whoever asks the log for a camera finds the file with its pictures, too
        await audit.record(
            tx, principal, "video.export.camera", "camera", camera_id, purpose=why, case=row["incident_id"]
        )
        shown = Shown(
            *(camera_id, "export", said, tx.now()),
            incident_id=right.incident_id,
            right=right,
            span=span,
        )
        await register.write(tx, principal, shown)
    await tx.execute(_FETCHED, {"id": id_})
    await step(tx, id_, "downloaded", principal, row["digest"])
    return row


async def claim(tx: Tx) -> RowMapping | None:
    """The one that has waited longest; it is being made from now on."""
    row = await tx.row(_CLAIM, {"now": tx.now()})
    if row is not None:
        await step(tx, row["id"], "begun")
    return row


async def left_over(tx: Tx) -> None:
    """What a sudden end left half made is made again from its beginning."""
    await tx.execute(_AGAIN)


async def progress(tx: Tx, id_: UUID, done: float) -> bool:
    """Note how far it is; whether it is still wanted."""
    return await tx.row(_PROGRESS, {"id": id_, "done": min(max(done, 0.0), 1.0)}) is not None


async def ready(tx: Tx, row: RowMapping, size: int, digest: str, detector: str) -> bool:
    """It may be fetched; whether it is still wanted."""
    values = {"id": row["id"], "now": tx.now(), "expires": tx.now() + model.KEPT, "bytes": size}
    done = await tx.row(_READY, {**values, "digest": digest, "detector": detector})
    if done is None:
        return False
    await audit.record(
        *(tx, _MAKER, "video.export", "video_export", row["id"]),
        purpose=f"{row['number']} {digest}",
        case=row["incident_id"],
    )
    await step(tx, row["id"], "ready", digest=digest)
    return True


async def fail(tx: Tx, row: RowMapping, why: str) -> None:
    """It could not be made: empty, stopped, full."""
    if await tx.row(_FAIL, {"id": row["id"], "why": why}) is not None:
        await audit.record(
            *(tx, _MAKER, "video.export.fail", "video_export", row["id"]), case=row["incident_id"], outcome="failed"
        )
        await step(tx, row["id"], "failed")


async def over(tx: Tx) -> Sequence[RowMapping]:
    """Those whose time is over."""
    return await tx.rows(_OVER, {"now": tx.now()})


async def destroy(tx: Tx, row: RowMapping, principal: Principal = _MAKER) -> None:
    """It is gone, and its chain of custody says so; the file itself goes with `running.sweep`."""
    await audit.record(
        *(tx, principal, "video.export.destroy", "video_export", row["id"]),
        purpose=f"{row['number']} {row['digest']}",
        case=row["incident_id"],
    )
    await tx.execute(_DESTROY, {"id": row["id"], "now": tx.now()})
    await step(tx, row["id"], "destroyed", principal, row["digest"])
    await tx.execute(text(f"notify {CHANNEL}"))
