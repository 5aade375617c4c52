"""Break-glass over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from dure.engine import paging
from dure.engine.paging import Cursor, Limit
from dure.engine.web import ContextDep, Router, TxDep
from dure.trust.principal import Principal
from dure.trust.purposes import cases, glass, shapes
from dure.trust.purposes.api import vault_of, zone_of
from dure.trust.web import require

router = Router(tags=["trust"])

Breaks = Annotated[Principal, Depends(require("glass.break"))]
Owns = Annotated[Principal, Depends(require("glass.own"))]
Reviews = Annotated[Principal, Depends(require("glass.review"))]


@router.post("/glass", status_code=201)
async def break_glass(body: shapes.GlassIn, tx: TxDep, who: Breaks, context: ContextDep) -> shapes.GlassOut:
    """Break the glass for one person, for two hours. Shift leads and auditors are alerted at once; somebody else
    reviews it.
    """
    case = await cases.find(tx, who, body.case_kind, body.case_id)
    row = await glass.break_glass(tx, who, body.person_id, body.reason, case, body.words, zone_of(context))
    return shapes.GlassOut(**glass.shown(row))


@router.get("/glass")
async def list_glass(
    tx: TxDep, who: Reviews, unreviewed: bool = False, cursor: Cursor = None, limit: Limit = 100
) -> shapes.Glasses:
    """Broken glass, the newest first; for an administrator what nobody reviewed in time. Reviewers read each other's
    notes.
    """
    return await _page(tx, None, unreviewed, glass.reach(who)["escalated"], cursor, limit, notes=True)


@router.get("/glass/mine")
async def list_own_glass(
    tx: TxDep, who: Owns, unreviewed: Annotated[bool, Query()] = False, cursor: Cursor = None, limit: Limit = 100
) -> shapes.Glasses:
    """What one broke oneself, with how the reviews stand."""
    return await _page(tx, who.id, unreviewed, False, cursor, limit)


@router.get("/glass/{glass_id}")
async def read_glass(
    tx: TxDep, who: Reviews, context: ContextDep, glass_id: UUID, response: Response
) -> shapes.GlassRead:
    """One broken glass, with what was said, and what was opened under it; for an administrator what nobody reviewed in
    time.
    """
    response.headers["Cache-Control"] = "no-store"
    told = await glass.read(tx, vault_of(context), who, glass_id)
    return shapes.GlassRead(
        **glass.shown(told.row),
        review_note=told.note,
        words=told.words,
        person_name=told.person_name,
        case_no=told.case_no,
        reviewed_by_name=told.reviewed_by_name,
        openings=[shapes.GlassOpening(**row) for row in told.openings],
    )


async def _page(
    tx: TxDep,
    account: UUID | None,
    unreviewed: bool,
    escalated: bool,
    cursor: str | None,
    limit: int,
    *,
    notes: bool = False,
) -> shapes.Glasses:
    after = paging.decode(cursor, datetime, UUID)
    rows = await glass.listing(tx, account=account, unreviewed=unreviewed, escalated=escalated, after=after, most=limit)
    page = paging.page(rows, limit, lambda row: (row["opened_at"], str(row["id"])))
    said = glass.notes(tx, page["items"]) if notes else [None] * len(page["items"])
    items = [
        shapes.GlassOut(**glass.shown(row), review_note=note) for row, note in zip(page["items"], said, strict=True)
    ]
    return shapes.Glasses(items=items, next=page["next"])


@router.post("/glass/{glass_id}/close", status_code=204)
async def close_glass(tx: TxDep, who: Owns, glass_id: UUID) -> None:
    """End one's own before its two hours are over."""
    await glass.close(tx, who, glass_id)


@router.post("/glass/{glass_id}/review")
async def review_glass(body: shapes.ReviewIn, tx: TxDep, who: Reviews, glass_id: UUID) -> shapes.GlassOut:
    """Judge it; nobody judges their own."""
    row = await glass.review(tx, who, glass_id, body.verdict, body.note)
    return shapes.GlassOut(**glass.shown(row), review_note=body.note)
