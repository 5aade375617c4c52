"""The five cameras around a place: against a slow and obvious chooser, and in words."""

import random
import statistics
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from dure.city.nearest import (
    DEFAULT_FOV_DEG,
    DEFAULT_RANGE_M,
    IN_USE,
    LONGEST_RANGE_M,
    PER_SITE,
    Chooser,
    View,
)
from dure.kernel.geometry import LonLat, angle_between_deg, bearing_deg, distance_m, moved

HERE = LonLat(127.4262, 36.6291)


def view(id_: str, metres: float = 30, bearing: float = 0, *, site: str | None = None, **more: object) -> View:
    """A camera `metres` from the place in the compass direction `bearing` (as seen from the place)."""
    at = moved(HERE, bearing, metres)
    given: dict[str, object] = {
        "azimuth_deg": None,
        "fov_deg": None,
        "range_m": None,
        "ptz": False,
        "state": "ok",
        **more,
    }
    return View(id_, site or id_, at.lon, at.lat, **given)  # type: ignore[arg-type]


def rank(one: View, at: LonLat) -> int:
    """0 sees, 1 may see, 2 elsewhere: written out without arrays."""
    where = LonLat(one.lon, one.lat)
    metres = distance_m(where, at)
    if metres > min(one.range_m or DEFAULT_RANGE_M, LONGEST_RANGE_M):
        return 2
    fov = one.fov_deg if one.fov_deg is not None else DEFAULT_FOV_DEG
    if fov >= 360 or metres < 1:
        return 0
    if one.azimuth_deg is None:
        return 1
    if angle_between_deg(one.azimuth_deg, bearing_deg(where, at)) <= fov / 2:
        return 0
    return 1 if one.ptz else 2


def plainly(views: list[View], at: LonLat, n: int) -> list[str]:
    """Sort everything, take the first, at most two of a site."""
    order = sorted(
        range(len(views)),
        key=lambda i: (
            views[i].state not in IN_USE,
            rank(views[i], at),
            distance_m(LonLat(views[i].lon, views[i].lat), at),
            views[i].id,
        ),
    )
    taken: list[str] = []
    sites: dict[str, int] = {}
    for i in order:
        site = views[i].site_id
        if sites.get(site, 0) < PER_SITE and len(taken) < n:
            sites[site] = sites.get(site, 0) + 1
            taken.append(views[i].id)
    return taken


angle = st.none() | st.floats(0, 359.9)
a_view = st.builds(
    lambda n, metres, bearing, azimuth, fov, reach, ptz, state: (metres, bearing, azimuth, fov, reach, ptz, state, n),
    st.integers(0, 8),
    st.floats(1.5, 20_000),
    st.floats(0, 359),
    angle,
    st.none() | st.sampled_from([40.0, 90.0, 360.0]),
    st.none() | st.floats(10, 3_000),
    st.booleans(),
    st.sampled_from(["ok", "ok", "unknown", "broken", "off"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(a_view, max_size=60), st.integers(1, 7))
def test_it_chooses_what_sorting_everything_would(made: list[tuple[float, ...]], n: int) -> None:
    views = [
        view(
            f"c{i}",
            metres,
            bearing,
            site=f"s{site}",
            azimuth_deg=azimuth,
            fov_deg=fov,
            range_m=reach,
            ptz=ptz,
            state=state,
        )
        for i, (metres, bearing, azimuth, fov, reach, ptz, state, site) in enumerate(made)
    ]
    assert [one.id for one in Chooser(views).nearest(HERE, n)] == plainly(views, HERE, n)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_so_it_does_in_a_whole_city(seed: int) -> None:
    chance = random.Random(seed)
    views = [
        View(
            f"c{i}",
            f"s{i // 3}",
            127.3 + chance.random() * 0.2,
            36.5 + chance.random() * 0.2,
            chance.choice([None, chance.random() * 360]),
            chance.choice([None, 60.0, 90.0]),
            chance.choice([None, 50.0, 400.0]),
            chance.random() < 0.1,
            chance.choice(["ok", "unknown", "broken"]),
        )
        for i in range(1_500)
    ]
    chooser = Chooser(views)
    for _ in range(15):
        at = LonLat(127.28 + chance.random() * 0.24, 36.48 + chance.random() * 0.24)
        assert [one.id for one in chooser.nearest(at)] == plainly(views, at, 5)


def test_the_reason_is_said() -> None:
    views = [
        view("sees", 40, 0, azimuth_deg=180.0),
        view("away", 20, 90, azimuth_deg=90.0),
        view("turns", 25, 180, azimuth_deg=180.0, ptz=True),
        view("blind", 30, 270),
        view("far", 5_000, 45, azimuth_deg=225.0),
    ]
    chosen = Chooser(views).nearest(HERE)
    assert [(one.id, one.reason) for one in chosen] == [
        ("sees", "sees"),
        ("turns", "turns"),
        ("blind", "direction_unknown"),
        ("away", "nearby"),
        ("far", "far"),
    ]
    assert [one.distance_m for one in chosen[:4]] == [40.0, 25.0, 30.0, 20.0]


def test_a_broken_camera_is_replaced_and_its_stand_in_says_so() -> None:
    views = [view("broken", 10, azimuth_deg=180.0, state="broken"), view("near", 300), view("off", 400, state="off")]
    first, *rest = Chooser(views).nearest(HERE, 1)
    assert (first.id, first.reason, first.instead_of) == ("near", "stands_in", "broken")
    assert not rest
    assert [(one.id, one.reason) for one in Chooser(views).nearest(HERE, 3)][1:] == [
        ("broken", "not_in_use"),
        ("off", "not_in_use"),
    ]


def test_at_most_two_of_a_site() -> None:
    views = [view(f"a{n}", 5 + n, site="pole") for n in range(6)] + [view(f"b{n}", 200 + n) for n in range(4)]
    assert [one.id for one in Chooser(views).nearest(HERE)] == ["a0", "a1", "b0", "b1", "b2"]


def test_nothing_to_choose_from() -> None:
    assert Chooser([]).nearest(HERE) == []
    assert Chooser([view("a")]).nearest(HERE, 0) == []


def test_a_wild_position_does_not_make_a_huge_grid() -> None:
    views = [view("a"), View("b", "b", -70.0, -50.0, None, None, None, False, "ok")]
    started = time.perf_counter()
    assert [one.id for one in Chooser(views).nearest(HERE)] == ["a", "b"]
    assert time.perf_counter() - started < 5


def test_a_hundred_thousand_cameras_answer_within_a_millisecond() -> None:
    chance = random.Random(7)
    views = [
        View(
            f"c{i}",
            f"s{i // 2}",
            127.3 + chance.random() * 0.25,
            36.55 + chance.random() * 0.2,
            chance.random() * 360,
            90.0,
            chance.choice([60.0, 120.0]),
            False,
            "ok" if chance.random() < 0.95 else "broken",
        )
        for i in range(100_000)
    ]
    chooser = Chooser(views)
    places = [LonLat(127.3 + chance.random() * 0.25, 36.55 + chance.random() * 0.2) for _ in range(500)]
    spent = []
    for at in places:
        started = time.perf_counter()
        assert len(chooser.nearest(at)) == 5
        spent.append(time.perf_counter() - started)
    assert statistics.median(spent) < 0.001
