"""Which of the city's districts hold a place."""

import json

import shapely
from shapely.geometry import shape
from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.geometry import LonLat

_AROUND = text(
    "select code, geometry from boundary where level = :level and :lon between min_lon and max_lon "
    "and :lat between min_lat and max_lat order by code"
)
_LEVELS = ("district", "city", "dong")


async def codes_at(tx: Tx, place: LonLat) -> tuple[str, ...]:
    """Codes of the districts (구·군), else of the city, else of the dong, whose ground holds the place; none where no
    boundary does.
    """
    point = shapely.Point(place.lon, place.lat)
    for level in _LEVELS:
        rows = await tx.rows(_AROUND, {"level": level, "lon": place.lon, "lat": place.lat})
        found = tuple(row["code"] for row in rows if shape(_geometry(row["geometry"])).covers(point))
        if found:
            return found
    return ()


def _geometry(value: object) -> dict[str, object]:
    found = json.loads(value) if isinstance(value, str) else value
    assert isinstance(found, dict)
    return found
