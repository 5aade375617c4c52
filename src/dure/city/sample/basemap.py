"""The base map's layers as GeoJSON features, with as few coordinates as the eye needs.

Layers and classes: water (river); park (hill, riverside, park); ground (campus, pitch, parking, square); road (main,
street, lane); rail (line); building (by use); market (market, hall, stall); label (dong, river,
hill, …).
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry import Polygon

from dure.city.sample import plan
from dure.city.sample.lots import Building, Fabric
from dure.city.sample.markets import Market
from dure.city.sample.model import MapFeature
from dure.city.sample.naming import Run
from dure.city.sample.plane import XY, bent, degrees, lonlat, stepped
from dure.city.sample.streets import Network

_CLASSES = {"arterial": "main", "collector": "street", "lane": "lane"}
_FLOOR_M = 3.1
_LINE_TOLERANCE_M = 0.3


def make_features(
    network: Network, fabric: Fabric, runs: list[list[Run]], markets: list[Market], spots: Sequence[tuple[str, str, XY]]
) -> list[MapFeature]:
    """All layers, in the order in which they are drawn."""
    outline = Polygon(network.ground.city)
    features = _hills(network, outline)
    features += _river(outline)
    features += _grounds(fabric)
    features += _roads(network, runs)
    features += _rail(network)
    features += _buildings(fabric.buildings)
    for market in markets:
        features += _market(market)
    features += _labels(network, spots, [hall for market in markets for hall in market.hall_marks])
    return features


def polygons(rings: Sequence[Sequence[XY]]) -> list[dict[str, Any]]:
    """Outlines of the plan as GeoJSON polygons, all bent at once."""
    flat = degrees(bent(np.array([point for ring in rings for point in ring], dtype=np.float64))).tolist()
    found, at = [], 0
    for ring in rings:
        points = flat[at : at + len(ring)]
        at += len(ring)
        found.append({"type": "Polygon", "coordinates": [[*points, points[0]]]})
    return found


def _lines(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Runs as GeoJSON lines, without points that the eye does not miss."""
    grounds = [shapely.linestrings(bent(np.array(run, dtype=np.float64))) for run in runs]
    thinned = shapely.simplify(np.array(grounds), _LINE_TOLERANCE_M)
    return [{"type": "LineString", "coordinates": degrees(shapely.get_coordinates(line)).tolist()} for line in thinned]


def _clipped(outline: Polygon, ring: Sequence[XY]) -> list[list[XY]]:
    """The part of a ring inside the city, as rings."""
    part = shapely.make_valid(Polygon(ring)).intersection(outline)
    return [
        [(x, y) for x, y, *_ in piece.exterior.coords][:-1]
        for piece in shapely.get_parts(part)
        if isinstance(piece, Polygon) and piece.area > 1
    ]


def _hills(network: Network, outline: Polygon) -> list[MapFeature]:
    features = []
    for hill, ring in network.ground.hills:
        dense = [p for a, b in zip(ring, [*ring[1:], ring[0]], strict=True) for p in stepped(a, b, 90)[:-1]]
        features += [MapFeature("park", "hill", hill.name, shape) for shape in polygons(_clipped(outline, dense))]
    return features


def _bank(level: float, swing: float) -> list[XY]:
    """A shore from west to east that is not quite straight."""
    count = 240
    wide = plan.HALF_WIDTH * 1.25
    points = []
    for i in range(count + 1):
        x = -wide + 2 * wide * i / count
        points.append((x, level + swing * (math.sin(x / 171 + swing) + 0.6 * math.sin(x / 63 + 2 * swing))))
    return points


def _river(outline: Polygon) -> list[MapFeature]:
    north, south = _bank(plan.WATER_NORTH, 5.0), _bank(plan.WATER_SOUTH, -4.0)
    strips = (
        ("park", "riverside", plan.RIVERSIDE_PARK, _bank(plan.RIVER_NORTH - 7, 0.0), north),
        ("park", "riverside", plan.RIVERSIDE_PARK, south, _bank(plan.RIVER_SOUTH + 7, 0.0)),
        ("water", "river", plan.RIVER_NAME, north, south),
    )
    features = []
    for layer, kind, name, upper, lower in strips:
        shapes = polygons(_clipped(outline, [*lower, *upper[::-1]]))
        features += [MapFeature(layer, kind, name, shape) for shape in shapes]
    return features


def _grounds(fabric: Fabric) -> list[MapFeature]:
    shapes = polygons([ring for _, _, ring in fabric.grounds])
    return [
        MapFeature("park" if kind == "park" else "ground", kind, name or None, shape)
        for (kind, name, _), shape in zip(fabric.grounds, shapes, strict=True)
    ]


