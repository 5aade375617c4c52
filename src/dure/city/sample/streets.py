"""Roads and blocks: great roads cut the plan into quarters, collectors and lanes cut these into blocks."""

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from dure.city.sample import core, plan
from dure.city.sample.plane import (
    NO_ROAD,
    XY,
    Corner,
    Polygon,
    area_m2,
    blob,
    cut,
    frame,
    inside,
    kept_left,
    middle,
    rectangle,
    stream,
    stretch,
    turned,
)


@dataclass(slots=True)
class Street:
    """A straight stretch of road on the plan, with what it branches from."""

    id: int
    kind: str
    width_m: float
    start: XY
    end: XY
    parent: int = NO_ROAD
    name: str = ""

    def along(self, x: float, y: float) -> float:
        """Metres from the start to where (x, y) stands beside the street."""
        dx, dy = self.end[0] - self.start[0], self.end[1] - self.start[1]
        length = math.hypot(dx, dy) or 1.0
        return ((x - self.start[0]) * dx + (y - self.start[1]) * dy) / length

    def is_left(self, x: float, y: float) -> bool:
        """Whether (x, y) lies left of the street as one walks from its start."""
        dx, dy = self.end[0] - self.start[0], self.end[1] - self.start[1]
        return dx * (y - self.start[1]) - dy * (x - self.start[0]) > 0


class Block(NamedTuple):
    """What roads enclose: corners with the road along each edge, its zone or special use, and its district's number."""

    polygon: Polygon
    use: str
    district: int


class Quarter(NamedTuple):
    """A piece of the plan between collectors, and its district's number: districts are made of these."""

    polygon: Polygon
    district: int


@dataclass(slots=True)
class Ground:
    """Where the city may build: the town's outline and the hills in and around it."""

    city: list[XY]
    town: list[XY]
    hills: list[tuple[plan.Hill, list[XY]]]

    def is_open(self, x: float, y: float) -> bool:
        """Whether a street or house may stand here."""
        if not inside(self.town, x, y):
            return False
        return not any(
            abs(x - hill.at[0]) < hill.width * 1.3 and abs(y - hill.at[1]) < hill.height * 1.3 and inside(ring, x, y)
            for hill, ring in self.hills
        )


@dataclass(slots=True)
class Network:
    """All roads and blocks of the plan."""

    ground: Ground
    streets: list[Street] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    quarters: list[Quarter] = field(default_factory=list)

    def add(self, kind: str, width_m: float, start: XY, end: XY, parent: int = NO_ROAD, name: str = "") -> Street:
        """A new street."""
        street = Street(len(self.streets), kind, width_m, start, end, parent, name)
        self.streets.append(street)
        return street


def make_network(seed: int) -> Network:
    """Cut the whole plan."""
    network = Network(_ground(seed))
    faces = _great_cuts(network)
    rng = stream(seed, "streets")
    for face in faces:
        special = core.layout(face)
        if special is not None:
            _lay_core(network, face, special, rng)
        else:
            _cut_quarter(network, face, rng)
    return network


def _ground(seed: int) -> Ground:
    rng = stream(seed, "ground")
    city = blob((0, 0), plan.HALF_WIDTH, plan.HALF_HEIGHT, rng, rough=0.07)
    town = blob((0, -20), plan.URBAN_WIDTH, plan.URBAN_HEIGHT, rng, rough=0.2)
    hills = [(hill, blob(hill.at, hill.width, hill.height, rng, rough=0.2)) for hill in plan.HILLS]
    return Ground(city, town, hills)


def _great_cuts(network: Network) -> list[Polygon]:
    """Faces between great roads, railway and river; the strip of the river is left out."""
    wide, high = plan.HALF_WIDTH * 1.3, plan.HALF_HEIGHT * 1.3
    faces = [
        rectangle(-wide, plan.RIVER_NORTH, wide, high),
        rectangle(-wide, -high, wide, plan.RIVER_SOUTH),
    ]
    for road in plan.WEST_EAST:
        street = network.add("arterial", road.width_m, road.start, road.end, name=road.name)
        if road.start[1] in (plan.RIVER_NORTH, plan.RIVER_SOUTH):
            faces = [_labelled(face, road.start[1], street.id) for face in faces]
        else:
            faces = _cut_all(faces, road.start, road.end, street.id)
    for road in plan.NORTH_SOUTH:
        street = network.add("arterial", road.width_m, road.start, road.end, name=road.name)
        faces = _cut_all(faces, road.start, road.end, street.id)
    for road in plan.SLANTED:
        street = network.add("arterial", road.width_m, road.start, road.end, name=road.name)
        faces = _cut_between(faces, road.start, road.end, street.id)
    return _without_rail(faces)


