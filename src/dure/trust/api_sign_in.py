"""Signing in and out, the first administrator, one's own sessions and password."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.web import OPEN, PROBLEMS, ContextDep, GuardedRequest, Router, TxDep
from dure.kernel.errors import Forbidden, TooMany, Unauthenticated
from dure.trust import accounts, admin_link, agencies, audit, passwords, sessions, shapes, sign_in
from dure.trust import address as addresses
from dure.trust.principal import Principal
from dure.trust.web import (
    Budget,
    SignedIn,
    check,
    check_same_origin,
    client_address,
    cookie_name,
    principal_of,
    secure,
)

_LANGUAGE = text("update account set language = :language, version = version + 1, updated_at = :now where id = :id")
_USERNAME = text("select username from account where id = :id")


class PasswordRoute(APIRoute):
    """A route that sees a password: it opens its transactions itself, so that none waits for argon2, and no answer
    (nor a hash of what was asked) is kept for Idempotency-Key.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with JSON read strictly."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await inner(GuardedRequest(request.scope, request.receive))

        return handle


door = APIRouter(tags=["trust"], route_class=PasswordRoute, responses=PROBLEMS)
router = Router(tags=["trust"])

_attempts = Budget(burst=60, per_second=2)
"""Sign-ins of one address, whoever they are for: enough for an office behind one address, too few to guess."""


def _lasts(context: Context) -> timedelta:
    return timedelta(seconds=context.settings.session_absolute_s)


def _address(request: Request) -> str | None:
    found = client_address(request)
    return str(found) if found else None


def _admitted(request: Request) -> None:
    """Raises Forbidden for what another site made the browser send, TooMany for an address that tries too often."""
    check_same_origin(request, needs_proof=False)
    if not _attempts.take(addresses.origin(client_address(request))):
        raise TooMany("trust.sign_in.wait", retry_after_s=5)
    request.state.refusal_recorded = True


def _with_session(response: Response, context: Context, presented: str) -> None:
    response.headers["Cache-Control"] = "no-store"
    response.set_cookie(
        cookie_name(context),
        presented,
        max_age=context.settings.session_absolute_s,
        path="/",
        secure=secure(context),
        httponly=True,
        samesite="strict",
    )


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
        agency=principal.agency_id,
        agency_name=agency["name"] if agency else None,
        device_id=principal.device_id,
        network=principal.network,
        address=principal.address,
        language=principal.language,
        time_zone=context.settings.city_zone,
    )


@door.post("/sessions", status_code=201, openapi_extra=OPEN)
async def open_session(
    body: shapes.SignInIn, request: Request, response: Response, context: ContextDep
) -> shapes.SignedIn:
    """Sign in with username and password. The session is in an HttpOnly cookie."""
    _admitted(request)
    presented = await sign_in.sign_in(
        context.database,
        body.username,
        body.password,
        address=_address(request),
        browser=request.headers.get("user-agent"),
        lasts=_lasts(context),
    )
    _with_session(response, context, presented)
    return shapes.SignedIn(expires_in_s=context.settings.session_absolute_s)


@door.post("/admin-link", status_code=201, openapi_extra=OPEN)
async def first_admin(
    body: shapes.FirstAdminIn, request: Request, response: Response, context: ContextDep
) -> shapes.SignedIn:
    """Become the first administrator by the one-time link, signed in at once."""
    _admitted(request)
    request.state.refusal_recorded = False
    presented = await admin_link.redeem(
        context.database,
        body.token,
        body.username,
        body.password,
        address=_address(request),
        browser=request.headers.get("user-agent"),
        lasts=_lasts(context),
    )
    _with_session(response, context, presented)
    return shapes.SignedIn(expires_in_s=context.settings.session_absolute_s)


@door.post("/password-reset", status_code=204, openapi_extra=OPEN)
async def reset_password(body: shapes.ResetIn, request: Request, context: ContextDep) -> None:
    """Set a password by a reset link. All sessions of the account end."""
    _admitted(request)
    request.state.refusal_recorded = False
    await admin_link.reset(context.database, body.token, body.password, address=_address(request))


async def account_holder(request: Request, context: ContextDep) -> tuple[Principal, str]:
    """Dependency: who asks, with their username. Raises Unauthenticated, and Forbidden for what is no account."""
    async with context.database.transaction() as tx:
        who = await principal_of(request, tx)
        if who is None:
            raise Unauthenticated("trust.sign_in.needed")
        username = await tx.scalar(_USERNAME, {"id": who.account_id})
    if username is None:
        raise Forbidden("trust.account.needed")
    return who, username


@door.post("/me/password", status_code=204)
async def change_password(
    body: shapes.PasswordIn,
    request: Request,
    context: ContextDep,
    holder: Annotated[tuple[Principal, str], Depends(account_holder)],
) -> None:
    """Change one's own password. All other sessions end."""
    who, username = holder
    passwords.check(body.new, username, "new")
    _admitted(request)
    await sign_in.proven(context.database, username, body.current, address=_address(request))
    hashed = await passwords.hashed(body.new)
    async with context.database.transaction() as tx:
        await accounts.set_password(tx, who, who.id, hashed, kept=who.session_id, address=None)


@router.delete("/sessions/current", status_code=204)
async def close_current(tx: TxDep, who: SignedIn, context: ContextDep, response: Response) -> None:
    """Sign out."""
    if who.session_id is None:
        raise Forbidden("trust.account.needed")
    await sessions.revoke(tx, who, who.session_id)
    response.delete_cookie(cookie_name(context), path="/", secure=secure(context), httponly=True, samesite="strict")


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
    return shapes.Sessions(items=[shapes.SessionOut(**row, current=row["id"] == who.session_id) for row in rows])


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
