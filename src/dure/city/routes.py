"""Where somebody may be seen next: cameras along the roads from a point, with the times between which they may pass.
Pure: lines and points in, stretches of time out.

Roads are lines that cross; where they cross or touch, one may turn. A camera is reached where its road passes it.
Where there are no roads on the map near enough, straight distances stand in for them, and it is said.
"""

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dure.kernel.geometry import EARTH_RADIUS_M, LonLat, distance_m

Mover = Literal["person", "car"]
SPEEDS_M_S: Mapping[Mover, tuple[float, float]] = {"person": (0.7, 3.0), "car": (3.0, 16.7)}
"""Slowest and fastest: an old person's walk (보행속도 0.7 m/s of crossings for the weak) to a run; a car in traffic
(11 km/h) to 60 km/h. A city's own estimate: it says where to look, not where somebody was."""
REACH_M: Mapping[Mover, float] = {"person": 1_200.0, "car": 2_500.0}
_OFF_ROAD_M = 60.0
"""A camera farther than this from every road is reached in a straight line."""
_TOUCH_M = 8.0
_DETOUR = 1.3
"""How much longer a way through streets is than the straight line, where no roads are known."""

Line = Sequence[Sequence[float]]
_XY = tuple[float, float]
Floats = NDArray[np.float64]


class Spot(NamedTuple):
    """A camera, for finding where somebody may be seen next."""

    id: str
    site_id: str
    at: LonLat


@dataclass(frozen=True, slots=True)
class Next:
    """A camera that somebody may pass: metres of way, seconds from the mark at the earliest and the latest, whether the
    way follows roads, and whether they reach it before any other camera that is named.
    """

    id: str
    metres: float
    earliest_s: float
    latest_s: float
    by_road: bool
    first: bool


def following(start: Spot, cameras: Iterable[Spot], roads: Iterable[Line], mover: Mover, n: int = 6) -> list[Next]:
    """The next `n` cameras, those that are reached before any other first, then by the way to them; at most two of one
    site, and not the one where the mark was made.
    """
    reach = REACH_M[mover]
    others = [one for one in cameras if one.id != start.id and distance_m(start.at, one.at) <= reach]
    ways = _ways(start, others, list(roads), reach)
    slow, fast = SPEEDS_M_S[mover]
    found = [
        Next(one.id, round(way.metres, 1), way.metres / fast, way.metres / slow, way.by_road, not way.behind)
        for one in others
        if (way := ways[one.id]).metres <= reach
    ]
    found.sort(key=lambda one: (not one.first, one.metres, one.id))
    sites = {one.id: one.site_id for one in others}
    taken: list[Next] = []
    for one in found:
        if len(taken) < n and sum(sites[other.id] == sites[one.id] for other in taken) < 2:
            taken.append(one)
    return taken


class _Way(NamedTuple):
    metres: float
    by_road: bool
    behind: bool


def _ways(start: Spot, cameras: Sequence[Spot], roads: Sequence[Line], reach: float) -> dict[str, _Way]:
    graph = _Graph(start.at, roads)
    straight = {one.id: _Way(distance_m(start.at, one.at) * _DETOUR, False, False) for one in cameras}
    if not graph.stops([start, *cameras]) or start.id not in graph.node_of:
        return straight
    metres, before = graph.ways(start.id, reach)
    passed = {graph.node_of[one.id] for one in cameras if one.id in graph.node_of}
    found = {}
    for one in cameras:
        node = graph.node_of.get(one.id)
        if node is None or node not in metres:
            found[one.id] = straight[one.id]
            continue
        behind = any(step in passed for step in _steps(before, node))
        found[one.id] = _Way(metres[node] + graph.off[start.id] + graph.off[one.id], True, behind)
    return found


def _steps(before: Mapping[int, int], node: int) -> Iterable[int]:
    """The crossings and cameras on the way to a node, without itself and the start."""
    step = before.get(node)
    while step is not None and step in before:
        yield step
        step = before.get(step)


