"""Lots and houses: each block is cut into lots along its streets, and each lot gets a house and an address."""

import math
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from dure.city.sample import plan
from dure.city.sample.plane import NO_ROAD, XY, Corner, Polygon, area_m2, cut, frame, inset, kept_left, middle, stretch
from dure.city.sample.streets import Block, Network

_PAVEMENT_M = {"arterial": 3.0, "collector": 1.6, "lane": 0.3}
_BUILDING_NUMBER_EVERY_M = 20.0
"""도로명주소법: one basic number (odd left, even right) for each 20 m of road."""


class Address(NamedTuple):
    """Both Korean forms of one address, without the city's name."""

    street: int
    main: int
    sub: int
    district: int
    lot_main: int
    lot_sub: int


@dataclass(frozen=True, slots=True)
class Building:
    """A house: its outline on the plan, what it is for, its floors and its address."""

    ring: tuple[XY, ...]
    use: str
    floors: int
    at: XY
    address: Address


@dataclass(slots=True)
class Fabric:
    """What stands on the blocks, and the numbers given so far."""

    network: Network
    rng: random.Random
    buildings: list[Building] = field(default_factory=list)
    grounds: list[tuple[str, str, tuple[XY, ...]]] = field(default_factory=list)
    """Open grounds that the map shows: class (pitch, parking, square, park), name, outline."""
    numbers: Counter[tuple[int, int]] = field(default_factory=Counter)
    lots: Counter[int] = field(default_factory=Counter)

    def stand(self, ring: Polygon | list[XY], use: str, floors: int, front: int, lot: tuple[int, int]) -> Building:
        """A new building at the street `front`."""
        outline = tuple((corner[0], corner[1]) for corner in ring)
        x = sum(p[0] for p in outline) / len(outline)
        y = sum(p[1] for p in outline) / len(outline)
        building = Building(outline, use, floors, (x, y), self.address((x, y), front, lot))
        self.buildings.append(building)
        return building

    def address(self, at: XY, front: int, lot: tuple[int, int]) -> Address:
        """The address of something at `at` whose door opens to the street `front`, on a lot (district, main number)."""
        street = self.network.streets[front]
        step = int(max(0.0, street.along(*at)) // _BUILDING_NUMBER_EVERY_M)
        main = 2 * step + (1 if street.is_left(*at) else 2)
        sub = self.numbers[front, main]
        self.numbers[front, main] += 1
        district, lot_main = lot
        key = district * 100_000 + lot_main
        self.lots[key] += 1
        return Address(front, main, sub, district, lot_main, self.lots[key])

    def new_lot(self, district: int) -> tuple[int, int]:
        """The next main lot number (지번 본번) of a district."""
        self.lots[-1 - district] += 1
        return district, self.lots[-1 - district]

    def front_of(self, polygon: Polygon) -> int:
        """The street of the longest edge that lies on one, or the widest street near by where none does."""
        best, length = NO_ROAD, 0.0
        for index, a in enumerate(polygon):
            b = polygon[(index + 1) % len(polygon)]
            span = math.hypot(b.x - a.x, b.y - a.y)
            if a.road != NO_ROAD and span > length:
                best, length = a.road, span
        return best

    def usable(self, polygon: Polygon) -> Polygon:
        """A block without its half of each road and pavement around it."""
        scale = stretch(*middle(polygon))
        widths = []
        for corner in polygon:
            if corner.road == NO_ROAD:
                widths.append(1.0)
                continue
            street = self.network.streets[corner.road]
            widths.append((street.width_m / 2 + _PAVEMENT_M[street.kind]) / scale)
        return inset(polygon, widths)


def build_houses(fabric: Fabric, block: Block) -> None:
    """Houses along the streets of a low-rise block: two rows back to back, or one where the block is narrow."""
    manner = plan.ZONES[block.use]
    usable = fabric.usable(block.polygon)
    if not usable or area_m2(usable) < 60:
        return
    box = frame(usable)
    scale = stretch(*box.middle)
    ground = fabric.network.ground
    at_edge = not all(ground.is_open(c.x, c.y) for c in usable)
    rows: list[Polygon] = [usable]
    if box.short * scale > 22:
        lean = fabric.rng.uniform(-0.07, 0.07) * box.short
        at = (box.middle[0] - box.along[1] * lean, box.middle[1] + box.along[0] * lean)
        rows = [row for row in cut(usable, at, box.along, NO_ROAD) if row]
    lot = fabric.new_lot(block.district)
    for row in rows:
        for piece in _lots(row, box.along, manner.front, scale, fabric.rng):
            if not at_edge or all(ground.is_open(c.x, c.y) for c in piece):
                _build_house(fabric, piece, block.use, scale, lot)


def _lots(row: Polygon, along: XY, front: tuple[float, float], scale: float, rng: random.Random) -> list[Polygon]:
    """`row` cut across into lots."""
    places = [c.x * along[0] + c.y * along[1] for c in row]
    here, end = min(places), max(places)
    across = (-along[1], along[0])
    pieces: list[Polygon] = []
    rest = row
    while True:
        step = rng.uniform(*front) / scale
        if end - here < step * 1.6:
            pieces.append(rest)
            return pieces
        here += step
        at = (along[0] * here, along[1] * here)
        piece = kept_left(rest, at, across, NO_ROAD)
        rest = kept_left(rest, at, (-across[0], -across[1]), NO_ROAD)
        if piece:
            pieces.append(piece)
        if not rest:
            return pieces


_YARDS = {"core": (0.4, 0.5, 1.0), "old": (0.5, 0.5, 1.3), "villa": (1.3, 0.9, 1.6)}
"""Metres from a house to its street, to its neighbours, and at its back."""


def _build_house(fabric: Fabric, piece: Polygon, zone: str, scale: float, lot: tuple[int, int]) -> None:
    rng = fabric.rng
    front = fabric.front_of(piece)
    if front == NO_ROAD or rng.random() < 0.04:
        return
    street_m, side_m, back_m = _YARDS[zone]
    widths = []
    for index, a in enumerate(piece):
        b = piece[(index + 1) % len(piece)]
        if a.road != NO_ROAD:
            metres = street_m * rng.uniform(0.6, 2.0)
        else:
            metres = rng.uniform(side_m * 0.7, side_m * 1.5) if index % 2 else rng.uniform(side_m, back_m * 1.6)
        widths.append(metres / scale if math.hypot(b.x - a.x, b.y - a.y) > 0.5 else 0.0)
    house = _tidy(inset(piece, widths))
    if len(house) < 3:
        return
    area = area_m2(house) * scale * scale
    if area < 26:
        return
    use, floors = _use_of(zone, area, fabric, front)
    fabric.stand(_notched(house, area, rng), use, floors, front, lot)


def _tidy(polygon: Polygon) -> Polygon:
    """Without corners less than 1.2 m apart: such edges cannot be seen."""
    out: Polygon = []
    for corner in polygon:
        if not out or math.hypot(corner.x - out[-1].x, corner.y - out[-1].y) > 1.2:
            out.append(corner)
    while len(out) > 1 and math.hypot(out[0].x - out[-1].x, out[0].y - out[-1].y) <= 1.2:
        out.pop()
    return out


def _use_of(zone: str, area: float, fabric: Fabric, front: int) -> tuple[str, int]:
    """What a house is for and how many floors it has."""
    rng = fabric.rng
    kind = fabric.network.streets[front].kind
    on_main = kind == "arterial"
    if zone == "core":
        floors = rng.randint(4, 14) if on_main and area > 130 else rng.randint(2, 6)
        return ("office" if floors > 7 else "shop"), floors
    if on_main or (kind == "collector" and rng.random() < 0.5):
        return "shop", rng.randint(2, 7) if on_main else rng.randint(2, 4)
    if zone == "villa":
        return ("villa", rng.randint(3, 5)) if area > 95 else ("house", rng.randint(1, 3))
    return ("villa", rng.randint(3, 4)) if area > 150 and rng.random() < 0.4 else ("house", rng.randint(1, 2))


def _notched(house: Polygon, area: float, rng: random.Random) -> list[XY]:
    """Sometimes an L: one corner of a four-sided house taken out."""
    ring = [(c.x, c.y) for c in house]
    if len(ring) != 4 or area < 90 or rng.random() > 0.33:
        return ring
    turn = rng.randrange(4)
    a, b, c, d = ring[turn:] + ring[:turn]
    s, t = rng.uniform(0.45, 0.7), rng.uniform(0.4, 0.65)

    def at(u: float, v: float) -> XY:
        """Inside the four corners, by shares along a→b and a→d."""
        x = (1 - u) * (1 - v) * a[0] + u * (1 - v) * b[0] + u * v * c[0] + (1 - u) * v * d[0]
        y = (1 - u) * (1 - v) * a[1] + u * (1 - v) * b[1] + u * v * c[1] + (1 - u) * v * d[1]
        return x, y

    return [a, b, at(1, t), at(s, t), at(s, 1), d]


def box_at(at: XY, along: XY, length: float, depth: float) -> list[XY]:
    """The corners of a box of `length` by `depth` around `at`."""
    ax, ay = along[0] * length / 2, along[1] * length / 2
    bx, by = -along[1] * depth / 2, along[0] * depth / 2
    x, y = at
    return [
        (x - ax - bx, y - ay - by),
        (x + ax - bx, y + ay - by),
        (x + ax + bx, y + ay + by),
        (x - ax + bx, y - ay + by),
    ]


def holds(polygon: Polygon, ring: list[XY], margin: float = 0.0) -> bool:
    """Whether all corners of `ring` lie inside the convex `polygon`, `margin` metres from its edges."""
    for index, a in enumerate(polygon):
        b: Corner = polygon[(index + 1) % len(polygon)]
        length = math.hypot(b.x - a.x, b.y - a.y)
        if length < 1e-6:
            continue
        for x, y in ring:
            if (b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x) < margin * length:
                return False
    return True
