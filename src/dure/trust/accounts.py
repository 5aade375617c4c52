"""Accounts of people: made by an administrator, opened by a one-time link or an invitation, suspended at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, FieldError, Forbidden, NotFound
from dure.kernel.ids import new_id
from dure.kernel.messages import Language
from dure.trust import agencies, audit, links, passwords, sessions
from dure.trust.principal import Principal
from dure.trust.roles import Role
from dure.trust.who import ends, granting
from dure.trust.who.granting import Grant
from dure.trust.who.present import present

_SELECT = (
    "select c.id, c.username, c.label, c.state, c.agency_id, c.language, c.signed_in_at, c.version, c.created_at, "
    "c.updated_at, c.left_at, c.shared_suspected_at, c.password_hash is not null as has_password, "
    "array(select role from grant_role g where g.account_id = c.id order by role) as roles, "
    "array(select json_build_object('role', role, 'until', until, 'on_duty', on_duty) from grant_role g "
    "where g.account_id = c.id order by role) as grants from account c "
)
_ONE = text(_SELECT + "where c.id = :id")
_LIST = text(
    _SELECT + "where (cast(:after as text) is null or c.username > :after) "
    "and (cast(:state as text) is null or c.state = :state) "
    "and (cast(:agency as text) is null or c.agency_id = :agency) "
    "and (not :shared or c.shared_suspected_at is not null) order by c.username limit :limit"
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
_TOUCH = text("update account set version = version + 1, updated_at = :now where id = :id")


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What an account begins with."""

    username: str
    label: str
    roles: Iterable[Role | Grant]
    agency_id: str | None = None
    language: Language = "ko"
    password_hash: str | None = None


async def create(tx: Tx, principal: Principal | None, new: NewAccount, *, address: str | None = None) -> RowMapping:
    """Make an account; `principal` is None where it makes itself by the first link. Raises Conflict where the
    username is taken, Invalid for an agency or role that cannot be, Forbidden for roles beyond what the giver may give.
    """
    wanted = granting.checked([_grant(one) for one in new.roles], tx.now())
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
    await granting.regrant(tx, principal, id_, wanted)
    await audit.record(tx, principal, "account.create", "account", id_, address=address)
    return await get(tx, id_)


async def get(tx: Tx, account_id: UUID) -> RowMapping:
    """One account with its roles, without its password. Raises NotFound."""
    row = await tx.row(_ONE, {"id": account_id})
    if row is None:
        raise NotFound("trust.account.unknown")
    return row


async def listing(
    tx: Tx, *, state: str | None, after: str | None, limit: int, agency: str | None = None, shared: bool = False
) -> Sequence[RowMapping]:
    """Accounts by username, one more than `limit`; `shared`: only those suspected to be used by several people."""
    values = {"state": state, "agency": agency, "shared": shared, "after": after, "limit": limit + 1}
    return await tx.rows(_LIST, values)


async def change(
    tx: Tx, principal: Principal, account_id: UUID, changes: Mapping[str, Any], *, expected: int | None
) -> RowMapping:
    """Change label, state, language or roles, or give a first agency. Who is suspended can do nothing from this moment
    on, nor can the tokens that they made.

    Raises NotFound, PreconditionFailed, Invalid, Forbidden for whoever would raise their own rights, and Conflict where
    nobody would be left to administer, for who has left, and for another agency (see `who.moving`).
    """
    before = await granting.admins(tx)
    row = await present(tx, account_id, expected)
    wanted = {**row, **changes}
    await agencies.require_known(tx, wanted["agency_id"])
    if wanted["agency_id"] != row["agency_id"]:
        await _first_agency(tx, principal, row)
    await tx.execute(_CHANGE, {**wanted, "now": tx.now()})
    if "roles" in changes:
        held = await granting.grants_of(tx, account_id)
        asked = [held.get(role, Grant(role)) for role in dict.fromkeys(map(Role, changes["roles"]))]
        await granting.regrant(tx, principal, account_id, granting.checked(asked, tx.now()))
    if row["state"] != wanted["state"]:
        await ends.end_all(tx, principal, account_id)
        action = "account.suspend" if wanted["state"] == "suspended" else "account.reinstate"
        await audit.record(tx, principal, action, "account", account_id)
    await granting.require_admin_left(tx, before)
    await audit.record(tx, principal, "account.change", "account", account_id)
    return await get(tx, account_id)


async def set_roles(
    tx: Tx, principal: Principal, account_id: UUID, grants: Sequence[Grant], *, expected: int | None
) -> RowMapping:
    """Give an account exactly these roles, each with its end or only while on duty. Raises as `change`."""
    before = await granting.admins(tx)
    await present(tx, account_id, expected)
    if await granting.regrant(tx, principal, account_id, granting.checked(grants, tx.now())):
        await tx.execute(_TOUCH, {"id": account_id, "now": tx.now()})
    await granting.require_admin_left(tx, before)
    return await get(tx, account_id)


async def _first_agency(tx: Tx, principal: Principal, row: RowMapping) -> None:
    """An account without an agency may be given one; from one to another it moves."""
    if row["agency_id"] is not None:
        key = "trust.account.must_move"
        raise Conflict(key, fields=[FieldError("agency_id", key)])
    if row["id"] == await granting.person_behind(tx, principal):
        raise Forbidden("trust.account.own_rights")


async def reset_link(tx: Tx, principal: Principal, account_id: UUID) -> str:
    """A one-time link's secret with which the account's owner sets a password. Raises NotFound, and Conflict for
    who has left.
    """
    if (await get(tx, account_id))["state"] == "left":
        raise Conflict("trust.account.has_left")
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
    return bool(await granting.admins(tx))


def _grant(one: Role | Grant) -> Grant:
    return one if isinstance(one, Grant) else Grant(one)
