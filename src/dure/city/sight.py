"""Whether a building stands between a camera and a place. Pure: outlines in, yes or no out.

Heights are left out: cameras hang at four to six metres, lower than almost any building. The building that the place
lies in, and the one that a camera hangs on, do not count: a fire in a shop is seen by who sees the shop.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence

from dure.kernel.geometry import EARTH_RADIUS_M, LonLat

Ring = Sequence[Sequence[float]]
"""An outline: (lon, lat) corners, the first again at the end or not."""
_CELL_M = 100.0
_WALL_M = 1.5
"""A camera this near to an outline hangs on that building."""
_MOST_CELLS = 10_000
"""An outline over more cells than these (some 10 km each way) is looked at each time instead of being found by them."""


class Buildings:
    """The outlines of a city, found by where they are."""

    def __init__(self, rings: Iterable[Ring]) -> None:
        self._rings = [tuple((corner[0], corner[1]) for corner in ring) for ring in rings if len(ring) >= 3]
        self._step = math.degrees(_CELL_M / EARTH_RADIUS_M)
        self._cells: dict[tuple[int, int], list[int]] = {}
        self._vast: list[int] = []
        for n, ring in enumerate(self._rings):
            columns, rows = self._box([LonLat(*corner) for corner in ring])
            if len(columns) * len(rows) > _MOST_CELLS:
                self._vast.append(n)
                continue
            for cell in itertools.product(columns, rows):
                self._cells.setdefault(cell, []).append(n)

    def __len__(self) -> int:
        return len(self._rings)

    def hide(self, camera: LonLat, place: LonLat) -> bool:
        """Whether one of them stands between the two."""
        squeeze = math.cos(math.radians((camera.lat + place.lat) / 2))
        a, b = (camera.lon * squeeze, camera.lat), (place.lon * squeeze, place.lat)
        return any(_between(a, b, [(x * squeeze, y) for x, y in self._rings[n]]) for n in self._near(camera, place))

    def _near(self, camera: LonLat, place: LonLat) -> set[int]:
        """Those that may lie between, in no more steps than there are cells with a building, however far it is."""
        columns, rows = self._box([camera, place])
        cells: Iterable[tuple[int, int]] = itertools.product(columns, rows)
        if len(columns) * len(rows) > len(self._cells):
            cells = (cell for cell in self._cells if cell[0] in columns and cell[1] in rows)
        return {*self._vast, *(n for cell in cells for n in self._cells.get(cell, ()))}

    def _box(self, points: Sequence[LonLat]) -> tuple[range, range]:
        """The columns and rows of cells around these points."""
        columns = [math.floor(point.lon / self._step) for point in points]
        rows = [math.floor(point.lat / self._step) for point in points]
        return range(min(columns), max(columns) + 1), range(min(rows), max(rows) + 1)


_Point = tuple[float, float]


def _between(a: _Point, b: _Point, ring: Sequence[_Point]) -> bool:
    if _holds(ring, b) or _holds(ring, a) or _touches(ring, a):
        return False
    return any(_cross(a, b, *edge) for edge in _edges(ring))


def _edges(ring: Sequence[_Point]) -> Iterator[tuple[_Point, _Point]]:
    yield from zip(ring, [*ring[1:], ring[0]], strict=True)


def _side(a: _Point, b: _Point, c: _Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _cross(a: _Point, b: _Point, c: _Point, d: _Point) -> bool:
    """Whether two stretches truly cross; a corner that is only touched hides nothing."""
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _holds(ring: Sequence[_Point], point: _Point) -> bool:
    """Whether the point lies within, by counting the walls to its east."""
    inside = False
    for (x1, y1), (x2, y2) in _edges(ring):
        if (y1 > point[1]) != (y2 > point[1]) and point[0] < (x2 - x1) * (point[1] - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def _touches(ring: Sequence[_Point], point: _Point) -> bool:
    reach = math.degrees(_WALL_M / EARTH_RADIUS_M)
    return any(_distance(point, *edge) <= reach for edge in _edges(ring))


def _distance(point: _Point, a: _Point, b: _Point) -> float:
    """From a point to a stretch, in the same measure."""
    length = (b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2
    along = 0.0 if length == 0 else ((point[0] - a[0]) * (b[0] - a[0]) + (point[1] - a[1]) * (b[1] - a[1])) / length
    along = min(1.0, max(0.0, along))
    return math.hypot(point[0] - a[0] - along * (b[0] - a[0]), point[1] - a[1] - along * (b[1] - a[1]))
