"""What is a polygon, and which pixels it covers, held against another's geometry (GEOS)."""

import math

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from dure.kernel.errors import Invalid
from dure.video.masks.keeping import uncovers
from dure.video.masks.shapes import MOST_POINTS, MOST_POLYGONS, checked, crosses, plane

TRIANGLE = [(0.1, 0.1), (0.9, 0.1), (0.5, 0.8)]
_corner = st.tuples(st.integers(0, 24), st.integers(0, 24)).map(lambda at: (at[0] / 24, at[1] / 24))


@pytest.mark.parametrize(
    ("polygons", "key"),
    [
        ([[(0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9)]], "video.mask.crossing"),
        ([[(0.1, 0.1), (0.9, 0.1), (0.4, 0.1), (0.5, 0.8)]], "video.mask.crossing"),
        ([[(0.1, 0.1), (0.1, 0.1), (0.5, 0.8)]], "video.mask.crossing"),
        ([[(0.1, 0.1), (0.9, 0.1)]], "video.mask.points"),
        ([[(math.cos(n) / 2 + 0.5, math.sin(n) / 2 + 0.5) for n in range(1_000)]], "video.mask.points"),
        ([[(math.nan, 0.1), (0.9, 0.1), (0.5, 0.8)]], "video.mask.outside"),
        ([[(math.inf, 0.1), (0.9, 0.1), (0.5, 0.8)]], "video.mask.outside"),
        ([[(1.01, 0.1), (0.9, 0.1), (0.5, 0.8)]], "video.mask.outside"),
        ([[(0.1,), (0.9, 0.1), (0.5, 0.8)]], "video.mask.outside"),
        ([[(0.1, 0.1), (0.101, 0.1), (0.1, 0.101)]], "video.mask.small"),
        ([TRIANGLE] * (MOST_POLYGONS + 1), "video.mask.many"),
    ],
)
def test_what_is_no_polygon_is_refused_with_its_reason(polygons: list[list[tuple[float, ...]]], key: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked(polygons)
    assert refused.value.key == key
    assert refused.value.fields[0].field.startswith("polygons")


def test_a_circle_of_a_hundred_points_is_taken() -> None:
    round_ = [(0.5 + math.cos(n / 50 * math.pi) / 2, 0.5 + math.sin(n / 50 * math.pi) / 2) for n in range(MOST_POINTS)]
    assert checked([round_, TRIANGLE]) == (tuple(round_), tuple(TRIANGLE))


@given(st.lists(_corner, min_size=3, max_size=8))
def test_a_polygon_crosses_itself_where_geos_says_so(points: list[tuple[float, float]]) -> None:
    assert crosses(tuple(points)) == (not shapely.LinearRing([*points, points[0]]).is_simple or _doubled(points))


def _doubled(points: list[tuple[float, float]]) -> bool:
    return any(a == b for a, b in zip(points, [*points[1:], points[0]], strict=True))


@given(st.lists(_corner, min_size=3, max_size=7))
def test_every_pixel_that_a_polygon_touches_is_covered_and_none_two_pixels_away(
    points: list[tuple[float, float]],
) -> None:
    ring = shapely.Polygon(points)
    if not ring.is_valid or ring.area < 0.001:
        return
    wide, high = 32, 18
    pixels = plane([tuple(points)], wide, high)
    scaled = shapely.affinity.scale(ring, wide, high, origin=(0, 0))
    inside, near = scaled.buffer(-0.01), scaled.buffer(1.0)
    for y in range(high):
        for x in range(wide):
            here = shapely.box(x, y, x + 1, y + 1)
            if inside.intersects(here):
                assert pixels[y * wide + x] == 255
            elif not near.intersects(here):
                assert pixels[y * wide + x] == 0


def test_a_mask_that_shows_more_than_the_one_before_is_known() -> None:
    whole, half = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)), ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    assert uncovers([whole], [half])
    assert uncovers([half], [])
    assert not uncovers([half], [whole])
    assert not uncovers([], [half])
    other = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))
    assert not uncovers([whole], [half, other])
