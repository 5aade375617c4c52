"""Purposes over HTTP: the ledger, opening a person under it, and the desk's part in what citizens ask for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from fastapi import Depends, Query, Request, Response
from sqlalchemy import RowMapping

from dure.engine import paging
from dure.engine.context import Context
from dure.engine.paging import Cursor, Limit
from dure.engine.web import ContextDep, Router, TxDep
from dure.trust import reach, vault
from dure.trust.principal import Principal
from dure.trust.purposes import cases, citizens, codes, grounds, ledger, opening, rights, shapes
from dure.trust.shapes import LinkOut
from dure.trust.web import require

router = Router(tags=["trust"])

Reads = Annotated[Principal, Depends(require("purpose.read"))]
Manages = Annotated[Principal, Depends(require("purpose.manage"))]
Opens = Annotated[Principal, Depends(require("person.open"))]
Identifies = Annotated[Principal, Depends(require("citizen.identify"))]
Decides = Annotated[Principal, Depends(require("rights.decide"))]

_BY_TIME = (datetime, UUID)


def vault_of(context: Context) -> vault.Vault:
    """The city's vault."""
    return vault.at(context.settings.data)


def zone_of(context: Context) -> ZoneInfo:
    """The city's time zone."""
    return ZoneInfo(context.settings.city_zone)


@router.get("/purposes/tables")
async def tables(tx: TxDep, who: Reads) -> shapes.Grounds:
    """Lawful bases, the coded purposes of the asker's desk, reasons of break-glass, kinds of data and of cases."""
    today = tx.now().date()
    return shapes.Grounds(
        items=[
            shapes.GroundOut(
                code=one.code,
                article=one.article,
                since=one.since,
                until=one.until,
                consent=one.consent,
                other_purpose=one.other_purpose,
                in_force=grounds.in_force(one.code, today) is not None,
            )
            for one in grounds.TABLE
        ],
        codes=[
            shapes.CodeOut(code=one.code, basis=one.basis, kinds=sorted(one.kinds))
            for one in codes.TABLE
            if codes.in_force(one.code, today) is one and not one.roles.isdisjoint(who.roles)
        ],
        reasons=list(codes.REASONS),
        kinds=list(codes.KINDS),
        cases=sorted(cases.known()),
    )


def entry_out(row: RowMapping, now: datetime) -> shapes.PurposeOut:
    """An entry, with how it stands now."""
    state: shapes.Standing
    if row["withdrawn_at"] is not None:
        state = "withdrawn"
    elif now < row["from_at"]:
        state = "waiting"
    else:
        state = "over" if now >= row["until_at"] else "standing"
    return shapes.PurposeOut(**row, state=state)


def entries_page(rows: Sequence[RowMapping], limit: int, now: datetime) -> shapes.Purposes:
    """A page of entries."""
    page = paging.page(rows, limit, lambda row: (row["created_at"], str(row["id"])))
    return shapes.Purposes(items=[entry_out(row, now) for row in page["items"]], next=page["next"])


