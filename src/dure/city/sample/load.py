"""Writes the sample city into the city's tables, once, and only where there is nothing yet.

Its devices carry `sample` in their attrs: the simulator speaks for those and for no other.
"""

import itertools
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from dure.city import events, tables
from dure.city.sample.model import AssetKey, Person, SampleCity
from dure.engine.bulk import copy_rows
from dure.engine.database import Tx
from dure.kernel.errors import Conflict
from dure.kernel.ids import new_id
from dure.trust import vault
from dure.trust.tables import agency

_NAMES = UUID("6b1f0a52-8a0e-5d0b-9c53-3f1d9c9a4b11")
"""Ids of the sample are made from this and a thing's code: the same city has the same ids everywhere."""


async def load(tx: Tx, city: SampleCity, people: vault.Vault) -> dict[str, int]:
    """Write everything and say how many rows went where. Raises Conflict where the city has anything already."""
    if not await is_empty(tx):
        raise Conflict("city.sample.not_empty")
    counts = {"agency": await _agencies(tx, city)}
    counts["boundary"] = await _boundaries(tx, city)
    counts["map_feature"] = await _features(tx, city)
    counts["place"] = await _places(tx, city)
    counts["asset"] = await _assets(tx, city, people)
    counts |= await _cameras(tx, city)
    counts["device"] = await _devices(tx, city)
    counts["care_person"] = await _care(tx, city, people)
    await events.imported(tx, str(new_id()), 1, "sample")
    return counts


async def is_empty(tx: Tx) -> bool:
    """Whether nobody has brought anything in yet."""
    for table in (tables.asset, tables.camera, tables.device, tables.boundary, tables.map_feature):
        if await tx.row(select(table.c.version).limit(1)) is not None:
            return False
    return True


def asset_id(key: AssetKey) -> UUID:
    """The id of an asset of the sample."""
    return uuid5(_NAMES, f"asset:{key[0]}:{key[1]}")


async def _agencies(tx: Tx, city: SampleCity) -> int:
    rows = [
        {"id": one.id, "kind": one.kind, "name": one.name, "name_en": one.name_en, "phone": one.phone}
        for one in city.agencies
    ]
    await tx.execute(insert(agency).on_conflict_do_nothing(), rows)
    return len(rows)


async def _boundaries(tx: Tx, city: SampleCity) -> int:
    columns = (
        "id", "level", "code", "name", "full_name", "geometry", "min_lon", "min_lat", "max_lon", "max_lat", "label_lon",
        "label_lat", "area_m2",
    )  # fmt: skip
    rows = (
        (
            uuid5(_NAMES, f"boundary:{one.level}:{one.code}"), one.level, one.code, one.name, one.full_name,
            one.geometry, *_box(one.geometry), *one.label, one.area_m2,
        )
        for one in city.boundaries
    )  # fmt: skip
    return await copy_rows(tx, tables.boundary, columns, rows)


async def _features(tx: Tx, city: SampleCity) -> int:
    columns = ("id", "layer", "class", "name", "attrs", "geometry", "min_lon", "min_lat", "max_lon", "max_lat")
    rows = (
        (
            uuid5(_NAMES, f"map:{number}"), one.layer, one.kind, one.name, one.attrs, one.geometry,
            *_box(one.geometry),
        )
        for number, one in enumerate(city.features)
    )  # fmt: skip
    return await copy_rows(tx, tables.map_feature, columns, rows)


def _box(geometry: dict[str, Any]) -> tuple[float, float, float, float]:
    """The smallest lon, lat and the largest."""
    points = list(_positions(geometry["coordinates"]))
    lons, lats = [p[0] for p in points], [p[1] for p in points]
    return min(lons), min(lats), max(lons), max(lats)


def _positions(coordinates: list[Any]) -> Iterator[list[float]]:
    if isinstance(coordinates[0], float):
        yield coordinates
    elif isinstance(coordinates[0][0], float):
        yield from coordinates
    else:
        yield from itertools.chain.from_iterable(_positions(part) for part in coordinates)


