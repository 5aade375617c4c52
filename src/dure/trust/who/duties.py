"""Duties: a post with a time. A role that is held only while on duty holds while one of these runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.web import check_version
from dure.kernel.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from dure.kernel.ids import new_id
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.roles import Role
from dure.trust.who import granting
from dure.trust.who.span import checked_span

LONGEST_DAYS = 31
_COLUMNS = (
    "d.id, d.account_id, c.label as account, d.agency_id, d.kind, d.post, d.starts_at, d.ends_at, d.created_by, "
    "d.cancelled_at, d.version from duty d join account c on c.id = d.account_id "
)
_ONE = text(f"select {_COLUMNS} where d.id = :id")
_LOCKED = text(f"select {_COLUMNS} where d.id = :id for update of d")
_LIST = text(
    f"select {_COLUMNS} where (cast(:at as timestamptz) is null or (d.starts_at, d.id) > (:at, :id)) "
    "and d.ends_at > :since and d.starts_at < :until and (:all or d.agency_id is not distinct from :agency) "
    "and (cast(:account as uuid) is null or d.account_id = :account) and d.cancelled_at is null "
    "order by d.starts_at, d.id limit :limit"
)
_HOLDER = text("select id, agency_id, state from account where id = :id for share")
_MAKE = text(
    "insert into duty (id, account_id, agency_id, kind, post, starts_at, ends_at, created_by, created_at, updated_at) "
    "values (:id, :account, :agency, :kind, :post, :starts_at, :ends_at, :by, :now, :now)"
)
_CANCEL = text(
    "update duty set cancelled_at = :now, version = version + 1, updated_at = :now "
    "where id = :id and cancelled_at is null"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A duty to be: whose, what (shift or on_call), at which post, from when until when."""

    account_id: UUID
    kind: str
    post: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """Which duties: those that run at some time between two moments, perhaps of one account."""

    since: datetime
    until: datetime
    account_id: UUID | None = None


def reaches_all(principal: Principal) -> bool:
    """Whether one sees and sets duties of every agency; others those of their own."""
    return bool(principal.roles & {Role.ADMIN, Role.AUDITOR})


async def listing(
    tx: Tx, principal: Principal, window: Window, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[RowMapping]:
    """Duties by their beginning, one more than `limit`, without cancelled ones."""
    at, id_ = after or (None, None)
    who = {"all": reaches_all(principal), "agency": principal.agency_id, "account": window.account_id}
    return await tx.rows(
        _LIST, {**who, "since": window.since, "until": window.until, "at": at, "id": id_, "limit": limit + 1}
    )


async def create(tx: Tx, principal: Principal, wanted: Wanted) -> RowMapping:
    """Set a duty. Raises Invalid for its span or for somebody who is not there or not of one's agency, and Forbidden
    where it would bring whoever sets it a role that is held only on duty.
    """
    checked_span(tx.now(), wanted.starts_at, wanted.ends_at, days=LONGEST_DAYS, back_days=1)
    holder = await tx.row(_HOLDER, {"id": wanted.account_id})
    if holder is None or holder["state"] != "active" or not _reaches(principal, holder["agency_id"]):
        raise Invalid("trust.duty.nobody", fields=[FieldError("account_id", "trust.duty.nobody")])
    await _not_own(tx, principal, wanted.account_id)
    id_ = new_id()
    values = {"id": id_, "account": wanted.account_id, "agency": holder["agency_id"], "by": principal.actor}
    span = {"starts_at": wanted.starts_at, "ends_at": wanted.ends_at, "now": tx.now()}
    await tx.execute(_MAKE, {**values, **span, "kind": wanted.kind, "post": wanted.post})
    await audit.record(tx, principal, "duty.create", "duty", id_)
    return await get(tx, principal, id_)


async def get(tx: Tx, principal: Principal, duty_id: UUID, *, lock: bool = False) -> RowMapping:
    """One duty within one's reach. Raises NotFound."""
    row = await tx.row(_LOCKED if lock else _ONE, {"id": duty_id})
    if row is None or not _reaches(principal, row["agency_id"]):
        raise NotFound("trust.duty.unknown")
    return row


async def cancel(tx: Tx, principal: Principal, duty_id: UUID, *, expected: int | None) -> RowMapping:
    """Take a duty off the list; a role that hangs on it ends at once. Raises NotFound, PreconditionFailed, and Conflict
    for one that is over.
    """
    row = await get(tx, principal, duty_id, lock=True)
    check_version(expected, row["version"])
    if row["cancelled_at"] is not None or row["ends_at"] <= tx.now():
        raise Conflict("trust.duty.over")
    await tx.execute(_CANCEL, {"id": duty_id, "now": tx.now()})
    await audit.record(tx, principal, "duty.cancel", "duty", duty_id)
    return await get(tx, principal, duty_id)


def _reaches(principal: Principal, agency_id: str | None) -> bool:
    return reaches_all(principal) or (agency_id is not None and agency_id == principal.agency_id)


async def _not_own(tx: Tx, principal: Principal, account_id: UUID) -> None:
    if account_id != await granting.person_behind(tx, principal):
        return
    if any(one.on_duty for one in (await granting.grants_of(tx, account_id)).values()):
        raise Forbidden("trust.account.own_rights")
