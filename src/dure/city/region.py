"""The city's ground: whether a place lies in it, and how far outside."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import shapely
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text

from dure.city.projection import METRIC, to_plane
from dure.engine.database import Tx


class Region:
    """The union of the boundaries of the widest level that the city has."""

    def __init__(self, geometries: Iterable[Mapping[str, Any]]) -> None:
        self._ground: BaseGeometry = shapely.union_all([shapely.make_valid(shape(dict(one))) for one in geometries])
        shapely.prepare(self._ground)
        self._plane: BaseGeometry | None = None

    def holds(self, lon: float, lat: float) -> bool:
        """Whether the place lies inside or on the border."""
        return bool(shapely.intersects_xy(self._ground, lon, lat))

    def metres_outside(self, lon: float, lat: float) -> float:
        """How far the place is from the border; 0 inside."""
        if self.holds(lon, lat):
            return 0.0
        if self._plane is None:
            self._plane = shapely.transform(self._ground, lambda pairs: _flat(pairs.tolist()))
        ((x, y),) = to_plane([(lon, lat)], METRIC)
        return float(self._plane.distance(Point(x, y)))


def _flat(pairs: list[list[float]]) -> Any:
    import numpy as np

    return np.array(to_plane([(lon, lat) for lon, lat in pairs], METRIC))


async def region_of(tx: Tx) -> Region | None:
    """The city's ground; None while it has no boundary."""
    for level in ("city", "district", "dong"):
        rows = await tx.rows(text("select geometry from boundary where level = :level"), {"level": level})
        if rows:
            return Region([_geometry(row["geometry"]) for row in rows])
    return None


def _geometry(value: Any) -> Mapping[str, Any]:
    found = json.loads(value) if isinstance(value, str) else value
    assert isinstance(found, Mapping)
    return found