async def _places(tx: Tx, city: SampleCity) -> int:
    columns = (
        "id", "kind", "code", "name", "road_address", "lot_address", "legal_dong", "admin_dong", "lon", "lat",
    )  # fmt: skip
    rows = (
        (
            uuid5(_NAMES, f"place:{one.kind}:{one.code}"), one.kind, one.code, one.name, one.road_address,
            one.lot_address, one.legal_dong, one.admin_dong, one.lon, one.lat,
        )
        for one in city.places
    )  # fmt: skip
    return await copy_rows(tx, tables.place, columns, rows)


async def _assets(tx: Tx, city: SampleCity, people: vault.Vault) -> int:
    watched: dict[tuple[str, str], tuple[str, ...]] = {}
    for device in city.devices:
        if device.asset is not None:
            watched[device.asset] = (*watched.get(device.asset, ()), device.id)
    owners = [_record(one.owner, watched.get((one.kind, one.code), ())) for one in city.assets if one.owner is not None]
    kept = iter(await people.put_all(tx, [(None, owner) for owner in owners]))
    columns = (
        "id", "kind", "code", "name", "parent_id", "road_address", "lot_address", "lon", "lat", "agency", "phone",
        "person_id", "attrs",
    )  # fmt: skip
    rows = [
        (
            asset_id((one.kind, one.code)), one.kind, one.code, one.name,
            None if one.parent is None else asset_id(one.parent), one.road_address, one.lot_address, one.lon, one.lat,
            one.agency, one.phone, None if one.owner is None else next(kept)[0], one.attrs,
        )
        for one in city.assets
    ]  # fmt: skip
    return await copy_rows(tx, tables.asset, columns, sorted(rows, key=lambda row: row[4] is not None))


def _record(person: Person, devices: tuple[str, ...] = ()) -> vault.Person:
    birth = "" if person.birth_year is None else f"{person.birth_year}-01-01"
    return vault.Person(
        name=person.name,
        phone=person.phone,
        address=person.address,
        birth_date=birth,
        note=person.note,
        devices=devices,
    )


async def _cameras(tx: Tx, city: SampleCity) -> dict[str, int]:
    columns: tuple[str, ...] = (
        "id", "name", "agency_code", "managed_no", "agency", "phone", "road_address", "lot_address", "purposes",
        "purpose_text", "camera_count", "pixels", "retention_days", "installed", "lon", "lat",
    )  # fmt: skip
    sites = (
        (
            one.id, one.name, city.code, one.id, f"{city.name} 통합관제센터", "099-200-0112", one.road_address,
            one.lot_address, list(one.purposes), one.purpose_text, one.camera_count, one.pixels, one.retention_days,
            one.installed, one.lon, one.lat,
        )
        for one in city.sites
    )  # fmt: skip
    counts = {"camera_site": await copy_rows(tx, tables.camera_site, columns, sites)}
    columns = (
        "id", "site_id", "number", "name", "model", "lon", "lat", "azimuth_deg", "fov_deg", "range_m", "ptz", "state",
        "retention_days", "purposes", "source",
    )  # fmt: skip
    cameras = (
        (
            one.id, one.site_id, one.number, one.name, one.model, one.lon, one.lat, one.azimuth_deg, one.fov_deg,
            one.range_m, one.ptz, one.state, one.retention_days, list(one.purposes), "single",
        )
        for one in city.cameras
    )  # fmt: skip
    counts["camera"] = await copy_rows(tx, tables.camera, columns, cameras)
    return counts


async def _devices(tx: Tx, city: SampleCity) -> int:
    columns = ("id", "kind", "name", "group_id", "lon", "lat", "asset_id", "interval_s", "attrs")
    rows = (
        (
            one.id, one.kind, one.name, one.group, one.lon, one.lat,
            None if one.asset is None else asset_id(one.asset), one.interval_s,
            {**one.attrs, "sample": True},
        )
        for one in city.devices
    )  # fmt: skip
    return await copy_rows(tx, tables.device, columns, rows)


async def _care(tx: Tx, city: SampleCity, people: vault.Vault) -> int:
    kept = await people.put_all(tx, [(None, _record(one.person, one.device_ids)) for one in city.care])
    columns = ("id", "code", "kind", "person_id", "district")
    rows = (
        (uuid5(_NAMES, f"care:{one.code}"), one.code, one.kind, person, one.district)
        for one, (person, _) in zip(city.care, kept, strict=True)
    )
    return await copy_rows(tx, tables.care_person, columns, rows)
