"""The heart of the city, laid out by hand: two markets, city hall, station, car park, school and park around them."""

from dataclasses import dataclass

from dure.city.sample.plane import Polygon, middle


@dataclass(frozen=True, slots=True)
class Cut:
    """A street (or, without width, a line between lots) at `at` metres of `axis`; what lies left of it and right of it.

    Left of an x cut is the west, of a y cut the north.
    """

    axis: str
    at: float
    width_m: float
    name: str
    left: "Layout"
    right: "Layout"


Layout = Cut | str
"""A cut, or what stands here: a zone's name, or a special use."""

_NORTH_OF_MAIN = Cut(
    "x",
    0,
    10,
    "시장길",
    Cut("y", 78, 8, "시장3길", "core", "market:0"),
    Cut(
        "y",
        102,
        8,
        "시청길",
        Cut("x", 76, 6, "", "school:중앙초등학교", "core"),
        Cut("x", 54, 0, "", "parking:공영주차장", "cityhall"),
    ),
)
_SOUTH_OF_MAIN = Cut(
    "x",
    0,
    10,
    "시장길",
    "core",
    Cut("y", -72, 6, "", "core", "park:빛내공원"),
)
_EAST_OF_GATE = Cut(
    "x", 282, 8, "동문시장길", Cut("y", 88, 8, "동문1길", "market:1", "core"), Cut("x", 560, 10, "구절로", "old", "old")
)

_CELLS: tuple[tuple[tuple[float, float, float, float], Layout], ...] = (
    ((-130, 0, 130, 190), _NORTH_OF_MAIN),
    ((-130, -150, 130, 0), _SOUTH_OF_MAIN),
    ((130, 0, 860, 190), _EAST_OF_GATE),
)


def layout(face: Polygon) -> Layout | None:
    """The fixed layout of a face, or None where the face is left to chance."""
    x, y = middle(face)
    for (x0, y0, x1, y1), found in _CELLS:
        if x0 < x < x1 and y0 < y < y1:
            return found
    return None
