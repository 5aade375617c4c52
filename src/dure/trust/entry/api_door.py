"""Signing in over HTTP: what is offered, password, passkey, second factor, and a fresh proof."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from dure.engine.web import OPEN, PROBLEMS, ContextDep, Router, TxDep
from dure.kernel.errors import Unauthenticated
from dure.trust import shapes
from dure.trust.entry import cookies, door, edge, known, passkeys, proving, second
from dure.trust.entry import shapes as ways
from dure.trust.entry.edge import Holder, Person
from dure.trust.entry.sso import settings as sso
from dure.trust.web import PROVEN_FOR, check_same_origin

door_router = APIRouter(tags=["trust"], route_class=edge.DoorRoute, responses=PROBLEMS)
router = Router(tags=["trust"])
_AWAITED: dict[int | str, dict[str, Any]] = {202: {"description": "a second factor is awaited", "model": ways.SignedIn}}
_SECOND_S = int(second.PENDING.total_seconds())


@router.get("/sign-in", openapi_extra=OPEN)
async def ways_in(request: Request, tx: TxDep, context: ContextDep, response: Response) -> ways.Ways:
    """How one may sign in here, and whether this browser is asked for its second factor."""
    response.headers["Cache-Control"] = "no-store"
    told = sso.offered(context.settings)
    return ways.Ways(
        passkeys=edge.offered(context),
        sso=ways.SsoWays(ko=told.name_ko, en=told.name_en) if told else None,
        second=await _awaited(request, tx),
    )


async def _awaited(request: Request, tx: TxDep) -> ways.SecondAwaited | None:
    try:
        row = await second.awaited(tx, cookies.given(request, "second"))
    except Unauthenticated:
        return None
    return ways.SecondAwaited(ways=(await second.held(tx, row["account_id"])).ways())


@door_router.post("/sessions", status_code=201, openapi_extra=OPEN, responses=_AWAITED)
async def open_session(
    body: shapes.SignInIn, request: Request, response: Response, context: ContextDep
) -> ways.SignedIn:
    """Sign in with username and password. The session is in an HttpOnly cookie; 202: a second factor is awaited."""
    visit = edge.visit_of(request)
    check_same_origin(request, needs_proof=False)
    browser = None
    if visit.known:
        async with context.database.transaction() as tx:
            browser = await known.of(tx, visit.known, body.username)
    edge.admitted(request, key=f"browser:{browser}" if browser else None)
    entered = await door.by_password(context.database, body.username, body.password, visit)
    return edge.answered(response, context, entered, _SECOND_S)


@door_router.post("/sessions/second", status_code=201, openapi_extra=OPEN)
async def show_second(body: ways.SecondIn, request: Request, response: Response, context: ContextDep) -> ways.SignedIn:
    """Show the second factor: a one-time code, a recovery code or a passkey."""
    edge.admitted(request, "passkeys", proof=True)
    entered = await door.by_second(
        context.database,
        context.settings.data,
        edge.party(context),
        cookies.given(request, "second"),
        body,
        edge.visit_of(request),
    )
    return edge.answered(response, context, entered, _SECOND_S)


@router.post("/sign-in/challenge", openapi_extra=OPEN)
async def challenge(
    request: Request,
    tx: TxDep,
    context: ContextDep,
    response: Response,
    purpose: Annotated[Literal["sign_in", "second"], Query(alias="for")] = "sign_in",
) -> ways.Challenge:
    """Options for a passkey: any that the browser has for this city, or, as the second factor, the account's."""
    edge.admitted(request, "passkeys")
    rp = edge.needed_party(context)
    response.headers["Cache-Control"] = "no-store"
    if purpose == "second":
        row = await second.awaited(tx, cookies.given(request, "second"))
        asked = await passkeys.ask(tx, rp, "second", holder=row["id"], account_id=row["account_id"])
    else:
        asked = await passkeys.ask(tx, rp, "sign_in")
    return ways.Challenge(challenge=asked.id, options=asked.options)


@door_router.post("/sessions/passkey", status_code=201, openapi_extra=OPEN)
async def open_by_passkey(
    body: ways.PasskeyAnswer, request: Request, response: Response, context: ContextDep
) -> ways.SignedIn:
    """Sign in with a passkey."""
    edge.admitted(request, "passkeys")
    rp = edge.needed_party(context)
    entered = await door.by_passkey(context.database, rp, body, edge.visit_of(request))
    return edge.answered(response, context, entered, _SECOND_S)


@router.post("/me/proof/challenge")
async def proof_challenge(tx: TxDep, who: Person, context: ContextDep, response: Response) -> ways.Challenge:
    """Options for one of one's own passkeys, to prove that one is there."""
    response.headers["Cache-Control"] = "no-store"
    rp = edge.needed_party(context)
    asked = await passkeys.ask(tx, rp, "prove", holder=who.session_id, account_id=who.id)
    return ways.Challenge(challenge=asked.id, options=asked.options)


@door_router.post("/me/proof")
async def prove(
    body: ways.ProofIn, request: Request, response: Response, context: ContextDep, holder: Holder
) -> ways.Proven:
    """Prove that one is there: with a passkey, a one-time code or the password. The session gets a new secret, and what
    asks for a fresh proof is open for five minutes.
    """
    edge.admitted(request, "passkeys", proof=True)
    who, username = holder
    presented = await proving.prove(
        context.database,
        context.settings.data,
        edge.party(context),
        who,
        username,
        body,
        browser=cookies.given(request, "known"),
    )
    cookies.session(response, context, presented)
    return ways.Proven(until=context.database.clock.now() + PROVEN_FOR)
