"""Who is asking, at the web's edge: bearer token or session cookie to a principal, and the guard of each route."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, Request, Response

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.web import TxDep, context_of, language_of, problem
from dure.kernel.errors import DureError, Forbidden, Unauthenticated, Unavailable
from dure.trust import address as addresses
from dure.trust import audit, authentication, policy
from dure.trust.address import Address
from dure.trust.asked import check_purpose
from dure.trust.policy import Ask, Grants
from dure.trust.principal import Principal
from dure.trust.rates import Budget, Rates
from dure.trust.vault import answers

READS = frozenset({"GET", "HEAD", "OPTIONS"})
PROVEN_FOR = timedelta(minutes=5)
"""How long a proof that the person is there counts before what discloses."""


def cookie_name(context: Context) -> str:
    """The session cookie's name. `__Host-` lets no neighbouring host set it, and works over TLS only."""
    return "__Host-dure" if context.settings.secure else "dure"


def client_address(request: Request) -> Address | None:
    """The client's address: the peer's, or what a listed proxy says (`DURE_TRUSTED_PROXIES`)."""
    peer = request.client.host if request.client else None
    return addresses.client(peer, request.headers.getlist("x-forwarded-for"), request.app.state.proxies)


def check_same_origin(request: Request, *, needs_proof: bool = True) -> None:
    """Refuse what another site made the browser send. Raises Forbidden.

    Browsers say it by Sec-Fetch-Site (over TLS and on localhost) or by Origin; a cookie without either proves nothing.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        same = site == "same-origin"
    elif origin is not None:
        hosts = {request.headers.get("host", ""), urlsplit(context_of(request).settings.public_url).netloc}
        same = _netloc(origin) in hosts - {""}
    else:
        same = not needs_proof
    if not same:
        raise Forbidden("trust.request.other_origin")


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


async def principal_of(request: Request, tx: Tx) -> Principal | None:
    """Who asks; None where the request carries no credential. Read anew for each request.

    Raises Unauthenticated for a credential that is not (or no longer) good, Forbidden from a network that is not
    approved and for a cookie that another site sent, TooMany for who asks too often.
    """
    known = getattr(request.state, "principal", None)
    if isinstance(known, Principal):
        return known
    rates: Rates = request.app.state.rates
    try:
        found = await _presented(request, tx)
    except Unauthenticated:
        rates.check_stranger(client_address(request))
        raise
    if found is None:
        rates.check_stranger(client_address(request))
        return None
    rates.check(found)
    request.state.principal = found
    return found


async def _presented(request: Request, tx: Tx) -> Principal | None:
    grants: Grants = request.app.state.grants
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, presented = header.partition(" ")
        if scheme.lower() != "bearer" or not presented.strip():
            raise Unauthenticated("trust.token.unknown")
        return await authentication.by_token(tx, presented.strip(), client_address(request), grants)
    cookie = request.cookies.get(cookie_name(context_of(request)))
    if not cookie:
        return None
    if request.method not in READS:
        check_same_origin(request)
    idle = timedelta(seconds=context_of(request).settings.session_idle_s)
    return await authentication.by_session(tx, cookie, client_address(request), grants, idle=idle)


async def current(request: Request, tx: TxDep) -> Principal | None:
    """Dependency: who asks, or None."""
    return await principal_of(request, tx)


async def signed_in(request: Request, tx: TxDep) -> Principal:
    """Dependency: somebody known, whatever they may do. Raises Unauthenticated."""
    found = await principal_of(request, tx)
    if found is None:
        raise Unauthenticated("trust.sign_in.needed")
    return found


class Require:
    """Dependency: somebody who may; `permission` is what a route needs, `step_up` that it needs a fresh proof, too."""

    def __init__(self, permission: str, *, step_up: bool = False) -> None:
        self.permission = permission
        self.step_up = step_up

    async def __call__(self, request: Request, tx: TxDep) -> Principal:
        """The principal. Raises Unauthenticated or Forbidden."""
        found = await signed_in(request, tx)
        check(found, self.permission)
        if self.step_up or Ask.STEP_UP in policy.asks_of(self.permission, request.app.state.grants):
            check_proven(found, tx.now())
        await check_purpose(request, self.permission, request.app.state.grants)
        return found.using(request.app.state.grants.get(self.permission, frozenset()))


def require(permission: str, *, step_up: bool = False) -> Callable[..., Awaitable[Principal]]:
    """`Annotated[Principal, Depends(require("incident.read"))]`; with `step_up` for what discloses people or hands out
    power.
    """
    return Require(permission, step_up=step_up)


def check(principal: Principal, permission: str) -> None:
    """Raises Forbidden where `principal` may not."""
    if principal.second_missing:
        raise Forbidden("trust.second.missing")
    if not principal.may(permission):
        raise Forbidden("trust.permission.missing", permission=permission)


def check_proven(principal: Principal, now: datetime) -> None:
    """Raises Forbidden unless the person at the session proved to be there within `PROVEN_FOR`.

    A token has nobody in front of it: making it took the proof, and it stays within its role and networks.
    """
    if principal.kind != "account":
        return
    if principal.proven_at is None or not timedelta(0) <= now - principal.proven_at <= PROVEN_FOR:
        raise Forbidden("trust.step_up.needed")


async def identify(tx: Tx, request: Request) -> str:
    """Whose idempotency key it is. Raises as `principal_of`."""
    found = await principal_of(request, tx)
    return found.actor if found else f"address:{client_address(request)}"


Current = Annotated[Principal | None, Depends(current)]
SignedIn = Annotated[Principal, Depends(signed_in)]


async def _on_refused(request: Request, error: Exception) -> Response:
    """Answer a refusal and leave its line, as far as the asker's budget of lines goes. The request's transaction is
    over.
    """
    assert isinstance(error, DureError)
    context = context_of(request)
    principal = getattr(request.state, "principal", None)
    address = client_address(request)
    nothing_presented = principal is None and "authorization" not in request.headers and not request.cookies
    noise = (nothing_presented and request.method in READS) or getattr(request.state, "refusal_recorded", False)
    if not noise and request.app.state.refusals.take(addresses.origin(address)):
        route = request.scope.get("route")
        asked = f"{request.method} {getattr(route, 'path', '?')}"
        try:
            async with context.database.transaction() as tx:
                await audit.record(
                    tx,
                    principal,
                    "request.refuse",
                    error.key,
                    asked,
                    outcome="denied",
                    address=str(address) if address else None,
                )
        except Unavailable:
            pass  # the answer is a refusal either way
    return problem(error, context, language_of(request), instance=request.url.path[:200])


def install(app: FastAPI, grants: Grants) -> None:
    """Put the policy to work: `grants` is the union of the rooms' tables. For the composition root and for tests.

    `app.state.context` is there already. Raises ValueError for a setting of proxies that is no list of CIDRs.
    """
    context: Context = app.state.context
    app.state.proxies = addresses.networks(context.settings.trusted_proxies)
    app.state.grants = grants
    app.state.identify = identify
    app.state.keeper = answers.Keeper(context.settings.data)
    app.state.rates = Rates()
    app.state.refusals = Budget(burst=30, per_second=0.5)
    app.add_exception_handler(Forbidden, _on_refused)
    app.add_exception_handler(Unauthenticated, _on_refused)
