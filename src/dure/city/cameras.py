"""Cameras: seen, searched, corrected by hand."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, select, update

from dure.city import events, streams
from dure.city.filters import narrowed
from dure.city.tables import camera, camera_site
from dure.engine.database import Tx
from dure.engine.web import check_version
from dure.kernel.errors import FieldError, Invalid, NotFound
from dure.kernel.geometry import is_position
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.vault import Vault

COLUMNS: list[ColumnElement[Any]] = [
    *(column for column in camera.c if column.name not in {"search", "stream_url", "stream_login"}),
    camera.c.stream_url.is_not(None).label("has_stream"),
]
SITE_COLUMNS = [column for column in camera_site.c if column.name != "search"]


def shown(row: RowMapping) -> dict[str, Any]:
    """A camera as screens see it; where its picture comes from is told to nobody, only whether somebody has said."""
    return {column.name: row[column.name] for column in COLUMNS}


async def by_ids(tx: Tx, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Cameras in their list form."""
    rows = await tx.rows(select(*COLUMNS).where(camera.c.id.in_(list(ids))))
    return {row["id"]: shown(row) for row in rows}


async def listed(
    tx: Tx, *, limit: int, after: str | None = None, filters: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Cameras by id, `limit` + 1 of them. Filters: q, state, site_id, bbox (west, south, east, north)."""
    wanted = dict(filters or {})
    statement = select(*COLUMNS).order_by(camera.c.id).limit(limit + 1)
    if after is not None:
        statement = statement.where(camera.c.id > after)
    statement = narrowed(statement, camera, wanted, {name: camera.c[name] for name in ("state", "site_id")})
    return [shown(row) for row in await tx.rows(statement)]


async def camera_of(tx: Tx, camera_id: str, *, lock: bool = False) -> RowMapping:
    """A camera. Raises NotFound."""
    statement = select(*COLUMNS).where(camera.c.id == camera_id)
    row = await tx.row(statement.with_for_update() if lock else statement)
    if row is None:
        raise NotFound("city.camera.unknown", camera=camera_id[:80])
    return row


async def detail(tx: Tx, camera_id: str) -> dict[str, Any]:
    """A camera with its site and the other cameras there. Raises NotFound."""
    row = await camera_of(tx, camera_id)
    site = await tx.row(select(*SITE_COLUMNS).where(camera_site.c.id == row["site_id"]))
    others = await tx.rows(
        select(camera.c.id, camera.c.number, camera.c.state, camera.c.azimuth_deg)
        .where(camera.c.site_id == row["site_id"], camera.c.id != camera_id)
        .order_by(camera.c.number)
        .limit(500)
    )
    return {
        **shown(row),
        "site": None if site is None else dict(site),
        "others": [dict(other) for other in others],
    }


async def change(
    tx: Tx, vault: Vault, by: Principal, camera_id: str, values: Mapping[str, Any], expected: int | None
) -> dict[str, Any]:
    """Correct a camera by hand; files of sites leave it alone from then on. A login in its stream's address is sealed.
    Raises NotFound, PreconditionFailed, Invalid."""
    current = await camera_of(tx, camera_id, lock=True)
    check_version(expected, current["version"])
    merged = {**current, **values}
    if not is_position(merged["lon"], merged["lat"]):
        raise Invalid("engine.fields.wrong", fields=[FieldError("lon", "city.position.wrong")])
    changed = {name: value for name, value in values.items() if name != "stream_url" and current[name] != value}
    if "stream_url" in values:
        changed |= streams.columns(vault, camera_id, values["stream_url"])
    if changed:
        version = await tx.scalar(
            update(camera)
            .where(camera.c.id == camera_id)
            .values(**{"source": "hand", **changed}, version=camera.c.version + 1, updated_at=tx.now())
            .returning(camera.c.version)
        )
        await events.camera_changed(tx, [(camera_id, int(version))])
        await audit.record(tx, by, "camera.change", "camera", camera_id)
    return await detail(tx, camera_id)
