"""One way through the city's single sign-on: out with state, nonce and PKCE, and back to the same browser."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Database, Tx
from dure.kernel.errors import Conflict, Forbidden, Unauthenticated, Unavailable
from dure.kernel.ids import new_id
from dure.trust import audit, secret, sessions
from dure.trust.entry import door
from dure.trust.entry.door import Entered, Visit
from dure.trust.entry.sso import ending, links, mapping
from dure.trust.entry.sso.provider import Provider, Refused, Vouched
from dure.trust.principal import Principal
from dure.trust.sessions import Way

Purpose = Literal["sign_in", "link", "prove"]
LASTS = timedelta(minutes=10)
FRESH = timedelta(seconds=60)
"""How much earlier than we asked a renewed proof may have been given, clocks being what they are."""
PREFIX = "dureo"

_SET_OUT = text(
    "insert into sso_attempt (id, state_hash, browser_hash, purpose, session_id, nonce, verifier, expires_at) "
    "values (:id, :state, :browser, :purpose, :session, :nonce, :verifier, :until)"
)
_BACK = text(
    "delete from sso_attempt where state_hash = :state and browser_hash = :browser and expires_at > :now "
    "returning purpose, session_id, nonce, verifier, expires_at"
)
_FORGET = text("delete from sso_attempt where expires_at < :now")
_HOLDER = text(
    "select c.id, c.label, c.agency_id from session s join account c on c.id = s.account_id and c.state = 'active' "
    "where s.id = :id and s.revoked_at is null and s.expires_at > :now"
)


@dataclass(frozen=True, slots=True, repr=False)
class Out:
    """Where the browser goes, and the secret by which it is known when it comes back."""

    url: str
    browser: str


@dataclass(frozen=True, slots=True)
class Told:
    """What the provider sent back with the browser."""

    code: str | None
    state: str | None
    issuer: str | None
    error: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Back:
    """How it ended: `done` or why not, for which purpose, and what was entered or proven."""

    purpose: Purpose
    outcome: str
    entered: Entered | None = None
    proven: str | None = None


async def set_out(
    tx: Tx,
    provider: Provider,
    metadata: dict[str, object],
    redirect_uri: str,
    purpose: Purpose,
    session_id: UUID | None,
) -> Out:
    """Send a browser to the provider."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    browser = secret.new(PREFIX)
    values = {"id": new_id(), "state": secret.digest(state), "browser": secret.digest(browser), "purpose": purpose}
    more = {"session": session_id, "nonce": nonce, "verifier": verifier, "until": tx.now() + LASTS}
    await tx.execute(_SET_OUT, {**values, **more})
    query = {
        "response_type": "code",
        "client_id": provider.sso.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(provider.sso.scopes),
        "state": state,
        "nonce": nonce,
        "code_challenge": _challenge(verifier),
        "code_challenge_method": "S256",
    }
    if purpose == "prove":
        query |= {"prompt": "login", "max_age": "0"}
    address = str(metadata["authorization_endpoint"])
    return Out(f"{address}{'&' if '?' in address else '?'}{urlencode(query)}", browser)


async def come_back(
    database: Database,
    data: Path,
    provider: Provider,
    redirect_uri: str,
    told: Told,
    browser: str | None,
    visit: Visit,
) -> Back:
    """What became of it. An attempt is used up by its first return, whatever that brings."""
    async with database.transaction() as tx:
        values = {"state": secret.digest(told.state or ""), "browser": secret.digest(browser or ""), "now": tx.now()}
        attempt = await tx.row(_BACK, values)
    if attempt is None:
        return Back("sign_in", "expired")
    purpose: Purpose = attempt["purpose"]
    if told.error or not told.code:
        return Back(purpose, "denied")
    try:
        vouched = await _vouched(database, provider, redirect_uri, told, attempt)
    except (Refused, Unavailable):
        async with database.transaction() as tx:
            await audit.record(tx, None, "session.open", "sso", purpose, outcome="failed", address=visit.address)
        return Back(purpose, "failed")
    async with database.transaction() as tx:
        try:
            return await _ended(tx, data, provider, attempt, vouched, visit)
        except (Unauthenticated, Conflict) as refusal:
            outcome = "taken" if refusal.key == "trust.sso.taken" else "unlinked"
        except Forbidden:
            outcome = "network"
        await audit.record(tx, None, "session.open", "sso", purpose, outcome="denied", address=visit.address)
        return Back(purpose, outcome)


async def forget_old(tx: Tx) -> None:
    """Delete attempts that nobody came back from."""
    await tx.execute(_FORGET, {"now": tx.now()})


async def _vouched(
    database: Database, provider: Provider, redirect_uri: str, told: Told, attempt: RowMapping
) -> Vouched:
    metadata = await provider.metadata()
    named = metadata.get("authorization_response_iss_parameter_supported")
    if (named or told.issuer is not None) and told.issuer != provider.sso.issuer:
        raise Refused("the answer is of another issuer")  # RFC 9207: mixed up providers
    assert told.code is not None
    now = database.clock.now()
    return await provider.exchanged(told.code, attempt["verifier"], redirect_uri, attempt["nonce"], now)


async def _ended(tx: Tx, data: Path, provider: Provider, attempt: RowMapping, vouched: Vouched, visit: Visit) -> Back:
    purpose: Purpose = attempt["purpose"]
    issuer, subject = provider.sso.issuer, vouched.subject
    if purpose == "sign_in":
        account_id = await links.whose(tx, issuer, subject) or await mapping.created(tx, provider.sso, vouched)
        if account_id is None:
            raise Unauthenticated("trust.sso.unlinked")
        await mapping.follow(tx, provider.sso, account_id, vouched)
        await links.used(tx, issuer, subject)
        way = Way("sso", second=vouched.second, proven_at=vouched.authenticated_at)
        entered = await door.after_first(tx, account_id, way, visit)
        await ending.note(tx, data, issuer, vouched, session=entered.session, step=entered.step)
        return Back(purpose, "done", entered=entered)
    holder = await tx.row(_HOLDER, {"id": attempt["session_id"], "now": tx.now()})
    if holder is None:
        return Back(purpose, "expired")
    who = Principal(
        "account",
        holder["id"],
        holder["label"],
        frozenset(),
        agency_id=holder["agency_id"],
        session_id=attempt["session_id"],
        address=visit.address,
    )
    if purpose == "link":
        made = await links.link(tx, who.id, issuer, subject)
        await audit.record(tx, who, "sso.link", "identity", made)
        return Back(purpose, "done")
    back = await _proven(tx, issuer, attempt, vouched, who)
    if back.outcome == "done" and who.session_id is not None:
        await ending.renewed(tx, data, who.session_id, vouched)
    return back


async def _proven(tx: Tx, issuer: str, attempt: RowMapping, vouched: Vouched, who: Principal) -> Back:
    """A renewed proof: by the same account, given now and not remembered by the provider."""
    asked_at = attempt["expires_at"] - LASTS
    fresh = vouched.authenticated_at is not None and vouched.authenticated_at >= asked_at - FRESH
    right = fresh and await links.whose(tx, issuer, vouched.subject) == who.id
    outcome: audit.Outcome = "ok" if right else "failed"
    await audit.record(tx, who, "session.prove", "session", who.session_id, outcome=outcome)
    if not right or who.session_id is None:
        return Back("prove", "failed")
    return Back("prove", "done", proven=await sessions.prove(tx, who.session_id, second=vouched.second))


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
