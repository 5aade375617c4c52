"""Signing in and out, the first administrator, one's own sessions and password."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import RowMapping, text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.web import OPEN, PROBLEMS, ContextDep, Router, TxDep
from dure.kernel.errors import Forbidden
from dure.trust import accounts, admin_link, agencies, audit, passwords, sessions, shapes, sign_in
from dure.trust.entry import browsers, cookies, edge, known
from dure.trust.entry import shapes as ways
from dure.trust.principal import Principal
from dure.trust.web import SignedIn, check

_LANGUAGE = text("update account set language = :language, version = version + 1, updated_at = :now where id = :id")
_USERNAME = text("select username from account where id = :id")


door = APIRouter(tags=["trust"], route_class=edge.DoorRoute, responses=PROBLEMS)
router = Router(tags=["trust"])


async def me_of(tx: Tx, principal: Principal, context: Context) -> shapes.Me:
    """What a principal is told of itself."""
    agency = await agencies.get(tx, principal.agency_id) if principal.agency_id else None
    username = await tx.scalar(_USERNAME, {"id": principal.account_id}) if principal.account_id else principal.name
    return shapes.Me(
        kind=principal.kind,
        id=str(principal.id),
        username=username,
        name=principal.name,
        roles=sorted(principal.roles),
        permissions=sorted(principal.permissions),
        second_missing=principal.second_missing,
        agency=principal.agency_id,
        agency_name=agency["name"] if agency else None,
        device_id=principal.device_id,
        duties=list(principal.duties),
        delegated=dict(principal.delegated),
        shared=principal.shared,
        network=principal.network,
        address=principal.address,
        language=principal.language,
        time_zone=context.settings.city_zone,
    )


@door.post("/admin-link", status_code=201, openapi_extra=OPEN)
async def first_admin(
    body: shapes.FirstAdminIn, request: Request, response: Response, context: ContextDep
) -> ways.SignedIn:
    """Become the first administrator by the one-time link, signed in at once."""
    edge.admitted(request)
    request.state.refusal_recorded = False
    visit = edge.visit_of(request)
    entered = await admin_link.redeem(context.database, body.token, body.username, body.password, visit)
    return edge.answered(response, context, entered, 0)


@door.post("/password-reset", status_code=204, openapi_extra=OPEN)
async def reset_password(body: shapes.ResetIn, request: Request, context: ContextDep) -> None:
    """Set a password by a reset link. All sessions of the account end."""
    edge.admitted(request)
    request.state.refusal_recorded = False
    await admin_link.reset(context.database, body.token, body.password, address=edge.address_of(request))


@door.post("/me/password", status_code=204)
async def change_password(
    body: shapes.PasswordIn,
    request: Request,
    context: ContextDep,
    holder: edge.Holder,
) -> None:
    """Change one's own password. All other sessions end."""
    who, username = holder
    passwords.check(body.new, username, "new")
    edge.admitted(request)
    async with context.database.transaction() as tx:
        here = await known.of(tx, cookies.given(request, "known"), username)
    await sign_in.proven(context.database, username, body.current, address=edge.address_of(request), known=here)
    hashed = await passwords.hashed(body.new)
    async with context.database.transaction() as tx:
        await accounts.set_password(tx, who, who.id, hashed, kept=who.session_id, address=None)


@router.delete("/sessions/current", status_code=204)
async def close_current(tx: TxDep, who: SignedIn, context: ContextDep, response: Response) -> None:
    """Sign out."""
    if who.session_id is None:
        raise Forbidden("trust.account.needed")
    await sessions.revoke(tx, who, who.session_id)
    cookies.forget_session(response, context)


def _place(row: RowMapping, who: Principal) -> shapes.SessionOut:
    return shapes.SessionOut(**row, name=browsers.name(row["browser"]), current=row["id"] == who.session_id)


@router.get("/sessions")
async def list_sessions(
    tx: TxDep, who: SignedIn, context: ContextDep, account_id: Annotated[UUID | None, Query()] = None
) -> shapes.Sessions:
    """Where one is signed in; an administrator may ask for another account."""
    wanted = account_id or who.account_id
    if wanted is None:
        return shapes.Sessions(items=[])
    if wanted != who.account_id:
        check(who, "account.manage")
    rows = await sessions.listing(tx, wanted, idle=timedelta(seconds=context.settings.session_idle_s))
    return shapes.Sessions(items=[_place(row, who) for row in rows])


@router.delete("/sessions/{session_id}", status_code=204)
async def close_session(tx: TxDep, who: SignedIn, session_id: UUID) -> None:
    """End one of one's own sessions, or, as an administrator, anybody's."""
    await sessions.revoke(tx, who, session_id)


@router.get("/me")
async def me(tx: TxDep, who: SignedIn, context: ContextDep) -> shapes.Me:
    """Who I am, what I may do, and from which network."""
    return await me_of(tx, who, context)


@router.patch("/me")
async def change_me(body: shapes.MeIn, tx: TxDep, who: SignedIn, context: ContextDep) -> shapes.Me:
    """Choose one's language."""
    if who.account_id is None:
        raise Forbidden("trust.account.needed")
    await tx.execute(_LANGUAGE, {"language": body.language, "id": who.account_id, "now": tx.now()})
    await audit.record(tx, who, "account.language", "account", who.account_id)
    told = await me_of(tx, who, context)
    return told.model_copy(update={"language": body.language})
