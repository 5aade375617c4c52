"""Agencies: police, fire, the disaster room and the others, the networks that each may come from, and its desk's
number.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.web import check_version
from dure.kernel.errors import Conflict, FieldError, Invalid, NotFound
from dure.trust import address as addresses
from dure.trust import audit
from dure.trust.principal import Principal

_COLUMNS = "id, kind, name, name_en, networks, phone, version, updated_at"
_ONE = text(f"select {_COLUMNS} from agency where id = :id")
_LOCKED = text(f"select {_COLUMNS} from agency where id = :id for update")
_ALL = text(f"select {_COLUMNS} from agency where (:after)::text is null or id > :after order by id limit :limit")
_CREATE = text(
    "insert into agency (id, kind, name, name_en, networks, phone, created_at, updated_at) "
    "values (:id, :kind, :name, :name_en, :networks, :phone, :now, :now) on conflict (id) do nothing"
)
_CHANGE = text(
    "update agency set name = :name, name_en = :name_en, networks = :networks, phone = :phone, "
    "version = version + 1, updated_at = :now where id = :id"
)


async def listing(tx: Tx, *, after: str | None, limit: int) -> Sequence[RowMapping]:
    """Agencies by id, one more than `limit`."""
    return await tx.rows(_ALL, {"after": after, "limit": limit + 1})


async def get(tx: Tx, agency_id: str) -> RowMapping:
    """One agency. Raises NotFound."""
    row = await tx.row(_ONE, {"id": agency_id})
    if row is None:
        raise NotFound("trust.agency.unknown", agency=agency_id[:80])
    return row


async def require_known(tx: Tx, agency_id: str | None, field: str = "agency_id") -> None:
    """Raises Invalid where `agency_id` is given and names none."""
    if agency_id is not None and await tx.row(_ONE, {"id": agency_id}) is None:
        raise Invalid(
            "trust.agency.unknown",
            fields=[FieldError(field, "trust.agency.unknown", {"agency": agency_id[:80]})],
            agency=agency_id[:80],
        )


async def create(tx: Tx, principal: Principal, values: Mapping[str, Any]) -> RowMapping:
    """Add an agency. Raises Conflict where the id is taken, Invalid for what is no network."""
    checked = {**values, "networks": checked_networks(values["networks"]), "now": tx.now()}
    checked["name_en"] = values["name_en"] or values["name"]
    if (await tx.execute(_CREATE, checked)).rowcount == 0:
        raise Conflict("trust.agency.taken", agency=values["id"])
    await audit.record(tx, principal, "agency.create", "agency", values["id"])
    return await get(tx, values["id"])


async def change(
    tx: Tx, principal: Principal, agency_id: str, changes: Mapping[str, Any], *, expected: int | None
) -> RowMapping:
    """Change name, number or networks. Raises NotFound, PreconditionFailed, Invalid, and Conflict where the one who
    changes would be outside the new networks.
    """
    row = await tx.row(_LOCKED, {"id": agency_id})
    if row is None:
        raise NotFound("trust.agency.unknown", agency=agency_id[:80])
    check_version(expected, row["version"])
    wanted = {**row, **changes}
    wanted["networks"] = checked_networks(wanted["networks"])
    if principal.agency_id == agency_id and wanted["networks"]:
        here = addresses.parsed(principal.address or "")
        if addresses.within(here, addresses.networks(wanted["networks"])) is None:
            raise Conflict("trust.agency.would_lock_out", address=principal.address)
    await tx.execute(_CHANGE, {**wanted, "now": tx.now()})
    await audit.record(tx, principal, "agency.change", "agency", agency_id)
    return await get(tx, agency_id)


def checked_networks(texts: Sequence[str], field: str = "networks") -> list[str]:
    """CIDRs in one spelling, without doubles. Raises Invalid."""
    found: list[str] = []
    for index, one in enumerate(texts):
        try:
            found.append(str(addresses.network(one)))
        except ValueError as error:
            key = "trust.network.wrong"
            wrong = FieldError(f"{field}.{index}", key, {"network": one[:80]})
            raise Invalid(key, fields=[wrong], network=one[:80]) from error
    return list(dict.fromkeys(found))