def _roads(network: Network, runs: list[list[Run]]) -> list[MapFeature]:
    """Narrow roads first, so that wide ones are drawn over them; the stretch over the river is a bridge."""
    pieces = []
    for street in sorted(network.streets, key=lambda s: (s.width_m, s.id)):
        for run in runs[street.id]:
            over = street.kind == "arterial" and min(p[1] for p in run) < plan.RIVER_SOUTH + 1 < plan.RIVER_NORTH < max(
                p[1] for p in run
            )
            for part, bridge in _parted(run) if over else [(run, False)]:
                pieces.append((street, part, bridge))
    shapes = _lines([part for _, part, _ in pieces])
    features = []
    for (street, _, bridge), shape in zip(pieces, shapes, strict=True):
        kind = _CLASSES[street.kind]
        attrs: dict[str, Any] = {"width_m": street.width_m}
        if bridge:
            attrs["bridge"] = True
        features.append(MapFeature("road", kind, street.name, shape, attrs))
    return features


def _parted(run: Run) -> list[tuple[Run, bool]]:
    """A run over the river in three: land, bridge, land."""

    def wet(point: XY) -> bool:
        return plan.RIVER_SOUTH < point[1] < plan.RIVER_NORTH

    first = next(i for i, p in enumerate(run) if wet(p))
    last = max(i for i, p in enumerate(run) if wet(p))
    first, last = max(0, first - 1), min(len(run) - 1, last + 1)
    parts = [(run[: first + 1], False), (run[first : last + 1], True), (run[last:], False)]
    return [(part, bridge) for part, bridge in parts if len(part) > 1]


def rail_line(network: Network) -> Run:
    """The railway across the city."""
    angle = math.radians(plan.RAIL_ANGLE_DEG)
    reach = 4_600.0
    c, s = math.cos(angle) * reach, math.sin(angle) * reach
    x, y = plan.RAIL_AT
    city = Polygon(network.ground.city)
    points = stepped((x - c, y - s), (x + c, y + s), 40)
    return [p for p in points if city.contains(shapely.Point(p))]


def _rail(network: Network) -> list[MapFeature]:
    (shape,) = _lines([rail_line(network)])
    return [MapFeature("rail", "line", plan.RAIL_NAME, shape, {"tracks": 2})]


def _buildings(buildings: Sequence[Building]) -> list[MapFeature]:
    shapes = polygons([building.ring for building in buildings])
    return [
        MapFeature("building", building.use, None, shape, {"height_m": round(building.floors * _FLOOR_M, 1)})
        for building, shape in zip(buildings, shapes, strict=True)
    ]


def _market(market: Market) -> list[MapFeature]:
    name = market.manner.name
    rings = [market.outline, *(ring for _, ring in market.halls), *(ring for _, ring in market.stalls)]
    shapes = polygons(rings)
    halls = len(market.halls)
    features = [MapFeature("market", "market", name, shapes[0])]
    features += [
        MapFeature("market", "hall", hall, shape, {"market": name})
        for (hall, _), shape in zip(market.halls, shapes[1 : 1 + halls], strict=True)
    ]
    features += [
        MapFeature(
            "market", "stall", str(stall.attrs["number"]), shape, {"code": stall.code, "zone": stall.attrs["zone"]}
        )
        for (stall, _), shape in zip(market.stalls, shapes[1 + halls :], strict=True)
    ]
    return features


_LABELLED = {
    "city_hall": "civic",
    "school": "school",
    "park": "park",
    "rail_station": "station",
    "market": "market",
    "hospital": "civic",
}


def _labels(
    network: Network, spots: Sequence[tuple[str, str, XY]], halls: Sequence[tuple[str, XY]]
) -> list[MapFeature]:
    found: list[tuple[str, str, XY]] = [("dong", dong.name, dong.seed) for dong in plan.DISTRICTS]
    city = Polygon(network.ground.city)
    for hill, ring in network.ground.hills:
        seen = shapely.make_valid(Polygon(ring)).intersection(city)
        if not seen.is_empty:
            spot = seen.representative_point()
            found.append(("hill", hill.name, (spot.x, spot.y)))
    river = (plan.WATER_NORTH + plan.WATER_SOUTH) / 2
    found += [("river", plan.RIVER_NAME, (x, river)) for x in (-2_050, -480, 480, 2_100)]
    found += [(_LABELLED[kind], name, at) for kind, name, at in spots if kind in _LABELLED and name]
    found += [("hall", name.removesuffix("동"), at) for name, at in halls]
    return [
        MapFeature("label", kind, name, {"type": "Point", "coordinates": list(lonlat(*at))})
        for kind, name, at in found
        if city.contains(shapely.Point(at))
    ]