class _Graph:
    """Roads around a place as crossings and stretches between them, in metres east and north of it."""

    def __init__(self, origin: LonLat, roads: Sequence[Line]) -> None:
        self._origin = origin
        self._at: list[_XY] = []
        self._on: list[list[tuple[float, int]]] = []
        self._segments: list[tuple[int, int]] = []
        self.node_of: dict[str, int] = {}
        self.off: dict[str, float] = {}
        for road in roads:
            nodes = [self._node(self._flat(LonLat(one[0], one[1]))) for one in road]
            for a, b in pairwise(nodes):
                self._segments.append((a, b))
                self._on.append([(0.0, a), (1.0, b)])
        if self._segments:
            self._cross()

    def _flat(self, at: LonLat) -> _XY:
        squeeze = math.cos(math.radians(self._origin.lat))
        return (
            math.radians(at.lon - self._origin.lon) * squeeze * EARTH_RADIUS_M,
            math.radians(at.lat - self._origin.lat) * EARTH_RADIUS_M,
        )

    def _node(self, at: _XY) -> int:
        self._at.append(at)
        return len(self._at) - 1

    def _ends(self) -> tuple[Floats, Floats]:
        a = np.array([self._at[one] for one, _ in self._segments])
        b = np.array([self._at[other] for _, other in self._segments])
        return a, b

    def _cross(self) -> None:
        """Let roads meet where they cross, and where one ends at another."""
        a, b = self._ends()
        d = b - a
        for i in range(len(d)):  # row by row: a whole table of a dense town would not fit
            gap, cross = a[i + 1 :] - a[i], d[i, 0] * d[i + 1 :, 1] - d[i, 1] * d[i + 1 :, 0]
            with np.errstate(divide="ignore", invalid="ignore"):
                t = (gap[:, 0] * d[i + 1 :, 1] - gap[:, 1] * d[i + 1 :, 0]) / cross
                u = (gap[:, 0] * d[i, 1] - gap[:, 1] * d[i, 0]) / cross
            meets = (np.abs(cross) > 1e-9) & (t > 0) & (t < 1) & (u > 0) & (u < 1)
            for j in np.nonzero(meets)[0]:
                node = self._node((float(a[i, 0] + t[j] * d[i, 0]), float(a[i, 1] + t[j] * d[i, 1])))
                self._on[i].append((float(t[j]), node))
                self._on[i + 1 + int(j)].append((float(u[j]), node))
        for node in {end for pair in self._segments for end in pair}:
            away, along = self._near(self._at[node], a, d)
            for j in np.nonzero(away <= _TOUCH_M)[0]:
                if node not in self._segments[j]:
                    self._on[j].append((float(along[j]), node))

    @staticmethod
    def _near(point: _XY, a: Floats, d: Floats) -> tuple[Floats, Floats]:
        """How far a point is from each stretch, and where along it."""
        length = np.maximum((d**2).sum(axis=1), 1e-9)
        along = np.clip(((np.array(point) - a) * d).sum(axis=1) / length, 0, 1)
        return np.hypot(*(np.array(point) - a - along[:, None] * d).T), along

    def stops(self, spots: Sequence[Spot]) -> int:
        """Put these on their nearest roads; how many have one."""
        if not self._segments:
            return 0
        a, b = self._ends()
        for spot in spots:
            away, along = self._near(self._flat(spot.at), a, b - a)
            j = int(away.argmin())
            if away[j] > _OFF_ROAD_M:
                continue
            node = self._node(tuple((a[j] + along[j] * (b[j] - a[j])).tolist()))
            self._on[j].append((float(along[j]), node))
            self.node_of[spot.id], self.off[spot.id] = node, float(away[j])
        return len(self.node_of)

    def ways(self, start: str, reach: float) -> tuple[dict[int, float], dict[int, int]]:
        """Metres to each node within reach, and by which node one comes to it (Dijkstra)."""
        edges: dict[int, list[tuple[int, float]]] = {}
        for on in self._on:
            line = sorted(on)
            for (_, one), (_, other) in pairwise(line):
                length = math.dist(self._at[one], self._at[other])
                edges.setdefault(one, []).append((other, length))
                edges.setdefault(other, []).append((one, length))
        best: dict[int, float] = {self.node_of[start]: 0.0}
        before: dict[int, int] = {}
        waits = [(0.0, self.node_of[start])]
        while waits:
            metres, node = heapq.heappop(waits)
            if metres > best[node] or metres > reach:
                continue
            for other, length in edges.get(node, ()):
                if metres + length < best.get(other, math.inf):
                    best[other], before[other] = metres + length, node
                    heapq.heappush(waits, (metres + length, other))
        return best, before
