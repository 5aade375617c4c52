"""Which cameras look at a place. Pure: arrays in, choices out.

The order: cameras in use first; among them those whose view holds the place, then those that may (direction not
known, or a head that turns) and are near enough, then the rest; and by distance within each. At most two of one site.
Where a nearer camera was passed over because it is broken or off, the one that stands in for it says so. What a
building hides from the place is no better than what looks elsewhere (`seen`); where nobody sees the place, the
neighbours are chosen and say so.
"""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dure.city.sight import Buildings
from dure.kernel.geometry import EARTH_RADIUS_M, LonLat

State = Literal["ok", "unknown", "broken", "off"]
STATES: tuple[State, ...] = ("ok", "unknown", "broken", "off")
IN_USE = frozenset({"ok", "unknown"})
"""Most cities' files say nothing of the state: unknown counts as in use."""

PER_SITE = 2
DEFAULT_RANGE_M = 100.0
"""How far a camera is taken to see where no file says: the reach of a fixed street camera that still shows a person."""
LONGEST_RANGE_M = 1_000.0
DEFAULT_FOV_DEG = 90.0
"""The view of a camera whose direction is known and whose lens is not."""

SEES, MAY_SEE, ELSEWHERE = 0, 1, 2
_RANKS = {"sees": SEES, "turns": MAY_SEE, "direction_unknown": MAY_SEE}
_LOOKS = frozenset({"sees", "turns", "direction_unknown", "stands_in"})
_WIDER = 4
_FIRST_RADIUS_M = 250.0
_CELL_M = 200.0

Floats = NDArray[np.float64]


class View(NamedTuple):
    """One camera as the chooser needs it; metres, compass degrees."""

    id: str
    site_id: str
    lon: float
    lat: float
    azimuth_deg: float | None
    fov_deg: float | None
    range_m: float | None
    ptz: bool
    state: str


class Choice(NamedTuple):
    """A chosen camera. `reason` is one of sees, turns, direction_unknown, nearby, far, stands_in, hidden, neighbour,
    not_in_use; `instead_of` names the camera that a stand-in replaces.
    """

    id: str
    site_id: str
    distance_m: float
    reason: str
    state: str
    instead_of: str | None = None

    @property
    def message(self) -> str:
        """The catalogue key of the reason; its parameters are `metres` and `instead_of`."""
        return f"city.nearest.{self.reason}"


@dataclass(frozen=True, slots=True)
class _Grid:
    """Cameras sorted by cell, rows of cells from south to north, so that a row's stretch is one slice."""

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    columns: int
    rows: int
    west: float
    south: float
    step_lon: float
    step_lat: float


