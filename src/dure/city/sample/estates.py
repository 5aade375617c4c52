"""Larger grounds: apartment estates, works, schools, parks, the car park and city hall."""

import math

from dure.city.sample.lots import Building, Fabric, box_at, build_houses, holds
from dure.city.sample.plane import NO_ROAD, XY, Polygon, area_m2, frame, middle, stretch
from dure.city.sample.streets import Block


def build_block(fabric: Fabric, block: Block) -> Building | None:
    """What stands on one block; the main building where the block is one institution's."""
    use, _, name = block.use.partition(":")
    match use:
        case "apartment":
            _build_estate(fabric, block)
        case "industry":
            _build_works(fabric, block)
        case "school":
            return _build_school(fabric, block)
        case "cityhall":
            return _build_hall(fabric, block)
        case "park" | "parking":
            ground = fabric.usable(block.polygon)
            if ground:
                fabric.grounds.append((use, name, _outline(ground)))
        case "market":
            pass
        case _:
            build_houses(fabric, block)
    return None


def _outline(polygon: Polygon) -> tuple[XY, ...]:
    return tuple((c.x, c.y) for c in polygon)


def _front(fabric: Fabric, block: Block) -> int:
    front = fabric.front_of(block.polygon)
    return front if front != NO_ROAD else 0


def _eastward(along: XY) -> XY:
    """The one of a box's two directions that runs more from west to east: rooms look south."""
    if abs(along[0]) < abs(along[1]):
        along = (along[1], -along[0])
    return along if along[0] > 0 else (-along[0], -along[1])


def _build_estate(fabric: Fabric, block: Block) -> None:
    """Slabs in rows that look south, with play grounds between; one small hall at the gate."""
    usable = fabric.usable(block.polygon)
    if not usable or area_m2(usable) < 2_500:
        return
    rng, box = fabric.rng, frame(usable)
    scale = stretch(*box.middle)
    along = _eastward(box.along)
    across = (-along[1], along[0])
    lot, front = fabric.new_lot(block.district), _front(fabric, block)
    floors = rng.choice((12, 15, 15, 18, 20, 25, 29))
    length, depth, gap = rng.uniform(44, 66) / scale, 12.5 / scale, max(34.0, floors * 2.05) / scale
    u0, v0 = (box.middle[0] * w[0] + box.middle[1] * w[1] for w in (along, across))
    us = [c.x * along[0] + c.y * along[1] - u0 for c in usable]
    vs = [c.x * across[0] + c.y * across[1] - v0 for c in usable]
    v = min(vs) + 14 / scale
    row, ground = 0, fabric.network.ground
    while v < max(vs) - 10 / scale:
        u = min(us) + (8 + 9 * (row % 2)) / scale + length / 2
        while u < max(us):
            at = (along[0] * (u0 + u) + across[0] * (v0 + v), along[1] * (u0 + u) + across[1] * (v0 + v))
            slab = _slab(at, along, length, depth, bent=rng.random() < 0.25)
            if holds(usable, slab, 4 / scale) and ground.is_open(*at) and rng.random() > 0.05:
                fabric.stand(slab, "apartment", max(9, floors + rng.randint(-3, 2)), front, lot)
            u += length + rng.uniform(10, 17) / scale
        v += gap + depth
        row += 1


def _slab(at: XY, along: XY, length: float, depth: float, *, bent: bool) -> list[XY]:
    """A slab, or an L of the same depth."""
    if not bent:
        return box_at(at, along, length, depth)
    across = (-along[1], along[0])
    u, w, d = length * 0.4, length * 0.36, depth

    def p(x: float, y: float) -> XY:
        return at[0] + along[0] * x + across[0] * y, at[1] + along[1] * x + across[1] * y

    return [p(-u, -d / 2), p(u, -d / 2), p(u, w), p(u - d, w), p(u - d, d / 2), p(-u, d / 2)]


