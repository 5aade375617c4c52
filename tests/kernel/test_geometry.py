"""Metres and directions in a city, against the exact formulas."""

import math

from hypothesis import given
from hypothesis import strategies as st

from dure.kernel.geometry import (
    EARTH_RADIUS_M,
    LonLat,
    angle_between_deg,
    bearing_deg,
    degrees_around,
    distance_m,
    is_position,
    moved,
)

KOREA = st.builds(LonLat, st.floats(125, 130), st.floats(33, 39))
TURN = st.floats(0, 360, exclude_max=True)


def haversine(a: LonLat, b: LonLat) -> float:
    lat1, lat2 = math.radians(a.lat), math.radians(b.lat)
    h = math.sin((lat2 - lat1) / 2) ** 2
    h += math.cos(lat1) * math.cos(lat2) * math.sin(math.radians(b.lon - a.lon) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(h))


@given(KOREA, TURN, st.floats(1, 30_000))
def test_distance_agrees_with_the_great_circle(start: LonLat, bearing: float, metres: float) -> None:
    end = moved(start, bearing, metres)
    exact = haversine(start, end)
    assert math.isclose(distance_m(start, end), exact, rel_tol=1e-3, abs_tol=0.01)


@given(KOREA, TURN, st.floats(10, 5_000))
def test_going_somewhere_keeps_direction_and_distance(start: LonLat, bearing: float, metres: float) -> None:
    end = moved(start, bearing, metres)
    assert angle_between_deg(bearing_deg(start, end), bearing) < 0.2
    assert math.isclose(distance_m(start, end), metres, rel_tol=2e-3)


@given(KOREA, TURN, st.floats(1, 1_000))
def test_the_box_around_holds_the_circle(at: LonLat, bearing: float, metres: float) -> None:
    half_lon, half_lat = degrees_around(at, metres)
    edge = moved(at, bearing, metres * 0.999)
    assert abs(edge.lon - at.lon) <= half_lon
    assert abs(edge.lat - at.lat) <= half_lat


@given(st.floats(-720, 720), st.floats(-720, 720))
def test_angles_are_symmetric_and_at_most_a_half_turn(a: float, b: float) -> None:
    assert 0 <= angle_between_deg(a, b) <= 180
    assert math.isclose(angle_between_deg(a, b), angle_between_deg(b, a), abs_tol=1e-9)


def test_what_is_not_a_place() -> None:
    assert not is_position(0, 0)
    assert not is_position(math.nan, 36)
    assert not is_position(36.6, 127.4)
    assert is_position(127.4, 36.6)
