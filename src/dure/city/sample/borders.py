"""The city's outline and its twelve dongs: unions of quarters, so that borders follow roads, rails and the river."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from shapely.geometry import LineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from dure.city.sample import plan
from dure.city.sample.model import Boundary
from dure.city.sample.naming import admin_dong
from dure.city.sample.plane import XY, bent, degrees, lonlat, stepped
from dure.city.sample.streets import Network, district_of

_GRID_M = 0.01
_STEP_M = 60.0
_RIVER_MIDDLE = (plan.RIVER_NORTH + plan.RIVER_SOUTH) / 2


def make_boundaries(network: Network) -> list[Boundary]:
    """The city, then its dongs. Neighbours share every corner, so that nothing lies between them."""
    parts = _whole(_districts(network))
    city = shapely.coverage_union_all(parts)
    boundaries = [_boundary("city", plan.CITY_CODE, plan.CITY_NAME, plan.CITY_NAME, city, (0.0, 0.0))]
    for index, part in enumerate(parts):
        dong = plan.DISTRICTS[index]
        boundaries.append(
            _boundary("dong", admin_dong(index), dong.name, f"{plan.CITY_NAME} {dong.name}", part, dong.seed)
        )
    return boundaries


def _districts(network: Network) -> list[BaseGeometry]:
    """For each dong the union of its faces, which need not hang together yet."""
    outline = Polygon(network.ground.city)
    wide = plan.HALF_WIDTH * 1.3
    lines: list[BaseGeometry] = [LineString([*network.ground.city, network.ground.city[0]])]
    lines += [Polygon([(c.x, c.y) for c in quarter.polygon]).exterior for quarter in network.quarters]
    lines += [LineString([s.start, s.end]) for s in network.streets if s.kind == "arterial"]
    lines += [LineString([(-wide, y), (wide, y)]) for y in (plan.RIVER_NORTH, _RIVER_MIDDLE, plan.RIVER_SOUTH)]
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all(lines, grid_size=_GRID_M)]))
    owned: list[list[BaseGeometry]] = [[] for _ in plan.DISTRICTS]
    for face in faces:
        point = face.representative_point()
        if outline.contains(point):
            owned[district_of(point.x, point.y)].append(face)
    return [shapely.coverage_union_all(faces) for faces in owned]


def _whole(districts: list[BaseGeometry]) -> list[BaseGeometry]:
    """Each dong in one piece: stray parts go to the neighbour with the longest common border."""
    mains: list[BaseGeometry] = []
    strays: list[BaseGeometry] = []
    for district in districts:
        parts = sorted(_polygons(district), key=lambda part: part.area, reverse=True)
        mains.append(parts[0])
        strays += parts[1:]
    for stray in sorted(strays, key=lambda part: part.area, reverse=True):
        border = [stray.intersection(main).length for main in mains]
        best = int(np.argmax(border))
        mains[best] = shapely.coverage_union_all([mains[best], stray])
    return mains


def _polygons(geometry: BaseGeometry) -> Iterable[Polygon]:
    if isinstance(geometry, MultiPolygon):
        return geometry.geoms
    assert isinstance(geometry, Polygon)
    return [geometry]


def _boundary(level: str, code: str, name: str, full_name: str, part: BaseGeometry, label: XY) -> Boundary:
    polygons = []
    area = 0.0
    for polygon in _polygons(part):
        rings = [_stepped_ring(list(ring.coords)) for ring in (polygon.exterior, *polygon.interiors)]
        grounds = [bent(np.array(ring)) for ring in rings]
        area += Polygon(grounds[0], grounds[1:]).area
        polygons.append([degrees(ground).tolist() for ground in grounds])
    geometry: dict[str, Any] = (
        {"type": "Polygon", "coordinates": polygons[0]}
        if len(polygons) == 1
        else {"type": "MultiPolygon", "coordinates": polygons}
    )
    return Boundary(level, code, name, full_name, geometry, lonlat(*label), round(area, 1))


def _stepped_ring(ring: list[Any]) -> list[XY]:
    """Points along a ring, the same ones in whichever direction a neighbour walks them."""
    out: list[XY] = []
    for a, b in pairwise(ring):
        points = stepped(min(a, b), max(a, b), _STEP_M)
        out += (points if a < b else points[::-1])[:-1]
    return [*out, out[0]]
