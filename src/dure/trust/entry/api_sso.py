"""The city's single sign-on over HTTP: out to the provider, and back."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from dure.engine.context import Context
from dure.engine.web import OPEN, PROBLEMS, ContextDep
from dure.kernel.errors import Conflict, Forbidden, NotFound, Unauthenticated
from dure.trust.entry import cookies, edge, shapes
from dure.trust.entry.sso import flow, provider, settings
from dure.trust.entry.sso.flow import Back, Purpose, Told
from dure.trust.entry.sso.provider import Provider, Refused
from dure.trust.web import check_proven, principal_of

router = APIRouter(tags=["trust"], route_class=edge.DoorRoute, responses=PROBLEMS)
_BACK_TO: dict[Purpose, str] = {"sign_in": "board", "link": "admin/mine", "prove": "proof"}
_LASTS_S = int(flow.LASTS.total_seconds())
Text = Annotated[str | None, Query(max_length=4096)]


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
    edge.admitted(request, edge.PASSKEYS)
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
        theirs,
        _redirect_uri(context),
        Told(code, state, iss, error),
        cookies.given(request, "sso"),
        visit,
    )
    return _led(context, back)


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
