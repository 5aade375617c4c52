"""What other rooms ask of the city. Everything in a few statements, whatever the number of ids."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Row, Text, TextClause, bindparam, text

from dure.engine.database import Tx
from dure.kernel.geometry import LonLat


class WatchedDevice(NamedTuple):
    """A device as rules need it. Its position is its own, else its asset's, else the asset's parent's (a stall's
    market).

    `place` is that of its asset, else the device's name; `market_id` and `asset_id` are ids of assets as text.
    """

    id: str
    kind: str
    name: str
    group_id: str | None
    lon: float | None
    lat: float | None
    asset_id: str | None
    parent_id: str | None
    place: str
    address: str | None
    state: str
    fault: str | None
    interval_s: float | None
    version: int


class DoorDevice(NamedTuple):
    """A device as the doors need it; `key_hash` is the SHA-256 of its key, None where it may not sign in.

    `form` and `properties` are its profile, where `attrs` has one: its payloads' format, and all that it measures.
    """

    id: str
    kind: str
    group_id: str | None
    key_hash: bytes | None
    old_key_hash: bytes | None
    old_key_until: datetime | None
    state: str
    interval_s: float | None
    version: int
    form: str | None
    properties: list[str] | None


_WATCHED = """
    select d.id, d.kind, d.name, d.group_id,
        coalesce(d.lon, a.lon, p.lon) as lon, coalesce(d.lat, a.lat, p.lat) as lat,
        d.asset_id::text as asset_id, a.parent_id::text as parent_id,
        coalesce(case when p.id is null or starts_with(a.name, p.name) then a.name else p.name || ' ' || a.name end,
        d.name)
            as place,
        coalesce(a.road_address, a.lot_address, p.road_address, p.lot_address) as address,
        d.state, d.fault, d.interval_s, d.version
    from device d left join asset a on a.id = d.asset_id left join asset p on p.id = a.parent_id
"""
_DOORS = """
    select id, kind, group_id, key_hash, old_key_hash, old_key_until, state, interval_s, version,
        attrs->>'format' as form,
        case jsonb_typeof(attrs->'properties') when 'array'
            then array(select jsonb_array_elements_text(attrs->'properties')) end as properties
    from device
"""


def _ids(statement: str, column: str) -> str:
    return f"{statement} where {column} = any(:ids) order by {column}"


async def devices_for_detection(tx: Tx, ids: Sequence[str] | None = None) -> list[WatchedDevice]:
    """The devices with these ids, or all."""
    if ids is None:
        rows = await tx.execute(text(f"{_WATCHED} order by d.id"))
    else:
        found = await tx.rows(_with_ids(_ids(_WATCHED, "d.id")), {"ids": list(ids)})
        return [WatchedDevice(**row) for row in found]
    return [WatchedDevice._make(row) for row in rows]


async def devices_for_doors(tx: Tx, ids: Sequence[str] | None = None) -> list[DoorDevice]:
    """The devices with these ids, or all."""
    if ids is None:
        rows = await tx.execute(text(f"{_DOORS} order by id"))
    else:
        rows = await tx.execute(_with_ids(_ids(_DOORS, "id")), {"ids": list(ids)})
    return [_door(row) for row in rows]


def _door(row: Row[Any]) -> DoorDevice:
    found = DoorDevice._make(row)
    return found._replace(
        key_hash=None if found.key_hash is None else bytes(found.key_hash),
        old_key_hash=None if found.old_key_hash is None else bytes(found.old_key_hash),
    )


class NamedPlace(NamedTuple):
    """Where something is, for people: position, name, address."""

    lon: float | None
    lat: float | None
    name: str
    address: str | None


async def places_of_devices(tx: Tx, ids: Sequence[str]) -> Mapping[str, NamedPlace]:
    """Where these devices are, by id; those that do not exist are left out."""
    watched = await devices_for_detection(tx, ids)
    return {one.id: NamedPlace(one.lon, one.lat, one.place, one.address) for one in watched}


async def located(tx: Tx, address: str) -> NamedPlace | None:
    """The place or asset that an address or a name says, where one clearly fits; None where none does.

    Spaces do not count. A whole address or name wins over a part of one, places over assets, the shorter over the
    longer.
    """
    asked = "".join(address.split()).lower()
    if len(asked) < 2:
        return None
    row = await tx.row(text(_LOCATE), {"asked": asked})
    return None if row is None else NamedPlace(row["lon"], row["lat"], row["name"], row["address"])


_LOCATE = """
    with known as (
        select name, road_address, lot_address, lon, lat, 0 as rank from place
        union all
        select case when p.id is null or starts_with(a.name, p.name) then a.name else p.name || ' ' || a.name end,
            coalesce(a.road_address, p.road_address), coalesce(a.lot_address, p.lot_address), coalesce(a.lon, p.lon),
            coalesce(a.lat, p.lat), 1
        from asset a left join asset p on p.id = a.parent_id where coalesce(a.lon, p.lon) is not null
    ), folded as (
        select known.*, lower(replace(form, ' ', '')) as form
        from known, unnest(array[name, road_address, lot_address]) form
    )
    select name, coalesce(road_address, lot_address) as address, lon, lat from folded
    where form = :asked or (length(form) > 2 and position(form in :asked) > 0)
        or (length(:asked) > 2 and right(form, length(:asked)) = :asked)
    order by form = :asked desc, position(form in :asked) > 0 desc,
        case when position(form in :asked) > 0 then -length(form) else length(form) end, rank, length(name), name
    limit 1
