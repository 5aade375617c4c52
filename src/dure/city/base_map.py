"""The city's own map and its points as compact GeoJSON, made once for each state of the tables and kept packed."""

import asyncio
import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import Engine, RowMapping, text

from dure.engine.database import Tx

_encode = msgspec.json.Encoder().encode
_MOST_KEPT = 24

ASSET_LAYERS: Mapping[str, str] = {
    "hydrants": "hydrant",
    "markets": "market",
    "stalls": "stall",
    "fire_stations": "fire_station",
    "police_stations": "police_station",
    "schools": "school",
    "clinics": "clinic",
    "hospitals": "hospital",
    "bus_stops": "bus_stop",
    "shelters": "shelter",
    "bells": "bell",
    "facilities": "facility",
}
"""Layers of points that are assets, by the asset's kind."""

LAYERS = ("cameras", "devices", *ASSET_LAYERS)


Part = Literal["ground", "buildings"]
_PARTS: Mapping[Part | None, str] = {
    None: "true",
    "ground": "layer not in ('building', 'market')",
    "buildings": "layer in ('building', 'market')",
}


class Packed(NamedTuple):
    """An answer: its strong ETag, its bytes, and the same gzipped."""

    etag: str
    plain: bytes
    gzipped: bytes


Make = Callable[[], Awaitable[Callable[[], bytes]]]
_kept: WeakKeyDictionary[Engine, OrderedDict[str, tuple[str, Packed]]] = WeakKeyDictionary()


async def _packed(tx: Tx, name: str, state: str, make: Make) -> Packed:
    """The kept answer for this state of the tables, or a new one (put together in a thread)."""
    shelf = _kept.setdefault(tx.connection.sync_engine.engine, OrderedDict())
    found = shelf.get(name)
    if found is None or found[0] != state:
        write = await make()
        found = (state, await asyncio.to_thread(_pack, write))
        shelf[name] = found
    shelf.move_to_end(name)
    while len(shelf) > _MOST_KEPT:
        shelf.popitem(last=False)
    return found[1]


def _pack(write: Callable[[], bytes]) -> Packed:
    plain = write()
    return Packed(f'"{hashlib.sha256(plain).hexdigest()[:20]}"', plain, gzip.compress(plain, 6, mtime=0))


async def _state(tx: Tx, *queries: str) -> str:
    rows = [await tx.row(text(query)) for query in queries]
    return "|".join(str(tuple(row.values())) for row in rows if row is not None)


async def base_map(tx: Tx, part: Part | None = None) -> Packed:
    """`{"layers": {name: FeatureCollection}, "bounds": [w, s, e, n] or null, "as_of": time or null}`.

    `ground` leaves the layers `building` and `market` out, `buildings` has only them: most of a map's bytes. Layers are
    those of the base map's features, `boundary` (with `level`), and `label` with the names of dong where the map brings
    none of its own.
    """
    state = await _state(
        tx,
        "select count(*), max(updated_at) from map_feature",
        "select count(*), max(updated_at) as changed_at, max(version) as version from boundary",
    )

    async def make() -> Callable[[], bytes]:
        features = await tx.rows(
            text(
                "select layer, class, name, attrs, geometry::text as geometry from map_feature "
                f"where {_PARTS[part]} order by layer, id"
            )
        )
        boundaries = await tx.rows(
            text(
                "select id, level, code, name, full_name, geometry::text as geometry, min_lon, min_lat, max_lon, "
                "max_lat, label_lon, label_lat from boundary order by level, code"
            )
        )
        times = await tx.row(
            text(
                "select max(at) as at from (select max(updated_at) as at from map_feature "
                "union all select max(updated_at) from boundary) both_"
            )
        )
        as_of = times["at"] if times else None
        return lambda: _encode(_base(features, [] if part == "buildings" else boundaries, as_of))

    return await _packed(tx, f"base {part}", state, make)


