"""Joining by invitation: a link, used once, that carries agency and roles; whoever follows it names their own account.

Before that there is no account: an invitation that nobody follows leaves nothing behind. It holds only as long as
whoever made it may still give these roles.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from dure.engine.database import Database, Tx
from dure.kernel.errors import Conflict, Forbidden, NotFound
from dure.kernel.ids import new_id
from dure.kernel.messages import Language
from dure.trust import accounts, agencies, audit, passwords, secret
from dure.trust import address as addresses
from dure.trust.authentication import approved
from dure.trust.principal import Principal, system
from dure.trust.roles import Role
from dure.trust.who import granting
from dure.trust.who.granting import Grant

LASTS = timedelta(hours=72)

_COLUMNS = "id, label, agency_id, language, grants, created_by, created_at, expires_at, account_id, used_at, revoked_at"
_MAKE = text(
    "insert into invitation (id, secret_hash, label, agency_id, language, grants, created_by, created_at, expires_at) "
    "values (:id, :digest, :label, :agency_id, :language, :grants, :by, :now, :until)"
).bindparams(bindparam("grants", type_=JSONB))
_ONE = text(f"select {_COLUMNS} from invitation where id = :id")
_LIST = text(
    f"select {_COLUMNS} from invitation where cast(:at as timestamptz) is null or (created_at, id) < (:at, :id) "
    "order by created_at desc, id desc limit :limit"
)
_REVOKE = text("update invitation set revoked_at = :now where id = :id and used_at is null and revoked_at is null")
_OPEN = (
    "select i.id, i.label, i.agency_id, i.language, i.grants, i.created_by, a.networks from invitation i "
    "join agency a on a.id = i.agency_id "
    "where i.secret_hash = :digest and i.used_at is null and i.revoked_at is null and i.expires_at > :now"
)
_PEEK = text(_OPEN)
_TAKE = text(_OPEN + " for update of i")
_USED = text("update invitation set used_at = :now, account_id = :account where id = :id")
_INVITER = text(
    "select 1 from account c, held_roles(c.id, :now) h where 'account:' || c.id = :by and c.state = 'active' "
    "and h.role = 'admin'"
)
_FORGET = text("delete from invitation where expires_at < :before and account_id is null")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom an invitation is for: the desk's label, its agency and roles."""

    label: str
    agency_id: str
    grants: Sequence[Grant]
    language: Language = "ko"


async def invite(tx: Tx, principal: Principal, wanted: Wanted) -> tuple[RowMapping, str]:
    """An invitation and its secret, shown once. Raises Invalid, and Forbidden for roles beyond what one may give."""
    await agencies.require_known(tx, wanted.agency_id)
    by_role = granting.checked(wanted.grants, tx.now())
    await granting.require_may_give(tx, principal, by_role, None)
    id_, presented, now = new_id(), secret.new(secret.LINK), tx.now()
    values = {"id": id_, "digest": secret.digest(presented), "label": wanted.label, "agency_id": wanted.agency_id}
    kept = [_kept(one) for one in by_role.values()]
    when = {"now": now, "until": now + LASTS}
    await tx.execute(_MAKE, {**values, **when, "language": wanted.language, "grants": kept, "by": principal.actor})
    await audit.record(tx, principal, "invitation.create", "invitation", id_)
    return await get(tx, id_), presented


async def get(tx: Tx, invitation_id: UUID) -> RowMapping:
    """One invitation, without its secret. Raises NotFound."""
    row = await tx.row(_ONE, {"id": invitation_id})
    if row is None:
        raise NotFound("trust.invitation.unknown")
    return row


async def listing(tx: Tx, *, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[RowMapping]:
    """Invitations, the newest first, one more than `limit`; used and ended ones too."""
    at, id_ = after or (None, None)
    return await tx.rows(_LIST, {"at": at, "id": id_, "limit": limit + 1})


async def revoke(tx: Tx, principal: Principal, invitation_id: UUID) -> RowMapping:
    """Take an invitation back; doing it twice is once. Raises NotFound, and Conflict for one that was followed."""
    row = await get(tx, invitation_id)
    if row["used_at"] is not None:
        raise Conflict("trust.invitation.used")
    if (await tx.execute(_REVOKE, {"id": invitation_id, "now": tx.now()})).rowcount:
        await audit.record(tx, principal, "invitation.revoke", "invitation", invitation_id)
    return await get(tx, invitation_id)


async def join(database: Database, presented: str, username: str, password: str, *, address: str | None) -> RowMapping:
    """Follow an invitation: the new account. No transaction is open while the password is computed.

    Raises Invalid for the password, Conflict for a username that is taken, Forbidden for an invitation that is over,
    from a network that is not the agency's, and where whoever invited may not give these roles any more.
    """
    passwords.check(password, username)
    async with database.transaction() as tx:
        await _open(tx, _PEEK, presented, address)
    hashed = await passwords.hashed(password)
    async with database.transaction() as tx:
        row = await _open(tx, _TAKE, presented, address)
        grants = [_grant(one) for one in row["grants"]]
        lasting = [one for one in grants if one.until is None or one.until > tx.now()]
        new = accounts.NewAccount(
            username, row["label"], lasting, agency_id=row["agency_id"], language=row["language"], password_hash=hashed
        )
        account = await accounts.create(tx, system("invitation"), new, address=address)
        await tx.execute(_USED, {"id": row["id"], "account": account["id"], "now": tx.now()})
        await audit.record(tx, None, "invitation.use", "invitation", row["id"], address=address)
        return account


async def forget_old(tx: Tx) -> None:
    """Delete invitations that nobody followed, a month after they ended."""
    await tx.execute(_FORGET, {"before": tx.now() - timedelta(days=30)})


async def _open(tx: Tx, statement: Any, presented: str, address: str | None) -> RowMapping:
    row: RowMapping | None = await tx.row(statement, {"digest": secret.digest(presented), "now": tx.now()})
    if row is None:
        raise Forbidden("trust.link.over")
    if row["created_by"].startswith("account:") and not await tx.scalar(
        _INVITER, {"by": row["created_by"], "now": tx.now()}
    ):
        raise Forbidden("trust.link.over")
    approved(addresses.parsed(address or ""), row["networks"])
    return row


def _kept(one: Grant) -> dict[str, Any]:
    return {"role": one.role.value, "until": one.until.isoformat() if one.until else None, "on_duty": one.on_duty}


def _grant(kept: dict[str, Any]) -> Grant:
    until = datetime.fromisoformat(kept["until"]) if kept["until"] else None
    return Grant(Role(kept["role"]), until, kept["on_duty"])
