"""Drills over HTTP."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from sqlalchemy import text

from dure.engine import paging
from dure.engine.paging import Cursor, Limit
from dure.engine.web import Router, TxDep
from dure.kernel.errors import FieldError, Invalid, NotFound
from dure.learn import listing, shapes
from dure.learn.drills import model, starting
from dure.respond.forms import position
from dure.respond.policy import scope_of
from dure.respond.types import TYPES
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(prefix="/drills", tags=["learn"])
Reads = Annotated[Principal, Depends(require("review.read"))]
Leads = Annotated[Principal, Depends(require("drill.lead"))]
_SCRIPT = text("select * from drill_inject where drill_id = :id order by number")
_TAKES_PART = text("select accounts, agencies from incident_practice where incident_id = :id")


def _line(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "incident_id": str(row["incident_id"]),
        "receipt_no": row["receipt_no"],
        "kind": row["kind"],
        "kind_title": TYPES.kept(row["kind"]).title,
        "number": row["number"],
        "finding_id": None if row["finding_id"] is None else str(row["finding_id"]),
        "finding": row["finding"],
        "title": row["title"],
        "place": row["place"] or row["address"],
        "status": row["status"],
        "started_at": row["started_at"],
        "started_by": row["started_by"],
        "ended_at": row["ended_at"],
        "score": row["score"],
        "version": row["version"],
    }


async def _whole(tx: TxDep, who: Principal, drill_id: UUID) -> dict[str, Any]:
    row = await listing.drill(tx, scope_of(who, TYPES), drill_id)
    if row is None:
        raise NotFound("learn.drill.unknown")
    script = await tx.rows(_SCRIPT, {"id": drill_id})
    part = await tx.row(_TAKES_PART, {"id": row["incident_id"]})
    return {
        **_line(row),
        "script": [
            {name: one[name] for name in ("number", "due_at", "act", "value", "words", "done_at", "outcome")}
            for one in script
        ],
        "accounts": [str(one) for one in part["accounts"]] if part else [],
        "agencies": list(part["agencies"]) if part else [],
        "weights": dict(model.WEIGHTS),
    }


@router.get("")
async def list_drills(tx: TxDep, who: Reads, cursor: Cursor = None, limit: Limit = 50) -> dict[str, Any]:
    """Drills, the newest first."""
    after = paging.decode(cursor, datetime, UUID)
    rows = await listing.drills(tx, scope_of(who, TYPES), after, limit + 1)
    page = paging.page(rows, limit, lambda row: (row["started_at"], str(row["id"])))
    return {"items": [_line(row) for row in page["items"]], "next": page["next"]}


@router.post("", status_code=201)
async def start_drill(tx: TxDep, who: Leads, form: shapes.DrillForm) -> dict[str, Any]:
    """Start a drill: an incident of mode `drill` by a version of a manual. It reaches nobody but those named."""
    at = position(form.lon, form.lat)
    if at is None:
        raise Invalid("engine.fields.wrong", fields=[FieldError("lon", "respond.position.half")])
    wanted = starting.Wanted(
        kind=form.kind,
        number=form.number,
        at=at,
        place=form.place,
        title=form.title,
        injects=tuple(starting.Told(one.after_s, one.act, one.value, one.words) for one in form.injects),
        finding_id=form.finding_id,
        accounts=tuple(form.accounts),
        agencies=tuple(form.agencies),
    )
    return await _whole(tx, who, await starting.start(tx, who, wanted))


@router.get("/{drill_id}")
async def read_drill(tx: TxDep, who: Reads, drill_id: UUID) -> dict[str, Any]:
    """One drill with its script and its score."""
    return await _whole(tx, who, drill_id)
