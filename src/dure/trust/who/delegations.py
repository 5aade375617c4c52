"""Delegation with an end: an officer gives some of their own roles to a colleague of the same agency for a time.

What was given cannot be given further, ends by its time, by either side's word or an administrator's, and when one of
the two moves, is suspended or leaves. Which roles follow says the database's function `held_roles`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.web import check_version
from dure.kernel.errors import Conflict, FieldError, Invalid, NotFound
from dure.kernel.ids import new_id
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.roles import STAFF, Role
from dure.trust.vault import reasons
from dure.trust.who.granting import Grant, grants_of
from dure.trust.who.span import checked_span

LONGEST_DAYS = 92
DELEGABLE = STAFF - {Role.ADMIN, Role.AUDITOR}
"""Who administers and who watches over that are appointed, not stood in for: both could make themselves permanent."""

_COLUMNS = (
    "d.id, d.from_account, f.label as from_label, d.to_account, t.label as to_label, d.agency_id, d.roles, d.reason, "
    "d.starts_at, d.ends_at, d.revoked_at, d.created_at, d.version "
    "from delegation d join account f on f.id = d.from_account join account t on t.id = d.to_account "
)
_ONE = text(f"select {_COLUMNS} where d.id = :id")
_LOCKED = text(f"select {_COLUMNS} where d.id = :id for update of d")
_LIST = text(
    f"select {_COLUMNS} where (cast(:at as timestamptz) is null or (d.created_at, d.id) < (:at, :id)) "
    "and (:all or d.from_account = :me or d.to_account = :me) order by d.created_at desc, d.id desc limit :limit"
)
_MAKE = text(
    "insert into delegation (id, from_account, to_account, agency_id, roles, reason, starts_at, ends_at, created_at, "
    "updated_at) values (:id, :me, :to, :agency, :roles, :reason, :starts_at, :ends_at, :now, :now)"
)
_END = text(
    "update delegation set revoked_at = :now, revoked_by = :by, version = version + 1, updated_at = :now "
    "where id = :id and revoked_at is null"
)
_COLLEAGUE = text(
    "select id from account where id = :id and agency_id = :agency and state = 'active' and id <> :me for share"
)
_COLLEAGUES = text(
    "select id, label from account where agency_id = :agency and state = 'active' and id <> :me "
    "and (cast(:after as uuid) is null or (label, id) > (:label, :after)) order by label, id limit :limit"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be given: to whom, which roles, from when until when, and why."""

    to_account: UUID
    roles: Sequence[Role]
    starts_at: datetime
    ends_at: datetime
    reason: str


def delegable(own: Sequence[Grant], until: datetime) -> frozenset[Role]:
    """Of one's own roles those that may be given until then: not those that end before or hang on a duty."""
    return frozenset(
        one.role
        for one in own
        if one.role in DELEGABLE and not one.on_duty and (one.until is None or one.until >= until)
    )


async def give(tx: Tx, principal: Principal, wanted: Wanted) -> dict[str, Any]:
    """Give roles for a time. Raises Invalid for the span, for who is no colleague, and for roles that are not one's
    own to give: a role that was itself delegated is not.
    """
    assert principal.account_id is not None  # the route asks for a person
    checked_span(tx.now(), wanted.starts_at, wanted.ends_at, days=LONGEST_DAYS)
    me = {"me": principal.account_id, "agency": principal.agency_id}
    if await tx.row(_COLLEAGUE, {**me, "id": wanted.to_account}) is None:
        key = "trust.delegation.no_colleague"
        raise Invalid(key, fields=[FieldError("to_account", key)])
    own = await grants_of(tx, principal.account_id)
    if not wanted.roles or set(wanted.roles) - delegable(list(own.values()), wanted.ends_at):
        key = "trust.delegation.not_own"
        raise Invalid(key, fields=[FieldError("roles", key)])
    id_ = new_id()
    why = await reasons.sealed(tx, principal, wanted.reason)
    what = {"id": id_, "to": wanted.to_account, "roles": sorted(set(wanted.roles)), "reason": why}
    span = {"starts_at": wanted.starts_at, "ends_at": wanted.ends_at, "now": tx.now()}
    await tx.execute(_MAKE, {**me, **what, **span})
    await audit.record(tx, principal, "delegation.begin", "delegation", id_, purpose=why)
    return await get(tx, principal, id_)


async def get(tx: Tx, principal: Principal, delegation_id: UUID, *, lock: bool = False) -> dict[str, Any]:
    """One delegation of which one is a part, or any for an administrator or auditor. Raises NotFound."""
    row = await tx.row(_LOCKED if lock else _ONE, {"id": delegation_id})
    if row is None or not (sees_all(principal) or principal.account_id in {row["from_account"], row["to_account"]}):
        raise NotFound("trust.delegation.unknown")
    return reasons.opened_in(tx, [row], "reason")[0]


async def end(tx: Tx, principal: Principal, delegation_id: UUID, *, expected: int | None) -> dict[str, Any]:
    """End a delegation at once: either side, or an administrator. Raises NotFound, PreconditionFailed, and Conflict for
    one that is over.
    """
    row = await get(tx, principal, delegation_id, lock=True)
    if principal.account_id not in {row["from_account"], row["to_account"]} and Role.ADMIN not in principal.roles:
        raise NotFound("trust.delegation.unknown")
    check_version(expected, row["version"])
    if row["revoked_at"] is not None or row["ends_at"] <= tx.now():
        raise Conflict("trust.delegation.over")
    await tx.execute(_END, {"id": delegation_id, "by": principal.actor, "now": tx.now()})
    await audit.record(tx, principal, "delegation.end", "delegation", delegation_id)
    return await get(tx, principal, delegation_id)


async def listing(
    tx: Tx, principal: Principal, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[dict[str, Any]]:
    """Delegations that one gave or received, the newest first, one more than `limit`; administrators and auditors see
    all.
    """
    at, id_ = after or (None, None)
    who = {"me": principal.account_id, "all": sees_all(principal)}
    rows = await tx.rows(_LIST, {**who, "at": at, "id": id_, "limit": limit + 1})
    return reasons.opened_in(tx, rows, "reason")


async def colleagues(
    tx: Tx, principal: Principal, *, after: tuple[str, UUID] | None, limit: int
) -> Sequence[RowMapping]:
    """The desks of one's own agency by label, one more than `limit`: nothing else about them."""
    label, id_ = after or (None, None)
    who = {"me": principal.account_id, "agency": principal.agency_id}
    return await tx.rows(_COLLEAGUES, {**who, "label": label, "after": id_, "limit": limit + 1})


def sees_all(principal: Principal) -> bool:
    """Whether one sees delegations between others."""
    return bool(principal.roles & {Role.ADMIN, Role.AUDITOR})