def _base(features: Sequence[RowMapping], boundaries: Sequence[RowMapping], as_of: Any) -> dict[str, Any]:
    layers: dict[str, list[Any]] = {}
    for row in features:
        properties = {"name": row["name"], "class": row["class"], **row["attrs"]}
        layers.setdefault(row["layer"], []).append(_feature(properties, row["geometry"]))
    for row in boundaries:
        properties = {"id": str(row["id"]), "code": row["code"], "level": row["level"], "name": row["name"]}
        layers.setdefault("boundary", []).append(_feature(properties, row["geometry"]))
    labels = layers.get("label", [])
    if not any(one["properties"].get("class") == "dong" for one in labels):
        for row in boundaries:
            if row["level"] == "dong":
                spot = _encode({"type": "Point", "coordinates": [row["label_lon"], row["label_lat"]]}).decode()
                labels.append(_feature({"name": row["name"], "class": "dong"}, spot))
    if labels:
        layers["label"] = labels
    return {
        "layers": {name: {"type": "FeatureCollection", "features": found} for name, found in layers.items()},
        "bounds": None
        if not boundaries
        else [
            min(row["min_lon"] for row in boundaries),
            min(row["min_lat"] for row in boundaries),
            max(row["max_lon"] for row in boundaries),
            max(row["max_lat"] for row in boundaries),
        ],
        "as_of": as_of,
    }


def _feature(properties: Mapping[str, Any], geometry: str) -> dict[str, Any]:
    """A feature whose geometry stays the text that the database gave."""
    told = {name: value for name, value in properties.items() if value is not None}
    return {"type": "Feature", "properties": told, "geometry": msgspec.Raw(geometry.encode())}


_POINTS: Mapping[str, tuple[str, str]] = {
    "cameras": (
        "select count(*), max(updated_at), coalesce(sum(version), 0) from camera",
        "select id, lon, lat, state, azimuth_deg as az, fov_deg as fov, ptz from camera order by id",
    ),
    "devices": (
        "select count(*), max(d.updated_at), coalesce(sum(d.version), 0) from device d",
        """select d.id, coalesce(d.lon, a.lon, p.lon) as lon, coalesce(d.lat, a.lat, p.lat) as lat, d.kind, d.state,
            d.fault from device d left join asset a on a.id = d.asset_id left join asset p on p.id = a.parent_id
            where coalesce(d.lon, a.lon, p.lon) is not null order by d.id""",
    ),
}
_ASSET_STATE = "select count(*), max(updated_at), coalesce(sum(version), 0) from asset where kind = '{kind}'"
_ASSET_POINTS = (
    "select id::text as id, lon, lat, name, nullif(state, 'ok') as state from asset "
    "where kind = '{kind}' and lon is not null order by code"
)


async def points(tx: Tx, layer: str) -> Packed:
    """A FeatureCollection of points with few properties: `id`; cameras `state`, `az`, `fov`, `ptz`; devices `kind`,
    `state`, `fault`; assets `name`, `state` where it is not ok. `layer` is one of `LAYERS`.
    """
    kind = ASSET_LAYERS.get(layer, "")
    of_state, of_points = _POINTS.get(layer) or (_ASSET_STATE.format(kind=kind), _ASSET_POINTS.format(kind=kind))
    state = await _state(tx, of_state)

    async def make() -> Callable[[], bytes]:
        rows = await tx.rows(text(of_points))
        return lambda: _encode({"type": "FeatureCollection", "features": [_point(row) for row in rows]})

    return await _packed(tx, f"points/{layer}", state, make)


def _point(row: RowMapping) -> dict[str, Any]:
    properties = {
        name: value
        for name, value in row.items()
        if name not in {"lon", "lat"} and value is not None and value is not False
    }
    spot = {"type": "Point", "coordinates": [round(row["lon"], 6), round(row["lat"], 6)]}
    return {"type": "Feature", "properties": properties, "geometry": spot}
