"""Coordinates between WGS84 and the planes of Korean files.

EPSG:5179 is the unified plane; 5185 to 5188 are the belts of 2010 (false northing 600 km), 5181 the central belt before
them (500 km), 5174 the old one on Bessel's ellipsoid, some 300 m away from the others.
"""

from collections.abc import Sequence
from functools import lru_cache

from pyproj import Transformer

from dure.kernel.geometry import LonLat

WGS84 = 4326
METRIC = 5179
"""The plane of metric work, by default."""

PLANES: tuple[int, ...] = (5186, 5179, 5187, 5174, 5181, 5185, 5188)
"""Planes of Korean files, in the order in which a guess prefers them."""

KOREA = (124.0, 33.0, 132.0, 39.0)
"""West, south, east, north: from Baengnyeongdo to Dokdo, from Marado to the truce line."""

Pairs = Sequence[tuple[float, float]]


@lru_cache(maxsize=32)
def _transformer(source: int, target: int) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


def to_wgs84(epsg: int, pairs: Pairs) -> list[LonLat]:
    """Pairs (east, north) of the plane as longitude and latitude; infinite where the plane does not reach."""
    if epsg == WGS84:
        return [LonLat(x, y) for x, y in pairs]
    if not pairs:
        return []
    lon, lat = _transformer(epsg, WGS84).transform([x for x, _ in pairs], [y for _, y in pairs])
    return [LonLat(float(one), float(other)) for one, other in zip(lon, lat, strict=True)]


def to_plane(pairs: Pairs, epsg: int = METRIC) -> list[tuple[float, float]]:
    """Longitudes and latitudes as (east, north) metres of a plane."""
    if not pairs:
        return []
    x, y = _transformer(WGS84, epsg).transform([lon for lon, _ in pairs], [lat for _, lat in pairs])
    return [(float(one), float(other)) for one, other in zip(x, y, strict=True)]


def in_korea(lon: float, lat: float) -> bool:
    """Whether the place lies in the box around South Korea."""
    west, south, east, north = KOREA
    return west <= lon <= east and south <= lat <= north


def looks_like_degrees(x: float, y: float) -> bool:
    """Whether the pair can be degrees (in either order) rather than metres of a plane."""
    return abs(x) <= 180 and abs(y) <= 180
