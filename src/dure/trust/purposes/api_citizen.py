"""The citizen's own page over HTTP: who read what about me, and what I can ask for."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Depends, Request, Response
from sqlalchemy import RowMapping

from dure.engine import paging
from dure.engine.paging import Cursor, Limit
from dure.engine.web import OPEN, ContextDep, Router, TxDep
from dure.trust import vault
from dure.trust.principal import Principal
from dure.trust.purposes import citizens, copies, grounds, ledger, rights, shapes
from dure.trust.purposes.api import entries_page, vault_of, zone_of
from dure.trust.shapes import PersonOut
from dure.trust.web import check_same_origin, client_address, cookie_name, require

router = Router(prefix="/privacy", tags=["privacy"])

Own = Annotated[Principal, Depends(require("rights.own"))]


async def _person(tx: TxDep, who: Own) -> UUID:
    return await citizens.person_of(tx, who)


Me = Annotated[UUID, Depends(_person)]


@router.post("/sign-in", status_code=201, openapi_extra=OPEN)
async def sign_in(
    body: shapes.CitizenIn, request: Request, response: Response, tx: TxDep, context: ContextDep
) -> shapes.Entered:
    """Sign in by the link that a desk gave out; once, for an hour."""
    check_same_origin(request, needs_proof=False)
    address = client_address(request)
    session = await citizens.enter(
        tx, body.token, address=str(address) if address else None, browser=request.headers.get("user-agent")
    )
    lasts = int(citizens.SESSION_LASTS.total_seconds())
    response.headers["Cache-Control"] = "no-store"
    response.set_cookie(
        cookie_name(context),
        session,
        max_age=lasts,
        path="/",
        secure=context.settings.secure,
        httponly=True,
        samesite="strict",
    )
    return shapes.Entered(expires_in_s=lasts)


@router.get("/reads")
async def reads(tx: TxDep, who: Own, me: Me, cursor: Cursor = None, limit: Limit = 100) -> shapes.Reads:
    """Who read what about me: when, which office, why, on what ground. Officials are not named."""
    rows = await copies.reads(tx, who, me, after=paging.decode(cursor, datetime, UUID), most=limit)
    page = paging.page(rows, limit, lambda row: (row["at"], str(row["id"])))
    articles = {one.code: one.article for one in grounds.TABLE}
    return shapes.Reads(
        items=[
            shapes.ReadOut(
                at=row["at"],
                action=row["action"],
                agency=row["agency_id"],
                agency_name=row["agency_name"],
                agency_name_en=row["agency_name_en"],
                by_system=row["by_system"],
                code=row["code"],
                basis=row["basis"],
                article=articles.get(row["basis"] or ""),
                purpose=row["purpose_text"],
                kinds=row["kinds"],
                outcome=row["outcome"],
                glass=row["glass_id"] is not None or row["action"] == "glass.break",
                verdict=row["verdict"],
            )
            for row in page["items"]
        ],
        next=page["next"],
    )


@router.get("/purposes")
async def purposes(tx: TxDep, _who: Own, me: Me, cursor: Cursor = None, limit: Limit = 100) -> shapes.Purposes:
    """On what grounds my record may be opened."""
    after = paging.decode(cursor, datetime, UUID)
    rows = await ledger.listing(tx, person_id=me, agency_id=None, standing=False, after=after, most=limit)
    return entries_page(rows, limit, tx.now())


@router.post("/purposes/{purpose_id}/withdraw", status_code=204)
async def withdraw(tx: TxDep, who: Own, me: Me, purpose_id: UUID) -> None:
    """Take my consent back: it counts from this moment."""
    await ledger.withdraw(tx, who, purpose_id, "person", by_person=me)


@router.get("/requests")
async def my_requests(
    tx: TxDep, _who: Own, me: Me, context: ContextDep, cursor: Cursor = None, limit: Limit = 100
) -> shapes.Requests:
    """What I asked for, by when it is answered, and the answers."""
    rows = await rights.of_person(tx, me, after=paging.decode(cursor, datetime, UUID), most=limit)
    page = paging.page(rows, limit, lambda row: (row["received_at"], str(row["id"])))
    return shapes.Requests(items=[_mine(vault_of(context), row) for row in page["items"]], next=page["next"])


def _mine(held: vault.Vault, row: RowMapping) -> shapes.RequestOut:
    articles = {one.code: one.article for one in rights.REFUSALS}
    shown = {name: row[name] for name in row if name in shapes.RequestOut.model_fields}
    return shapes.RequestOut(
        **{**shown, "answer": rights.answer_of(held, row), "article": articles.get(row["ground"] or "")}
    )


@router.post("/requests", status_code=201)
async def ask(body: shapes.RequestIn, tx: TxDep, who: Own, me: Me, context: ContextDep) -> shapes.RequestOut:
    """Ask for access, a correction, deletion, a copy, or a stop. The desk answers within the law's ten days."""
    held = vault_of(context)
    words = rights.Words(body.text, {str(name): value for name, value in body.changes.items()})
    id_ = await rights.ask(tx, held, who, me, body.kind, words, zone_of(context))
    return _mine(held, await rights.get(tx, id_))


@router.post("/requests/{request_id}/take-back", status_code=204)
async def take_back(tx: TxDep, who: Own, me: Me, request_id: UUID) -> None:
    """Take a request back before it is answered."""
    await rights.take_back(tx, who, me, request_id)


@router.get("/record")
async def record(tx: TxDep, who: Own, me: Me, context: ContextDep, response: Response) -> PersonOut:
    """My record, while an accepted request for access stands."""
    response.headers["Cache-Control"] = "no-store"
    person = await copies.own_record(tx, vault_of(context), who, me)
    return PersonOut(id=me, **msgspec.structs.asdict(person))


@router.post("/requests/{request_id}/copy", response_class=Response)
async def copy(body: shapes.CopyIn, tx: TxDep, who: Own, me: Me, context: ContextDep, request_id: UUID) -> Response:
    """My copy as a file, once."""
    taken = await copies.take(tx, vault_of(context), who, me, request_id)
    is_json = body.format == "json"
    return Response(
        copies.as_json(taken) if is_json else copies.as_csv(taken),
        media_type="application/json" if is_json else "text/csv; charset=utf-8",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="dure-copy.{body.format}"',
        },
    )
