"""Service accounts: a named machine of an agency with an owner and its purposes, and several keys while they are
exchanged.

A key is a token of the role service: it works at once, and an older one ends at the time that was chosen. Every key
carries the agency and networks of its service account as they are now.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.web import check_version
from dure.kernel.errors import Conflict, FieldError, Invalid, NotFound
from dure.kernel.ids import new_id
from dure.trust import agencies, audit, tokens
from dure.trust.principal import Principal
from dure.trust.roles import Role

MOST_KEYS = 5
"""Keys of one service account that are good at one time: two for an exchange, a few for machines side by side."""

_COLUMNS = (
    "m.id, m.name, m.agency_id, m.owner_id, o.label as owner, o.state = 'active' as owner_active, m.purposes, "
    "m.networks, m.state, m.version, m.created_at, m.updated_at, "
    "(select count(*) from token k where k.service_account_id = m.id and k.revoked_at is null "
    "and k.expires_at > :now) as keys, "
    "(select max(k.used_at) from token k where k.service_account_id = m.id) as used_at "
    "from service_account m join account o on o.id = m.owner_id "
)
_ONE = text(f"select {_COLUMNS} where m.id = :id")
_LOCKED = text(f"select {_COLUMNS} where m.id = :id for update of m")
_LIST = text(f"select {_COLUMNS} where cast(:after as text) is null or m.name > :after order by m.name limit :limit")
_MAKE = text(
    "insert into service_account (id, name, agency_id, owner_id, purposes, networks, created_at, updated_at) "
    "values (:id, :name, :agency_id, :owner_id, :purposes, :networks, :now, :now) on conflict (name) do nothing"
)
_CHANGE = text(
    "update service_account set owner_id = :owner_id, purposes = :purposes, networks = :networks, state = :state, "
    "version = version + 1, updated_at = :now where id = :id"
)
_OWNER = text("select id from account where id = :id and agency_id = :agency and state = 'active' for share")
_KEYS = text(
    "select id, name, created_by, created_at, expires_at, used_at, revoked_at from token "
    "where service_account_id = :id and (cast(:at as timestamptz) is null or (created_at, id) < (:at, :after)) "
    "order by created_at desc, id desc limit :limit"
)
_KEY = text(
    "select id, name, created_by, created_at, expires_at, used_at, revoked_at from token "
    "where id = :key and service_account_id = :id"
)
_OTHERS_END = text(
    "update token set expires_at = :at where service_account_id = :id and id <> :key and revoked_at is null "
    "and expires_at > :at returning id"
)
_ALL_END = text("update token set revoked_at = :now where service_account_id = :id and revoked_at is null returning id")


async def listing(tx: Tx, *, after: str | None, limit: int) -> Sequence[RowMapping]:
    """Service accounts by name, one more than `limit`; ended ones too."""
    return await tx.rows(_LIST, {"after": after, "limit": limit + 1, "now": tx.now()})


async def get(tx: Tx, machine_id: UUID, *, lock: bool = False) -> RowMapping:
    """One service account. Raises NotFound."""
    row = await tx.row(_LOCKED if lock else _ONE, {"id": machine_id, "now": tx.now()})
    if row is None:
        raise NotFound("trust.service_account.unknown")
    return row


async def create(tx: Tx, principal: Principal, values: Mapping[str, Any]) -> RowMapping:
    """Name a machine. Raises Conflict where the name is taken, Invalid for the agency, its networks, or an owner who is
    not of that agency.
    """
    await agencies.require_known(tx, values["agency_id"])
    await _check_owner(tx, values["owner_id"], values["agency_id"])
    id_ = new_id()
    checked = {**values, "networks": agencies.checked_networks(values["networks"]), "id": id_, "now": tx.now()}
    if (await tx.execute(_MAKE, checked)).rowcount == 0:
        key = "trust.service_account.taken"
        raise Conflict(key, fields=[FieldError("name", key)])
    await audit.record(tx, principal, "service_account.create", "service_account", id_)
    return await get(tx, id_)


async def change(
    tx: Tx, principal: Principal, machine_id: UUID, changes: Mapping[str, Any], *, expected: int | None
) -> RowMapping:
    """Change owner, purposes, networks, or end it with all its keys. Raises NotFound, PreconditionFailed, Invalid, and
    Conflict for one that has ended.
    """
    row = await _alive(tx, machine_id, expected)
    wanted = {**row, **changes, "now": tx.now()}
    if "owner_id" in changes:
        await _check_owner(tx, wanted["owner_id"], row["agency_id"])
    wanted["networks"] = agencies.checked_networks(wanted["networks"])
    await tx.execute(_CHANGE, wanted)
    if wanted["state"] == "ended":
        for key in (await tx.execute(_ALL_END, {"id": machine_id, "now": tx.now()})).mappings().all():
            await audit.record(tx, principal, "token.revoke", "token", key["id"])
    action = "service_account.end" if wanted["state"] == "ended" else "service_account.change"
    await audit.record(tx, principal, action, "service_account", machine_id)
    return await get(tx, machine_id)


async def keys(tx: Tx, machine_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[RowMapping]:
    """The keys of a service account, the newest first, one more than `limit`; ended ones too. Raises NotFound."""
    await get(tx, machine_id)
    at, id_ = after or (None, None)
    return await tx.rows(_KEYS, {"id": machine_id, "at": at, "after": id_, "limit": limit + 1})


async def new_key(
    tx: Tx, principal: Principal, machine_id: UUID, *, name: str, expires: str, others_end_at: datetime | None
) -> tuple[RowMapping, str]:
    """A further key and its secret, shown once; where `others_end_at` is given, the others end then at the latest.

    Raises NotFound, Invalid for times that cannot be, and Conflict for an ended service account or too many keys.
    """
    row = await _alive(tx, machine_id, None)
    if row["keys"] >= MOST_KEYS:
        raise Conflict("trust.service_account.keys_enough", most=MOST_KEYS)
    _check_end(tx.now(), others_end_at, "others_end_at")
    wanted = tokens.Wanted(Role.SERVICE, name, expires=expires, service_account_id=machine_id)
    made, presented = await tokens.make(tx, principal, wanted)
    if others_end_at is not None:
        values = {"id": machine_id, "key": made["id"], "at": others_end_at}
        for other in (await tx.execute(_OTHERS_END, values)).mappings().all():
            await audit.record(tx, principal, "token.end_later", "token", other["id"])
    return await key_of(tx, machine_id, made["id"]), presented


async def key_of(tx: Tx, machine_id: UUID, key_id: UUID) -> RowMapping:
    """One key, without its secret. Raises NotFound."""
    row = await tx.row(_KEY, {"id": machine_id, "key": key_id})
    if row is None:
        raise NotFound("trust.token.none_such")
    return row


async def end_key(tx: Tx, principal: Principal, machine_id: UUID, key_id: UUID) -> RowMapping:
    """End a key at once; ending it twice is once. Raises NotFound."""
    await key_of(tx, machine_id, key_id)
    await tokens.revoke(tx, principal, key_id)
    return await key_of(tx, machine_id, key_id)


async def _alive(tx: Tx, machine_id: UUID, expected: int | None) -> RowMapping:
    row = await get(tx, machine_id, lock=True)
    check_version(expected, row["version"])
    if row["state"] == "ended":
        raise Conflict("trust.service_account.ended")
    return row


async def _check_owner(tx: Tx, owner_id: UUID, agency_id: str) -> None:
    if await tx.row(_OWNER, {"id": owner_id, "agency": agency_id}) is None:
        key = "trust.service_account.owner_wrong"
        raise Invalid(key, fields=[FieldError("owner_id", key)])


def _check_end(now: datetime, at: datetime | None, field: str) -> None:
    if at is not None and not timedelta(0) <= at - now <= timedelta(days=366):
        raise Invalid("trust.span.wrong", fields=[FieldError(field, "trust.span.wrong")])