def _build_works(fabric: Fabric, block: Block) -> None:
    """Wide halls, two deep."""
    usable = fabric.usable(block.polygon)
    if not usable or area_m2(usable) < 400:
        return
    rng, box = fabric.rng, frame(usable)
    scale = stretch(*box.middle)
    lot, front = fabric.new_lot(block.district), _front(fabric, block)
    rows = max(1, round(box.short * scale / 48))
    columns = max(1, round(box.long * scale / 56))
    across = (-box.along[1], box.along[0])
    wide, deep = box.long / columns, box.short / rows
    for i in range(columns):
        for j in range(rows):
            u, v = (i + 0.5) * wide - box.long / 2, (j + 0.5) * deep - box.short / 2
            at = (
                box.middle[0] + box.along[0] * u + across[0] * v,
                box.middle[1] + box.along[1] * u + across[1] * v,
            )
            hall = box_at(at, box.along, wide * rng.uniform(0.6, 0.86), deep * rng.uniform(0.55, 0.84))
            if holds(usable, hall, 1.0) and rng.random() > 0.06:
                fabric.stand(hall, "factory", rng.randint(1, 3), front, lot)


def _build_school(fabric: Fabric, block: Block) -> Building | None:
    """A long house in the north with a wing, a hall, and the ground in the south."""
    usable = fabric.usable(block.polygon)
    if not usable:
        return None
    box = frame(usable)
    along = _eastward(box.along)
    across = (-along[1], along[0])
    flat = abs(along[0] * box.along[0] + along[1] * box.along[1]) > 0.5
    wide, high = (box.long, box.short) if flat else (box.short, box.long)
    lot, front = fabric.new_lot(block.district), _front(fabric, block)

    def p(u: float, v: float) -> XY:
        """By shares of half the width and height from the middle."""
        return (
            box.middle[0] + along[0] * u * wide / 2 + across[0] * v * high / 2,
            box.middle[1] + along[1] * u * wide / 2 + across[1] * v * high / 2,
        )

    house = [p(-0.7, 0.42), p(0.35, 0.42), p(0.35, 0.08), p(0.52, 0.08), p(0.52, 0.74), p(-0.7, 0.74)]
    main = fabric.stand(house, "school", 4, front, lot)
    fabric.stand([p(-0.78, -0.02), p(-0.5, -0.02), p(-0.5, 0.3), p(-0.78, 0.3)], "school", 2, front, lot)
    fabric.grounds.append(("campus", "", _outline(usable)))
    fabric.grounds.append(("pitch", "", tuple(_oval(p, 0.02, -0.42, 0.62, 0.36))))
    return main


def _oval(p: object, u: float, v: float, half_u: float, half_v: float) -> list[XY]:
    """A running track: 24 points of a rounded box, by the same shares as `p` takes."""
    assert callable(p)
    ring = []
    for i in range(24):
        angle = 2 * math.pi * i / 24
        c, s = math.cos(angle), math.sin(angle)
        ring.append(p(u + half_u * math.copysign(abs(c) ** 0.6, c), v + half_v * math.copysign(abs(s) ** 0.6, s)))
    return ring


def _build_hall(fabric: Fabric, block: Block) -> Building:
    """City hall: an office slab, the council's house beside it, and a square in front."""
    usable = fabric.usable(block.polygon)
    x, y = middle(usable)
    box = frame(usable)
    lot, front = fabric.new_lot(block.district), _front(fabric, block)
    half = box.short / 2

    def p(u: float, v: float) -> XY:
        return x + u * half, y + v * half

    main = fabric.stand(
        [
            p(-0.72, 0.3),
            p(0.1, 0.3),
            p(0.1, 0.12),
            p(0.5, 0.12),
            p(0.5, 0.72),
            p(-0.1, 0.72),
            p(-0.1, 0.86),
            p(-0.72, 0.86),
        ],
        "office",
        12,
        front,
        lot,
    )
    fabric.stand([p(0.3, -0.35), p(0.74, -0.35), p(0.74, -0.02), p(0.3, -0.02)], "office", 4, front, lot)
    fabric.grounds.append(("square", "", _outline(usable)))
    return main
