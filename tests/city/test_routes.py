"""Where somebody may be seen next, along roads that cross, and within which time."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.city.routes import SPEEDS_M_S, Spot, following
from dure.kernel.geometry import LonLat, distance_m, moved

AT = LonLat(127.4, 36.6)


def east(metres: float, north: float = 0) -> LonLat:
    return moved(moved(AT, 90, metres), 0, north)


def spot(id_: str, metres: float, north: float = 0, site: str | None = None) -> Spot:
    return Spot(id_, site or id_, east(metres, north))


STREET = [east(-500), east(500)]
CROSS = [east(100, -400), east(100, 400)]


def test_the_way_follows_the_streets_and_the_windows_the_speeds() -> None:
    around = spot("around", 100, 200)
    (found,) = following(spot("c", 0), [around], [STREET, CROSS], "person")
    assert found.by_road
    assert found.metres == pytest.approx(300, abs=2), "a hundred along, two hundred up: not the straight 224"
    slow, fast = SPEEDS_M_S["person"]
    assert found.earliest_s == pytest.approx(300 / fast, abs=1)
    assert found.latest_s == pytest.approx(300 / slow, abs=3)
    (car,) = following(spot("c", 0), [around], [STREET, CROSS], "car")
    assert car.latest_s < found.latest_s


def test_who_is_passed_first_is_named_first() -> None:
    near, behind, other = spot("near", 50), spot("behind", 90), spot("other", -150)
    found = following(spot("c", 0), [behind, near, other], [STREET], "person")
    assert [(one.id, one.first) for one in found] == [("near", True), ("other", True), ("behind", False)]


def test_a_street_that_ends_at_another_meets_it_and_one_that_does_not_is_no_way() -> None:
    up = [east(200, 3), east(200, 300)]
    away = [east(300, 40), east(300, 300)]
    found = {
        one.id: one
        for one in following(spot("c", 0), [spot("up", 200, 250), spot("away", 300, 250)], [STREET, up, away], "car")
    }
    assert found["up"].by_road
    assert found["up"].metres == pytest.approx(450, abs=5)
    assert not found["away"].by_road


def test_without_roads_the_straight_way_stands_in_and_says_so() -> None:
    there = spot("there", 300)
    (found,) = following(spot("c", 0), [there], [], "person")
    assert not found.by_road
    assert found.metres == pytest.approx(1.3 * 300, abs=1)
    assert following(spot("c", 0, 200), [there], [STREET], "person")[0].by_road is False, "nobody stands at a road"


def test_two_of_a_site_not_itself_and_not_beyond_reach() -> None:
    poles = [spot(f"p{n}", 60 + n, site="pole") for n in range(4)]
    found = following(spot("p0", 60, site="pole"), [*poles, spot("far", 499)], [STREET], "person", n=9)
    assert {one.id for one in found} == {"p1", "p2", "far"}
    assert following(spot("c", 0), [spot("far", 5_000)], [], "car") == []


@given(st.lists(st.tuples(st.floats(-400, 400), st.floats(-300, 300)), min_size=1, max_size=8))
def test_no_way_is_shorter_than_the_straight_line(places: list[tuple[float, float]]) -> None:
    cameras = [spot(f"c{n}", *place) for n, place in enumerate(places)]
    grid = [[east(-400, y), east(400, y)] for y in (-200, 0, 200)] + [
        [east(x, -300), east(x, 300)] for x in (-200, 0, 200)
    ]
    for one in following(spot("start", 0), cameras, grid, "person", n=9):
        at = next(camera.at for camera in cameras if camera.id == one.id)
        assert one.metres >= distance_m(AT, at) - 1
        assert 0 <= one.earliest_s <= one.latest_s < math.inf
