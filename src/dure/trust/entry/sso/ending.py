"""Sessions that came by the city's single sign-on end with it, and it with them.

OpenID Connect RP-Initiated Logout 1.0 (who signs out here is led to the provider to sign out there, too) and
Back-Channel Logout 1.0 (the provider says by a signed token that somebody is out; their sessions end at once).
"""

import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.errors import Unavailable
from dure.kernel.ids import new_id
from dure.trust import audit, secret, vault
from dure.trust.entry.sso.provider import LogoutToken, Provider, Refused, Vouched
from dure.trust.entry.sso.settings import safe
from dure.trust.principal import system

SELF = system("sso")
_KEPT = timedelta(hours=1)
"""How long a way in whose second factor never came is remembered."""

_SESSION = text("select id from session where secret_hash = :digest")
_STEP = text("select id from second_step where secret_hash = :digest")
_NOTE = text(
    "insert into sso_session (id, session_id, step_id, issuer, subject, sid, id_token, at) "
    "values (:id, :session, :step, :issuer, :subject, :sid, :token, :now)"
)
_RENEW = text("update sso_session set sid = :sid, id_token = :token where id = :id")
_OF_SESSION = text("select id, issuer, id_token from sso_session where session_id = :session")
_ENTERED = text("update sso_session set session_id = :session, step_id = null where step_id = :step")
_TAKE = text("insert into sso_logout (digest, until) values (:digest, :until) on conflict do nothing")
# A provider that names its session, to whom we know by subject alone, means that subject.
_NAMED = (
    "issuer = :issuer and (cast(:subject as text) is null or subject = :subject) and "
    "(cast(:sid as text) is null or sid = :sid or (sid is null and cast(:subject as text) is not null))"
)
_STEPS = text(
    f"delete from second_step where id in (select step_id from sso_session where step_id is not null and {_NAMED})"
)
_END = text(
    "update session set revoked_at = :now where revoked_at is null and id in "
    f"(select session_id from sso_session where {_NAMED}) returning id"
)
_FORGET_STEPS = text("delete from sso_session where step_id is not null and at < :old")
_FORGET_TOKENS = text("delete from sso_logout where until < :now")


async def note(tx: Tx, data: Path, issuer: str, vouched: Vouched, *, session: str | None, step: str | None) -> None:
    """Remember by whom a session came in, or the wait for a second factor; both are named by their secrets."""
    holder = await tx.scalar(_SESSION if session else _STEP, {"digest": secret.digest(session or step or "")})
    id_ = new_id()
    values = {"id": id_, "issuer": issuer, "subject": vouched.subject, "sid": vouched.sid, "now": tx.now()}
    where = {"session": holder if session else None, "step": None if session else holder}
    await tx.execute(_NOTE, {**values, **where, "token": _sealed(data, id_, vouched.token)})


async def renewed(tx: Tx, data: Path, session_id: UUID, vouched: Vouched) -> None:
    """A session that came by it was proven by it anew: the provider's session may be another now."""
    row = await tx.row(_OF_SESSION, {"session": session_id})
    if row is not None:
        token = _sealed(data, row["id"], vouched.token)
        await tx.execute(_RENEW, {"id": row["id"], "sid": vouched.sid, "token": token})


async def entered(tx: Tx, step_id: UUID, session: str) -> None:
    """The second factor was right: what was noted of the step is the session's."""
    holder = await tx.scalar(_SESSION, {"digest": secret.digest(session)})
    await tx.execute(_ENTERED, {"session": holder, "step": step_id})


async def hint(tx: Tx, data: Path, session_id: UUID, issuer: str) -> str | None:
    """The ID token that a session came by; None where it came another way, or by another provider."""
    row = await tx.row(_OF_SESSION, {"session": session_id})
    if row is None or row["issuer"] != issuer:
        return None
    return vault.at(data).unseal(_about(row["id"]), bytes(row["id_token"])).decode("ascii")


async def leads_to(provider: Provider, token: str, back_to: str) -> str | None:
    """Where the browser signs out at the provider, too; None where the provider offers no such place or is away."""
    try:
        address = (await provider.metadata()).get("end_session_endpoint")
    except (Refused, Unavailable):
        return None  # signing out here is never held up by who is away
    here = urlsplit(provider.sso.issuer).scheme == "http"
    if not isinstance(address, str) or not safe(address) or (not here and not address.startswith("https://")):
        return None
    query = {"id_token_hint": token, "client_id": provider.sso.client_id, "post_logout_redirect_uri": back_to}
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"


async def told(tx: Tx, issuer: str, token: LogoutToken, now: datetime) -> int:
    """End what a checked logout token names; how many sessions there were. Raises Refused for one that was taken
    before.
    """
    digest = hashlib.sha256(f"{issuer}\0{token.id}".encode()).digest()
    if (await tx.execute(_TAKE, {"digest": digest, "until": now + _KEPT})).rowcount == 0:
        raise Refused("the logout token was taken before")
    named = {"issuer": issuer, "subject": token.subject, "sid": token.sid}
    await tx.execute(_STEPS, named)
    ended = await tx.rows(_END, {**named, "now": now})
    for row in ended:
        await audit.record(tx, SELF, "session.close", "session", row["id"])
    return len(ended)


async def forget_old(tx: Tx) -> None:
    """Delete ways in whose second factor never came, and logout tokens that are too old to be taken again."""
    await tx.execute(_FORGET_STEPS, {"old": tx.now() - _KEPT})
    await tx.execute(_FORGET_TOKENS, {"now": tx.now()})


def _about(id_: UUID) -> str:
    return f"sso.session {id_}"


def _sealed(data: Path, id_: UUID, token: str) -> bytes:
    return vault.at(data).seal(_about(id_), token.encode("ascii"))