@router.get("/purposes")
async def list_purposes(
    tx: TxDep,
    _who: Reads,
    person_id: UUID | None = None,
    standing: bool = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> shapes.Purposes:
    """The ledger, the newest first; of one person, or only what stands now."""
    after = paging.decode(cursor, *_BY_TIME)
    rows = await ledger.listing(tx, person_id=person_id, agency_id=None, standing=standing, after=after, most=limit)
    return entries_page(rows, limit, tx.now())


@router.post("/purposes", status_code=201)
async def begin(body: shapes.PurposeIn, tx: TxDep, who: Manages) -> shapes.PurposeMade:
    """A new entry: lawful basis, scope, time."""
    wanted = ledger.Wanted(body.code, frozenset(body.kinds), body.agency_id, body.document, body.from_at)
    made = await ledger.begin(tx, who, body.person_id, body.basis, body.text, body.until_at, wanted)
    return shapes.PurposeMade(id=made)


@router.post("/purposes/{purpose_id}/withdraw", status_code=204)
async def withdraw(body: shapes.WhyIn, tx: TxDep, who: Manages, purpose_id: UUID) -> None:
    """End an entry now: from this moment nothing is opened under it."""
    await ledger.withdraw(tx, who, purpose_id, body.why)


@router.post("/people/{person_id}/open")
async def open_person(
    body: shapes.OpenIn,
    request: Request,
    tx: TxDep,
    who: Opens,
    context: ContextDep,
    person_id: UUID,
    response: Response,
) -> shapes.Opened:
    """The record itself, as far as its ground reaches, after the line in the audit log stands. Only a broken glass
    reaches beyond one's own cases.
    """
    if body.glass_id is None:
        await reach.check_person(request, tx, who, "person.open", person_id)
    response.headers["Cache-Control"] = "no-store"
    asked = opening.Asked(body.purpose_id, body.code, body.glass_id, body.case_kind, body.case_id, words=body.purpose)
    person, leave = await opening.open_person(tx, vault_of(context), who, person_id, asked)
    return shapes.Opened(id=person_id, kinds=sorted(leave.kinds), basis=leave.basis, **msgspec.structs.asdict(person))


@router.post("/people/{person_id}/citizen-link", status_code=201)
async def citizen_link(
    body: shapes.LinkIn, tx: TxDep, who: Identifies, context: ContextDep, person_id: UUID, response: Response
) -> LinkOut:
    """A link by which this person signs in, shown once; for a desk that has made sure of who stands there."""
    response.headers["Cache-Control"] = "no-store"
    presented = await citizens.issue_link(tx, who, person_id, body.checked)
    return LinkOut(
        url=f"{context.settings.public_url}/#/citizen?token={presented}",
        token=presented,
        expires_in_s=int(citizens.LINK_LASTS.total_seconds()),
    )


# --- what citizens ask for, at the desk ---


def _queued(row: RowMapping, now: datetime) -> dict[str, Any]:
    overdue = row["state"] == "open" and row["due_at"] <= now
    return {**{name: row[name] for name in row if name in shapes.QueuedOut.model_fields}, "overdue": overdue}


@router.get("/rights-requests")
async def list_requests(
    tx: TxDep,
    _who: Decides,
    state: Annotated[str | None, Query(pattern="^(open|accepted|refused|withdrawn)$")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> shapes.Queue:
    """The queue, the next due first; without words."""
    rows = await rights.queue(tx, state=state, after=paging.decode(cursor, *_BY_TIME), most=limit)
    page = paging.page(rows, limit, lambda row: (row["due_at"], str(row["id"])))
    return shapes.Queue(items=[shapes.QueuedOut(**_queued(row, tx.now())) for row in page["items"]], next=page["next"])


@router.get("/rights-requests/{request_id}")
async def read_request(
    tx: TxDep, who: Decides, context: ContextDep, request_id: UUID, response: Response
) -> shapes.RequestRead:
    """A request with the person's words, after the line in the audit log stands."""
    response.headers["Cache-Control"] = "no-store"
    row, words = await rights.read(tx, vault_of(context), who, request_id)
    today = tx.now().date()
    refusals = [one for one in rights.REFUSALS if rights.refusal_in_force(one.code, row["kind"], today) is one]
    return shapes.RequestRead(
        **_queued(row, tx.now()),
        text=words.text,
        changes=words.changes,
        refusals=[shapes.RefusalOut(code=one.code, article=one.article) for one in refusals],
    )


@router.post("/rights-requests/{request_id}/decide")
async def decide_request(
    body: shapes.DecisionIn, tx: TxDep, who: Decides, context: ContextDep, request_id: UUID
) -> shapes.QueuedOut:
    """Accept, and have it done at once; or refuse on a ground of the law."""
    decision = rights.Decision(body.accept, body.answer, body.ground)
    row = await rights.decide(tx, vault_of(context), who, request_id, decision)
    return shapes.QueuedOut(**_queued(row, tx.now()))
