"""Accounts of people: made by an administrator, opened by a one-time link, suspended when somebody leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.web import check_version
from dure.kernel.errors import Conflict, FieldError, Invalid, NotFound
from dure.kernel.ids import new_id
from dure.kernel.messages import Language
from dure.trust import agencies, audit, links, passwords, sessions
from dure.trust.principal import Principal
from dure.trust.roles import MACHINES, Role

_SELECT = (
    "select c.id, c.username, c.label, c.state, c.agency_id, c.language, c.signed_in_at, c.version, c.created_at, "
    "c.updated_at, c.password_hash is not null as has_password, "
    "array(select role from grant_role g where g.account_id = c.id order by role) as roles from account c "
)
_ONE = text(_SELECT + "where c.id = :id")
_LOCKED = text(_SELECT + "where c.id = :id for update of c")
_LIST = text(
    _SELECT + "where (cast(:after as text) is null or c.username > :after) "
    "and (cast(:state as text) is null or c.state = :state) order by c.username limit :limit"
)
_CREATE = text(
    "insert into account (id, username, password_hash, label, agency_id, language, created_at, updated_at) "
    "values (:id, :username, :password_hash, :label, :agency_id, :language, :now, :now) "
    "on conflict (username) do nothing"
)
_CHANGE = text(
    "update account set label = :label, state = :state, agency_id = :agency_id, language = :language, "
    "version = version + 1, updated_at = :now where id = :id"
)
_PASSWORD = text(
    "update account set password_hash = :hash, version = version + 1, updated_at = :now where id = :id "
    "and state = 'active'"
)
_GRANT = text("insert into grant_role (account_id, role, granted_at, granted_by) values (:id, :role, :now, :by)")
_UNGRANT = text("delete from grant_role where account_id = :id and role = :role")
_ADMINS = text(
    "select c.id from account c join grant_role g on g.account_id = c.id "
    "where g.role = 'admin' and c.state = 'active' and c.password_hash is not null"
)
_ADMINS_LOCK = text("select pg_advisory_xact_lock(hashtext('dure.admins'))")


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What an account begins with."""

    username: str
    label: str
    roles: frozenset[Role]
    agency_id: str | None = None
    language: Language = "ko"
    password_hash: str | None = None


async def create(tx: Tx, principal: Principal | None, new: NewAccount, *, address: str | None = None) -> RowMapping:
    """Make an account; `principal` is None where it makes itself by the first link. Raises Conflict where the
    username is taken, Invalid for an agency or role that cannot be.
    """
    _check_roles(new.roles)
    await agencies.require_known(tx, new.agency_id)
    id_, username = new_id(), passwords.username_key(new.username)
    made = await tx.execute(
        _CREATE,
        {
            "id": id_,
            "username": username,
            "password_hash": new.password_hash,
            "label": new.label,
            "agency_id": new.agency_id,
            "language": new.language,
            "now": tx.now(),
        },
    )
    if made.rowcount == 0:
        key = "trust.account.taken"
        raise Conflict(key, fields=[FieldError("username", key)])
    by = principal.actor if principal else f"account:{id_}"
    await tx.execute(_GRANT, [{"id": id_, "role": role.value, "now": tx.now(), "by": by} for role in sorted(new.roles)])
    await audit.record(tx, principal, "account.create", "account", id_, address=address)
    return await get(tx, id_)


async def get(tx: Tx, account_id: UUID) -> RowMapping:
    """One account with its roles, without its password. Raises NotFound."""
    row = await tx.row(_ONE, {"id": account_id})
    if row is None:
        raise NotFound("trust.account.unknown")
    return row


async def listing(tx: Tx, *, state: str | None, after: str | None, limit: int) -> Sequence[RowMapping]:
    """Accounts by username, one more than `limit`."""
    return await tx.rows(_LIST, {"state": state, "after": after, "limit": limit + 1})


async def change(
    tx: Tx, principal: Principal, account_id: UUID, changes: Mapping[str, Any], *, expected: int | None
) -> RowMapping:
    """Change label, state, agency, language or roles. Who is suspended can do nothing from this moment on.

    Raises NotFound, PreconditionFailed, Invalid, and Conflict where nobody would be left to administer.
    """
    await tx.execute(_ADMINS_LOCK)
    row = await tx.row(_LOCKED, {"id": account_id})
    if row is None:
        raise NotFound("trust.account.unknown")
    check_version(expected, row["version"])
    wanted = {**row, **changes}
    await agencies.require_known(tx, wanted["agency_id"])
    before, after = frozenset(map(Role, row["roles"])), frozenset(map(Role, wanted["roles"]))
    _check_roles(after)
    admins = {one["id"] for one in await tx.rows(_ADMINS)}
    if admins == {account_id} and (Role.ADMIN not in after or wanted["state"] != "active"):
        raise Conflict("trust.account.last_admin")
    await tx.execute(_CHANGE, {**wanted, "now": tx.now()})
    granted = [
        {"id": account_id, "role": role.value, "now": tx.now(), "by": principal.actor}
        for role in sorted(after - before)
    ]
    if granted:
        await tx.execute(_GRANT, granted)
    if before - after:
        await tx.execute(_UNGRANT, [{"id": account_id, "role": role.value} for role in sorted(before - after)])
    if row["state"] != wanted["state"]:
        await sessions.revoke_all(tx, account_id)
        action = "account.suspend" if wanted["state"] == "suspended" else "account.reinstate"
        await audit.record(tx, principal, action, "account", account_id)
    if before != after:
        await audit.record(tx, principal, "account.grant", "account", account_id)
    await audit.record(tx, principal, "account.change", "account", account_id)
    return await get(tx, account_id)


async def reset_link(tx: Tx, principal: Principal, account_id: UUID) -> str:
    """A one-time link's secret with which the account's owner sets a password. Raises NotFound."""
    await get(tx, account_id)
    presented = await links.make(tx, "reset", account_id)
    await audit.record(tx, principal, "account.reset_link", "account", account_id)
    return presented


async def set_password(
    tx: Tx, principal: Principal | None, account_id: UUID, password_hash: str, *, kept: UUID | None, address: str | None
) -> None:
    """Take a new password and end every session but `kept`. Raises NotFound for a suspended account."""
    changed = await tx.execute(_PASSWORD, {"id": account_id, "hash": password_hash, "now": tx.now()})
    if changed.rowcount == 0:
        raise NotFound("trust.account.unknown")
    await sessions.revoke_all(tx, account_id, kept=kept)
    await audit.record(tx, principal, "account.password", "account", account_id, address=address)


async def has_admin(tx: Tx) -> bool:
    """Whether somebody can administer this city; holds others off until the transaction ends."""
    await tx.execute(_ADMINS_LOCK)
    return await tx.row(_ADMINS) is not None


def _check_roles(roles: frozenset[Role]) -> None:
    if not roles or roles & MACHINES:
        key = "trust.account.roles_wrong"
        raise Invalid(key, fields=[FieldError("roles", key)])
