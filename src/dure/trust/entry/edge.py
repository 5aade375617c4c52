"""What the ways in share at the web's edge."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.web import ContextDep, GuardedRequest, TxDep, context_of
from dure.kernel.errors import Conflict, Forbidden, TooMany, Unauthenticated
from dure.trust import address as addresses
from dure.trust.entry import cookies
from dure.trust.entry.door import Entered, Visit
from dure.trust.entry.relying import Relying, relying
from dure.trust.entry.shapes import PasskeyWays, SecondAwaited, SignedIn
from dure.trust.principal import Principal
from dure.trust.rates import Rates
from dure.trust.web import check_same_origin, client_address, principal_of

_USERNAME = text("select username from account where id = :id")


class DoorRoute(APIRoute):
    """A route that sees a secret or asks somebody outside: it opens its transactions itself, so that none waits, and no
    answer (nor a hash of what was asked) is kept for Idempotency-Key.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with JSON read strictly."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await inner(GuardedRequest(request.scope, request.receive))

        return handle


def address_of(request: Request) -> str | None:
    """The client's address as text."""
    found = client_address(request)
    return str(found) if found else None


def visit_of(request: Request) -> Visit:
    """Where the asker stands."""
    settings = context_of(request).settings
    return Visit(
        address=address_of(request),
        browser=request.headers.get("user-agent"),
        lasts=timedelta(seconds=settings.session_absolute_s),
        before=cookies.presented_session(request),
        known=cookies.given(request, "known"),
    )


def admitted(
    request: Request,
    by: Literal["passwords", "passkeys", "logouts"] = "passwords",
    *,
    key: str | None = None,
    proof: bool = False,
) -> None:
    """Raises Forbidden for what another site made the browser send, TooMany for an address that tries too often, of
    the city's budget `by`.
    """
    check_same_origin(request, needs_proof=proof)
    rates: Rates = request.app.state.rates
    budget = {"passwords": rates.passwords, "passkeys": rates.passkeys, "logouts": rates.logouts}[by]
    if not budget.take(key or addresses.origin(client_address(request))):
        raise TooMany("trust.sign_in.wait", retry_after_s=5)
    request.state.refusal_recorded = True


def answered(response: Response, context: Context, entered: Entered, lasts_s: int) -> SignedIn:
    """Tell the browser how it went on: a session, or the second factor."""
    if entered.session is None:
        assert entered.step is not None
        cookies.give(response, context, "second", entered.step, lasts_s)
        response.status_code = 202
        return SignedIn(ok=False, expires_in_s=lasts_s, second=SecondAwaited(ways=list(entered.ways)))
    cookies.session(response, context, entered.session)
    cookies.forget(response, context, "second")
    if entered.known is not None:
        cookies.give(response, context, "known", entered.known, cookies.KNOWN_S)
    return SignedIn(expires_in_s=context.settings.session_absolute_s)


def party(context: Context) -> Relying | None:
    """The relying party, where passkeys are offered."""
    found = relying(context.settings.public_url)
    return found if isinstance(found, Relying) else None


def needed_party(context: Context) -> Relying:
    """The relying party. Raises Conflict where the city's address allows no passkeys."""
    found = party(context)
    if found is None:
        raise Conflict("trust.passkey.not_here")
    return found


def offered(context: Context) -> PasskeyWays:
    """Whether passkeys are offered, and why not."""
    found = relying(context.settings.public_url)
    if isinstance(found, Relying):
        return PasskeyWays(offered=True, why=None, origin=found.origin)
    return PasskeyWays(offered=False, why=found, origin=None)


async def account_holder(request: Request, context: ContextDep) -> tuple[Principal, str]:
    """Dependency: who asks, with their username. Raises Unauthenticated, and Forbidden for what is no account."""
    async with context.database.transaction() as tx:
        who = await principal_of(request, tx)
        if who is None:
            raise Unauthenticated("trust.sign_in.needed")
        username = await tx.scalar(_USERNAME, {"id": who.account_id})
    if username is None or who.session_id is None:
        raise Forbidden("trust.account.needed")
    return who, username


async def person(request: Request, tx: TxDep) -> Principal:
    """Dependency: somebody who has signed in, whatever they may do, a second factor missing or not. Raises
    Unauthenticated, Forbidden.
    """
    who = await principal_of(request, tx)
    if who is None:
        raise Unauthenticated("trust.sign_in.needed")
    if who.session_id is None:
        raise Forbidden("trust.account.needed")
    return who


Holder = Annotated[tuple[Principal, str], Depends(account_holder)]
Person = Annotated[Principal, Depends(person)]
