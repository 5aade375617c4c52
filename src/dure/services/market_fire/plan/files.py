"""Plans of markets (`market_plans`): GeoJSON of outlines, or a table with an outline or a measured box for each stall.

A stall is found by market, hall, floor and painted number, as its own file has them; a plan may come before the stalls.
"""

import json
import math
import re
from typing import Any

import shapely
from shapely.errors import ShapelyError

from dure.city.imports.coordinates import Pair, guess_plane
from dure.city.imports.kinds.stalls import STALLS
from dure.city.imports.model import Draft, Entity, Field, Kind, Setting
from dure.city.imports.things import Thing, contribute
from dure.city.projection import PLANES, looks_like_degrees, to_wgs84
from dure.documents import values
from dure.kernel.geometry import LonLat
from dure.kernel.ids import new_id
from dure.services.market_fire.plan import shapes
from dure.services.market_fire.plan.tables import market_shape

LARGEST_M = 200.0
"""A stall's front or depth; a longer one is a slip of the pen or in centimetres."""
_WHOLE = {field.name: field for field in STALLS.fields}


def _metres(cell: str) -> float | None:
    plain = re.sub(r"\s*(m|미터)$", "", values.folded(cell), flags=re.IGNORECASE)
    told = values.number(plain)
    if told is not None and not 0 < told <= LARGEST_M:
        raise ValueError("market_fire.import.size")
    return told


def _degrees(cell: str) -> float | None:
    told = values.number(values.folded(cell).removesuffix("°"))
    if told is not None and not -360 <= told <= 360:
        raise ValueError("market_fire.import.angle")
    return told


def _build(draft: Draft, setting: Setting, key: str) -> list[Entity]:
    ring = _drawn(draft, setting) if draft.values.get("geometry") else _boxed(draft)
    if ring is None:
        if not draft.reasons:
            draft.reject("geometry", "market_fire.import.no_outline")
        return []
    return [Entity("market_shape", (key,), {"geometry": shapes.polygon(ring)})]


def _boxed(draft: Draft) -> shapes.Ring | None:
    place, width, depth = draft.position, draft.values.get("width"), draft.values.get("depth")
    if not place:
        return None
    if width is None or depth is None:
        draft.reject("width" if width is None else "depth", "market_fire.import.no_size")
        return None
    return shapes.box(LonLat(place["lon"], place["lat"]), width, depth, draft.values.get("angle") or 0.0)


def _drawn(draft: Draft, setting: Setting) -> shapes.Ring | None:
    """The outline as WGS84: GeoJSON or WKT, in degrees or in a Korean plane."""
    told = _polygon(str(draft.values["geometry"]))
    points = [] if told is None else shapely.get_coordinates(told).tolist()
    if told is None or not points or not all(math.isfinite(one) for point in points for one in point):
        draft.reject("geometry", "market_fire.import.outline")
        return None
    x, y = points[0]
    if not looks_like_degrees(x, y):
        if setting.epsg in PLANES:
            found: tuple[int, bool] | None = (setting.epsg, setting.swapped_plane)
        else:
            found = guess_plane([Pair(x, y, ("geometry", "geometry"))], setting.region)
        if found is None:
            draft.reject("geometry", "city.import.position.not_plane", x=x, y=y)
            return None
        epsg, swapped = found
        placed = to_wgs84(epsg, [(b, a) if swapped else (a, b) for a, b in points])
        points = [[place.lon, place.lat] for place in placed]
    ring = shapes.outline({"type": "Polygon", "coordinates": [points]})
    if ring is None:
        draft.reject("geometry", "market_fire.import.outline")
    return ring


def _polygon(told: str) -> Any:
    """The outer ring of the largest part; None for what is no area."""
    try:
        found = shapely.geometry.shape(json.loads(told)) if told.lstrip()[:1] == "{" else shapely.from_wkt(told)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, ShapelyError, RecursionError):
        return None
    if found.is_empty or found.geom_type not in {"Polygon", "MultiPolygon"}:
        return None
    return max(shapely.get_parts(shapely.force_2d(found)), key=lambda part: part.area).exterior


PLANS = Kind(
    name="market_plans",
    fields=(
        *(_WHOLE[name] for name in ("market", "number", "zone", "floor")),
        Field("geometry", ("geometry", "도형", "경계", "wkt", "the_geom", "좌표"), lambda cell: cell or None),
        Field("width", ("폭", "폭(m)", "전면", "전면폭", "가로", "width", "width_m"), _metres),
        Field("depth", ("깊이", "깊이(m)", "세로", "depth", "depth_m"), _metres),
        Field("angle", ("방향각", "각도", "회전", "angle", "bearing"), _degrees, strict=False),
    ),
    groups=(("geometry", "width"),),
    key_field="number",
    key=STALLS.key,
    build=_build,
    place="optional",
)


def register() -> None:
    """Tell the city of these files."""
    contribute(__name__, (PLANS,), (_SHAPE,))


_SHAPE = Thing(market_shape, ("code",), new_id)
register()
