"""Roles of people: who may give which, for how long, and that somebody is always left to administer.

Safeguards notice (개인정보의 안전성 확보조치 기준) article 5: the least that the duty needs, taken away without delay
when the duty changes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, FieldError, Forbidden, Invalid
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.roles import MACHINES, Role
from dure.trust.who import ends

LONGEST = timedelta(days=3660)
SYSTEM_GIVES = frozenset(Role) - MACHINES

_GRANTS = text("select role, until, on_duty from grant_role where account_id = :id")
_CLEAR = text("delete from grant_role where account_id = :id and role = any(:roles)")
_GRANT = text(
    "insert into grant_role (account_id, role, granted_at, granted_by, until, on_duty) "
    "values (:id, :role, :now, :by, :until, :on_duty) "
    "on conflict (account_id, role) do update set granted_at = :now, granted_by = :by, until = :until, "
    "on_duty = :on_duty"
)
# Who can administer without anybody's help, today and tomorrow: a role that ends or waits for a duty does not count.
_ADMINS = text(
    "select c.id from account c join grant_role g on g.account_id = c.id "
    "where g.role = 'admin' and g.until is null and not g.on_duty and c.state = 'active' "
    "and (c.password_hash is not null or exists (select from passkey p where p.account_id = c.id))"
)
_ADMINS_LOCK = text("select pg_advisory_xact_lock(hashtext('dure.admins'))")
# A token acts with the power of whoever made it, however many tokens lie between.
_MAKER = text(
    """
    with recursive chain as (
        select id, created_by from token where id = :id
        union
        select t.id, t.created_by from token t join chain c on c.created_by = 'token:' || t.id
    )
    select substr(created_by, 9)::uuid from chain where created_by like 'account:%' limit 1
    """
)


@dataclass(frozen=True, slots=True)
class Grant:
    """A role of an account: until when (None: as long as the account), and whether only while on duty."""

    role: Role
    until: datetime | None = None
    on_duty: bool = False


def grantable(roles: Iterable[Role]) -> frozenset[Role]:
    """What holders of `roles` may give to people: only administrators give, and nobody gives a machine's role."""
    return SYSTEM_GIVES if Role.ADMIN in set(roles) else frozenset()


def raised(before: Mapping[Role, Grant], after: Mapping[Role, Grant]) -> frozenset[Role]:
    """The roles that are more after than before: new, longer, or no longer bound to a duty."""
    return frozenset(
        role
        for role, now in after.items()
        if (was := before.get(role)) is None
        or (was.on_duty and not now.on_duty)
        or (was.until is not None and (now.until is None or now.until > was.until))
    )


def checked(grants: Sequence[Grant], now: datetime, field: str = "roles") -> dict[Role, Grant]:
    """`grants` by role. Raises Invalid where there is none, one twice, one of a machine, or an end that cannot be."""
    by_role = {one.role: one for one in grants}
    key = "trust.account.roles_wrong"
    if not by_role or by_role.keys() & MACHINES or len(by_role) != len(grants):
        raise Invalid(key, fields=[FieldError(field, key)])
    for index, one in enumerate(grants):
        if one.until is not None and not now < one.until <= now + LONGEST:
            key = "trust.role.until_wrong"
            raise Invalid(key, fields=[FieldError(f"{field}.{index}.until", key)])
    return by_role


def granted(rows: Iterable[RowMapping]) -> dict[Role, Grant]:
    """Rows of `grant_role` by role."""
    return {Role(row["role"]): Grant(Role(row["role"]), row["until"], row["on_duty"]) for row in rows}


async def grants_of(tx: Tx, account_id: UUID) -> dict[Role, Grant]:
    """The roles that were given to an account itself, whether they hold at this moment or not."""
    return granted(await tx.rows(_GRANTS, {"id": account_id}))


async def regrant(tx: Tx, principal: Principal | None, account_id: UUID, after: Mapping[Role, Grant]) -> bool:
    """Make `after` the roles of an account; whether anything changed.

    `principal` is None where the first administrator makes itself. Raises Forbidden for roles beyond what the giver may
    give, and for whoever would raise their own.
    """
    before = await grants_of(tx, account_id)
    more = raised(before, after)
    if principal is not None:
        await require_may_give(tx, principal, more, account_id)
    if gone := before.keys() - after.keys():
        await tx.execute(_CLEAR, {"id": account_id, "roles": sorted(gone)})
        if Role.ADMIN in gone:
            await ends.end_made(tx, principal, account_id)
    by = principal.actor if principal else f"account:{account_id}"
    changed = [one for role, one in sorted(after.items()) if before.get(role) != one]
    if changed:
        rows = [
            {"id": account_id, "role": one.role.value, "until": one.until, "on_duty": one.on_duty} for one in changed
        ]
        await tx.execute(_GRANT, [{**row, "now": tx.now(), "by": by} for row in rows])
    if gone or changed:
        await audit.record(tx, principal, "account.grant", "account", account_id)
    return bool(gone or changed)


async def require_may_give(
    tx: Tx, principal: Principal, roles: Iterable[Role], account_id: UUID | None, field: str = "roles"
) -> None:
    """Raises Forbidden for roles that `principal` may not give, and where they would go to whoever gives them."""
    wanted = frozenset(roles)
    if not wanted:
        return
    if principal.kind != "system" and wanted - grantable(principal.roles):
        raise Forbidden("trust.role.beyond", fields=[FieldError(field, "trust.role.beyond")])
    if account_id is not None and account_id == await person_behind(tx, principal):
        raise Forbidden("trust.account.own_rights")


async def person_behind(tx: Tx, principal: Principal) -> UUID | None:
    """The account that acts: one's own, or that of whoever made the token. None for the city's own tokens."""
    if principal.kind != "token":
        return principal.account_id
    found = await tx.scalar(_MAKER, {"id": principal.id})
    return found if isinstance(found, UUID) else None


async def admins(tx: Tx) -> set[UUID]:
    """Who can administer; holds others who change that off until the transaction ends."""
    await tx.execute(_ADMINS_LOCK)
    return {row["id"] for row in await tx.rows(_ADMINS)}


async def require_admin_left(tx: Tx, before: set[UUID]) -> None:
    """Raises Conflict where there were administrators and none is left."""
    if before and not await admins(tx):
        raise Conflict("trust.account.last_admin")