class Chooser:
    """A still picture of all cameras, made once and asked often."""

    def __init__(self, cameras: Iterable[View]) -> None:
        views = sorted(
            cameras, key=lambda view: view.id
        )  # by id: of two that are equal in all, everybody is given the same
        self.ids = [view.id for view in views]
        self.sites = [view.site_id for view in views]
        self.states = [view.state for view in views]
        self._places = {view.id: n for n, view in enumerate(views)}
        self._lon = np.array([view.lon for view in views], np.float64)
        self._lat = np.array([view.lat for view in views], np.float64)
        self._azimuth = _floats([view.azimuth_deg for view in views])
        self._half = np.nan_to_num(_floats([view.fov_deg for view in views]), nan=DEFAULT_FOV_DEG) / 2
        ranges = np.nan_to_num(_floats([view.range_m for view in views]), nan=DEFAULT_RANGE_M)
        self._range = np.minimum(ranges, LONGEST_RANGE_M)
        self._ptz = np.array([view.ptz for view in views], np.bool_)
        self._unusable = np.array([view.state not in IN_USE for view in views], np.bool_)
        self._reach = float(self._range.max()) if views else 0.0
        self._grid = _grid(self._lon, self._lat) if views else None

    def __len__(self) -> int:
        return len(self.ids)

    def where(self, camera_id: str) -> LonLat:
        """Where one of its cameras is. Raises KeyError."""
        n = self._places[camera_id]
        return LonLat(float(self._lon[n]), float(self._lat[n]))

    def seen(self, at: LonLat, n: int, buildings: Buildings) -> list[Choice]:
        """As `nearest`, with what stands between: a camera that a building hides from the place ranks with those that
        look elsewhere. Who is farther away than any camera sees is not asked about.
        """
        first = self.nearest(at, n)
        if not len(buildings) or not first:
            return first
        known = {one.id: one for one in first}
        wide = [known.get(one.id, one) for one in self.nearest(at, _WIDER * n)]
        looking = [one.id for one in wide if one.reason in _LOOKS and one.distance_m <= LONGEST_RANGE_M]
        hidden = {id_ for id_ in looking if buildings.hide(self.where(id_), at)}
        return sighted([*first, *(one for one in wide if one.id not in known)], hidden, n)

    def nearest(self, at: LonLat, n: int = 5) -> list[Choice]:
        """The `n` cameras for the place, best first; fewer where the city has fewer."""
        if self._grid is None or n < 1:
            return []
        radius = max(_FIRST_RADIUS_M, self._reach)
        while True:
            found, whole = self._around(self._grid, at, radius)
            choices = self._choose(found, at, n, math.inf if whole else radius)
            if choices is not None:
                return choices
            radius *= 2

    def _around(self, grid: _Grid, at: LonLat, radius: float) -> tuple[NDArray[np.int64], bool]:
        """Cameras of the cells that the circle touches (and some more), and whether that is all there are."""
        lat_half = math.degrees(radius / EARTH_RADIUS_M)
        widest = min(abs(at.lat) + lat_half, 89.0)
        lon_half = lat_half / math.cos(math.radians(widest))
        left = max(math.floor((at.lon - lon_half - grid.west) / grid.step_lon), 0)
        right = min(math.floor((at.lon + lon_half - grid.west) / grid.step_lon), grid.columns - 1)
        bottom = max(math.floor((at.lat - lat_half - grid.south) / grid.step_lat), 0)
        top = min(math.floor((at.lat + lat_half - grid.south) / grid.step_lat), grid.rows - 1)
        if left > right or bottom > top:
            return np.empty(0, np.int64), False
        whole = left == 0 and bottom == 0 and right == grid.columns - 1 and top == grid.rows - 1
        if whole:
            return grid.order, True
        starts = grid.starts
        slices = [
            grid.order[starts[row * grid.columns + left] : starts[row * grid.columns + right + 1]]
            for row in range(bottom, top + 1)
        ]
        return np.concatenate(slices), False

    def _choose(self, found: NDArray[np.int64], at: LonLat, n: int, radius: float) -> list[Choice] | None:
        """The choice among `found`, which holds every camera within `radius`; None where it may lie farther out."""
        if not len(found):
            return None if radius < math.inf else []
        distance, bearing = _polar(self._lon[found], self._lat[found], at)
        within = distance <= self._range[found]
        azimuth, half = self._azimuth[found], self._half[found]
        known = ~np.isnan(azimuth) | (half >= 180)
        off_axis = np.abs((azimuth - bearing + 180) % 360 - 180)
        in_view = (off_axis <= half) | (half >= 180) | (distance < 1.0)
        ranks = np.where(within & in_view, SEES, np.where(within & (~known | self._ptz[found]), MAY_SEE, ELSEWHERE))
        wanted = self._first(found, np.lexsort((found, distance, ranks)), n)
        order = np.lexsort((found, distance, ranks, self._unusable[found]))
        taken = self._first(found, order, n)
        if radius < math.inf:
            settled = all(distance[i] <= radius and not self._unusable[found[i]] for i in taken)
            if len(taken) < n or not settled:
                return None
        passed = [self.ids[found[i]] for i in wanted if i not in set(taken)]
        fill = [i for i in taken if i not in set(wanted)]
        instead = dict(zip(fill, passed, strict=False))
        return [
            Choice(
                self.ids[found[i]],
                self.sites[found[i]],
                round(float(distance[i]), 1),
                self._reason(found[i], int(ranks[i]), bool(within[i]), bool(known[i]), instead.get(i)),
                self.states[found[i]],
                instead.get(i),
            )
            for i in taken
        ]

    def _first(self, found: NDArray[np.int64], order: NDArray[np.int64], n: int) -> list[int]:
        taken: list[int] = []
        of_site: dict[str, int] = {}
        for i in order.tolist():
            site = self.sites[found[i]]
            if (count := of_site.get(site, 0)) >= PER_SITE:
                continue
            of_site[site] = count + 1
            taken.append(i)
            if len(taken) == n:
                break
        return taken

    def _reason(self, camera: np.int64, rank: int, within: bool, known: bool, instead_of: str | None) -> str:
        if self._unusable[camera]:
            return "not_in_use"
        if rank == SEES:
            return "sees"
        if instead_of is not None:
            return "stands_in"
        if rank == MAY_SEE:
            return "turns" if known or self._ptz[camera] else "direction_unknown"
        return "nearby" if within else "far"


