"""The drawing board: a straight plan in metres, cut by straight lines, then bent into the city's ground.

Everything is first cut on a straight plan, where every block is convex and each cut is exact. `bent` then carries the
plan to the ground by a polynomial of complex numbers: such a map keeps right angles, so that streets curve and turn
from one district to the next while houses stay square.
"""

import math
import random
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
XY = tuple[float, float]

ORIGIN_LON, ORIGIN_LAT = 127.43, 36.63
"""Where the plan's zero lies (WGS84); the heart of the city."""
_TURN = math.radians(-3.0)
_BEND2 = complex(9e-6, 1.8e-5)
_BEND3 = complex(-1.6e-9, 4.2e-9)
_WAVES = ((12.0, 1_110.0, 0.7, 0.4), (8.0, 760.0, -0.4, 1.9), (34.0, 2_300.0, 0.25, 3.1), (70.0, 4_700.0, -0.2, 0.3))
"""Small waves on top: height, length, slant, phase."""
_MEANDER = (120.0, 3_900.0, -261.0, 950.0)
"""How the river swings and all beside it with it: height, length, its height on the plan, how far that reaches."""
_METRES_PER_LAT = math.radians(1) * 6_371_008.8
_METRES_PER_LON = _METRES_PER_LAT * math.cos(math.radians(ORIGIN_LAT))
NO_ROAD = -1
"""Label of an edge that lies on no road: the line between two lots."""


class Corner(NamedTuple):
    """A corner of a polygon, and the road along the edge that starts here."""

    x: float
    y: float
    road: int


Polygon = list[Corner]
"""Convex, counter-clockwise, not closed, in metres of the straight plan."""


def stream(seed: int, topic: str) -> random.Random:
    """Random numbers for one topic: what one topic draws does not move another's."""
    return random.Random(f"hanbit:{seed}:{topic}")


def rectangle(x0: float, y0: float, x1: float, y1: float, road: int = NO_ROAD) -> Polygon:
    """The upright rectangle between two corners."""
    return [Corner(x0, y0, road), Corner(x1, y0, road), Corner(x1, y1, road), Corner(x0, y1, road)]


def kept_left(polygon: Polygon, at: XY, towards: XY, road: int) -> Polygon:
    """The part of `polygon` left of the line through `at` in the direction `towards`; the cut edge gets `road`."""
    (px, py), (dx, dy) = at, towards
    sides = [dx * (corner.y - py) - dy * (corner.x - px) for corner in polygon]
    out: Polygon = []
    for index, corner in enumerate(polygon):
        following = (index + 1) % len(polygon)
        here, there = sides[index], sides[following]
        if here >= 0:
            out.append(corner)
            if there < 0:
                out.append(Corner(*_between(corner, polygon[following], here, there), road))
        elif there > 0:
            out.append(Corner(*_between(corner, polygon[following], here, there), corner.road))
    return out if len(out) > 2 else []


def _between(a: Corner, b: Corner, side_a: float, side_b: float) -> XY:
    share = side_a / (side_a - side_b)
    return a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share


def cut(polygon: Polygon, at: XY, towards: XY, road: int) -> tuple[Polygon, Polygon]:
    """Both parts, left and right of the line; either may be empty."""
    back = (-towards[0], -towards[1])
    return kept_left(polygon, at, towards, road), kept_left(polygon, at, back, road)


def area_m2(polygon: Polygon) -> float:
    """Area by the shoelace rule."""
    total = 0.0
    for index, a in enumerate(polygon):
        b = polygon[(index + 1) % len(polygon)]
        total += a.x * b.y - b.x * a.y
    return total / 2


def middle(polygon: Sequence[Corner]) -> XY:
    """The mean of the corners: inside a convex polygon."""
    n = len(polygon)
    return sum(c.x for c in polygon) / n, sum(c.y for c in polygon) / n


class Frame(NamedTuple):
    """The smallest box around a polygon: its unit direction along the longer side, lengths and middle."""

    along: XY
    long: float
    short: float
    middle: XY


def frame(polygon: Polygon) -> Frame:
    """The tightest box of those that lie along an edge."""
    best: Frame | None = None
    for index, a in enumerate(polygon):
        b = polygon[(index + 1) % len(polygon)]
        length = math.hypot(b.x - a.x, b.y - a.y)
        if length < 1e-6:
            continue
        ux, uy = (b.x - a.x) / length, (b.y - a.y) / length
        us = [c.x * ux + c.y * uy for c in polygon]
        vs = [c.y * ux - c.x * uy for c in polygon]
        width, height = max(us) - min(us), max(vs) - min(vs)
        if best is None or width * height < best.long * best.short - 1e-9:
            u, v = (max(us) + min(us)) / 2, (max(vs) + min(vs)) / 2
            centre = (u * ux - v * uy, u * uy + v * ux)
            best = Frame((ux, uy), width, height, centre)
            if height > width:
                best = Frame((-uy, ux), height, width, centre)
    assert best is not None
    return best


