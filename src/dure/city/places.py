"""Assets, boundaries and search."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, text

from dure.city.filters import narrowed
from dure.city.tables import asset, boundary
from dure.engine.database import Tx
from dure.kernel.errors import NotFound

_ASSET = [column for column in asset.c if column.name != "search"]
_BOUNDARY = [
    boundary.c[name]
    for name in ("id", "level", "code", "name", "full_name", "label_lon", "label_lat", "area_m2", "version")
]


def shown_asset(row: RowMapping) -> dict[str, Any]:
    """An asset; of the person who answers for it only that there is one."""
    return {
        **{column.name: row[column.name] for column in _ASSET if column.name != "person_id"},
        "has_person": row["person_id"] is not None,
    }


async def assets(
    tx: Tx, *, limit: int, after: tuple[Any, ...] | None = None, filters: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Assets by kind and code, `limit` + 1 of them. Filters: kind, parent_id, q, bbox."""
    wanted = dict(filters or {})
    statement = select(*_ASSET).order_by(asset.c.kind, asset.c.code).limit(limit + 1)
    if after is not None:
        kind, code = after
        statement = statement.where((asset.c.kind > kind) | ((asset.c.kind == kind) & (asset.c.code > code)))
    statement = narrowed(statement, asset, wanted, {name: asset.c[name] for name in ("kind", "parent_id")})
    return [shown_asset(row) for row in await tx.rows(statement)]


async def asset_of(tx: Tx, asset_id: UUID) -> dict[str, Any]:
    """An asset. Raises NotFound."""
    row = await tx.row(select(*_ASSET).where(asset.c.id == asset_id))
    if row is None:
        raise NotFound("city.asset.unknown")
    return shown_asset(row)


async def boundaries(tx: Tx, level: str | None) -> list[dict[str, Any]]:
    """Boundaries without their lines, by level and code."""
    statement = select(*_BOUNDARY).order_by(boundary.c.level, boundary.c.code)
    if level is not None:
        statement = statement.where(boundary.c.level == level)
    return [dict(row) for row in await tx.rows(statement)]


_SOURCES: Mapping[str, str] = {
    "place": """select 'place' as entity, id::text as id, 'place' as kind, name,
        coalesce(road_address, lot_address) as detail, lon, lat, search, 1 as rank from place""",
    "asset": """select 'asset', a.id::text, a.kind,
        case when p.id is null or starts_with(a.name, p.name) then a.name else p.name || ' ' || a.name end,
        coalesce(a.attrs->>'shop', a.road_address, a.lot_address), coalesce(a.lon, p.lon), coalesce(a.lat, p.lat),
        a.search || ' ' || lower(coalesce(a.attrs->>'shop', '')), 0
        from asset a left join asset p on p.id = a.parent_id""",
    "camera": "select 'camera', id, 'camera', name, site_id, lon, lat, search, 3 from camera",
    "camera_site": """select 'camera_site', id, 'camera_site', name, coalesce(road_address, lot_address), lon, lat,
        search, 2 from camera_site""",
    "device": "select 'device', id, 'device', name, kind, lon, lat, search, 2 from device",
    "boundary": """select 'boundary', id::text, 'boundary', name, full_name, label_lon, label_lat, search, 1
        from boundary""",
}
_PERMISSIONS: Mapping[str, str] = {"camera": "camera.read", "camera_site": "camera.read", "device": "device.read"}


def sources_for(may: Any) -> list[str]:
    """What somebody may search, by their permissions."""
    return [name for name in _SOURCES if may(_PERMISSIONS.get(name, "city.read"))]


async def search(tx: Tx, q: str, sources: Sequence[str], limit: int = 20) -> list[dict[str, Any]]:
    """What has all the words of `q` in its name, code or address, or `q` in its initials (ㅈㅇㅅㅈ); best first.

    A name that is or begins with `q` comes first, then the shorter names.
    """
    words = [word for word in q.lower().split() if word][:6]
    if not words or not sources:
        return []
    params: dict[str, Any] = {"limit": limit, "whole": " ".join(words), "joined": "".join(words)}
    conditions = []
    for index, word in enumerate(words):
        params[f"w{index}"] = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        conditions.append(f"search like :w{index}")
    matches = " and ".join(conditions)
    parts = [
        f"(select * from ({_SOURCES[name]}) as s(entity, id, kind, name, detail, lon, lat, search, rank) "
        f"where {matches} limit 200)"
        for name in sources
    ]
    statement = text(
        f"select entity, id, kind, name, detail, lon, lat from ({' union all '.join(parts)}) found "
        "order by (lower(name) = :whole or lower(id) = :whole) desc, starts_with(lower(name), :whole) desc, "
        "starts_with(replace(lower(name), ' ', ''), :joined) desc, rank, length(name), name, id limit :limit"
    )
    return [{**row, "title": row["name"]} for row in await tx.rows(statement, params)]