def sighted(choices: Sequence[Choice], hidden: Collection[str], n: int) -> list[Choice]:
    """The best `n` of these once it is known which of them a building hides. Where nobody sees the place then, those
    that are near enough say that they are neighbours.
    """
    told = [one._replace(reason="hidden") if one.id in hidden else one for one in choices]
    told = [one._replace(reason="nearby", instead_of=None) if _borrowed(one, choices[:n]) else one for one in told]
    told.sort(key=lambda one: (one.state not in IN_USE, _RANKS.get(one.reason, ELSEWHERE), one.distance_m, one.id))
    taken: list[Choice] = []
    for one in told:
        if len(taken) < n and sum(other.site_id == one.site_id for other in taken) < PER_SITE:
            taken.append(one)
    if hidden and not any(_RANKS.get(one.reason, ELSEWHERE) < ELSEWHERE for one in taken):
        taken = [one._replace(reason="neighbour") if one.reason == "nearby" else one for one in taken]
    return taken


def _borrowed(one: Choice, first: Sequence[Choice]) -> bool:
    """A stand-in of a wider choice stands in for nobody in this one."""
    return one.reason == "stands_in" and one.id not in {other.id for other in first}


def _floats(values: Sequence[float | None]) -> Floats:
    return np.array([math.nan if value is None else value for value in values], np.float64)


def _polar(lon: Floats, lat: Floats, at: LonLat) -> tuple[Floats, Floats]:
    """Metres from each camera to the place, and the compass direction from the camera to it (as `kernel.geometry`)."""
    x = np.radians(at.lon - lon) * np.cos(np.radians((lat + at.lat) / 2))
    y = np.radians(at.lat - lat)
    return np.hypot(x, y) * EARTH_RADIUS_M, np.degrees(np.arctan2(x, y)) % 360


def _grid(lon: Floats, lat: Floats) -> _Grid:
    west, south = float(lon.min()), float(lat.min())
    middle = math.radians(min(abs(south + float(lat.max())) / 2, 89.0))
    step_lat = math.degrees(_CELL_M / EARTH_RADIUS_M)
    step_lon = step_lat / math.cos(middle)
    # A single camera with a wild position must not make billions of cells.
    step_lon = max(step_lon, (float(lon.max()) - west) / 2_000)
    step_lat = max(step_lat, (float(lat.max()) - south) / 2_000)
    column = np.floor((lon - west) / step_lon).astype(np.int64)
    row = np.floor((lat - south) / step_lat).astype(np.int64)
    columns, rows = int(column.max()) + 1, int(row.max()) + 1
    cell = row * columns + column
    order = np.argsort(cell, kind="stable")
    starts = np.zeros(columns * rows + 1, np.int64)
    np.cumsum(np.bincount(cell, minlength=columns * rows), out=starts[1:])
    return _Grid(order, starts, columns, rows, west, south, step_lon, step_lat)
