"""Following somebody from camera to camera (이동 경로 추적): a mark on one picture, and where to look next."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from dure.city.routes import REACH_M, Line, Mover, Next, Spot, following
from dure.engine.database import Tx
from dure.kernel.errors import Conflict, FieldError, Invalid
from dure.kernel.geometry import LonLat, degrees_around
from dure.respond import timeline
from dure.respond.changes import changed, taken
from dure.respond.model import Status
from dure.respond.timeline import Entry
from dure.trust import audit
from dure.trust.principal import Principal

_BOX = "lon between :west and :east and lat between :south and :north"
_CAMERA = text("select id, site_id, name, lon, lat from camera where id = :id")
_CAMERAS = text(
    f"select id, site_id, name, lon, lat, stream_url is not null as has_stream from camera "
    f"where {_BOX} and state in ('ok', 'unknown')"
)
_ROADS = text(
    "select geometry from map_feature where layer = 'road' and min_lon <= :east and max_lon >= :west "
    "and min_lat <= :north and max_lat >= :south limit 4000"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """Who was seen: on which camera, when, where in its picture (0 to 1 from the upper left), on foot or in a car."""

    camera_id: str
    at: datetime
    mover: Mover
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Ahead:
    """A camera to look at next, with its name and whether it has a picture."""

    next: Next
    name: str | None
    has_stream: bool


async def mark(tx: Tx, principal: Principal, incident_id: UUID, marked: Mark, n: int) -> list[Ahead]:
    """Write the mark into the timeline and say where to look next. Seeing those cameras is decided as ever: the centre
    opens them, others ask for them. Raises NotFound, Conflict for a closed incident, Invalid for a camera that is not
    on the map or a time that has no zone or has not come.
    """
    row = await taken(tx, principal, incident_id)
    if row["status"] == Status.CLOSED:
        raise Conflict("respond.incident.closed")
    if marked.at.tzinfo is None or (marked.at - tx.now()).total_seconds() > 60:
        raise Invalid("engine.fields.wrong", fields=[FieldError("at", "video.track.time")])
    camera = await tx.row(_CAMERA, {"id": marked.camera_id})
    if camera is None or camera["lon"] is None:
        wrong = FieldError("camera_id", "video.ticket.camera_unknown", {"camera": marked.camera_id})
        raise Invalid("engine.fields.wrong", fields=[wrong])
    said = {"camera": camera["name"] or camera["id"], "mover": marked.mover, "at": marked.at.isoformat()}
    said |= {"x": round(marked.x, 3), "y": round(marked.y, 3), "camera_id": camera["id"]}
    await timeline.add(tx, incident_id, Entry.CAMERA, "video_marked", said, actor=principal.name)
    await audit.record(tx, principal, "video.track", "camera", camera["id"], case=incident_id)
    await changed(tx, incident_id, "video")
    start = Spot(camera["id"], camera["site_id"], LonLat(camera["lon"], camera["lat"]))
    return await _ahead(tx, start, marked.mover, n)


async def _ahead(tx: Tx, start: Spot, mover: Mover, n: int) -> list[Ahead]:
    wide, high = degrees_around(start.at, REACH_M[mover])
    box = {"west": start.at.lon - wide, "east": start.at.lon + wide}
    box |= {"south": start.at.lat - high, "north": start.at.lat + high}
    rows = {row["id"]: row for row in await tx.rows(_CAMERAS, box)}
    roads = _lines([row["geometry"] for row in await tx.rows(_ROADS, box)])
    spots = [Spot(row["id"], row["site_id"], LonLat(row["lon"], row["lat"])) for row in rows.values()]
    found = await asyncio.to_thread(following, start, spots, roads, mover, n)
    return [Ahead(one, rows[one.id]["name"], rows[one.id]["has_stream"]) for one in found]


def _lines(shapes: Sequence[dict[str, Any]]) -> list[Line]:
    """The lines of GeoJSON geometries."""
    lines: list[Line] = []
    for shape in shapes:
        if shape["type"] == "LineString":
            lines.append(shape["coordinates"])
        elif shape["type"] == "MultiLineString":
            lines += shape["coordinates"]
    return lines
