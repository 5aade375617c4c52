"""Polygons over a picture: what is one, and which pixels it covers. Pure.

Coordinates are shares of the picture's width and height, (0, 0) above and left, so that a mask outlives a change of
resolution. What a polygon touches it covers whole.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final

from dure.kernel.errors import FieldError, Invalid

Point = tuple[float, float]
Polygon = tuple[Point, ...]
MOST_POINTS: Final = 100
MOST_POLYGONS: Final = 20
SMALLEST: Final = 0.0001
"""Of the picture: what is smaller covers nothing and was a slip of the hand."""
_STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)


def checked(polygons: Sequence[Sequence[Sequence[float]]]) -> tuple[Polygon, ...]:
    """These polygons, if each is one: 3 to 100 points within the picture, an area, and no side that crosses another.
    Raises Invalid with the field of the first that is wrong.
    """
    if len(polygons) > MOST_POLYGONS:
        raise _wrong("polygons", "many", most=MOST_POLYGONS)
    return tuple(_one(polygon, f"polygons.{number}") for number, polygon in enumerate(polygons))


def _one(polygon: Sequence[Sequence[float]], field: str) -> Polygon:
    if not 3 <= len(polygon) <= MOST_POINTS:
        raise _wrong(field, "points", most=MOST_POINTS)
    for point in polygon:
        if len(point) != 2 or not all(math.isfinite(one) and 0 <= one <= 1 for one in point):
            raise _wrong(field, "outside")
    points = tuple((float(x), float(y)) for x, y in polygon)
    if crosses(points):
        raise _wrong(field, "crossing")
    if abs(area(points)) < SMALLEST:
        raise _wrong(field, "small")
    return points


def _wrong(field: str, why: str, **params: int) -> Invalid:
    key = f"video.mask.{why}"
    return Invalid(key, fields=[FieldError(field, key, dict(params))], **params)


def area(points: Polygon) -> float:
    """The area with its sign, as a share of the picture."""
    pairs = zip(points, (*points[1:], points[0]), strict=True)
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs) / 2


def crosses(points: Polygon) -> bool:
    """Whether two sides meet anywhere but in the corner that they share."""
    sides = list(zip(points, (*points[1:], points[0]), strict=True))
    many = len(sides)
    for i, (a, b) in enumerate(sides):
        if a == b:
            return True
        for j in range(i + 1, many):
            c, d = sides[j]
            if j == i + 1 or (i == 0 and j == many - 1):
                far_a, corner, far_b = (a, b, d) if j == i + 1 else (c, d, b)
                if _turn(far_a, corner, far_b) == 0 and _ahead(corner, far_a, far_b):
                    return True  # goes back over itself
            elif _meet(a, b, c, d):
                return True
    return False


def _turn(a: Point, b: Point, c: Point) -> int:
    value = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (value > 1e-15) - (value < -1e-15)


def _ahead(corner: Point, a: Point, b: Point) -> bool:
    return (a[0] - corner[0]) * (b[0] - corner[0]) + (a[1] - corner[1]) * (b[1] - corner[1]) > 0


def _within(a: Point, b: Point, c: Point) -> bool:
    return min(a[0], b[0]) <= c[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    first, second, third, fourth = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if first != second and third != fourth:
        return True
    ends = ((first, a, b, c), (second, a, b, d), (third, c, d, a), (fourth, c, d, b))
    return any(turn == 0 and _within(p, q, r) for turn, p, q, r in ends)


def plane(polygons: Iterable[Polygon], width: int, height: int) -> bytes:
    """A grey picture of `width` x `height` pixels: 255 where a polygon touches a pixel, else 0."""
    pixels = bytearray(width * height)
    for polygon in polygons:
        scaled = [(x * width, y * height) for x, y in polygon]
        sides = list(zip(scaled, (*scaled[1:], scaled[0]), strict=True))
        top = max(0, math.floor(min(y for _, y in scaled)))
        bottom = min(height, math.ceil(max(y for _, y in scaled)) + 1)
        for row in range(top, bottom):
            for left, right in _spans(sides, row):
                begin, end = max(0, math.floor(left)), min(width, math.floor(right) + 1)
                if begin < end:
                    pixels[row * width + begin : row * width + end] = b"\xff" * (end - begin)
    return bytes(pixels)


def _spans(sides: Sequence[tuple[Point, Point]], row: int) -> list[tuple[float, float]]:
    """What is inside along a row of pixels, and every side's own part of it."""
    found: list[tuple[float, float]] = []
    for step in _STEPS:
        y = row + step
        cuts = sorted(a[0] + (y - a[1]) * (b[0] - a[0]) / (b[1] - a[1]) for a, b in sides if (a[1] <= y) != (b[1] <= y))
        found += zip(cuts[::2], cuts[1::2], strict=True)
    for a, b in sides:
        (x0, y0), (x1, y1) = sorted((a, b), key=lambda point: point[1])
        if y1 < row or y0 > row + 1:
            continue
        if y1 == y0:
            found.append((min(x0, x1), max(x0, x1)))
            continue
        ends = [x0 + (min(max(y, y0), y1) - y0) * (x1 - x0) / (y1 - y0) for y in (row, row + 1)]
        found.append((min(ends), max(ends)))
    return found