"""


async def devices_in_group(tx: Tx, group_id: str) -> list[str]:
    """The ids of a gateway's or market's devices."""
    rows = await tx.execute(text("select id from device where group_id = :group order by id"), {"group": group_id})
    return [row[0] for row in rows]


_KEEPERS = text("""
    select distinct a.person_id from device d join asset a on a.id = d.asset_id
    where d.id = any(:ids) and a.person_id is not null order by a.person_id
""")
_KEEPERS_BESIDE = text("""
    select distinct b.person_id from device d join asset a on a.id = d.asset_id
    join asset b on b.parent_id = a.parent_id and b.kind = a.kind and b.attrs->>'zone' is not distinct from
        a.attrs->>'zone'
    where d.id = any(:ids) and b.person_id is not null order by b.person_id
""")


async def keepers(tx: Tx, device_ids: Sequence[str]) -> list[UUID]:
    """Who answers for the assets that these devices watch: a stall's owner. Ids of the vault, each once."""
    return [row["person_id"] for row in await tx.rows(_KEEPERS, {"ids": list(device_ids)})]


async def keepers_beside(tx: Tx, device_ids: Sequence[str]) -> list[UUID]:
    """The same, of every asset of their kind in the same zone (block) of the same parent: a hall's stall owners."""
    return [row["person_id"] for row in await tx.rows(_KEEPERS_BESIDE, {"ids": list(device_ids)})]


_HELD = text("select person_id, name from asset where person_id = any(:people) order by person_id, name")


async def held_by(tx: Tx, people: Sequence[UUID]) -> dict[UUID, list[str]]:
    """The names of the assets that each of these people (ids of the vault) answers for."""
    found: dict[UUID, list[str]] = {}
    for row in await tx.rows(_HELD, {"people": list(people)}) if people else ():
        found.setdefault(row["person_id"], []).append(row["name"])
    return found


async def mark_device_fault(tx: Tx, device_id: str, fault: str | None) -> int | None:
    """Set or lift a device's fault; its new version, or None where nothing changed (or there is no such device)."""
    version = await tx.scalar(
        text(
            "update device set fault = :fault, version = version + 1, updated_at = :now "
            "where id = :id and fault is distinct from :fault returning version"
        ),
        {"id": device_id, "fault": fault, "now": tx.now()},
    )
    return None if version is None else int(version)


async def city_center(tx: Tx) -> LonLat | None:
    """The middle of all boundaries, else of all assets; None for an empty city."""
    for source in (
        "select avg(label_lon) as lon, avg(label_lat) as lat from boundary",
        "select avg(lon) as lon, avg(lat) as lat from asset where lon is not null",
    ):
        row = await tx.row(text(source))
        if row is not None and row["lon"] is not None:
            return LonLat(float(row["lon"]), float(row["lat"]))
    return None


def _with_ids(statement: str) -> TextClause:
    return text(statement).bindparams(bindparam("ids", type_=ARRAY(Text)))