def inset(polygon: Polygon, widths: Sequence[float]) -> Polygon:
    """`polygon` without a strip of `widths[i]` along its edge i; empty where nothing is left."""
    out = polygon
    for index, a in enumerate(polygon):
        b = polygon[(index + 1) % len(polygon)]
        length = math.hypot(b.x - a.x, b.y - a.y)
        if length < 1e-6 or widths[index] <= 0:
            continue
        ux, uy = (b.x - a.x) / length, (b.y - a.y) / length
        at = (a.x - uy * widths[index], a.y + ux * widths[index])
        out = kept_left(out, at, (ux, uy), a.road)
        if not out:
            return []
    return out


def turned(direction: XY, radians: float) -> XY:
    """`direction` turned counter-clockwise."""
    c, s = math.cos(radians), math.sin(radians)
    return direction[0] * c - direction[1] * s, direction[0] * s + direction[1] * c


def bent(points: Floats) -> Floats:
    """Points (n, 2) of the straight plan on the ground: metres east and north of the origin."""
    x, y = points[:, 0], points[:, 1]
    dx, dy = np.zeros_like(x), np.zeros_like(y)
    for height, length, slant, phase in _WAVES:
        dx += height * np.sin(2 * math.pi * (y + slant * x) / length + phase)
        dy += height * np.sin(2 * math.pi * (x - slant * y) / length + 2 * phase)
    height, length, level, reach = _MEANDER
    dy += height * np.sin(2 * math.pi * x / length) * np.exp(-(((y - level) / reach) ** 2) / 2)
    plain = (x + dx - _WAVE_ZERO[0]) + 1j * (y + dy - _WAVE_ZERO[1])
    ground = (plain + _BEND2 * plain**2 + _BEND3 * plain**3) * complex(math.cos(_TURN), math.sin(_TURN))
    return np.column_stack((ground.real, ground.imag))


_WAVE_ZERO = (
    sum(height * math.sin(phase) for height, _, _, phase in _WAVES),
    sum(height * math.sin(2 * phase) for height, _, _, phase in _WAVES),
)


def stretch(x: float, y: float) -> float:
    """How much larger a metre of the plan is on the ground, about."""
    z = complex(x, y)
    return abs(1 + 2 * _BEND2 * z + 3 * _BEND3 * z * z)


def degrees(ground: Floats) -> Floats:
    """Metres on the ground (n, 2) as WGS84 (lon, lat), rounded to 6 decimals (11 cm)."""
    lon = ORIGIN_LON + ground[:, 0] / _METRES_PER_LON
    lat = ORIGIN_LAT + ground[:, 1] / _METRES_PER_LAT
    return np.asarray(np.round(np.column_stack((lon, lat)), 6), dtype=np.float64)


def lonlat(x: float, y: float) -> XY:
    """One point of the straight plan in WGS84 degrees."""
    lon, lat = degrees(bent(np.array([[x, y]], dtype=np.float64)))[0]
    return float(lon), float(lat)


def placed(points: Sequence[XY]) -> list[list[float]]:
    """Points of the straight plan as GeoJSON positions."""
    if not points:
        return []
    found: list[list[float]] = degrees(bent(np.array(points, dtype=np.float64))).tolist()
    return found


def stepped(a: XY, b: XY, step: float) -> list[XY]:
    """Points from `a` to `b`, both ends in, at most `step` metres apart: a straight line that may bend."""
    count = max(1, math.ceil(math.hypot(b[0] - a[0], b[1] - a[1]) / step))
    return [(a[0] + (b[0] - a[0]) * i / count, a[1] + (b[1] - a[1]) * i / count) for i in range(count + 1)]


def inside(ring: Sequence[XY], x: float, y: float) -> bool:
    """Whether a point lies in a ring of any shape."""
    found = False
    ax, ay = ring[-1]
    for bx, by in ring:
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            found = not found
        ax, ay = bx, by
    return found


def blob(middle_at: XY, width: float, height: float, rng: random.Random, *, rough: float = 0.08) -> list[XY]:
    """A soft closed shape around a point, by a few waves around an ellipse; about 64 corners."""
    waves = [(k, rng.uniform(-1, 1) * rough / math.sqrt(k), rng.uniform(0, 2 * math.pi)) for k in range(2, 9)]
    points = []
    for i in range(64):
        angle = 2 * math.pi * i / 64
        r = 1 + sum(size * math.sin(k * angle + phase) for k, size, phase in waves)
        points.append((middle_at[0] + width * r * math.cos(angle), middle_at[1] + height * r * math.sin(angle)))
    return points
