"""Sessions: server-side, so that ending one counts at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import NotFound
from dure.kernel.ids import new_id
from dure.trust import audit, secret
from dure.trust.principal import Principal

FORMER_LASTS = timedelta(seconds=10)
"""How long requests under way may still carry the secret from before a proof; they prove nothing themselves."""

_OPEN = text(
    "insert into session (id, secret_hash, account_id, address, seen_address, browser, created_at, seen_at, "
    "expires_at, method, second, proven_at) "
    "values (:id, :digest, :account, :address, :address, :browser, :now, :now, :until, :method, :second, :proven_at)"
)
_REPLACE = text(
    "update session set revoked_at = :now where (secret_hash = :digest or former_hash = :digest) and revoked_at is null"
)
_PROVE = text(
    "update session set former_hash = secret_hash, former_until = :former_until, secret_hash = :digest, "
    "proven_at = :now, second = second or :second where id = :id and revoked_at is null"
)
_HAS_SECOND = text("update session set second = true where id = :id")
_SIGNED_IN = text("update account set signed_in_at = :now where id = :account")
_LIST = text(
    "select id, account_id, address, browser, created_at, seen_at, expires_at, method, second from session "
    "where account_id = :account and revoked_at is null and expires_at > :now and seen_at > :idle "
    "order by created_at desc, id desc limit 200"
)
_OWNER = text("select account_id from session where id = :id and revoked_at is null")
_REVOKE = text("update session set revoked_at = :now where id = :id and revoked_at is null")
_REVOKE_ALL = text(
    "update session set revoked_at = :now where account_id = :account and revoked_at is null "
    "and (cast(:kept as uuid) is null or id <> :kept)"
)


@dataclass(frozen=True, slots=True)
class Way:
    """How somebody came in: the method's name, whether by two factors, and when they proved to be there (None: the
    city's single sign-on vouched for an earlier proof).
    """

    method: str
    second: bool = False
    proven_at: datetime | None = None


async def open_session(
    tx: Tx,
    account_id: UUID,
    *,
    address: str | None,
    browser: str | None,
    lasts: timedelta,
    way: Way | None = None,
    before: str | None = None,
) -> tuple[UUID, str]:
    """A fresh session with its id and its secret, which nobody can read again.

    `before` is the secret that the browser had: that session ends, whoever planted it there.
    """
    id_, presented, now = new_id(), secret.new(secret.SESSION), tx.now()
    came = way or Way("password", proven_at=now)
    if before:
        await tx.execute(_REPLACE, {"digest": secret.digest(before), "now": now})
    values = {"id": id_, "digest": secret.digest(presented), "account": account_id, "address": address}
    how = {"method": came.method, "second": came.second, "proven_at": came.proven_at}
    await tx.execute(_OPEN, {**values, **how, "browser": (browser or "")[:200], "now": now, "until": now + lasts})
    await tx.execute(_SIGNED_IN, {"account": account_id, "now": now})
    return id_, presented


async def prove(tx: Tx, session_id: UUID, *, second: bool) -> str:
    """The person at a session proved to be there: its new secret; who copied the old one is out. Raises NotFound."""
    presented, now = secret.new(secret.SESSION), tx.now()
    values = {"id": session_id, "digest": secret.digest(presented), "second": second, "now": now}
    if (await tx.execute(_PROVE, {**values, "former_until": now + FORMER_LASTS})).rowcount == 0:
        raise NotFound("trust.session.unknown")
    return presented


async def has_second(tx: Tx, session_id: UUID) -> None:
    """The person set a second factor up in this session, and showed it by that."""
    await tx.execute(_HAS_SECOND, {"id": session_id})


async def listing(tx: Tx, account_id: UUID, *, idle: timedelta) -> Sequence[RowMapping]:
    """Where an account is signed in, the newest first."""
    now = tx.now()
    return await tx.rows(_LIST, {"account": account_id, "now": now, "idle": now - idle})


async def revoke(tx: Tx, principal: Principal, session_id: UUID) -> None:
    """End a session: one's own, or anybody's with `account.manage`. Raises NotFound for any other, there or not."""
    owner = await tx.scalar(_OWNER, {"id": session_id})
    if owner is None or (owner != principal.account_id and not principal.may("account.manage")):
        raise NotFound("trust.session.unknown")
    await tx.execute(_REVOKE, {"id": session_id, "now": tx.now()})
    await audit.record(tx, principal, "session.close", "session", session_id)


async def revoke_others(tx: Tx, principal: Principal) -> int:
    """End all of one's own sessions but this one; how many there were."""
    assert principal.account_id is not None
    ended = await revoke_all(tx, principal.account_id, kept=principal.session_id)
    await audit.record(tx, principal, "session.close_others", "account", principal.account_id)
    return ended


async def revoke_all(tx: Tx, account_id: UUID, *, kept: UUID | None = None) -> int:
    """End all sessions of an account but `kept`; how many there were."""
    return (await tx.execute(_REVOKE_ALL, {"account": account_id, "kept": kept, "now": tx.now()})).rowcount
