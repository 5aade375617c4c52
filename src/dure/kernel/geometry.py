"""Places on the ground: WGS84 degrees in GeoJSON order, metres and compass degrees.

Distances here are for a city (tens of kilometres): the equirectangular approximation stays within 0.1 % there. Work
that
needs a projected plane goes through pyproj in `dure.city.projection`.
"""

import math
from typing import NamedTuple

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius (IUGG)."""


class LonLat(NamedTuple):
    """Longitude and latitude, WGS84 degrees, in GeoJSON order."""

    lon: float
    lat: float


def is_position(lon: float, lat: float) -> bool:
    """Whether the pair can be a place on earth; (0, 0) is what empty columns become, so it is not one."""
    return (
        math.isfinite(lon)
        and math.isfinite(lat)
        and -180 <= lon <= 180
        and -90 <= lat <= 90
        and not (lon == 0 and lat == 0)
    )


def distance_m(a: LonLat, b: LonLat) -> float:
    """Metres between two places of one city."""
    x = math.radians(b.lon - a.lon) * math.cos(math.radians((a.lat + b.lat) / 2))
    y = math.radians(b.lat - a.lat)
    return math.hypot(x, y) * EARTH_RADIUS_M


def bearing_deg(a: LonLat, b: LonLat) -> float:
    """Compass direction from `a` to `b`, degrees clockwise from north, in [0, 360)."""
    x = math.radians(b.lon - a.lon) * math.cos(math.radians((a.lat + b.lat) / 2))
    y = math.radians(b.lat - a.lat)
    return math.degrees(math.atan2(x, y)) % 360


def angle_between_deg(a: float, b: float) -> float:
    """The smaller angle between two compass directions, in [0, 180]."""
    return abs((a - b + 180) % 360 - 180)


def moved(start: LonLat, bearing: float, metres: float) -> LonLat:
    """The place `metres` from `start` in the compass direction `bearing`."""
    angle = math.radians(bearing)
    lat = start.lat + math.degrees(math.cos(angle) * metres / EARTH_RADIUS_M)
    lon = start.lon + math.degrees(math.sin(angle) * metres / (EARTH_RADIUS_M * math.cos(math.radians(start.lat))))
    return LonLat(lon, lat)


def degrees_around(at: LonLat, metres: float) -> tuple[float, float]:
    """Half-widths in degrees (lon, lat) of the box that holds the circle of `metres` around `at`."""
    lat = math.degrees(metres / EARTH_RADIUS_M)
    return lat / max(math.cos(math.radians(at.lat)), 1e-6), lat