def _labelled(face: Polygon, y: float, road: int) -> Polygon:
    """`face` with its edge along the height `y` named."""
    count = len(face)
    return [
        Corner(c.x, c.y, road if abs(c.y - y) < 1e-6 and abs(face[(i + 1) % count].y - y) < 1e-6 else c.road)
        for i, c in enumerate(face)
    ]


def _cut_all(faces: Iterable[Polygon], start: XY, end: XY, road: int) -> list[Polygon]:
    """Every face cut by the whole line; where the road has ended the cut is a mere line between quarters."""
    towards = (end[0] - start[0], end[1] - start[1])
    length = math.hypot(*towards)
    towards = (towards[0] / length, towards[1] / length)
    out = []
    for face in faces:
        x, y = middle(face)
        along = (x - start[0]) * towards[0] + (y - start[1]) * towards[1]
        label = road if -60 < along < length + 60 else NO_ROAD
        out += [part for part in cut(face, start, towards, label) if part and area_m2(part) > 1]
    return out


def _cut_between(faces: Iterable[Polygon], start: XY, end: XY, road: int) -> list[Polygon]:
    """Faces cut only where the stretch from `start` to `end` runs through them."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy)
    towards = (dx / length, dy / length)
    out = []
    for face in faces:
        left, right = cut(face, start, towards, road)
        if not left or not right or min(area_m2(left), area_m2(right)) < 500:
            out.append(face)
            continue
        ends = [c for i, c in enumerate(left) if c.road == road]
        after = [left[(i + 1) % len(left)] for i, c in enumerate(left) if c.road == road]
        x, y = (ends[0].x + after[0].x) / 2, (ends[0].y + after[0].y) / 2
        along = (x - start[0]) * towards[0] + (y - start[1]) * towards[1]
        out += [left, right] if 0 < along < length else [face]
    return out


def _without_rail(faces: Iterable[Polygon]) -> list[Polygon]:
    """Faces without the railway's strip."""
    angle = math.radians(plan.RAIL_ANGLE_DEG)
    towards = (math.cos(angle), math.sin(angle))
    normal = (-towards[1], towards[0])
    out = []
    for face in faces:
        for side in (1, -1):
            at = (
                plan.RAIL_AT[0] + normal[0] * plan.RAIL_HALF_WIDTH * side,
                plan.RAIL_AT[1] + normal[1] * plan.RAIL_HALF_WIDTH * side,
            )
            part = kept_left(face, at, (towards[0] * side, towards[1] * side), NO_ROAD)
            if part and area_m2(part) > 300:
                out.append(part)
    return out


def district_of(x: float, y: float) -> int:
    """The number of the district whose seed is nearest, each seed by its own reach; the river parts them."""
    north = y > (plan.RIVER_NORTH + plan.RIVER_SOUTH) / 2

    def far(index: int) -> float:
        district = plan.DISTRICTS[index]
        same_bank = (district.seed[1] > plan.RIVER_NORTH) == north
        return math.hypot(x - district.seed[0], y - district.seed[1]) / district.reach + (0 if same_bank else 900)

    return min(range(len(plan.DISTRICTS)), key=far)


def _cut_quarter(network: Network, face: Polygon, rng: random.Random) -> None:
    """One face between great roads: collectors first, then each quarter by its zone."""
    stack = [face]
    while stack:
        piece = stack.pop()
        box = frame(piece)
        scale = stretch(*middle(piece))
        long, short = box.long * scale, box.short * scale
        if long > plan.COLLECTOR_LONGEST or (short > plan.COLLECTOR_WIDEST and long > plan.COLLECTOR_LONGEST * 0.8):
            parts = _cut_block(network, piece, "collector", plan.COLLECTOR_M, 0.07, rng)
            if parts is not None:
                stack += parts
                continue
        district = district_of(*middle(piece))
        network.quarters.append(Quarter(piece, district))
        if any(network.ground.is_open(c.x, c.y) for c in piece) or network.ground.is_open(*middle(piece)):
            _cut_blocks(network, piece, _zone_for(district, rng), district, rng)


def _zone_for(district: int, rng: random.Random) -> str:
    zones = plan.DISTRICTS[district].zones
    return rng.choices([name for name, _ in zones], [share for _, share in zones])[0]


