"""Outlines of stalls: GeoJSON that is sound, boxes around a place, and boxes in rows where no file gave any. Pure.

All outlines are WGS84 rings; metres are taken around the market, which is small enough for that (`kernel.geometry`).
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from dure.kernel.geometry import EARTH_RADIUS_M, LonLat, is_position

Ring = list[list[float]]
MOST_POINTS = 200
"""Of one stall: a plan drawn by hand has a dozen."""
_FRONT_M, _DEPTH_M, _LANE_M = 3.0, 4.0, 3.0
"""Of a stall that nobody measured, and the lane between two rows of such: usual ones of a covered market."""


class Row(NamedTuple):
    """A stall without an outline, as far as its row matters: hall, floor, painted number."""

    id: str
    zone: str
    floor: str
    number: str


def outline(told: object) -> Ring | None:
    """The outer ring of a GeoJSON polygon (the first of several), closed, in WGS84; None for anything else."""
    if not isinstance(told, Mapping):
        return None
    parts = told.get("coordinates")
    if told.get("type") == "MultiPolygon" and isinstance(parts, list) and parts:
        parts = parts[0]
    elif told.get("type") != "Polygon":
        return None
    if not isinstance(parts, list) or not parts or not isinstance(parts[0], list):
        return None
    ring = [point for each in parts[0] if (point := _point(each)) is not None]
    if len(ring) != len(parts[0]) or len(ring) < 3 or len(ring) > MOST_POINTS:
        return None
    closed = ring if ring[0] == ring[-1] else [*ring, ring[0]]
    return closed if len(closed) >= 4 and abs(area_m2(closed)) > 0.01 else None


def _point(told: object) -> list[float] | None:
    match told:
        case [int() | float() as lon, int() | float() as lat, *_] if not isinstance(lon, bool | None):
            return [float(lon), float(lat)] if is_position(float(lon), float(lat)) else None
    return None


def polygon(ring: Ring) -> dict[str, Any]:
    """The ring as GeoJSON; seven digits are a centimetre."""
    return {"type": "Polygon", "coordinates": [[[round(lon, 7), round(lat, 7)] for lon, lat in ring]]}


def metres(at: LonLat, points: Iterable[Sequence[float]]) -> list[tuple[float, float]]:
    """Points as (east, north) metres around `at`."""
    wide = EARTH_RADIUS_M * math.cos(math.radians(at.lat))
    return [
        (math.radians(point[0] - at.lon) * wide, math.radians(point[1] - at.lat) * EARTH_RADIUS_M) for point in points
    ]


def degrees(at: LonLat, points: Iterable[tuple[float, float]]) -> Ring:
    """(east, north) metres around `at` as longitudes and latitudes."""
    wide = EARTH_RADIUS_M * math.cos(math.radians(at.lat))
    return [[at.lon + math.degrees(x / wide), at.lat + math.degrees(y / EARTH_RADIUS_M)] for x, y in points]


def box(at: LonLat, width_m: float, depth_m: float, turned_deg: float = 0.0) -> Ring:
    """A stall around its middle: its front runs east, turned clockwise from there. A closed ring."""
    angle = -math.radians(turned_deg)
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]
    flat = [(x * width_m / 2, y * depth_m / 2) for x, y in corners]
    turned = [(x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)) for x, y in flat]
    return degrees(at, turned)


def area_m2(ring: Sequence[Sequence[float]]) -> float:
    """The area inside a closed ring; negative where it runs clockwise."""
    flat = metres(LonLat(ring[0][0], ring[0][1]), ring)
    return sum(x * v - u * y for (x, y), (u, v) in pairwise(flat)) / 2


def middle(ring: Sequence[Sequence[float]]) -> LonLat:
    """The middle of a ring's corners."""
    corners = ring[:-1] if len(ring) > 1 and list(ring[0]) == list(ring[-1]) else ring
    return LonLat(sum(p[0] for p in corners) / len(corners), sum(p[1] for p in corners) / len(corners))


def natural(told: str) -> tuple[tuple[int, str | int], ...]:
    """A key by which 가동 2호 comes before 가동 10호."""
    return tuple((0, int(part)) if part.isdigit() else (1, part) for part in re.findall(r"\d+|\D+", told))


def in_rows(at: LonLat, stalls: Iterable[Row], below_m: float = 0.0) -> dict[str, Ring]:
    """Boxes for stalls whose outlines nobody gave: a row for each hall and floor, by number from west to east, the rows
    from north to south beginning `below_m` south of `at`. It shows who is beside whom, not how far.
    """
    rows: dict[tuple[str, str], list[Row]] = {}
    for stall in stalls:
        rows.setdefault((stall.zone, stall.floor), []).append(stall)
    found: dict[str, Ring] = {}
    for line, key in enumerate(sorted(rows, key=lambda one: (natural(one[0]), natural(one[1])))):
        row = sorted(rows[key], key=lambda one: (natural(one.number), one.id))
        y = -below_m - line * (_DEPTH_M + _LANE_M)
        for column, stall in enumerate(row):
            x = (column - (len(row) - 1) / 2) * _FRONT_M
            ((lon, lat),) = degrees(at, [(x, y)])
            found[stall.id] = box(LonLat(lon, lat), _FRONT_M * 0.94, _DEPTH_M * 0.96)
    return found


def neighbours(of: str, rings: Mapping[str, Ring], within_m: float) -> list[tuple[str, float]]:
    """The stalls whose middles lie within `within_m` of that of the stall `of`, the nearest first, with metres."""
    at = middle(rings[of])
    told = [(id_, math.hypot(*metres(at, [middle(ring)])[0])) for id_, ring in rings.items() if id_ != of]
    return sorted(((id_, far) for id_, far in told if far <= within_m), key=lambda one: (one[1], one[0]))
