"""The city's single sign-on over HTTP: out to the provider, and back; and signing out, from either side."""

import logging
from typing import Annotated, Any
from urllib.parse import parse_qs
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from dure.engine.context import Context
from dure.engine.web import OPEN, PROBLEMS, ContextDep
from dure.kernel.errors import BadRequest, Conflict, Forbidden, NotFound, Unauthenticated
from dure.trust import sessions
from dure.trust.entry import cookies, edge, shapes
from dure.trust.entry.sso import ending, flow, provider, settings
from dure.trust.entry.sso.flow import Back, Purpose, Told
from dure.trust.entry.sso.provider import Provider, Refused
from dure.trust.web import check_proven, principal_of

log = logging.getLogger(__name__)
router = APIRouter(tags=["trust"], route_class=edge.DoorRoute, responses=PROBLEMS)
_BACK_TO: dict[Purpose, str] = {"sign_in": "board", "link": "admin/mine", "prove": "proof"}
_LASTS_S = int(flow.LASTS.total_seconds())
Text = Annotated[str | None, Query(max_length=4096)]
_LONGEST_TOKEN = 16_384
_FORM_TYPE = "application/x-www-form-urlencoded"
_FORM: dict[str, Any] = {
    "content": {
        _FORM_TYPE: {
            "schema": {
                "type": "object",
                "required": ["logout_token"],
                "properties": {"logout_token": {"type": "string", "maxLength": _LONGEST_TOKEN}},
            }
        }
    },
    "required": True,
}


def _provider(context: Context) -> Provider:
    told = settings.of(context.settings)
    if told is None:
        raise NotFound("trust.sso.none")
    return provider.of(told)


def _redirect_uri(context: Context) -> str:
    return f"{context.settings.public_url.rstrip('/')}/api/v1/sso/callback"


@router.post("/sso/start", openapi_extra=OPEN)
async def start(body: shapes.SsoIn, request: Request, response: Response, context: ContextDep) -> shapes.GoTo:
    """Where the browser goes to sign in at the city's single sign-on, to link one's account to it, or to prove that one
    is there.
    """
    edge.admitted(request, "passkeys")
    theirs = _provider(context)
    session_id = await _session(request, context, body.purpose)
    try:
        metadata = await theirs.metadata()
    except Refused as error:
        raise Conflict("trust.sso.unusable") from error
    async with context.database.transaction() as tx:
        out = await flow.set_out(tx, theirs, metadata, _redirect_uri(context), body.purpose, session_id)
    cookies.give(response, context, "sso", out.browser, _LASTS_S)
    return shapes.GoTo(url=out.url)


async def _session(request: Request, context: Context, purpose: Purpose) -> UUID | None:
    if purpose == "sign_in":
        return None
    async with context.database.transaction() as tx:
        who = await principal_of(request, tx)
        if who is None:
            raise Unauthenticated("trust.sign_in.needed")
        if who.session_id is None:
            raise Forbidden("trust.account.needed")
        if purpose == "link":
            check_proven(who, tx.now())
        return who.session_id


@router.get("/sso/callback", status_code=303, openapi_extra=OPEN, response_class=RedirectResponse)
async def callback(
    request: Request,
    context: ContextDep,
    code: Text = None,
    state: Text = None,
    iss: Text = None,
    error: Text = None,
) -> Response:
    """Back from the provider. The answer leads to the screens, which say how it ended."""
    theirs = _provider(context)
    visit = edge.visit_of(request)
    back = await flow.come_back(
        context.database,
        context.settings.data,
        theirs,
        _redirect_uri(context),
        Told(code, state, iss, error),
        cookies.given(request, "sso"),
        visit,
    )
    return _led(context, back)


@router.post("/sso/leave")
async def leave(holder: edge.Holder, context: ContextDep, response: Response) -> shapes.LeaveTo:
    """Sign out. Who came by the city's single sign-on is told where to sign out there, too; the session here has ended
    by then, whatever becomes of that.
    """
    who, _ = holder
    assert who.session_id is not None
    told = settings.offered(context.settings)
    async with context.database.transaction() as tx:
        token = await ending.hint(tx, context.settings.data, who.session_id, told.issuer) if told else None
        await sessions.revoke(tx, who, who.session_id)
    cookies.forget_session(response, context)
    response.headers["Cache-Control"] = "no-store"
    if told is None or token is None:
        return shapes.LeaveTo(url=None)
    back_to = f"{context.settings.public_url.rstrip('/')}/"
    return shapes.LeaveTo(url=await ending.leads_to(provider.of(told), token, back_to))


@router.post("/sso/logout", openapi_extra={**OPEN, "requestBody": _FORM})
async def logout(request: Request, context: ContextDep, response: Response) -> None:
    """The provider says that somebody is out: their sessions end before the answer. Its signature is its credential."""
    edge.admitted(request, "logouts")
    response.headers["Cache-Control"] = "no-store"
    theirs = _provider(context)
    token = _token(request.headers.get("content-type", ""), await request.body())
    now = context.database.clock.now()
    try:
        found = await theirs.logout(token, now)
        async with context.database.transaction() as tx:
            await ending.told(tx, theirs.sso.issuer, found, now)
    except Refused as error:
        log.warning("a logout token was refused: %s", error)
        raise BadRequest("trust.sso.logout_refused") from error


def _token(kind: str, body: bytes) -> str:
    """The one logout token of a form. Raises BadRequest."""
    try:
        form = parse_qs(body.decode("ascii"), strict_parsing=True, max_num_fields=20)
    except ValueError:
        form = {}
    told = form.get("logout_token", [])
    if kind.partition(";")[0].strip().lower() != _FORM_TYPE or len(told) != 1 or len(told[0]) > _LONGEST_TOKEN:
        raise BadRequest("trust.sso.logout_refused")
    return told[0]


def _led(context: Context, back: Back) -> Response:
    where = f"{context.settings.public_url.rstrip('/')}/#/{_BACK_TO[back.purpose]}"
    if back.outcome != "done" or back.purpose != "sign_in":
        where += f"?sso={back.outcome}"
    response = RedirectResponse(where, status_code=303, headers={"cache-control": "no-store"})
    if back.entered is not None:
        edge.answered(response, context, back.entered, int(_LASTS_S))
        response.status_code = 303
    if back.proven is not None:
        cookies.session(response, context, back.proven)
    if back.outcome != "expired":  # a link that somebody made up ends no attempt
        cookies.forget(response, context, "sso")
    return response