def _cut_blocks(network: Network, quarter: Polygon, zone: str, district: int, rng: random.Random) -> None:
    """Lanes through one quarter; on the way some pieces become schools and parks."""
    manner = plan.ZONES[zone]
    stack = [quarter]
    while stack:
        piece = stack.pop()
        box = frame(piece)
        scale = stretch(*middle(piece))
        long, short = box.long * scale, box.short * scale
        use = _special_use(zone, long, short, rng)
        too_big = long > manner.longest or short > manner.widest
        if use is None and too_big:
            parts = _cut_block(network, piece, "lane", manner.lane_m, manner.lean, rng, across=long > manner.longest)
            if parts is not None:
                stack += [part for part in parts if _reaches_open(network.ground, part)]
                continue
        if network.ground.is_open(*middle(piece)):
            network.blocks.append(Block(piece, use or zone, district))


def _special_use(zone: str, long: float, short: float, rng: random.Random) -> str | None:
    """A school or park, where a piece has the size for it."""
    if zone in {"industry", "apartment"} and not (zone == "apartment" and 110 < long < 190 and short > 85):
        return None
    if 105 < long < 185 and 82 < short < 125 and rng.random() < 0.028:
        return "school"
    if 45 < long < 120 and 30 < short < 90 and rng.random() < 0.012:
        return "park"
    return None


def _reaches_open(ground: Ground, piece: Polygon) -> bool:
    return ground.is_open(*middle(piece)) or any(ground.is_open(c.x, c.y) for c in piece)


def _cut_block(
    network: Network,
    piece: Polygon,
    kind: str,
    width_m: float,
    lean: float,
    rng: random.Random,
    *,
    across: bool = True,
) -> list[Polygon] | None:
    """`piece` in two, by a new street across (or along) its longer side; None where that would leave a sliver."""
    box = frame(piece)
    share = rng.uniform(0.4, 0.6)
    direction = box.along if not across else (-box.along[1], box.along[0])
    shift = (share - 0.5) * (box.long if across else box.short)
    step = box.along if across else (-box.along[1], box.along[0])
    at = (box.middle[0] + step[0] * shift, box.middle[1] + step[1] * shift)
    street_id = len(network.streets)
    left, right = cut(piece, at, turned(direction, rng.gauss(0, lean)), street_id)
    if not left or not right or min(area_m2(left), area_m2(right)) < 150:
        return None
    index = next(i for i, corner in enumerate(left) if corner.road == street_id)
    start, end = left[index], left[(index + 1) % len(left)]
    parent = _edge_at(piece, (start.x, start.y))
    other = _edge_at(piece, (end.x, end.y))
    if parent == NO_ROAD or (other != NO_ROAD and network.streets[other].width_m > network.streets[parent].width_m):
        parent, start, end = other, end, start
    network.add(kind, width_m, (start.x, start.y), (end.x, end.y), parent)
    return [left, right]


def _edge_at(polygon: Polygon, at: XY) -> int:
    """The road of the edge on which `at` lies."""

    def off(index: int) -> float:
        a, b = polygon[index], polygon[(index + 1) % len(polygon)]
        length = math.hypot(b.x - a.x, b.y - a.y)
        if length < 1e-6:
            return math.inf
        return abs((b.x - a.x) * (at[1] - a.y) - (b.y - a.y) * (at[0] - a.x)) / length

    return polygon[min(range(len(polygon)), key=off)].road


def _lay_core(network: Network, face: Polygon, cuts: core.Layout, rng: random.Random) -> None:
    """A face whose inner streets and uses are fixed by name."""
    district = district_of(*middle(face))
    network.quarters.append(Quarter(face, district))
    _lay(network, face, cuts, district, rng, lambda block, use: network.blocks.append(Block(block, use, district)))


def _lay(
    network: Network,
    piece: Polygon,
    layout: core.Layout,
    district: int,
    rng: random.Random,
    keep: Callable[[Polygon, str], None],
) -> None:
    if isinstance(layout, str):
        if layout in plan.ZONES:
            _cut_blocks(network, piece, layout, district, rng)
        else:
            keep(piece, layout)
        return
    label = NO_ROAD if layout.width_m == 0 else len(network.streets)
    at, towards = ((layout.at, 0.0), (0.0, 1.0)) if layout.axis == "x" else ((0.0, layout.at), (1.0, 0.0))
    left, right = cut(piece, at, towards, label)
    if label != NO_ROAD:
        index = next(i for i, corner in enumerate(left) if corner.road == label)
        start, end = left[index], left[(index + 1) % len(left)]
        parent = _edge_at(piece, (start.x, start.y))
        kind = "collector" if layout.name else "lane"
        network.add(kind, layout.width_m, (start.x, start.y), (end.x, end.y), parent, layout.name)
    _lay(network, left, layout.left, district, rng, keep)
    _lay(network, right, layout.right, district, rng, keep)
