"""Sessions: server-side, so that ending one counts at once."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import NotFound
from dure.kernel.ids import new_id
from dure.trust import audit, secret
from dure.trust.principal import Principal

_OPEN = text(
    "insert into session (id, secret_hash, account_id, address, browser, created_at, seen_at, expires_at) "
    "values (:id, :digest, :account, :address, :browser, :now, :now, :until)"
)
_SIGNED_IN = text("update account set signed_in_at = :now where id = :account")
_LIST = text(
    "select id, account_id, address, browser, created_at, seen_at, expires_at from session "
    "where account_id = :account and revoked_at is null and expires_at > :now and seen_at > :idle "
    "order by created_at desc, id desc limit 200"
)
_OWNER = text("select account_id from session where id = :id and revoked_at is null")
_REVOKE = text("update session set revoked_at = :now where id = :id and revoked_at is null")
_REVOKE_ALL = text(
    "update session set revoked_at = :now where account_id = :account and revoked_at is null "
    "and (cast(:kept as uuid) is null or id <> :kept)"
)
_FORGET = text("delete from session where expires_at < :before")


async def open_session(
    tx: Tx, account_id: UUID, *, address: str | None, browser: str | None, lasts: timedelta
) -> tuple[UUID, str]:
    """A fresh session (whatever the browser had before) with its id and its secret, which nobody can read again."""
    id_, presented, now = new_id(), secret.new(secret.SESSION), tx.now()
    values = {"id": id_, "digest": secret.digest(presented), "account": account_id, "address": address}
    await tx.execute(_OPEN, {**values, "browser": (browser or "")[:200], "now": now, "until": now + lasts})
    await tx.execute(_SIGNED_IN, {"account": account_id, "now": now})
    return id_, presented


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


async def revoke_all(tx: Tx, account_id: UUID, *, kept: UUID | None = None) -> int:
    """End all sessions of an account but `kept`; how many there were."""
    return (await tx.execute(_REVOKE_ALL, {"account": account_id, "kept": kept, "now": tx.now()})).rowcount


async def forget_old(tx: Tx) -> None:
    """Delete sessions that ended a month ago."""
    await tx.execute(_FORGET, {"before": tx.now() - timedelta(days=30)})
