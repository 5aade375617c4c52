"""What stands between a camera and a place, and whom it makes room for."""

import time

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, text

from dure.city import camera_index
from dure.city.camera_index import nearest_cameras
from dure.city.nearest import Chooser, View
from dure.city.sight import Buildings
from dure.city.tables import camera
from dure.engine.database import Database
from dure.kernel.geometry import LonLat, moved
from dure.kernel.ids import new_id

AT = LonLat(127.4, 36.6)


def box(middle: LonLat, metres: float = 10) -> list[LonLat]:
    """A square building, its corners at this distance."""
    return [moved(middle, bearing, metres) for bearing in (45, 135, 225, 315)]


def test_a_building_between_hides_and_one_beside_behind_or_around_does_not() -> None:
    place = moved(AT, 90, 60)
    assert Buildings([box(moved(AT, 90, 30))]).hide(AT, place)
    assert Buildings([box(moved(moved(AT, 90, 30), 0, 25))]).hide(AT, place) is False, "beside"
    assert Buildings([box(moved(AT, 90, 90))]).hide(AT, place) is False, "behind"
    assert Buildings([box(place)]).hide(AT, place) is False, "the place is in it"
    assert Buildings([box(AT, 5)]).hide(AT, place) is False, "the camera is on it"
    wall = box(moved(AT, 90, 8.0))  # a corner of 7.07 m to each side: its wall is a metre from the camera
    assert Buildings([wall]).hide(AT, place) is False, "it hangs at the wall"
    assert len(Buildings([box(AT)[:2]])) == 0, "two corners are no building"


@given(st.floats(0, 360), st.floats(15, 90), st.floats(0, 360), st.floats(3, 12))
def test_it_does_not_matter_who_looks_at_whom(bearing: float, away: float, turn: float, size: float) -> None:
    place, middle = moved(AT, bearing, 120), moved(AT, turn, away)
    built = Buildings([box(middle, size)])
    if min(abs(away), 120) > size + 2:
        assert built.hide(AT, place) == built.hide(place, AT)


def views(*bearings: float, metres: float = 60) -> list[View]:
    """Cameras around the place that look at it, named by their bearing."""
    return [
        View(
            f"c{bearing:03.0f}",
            f"s{bearing:03.0f}",
            *moved(AT, bearing, metres),
            (bearing + 180) % 360,
            90,
            120,
            False,
            "ok",
        )
        for bearing in bearings
    ]


def test_who_is_hidden_makes_room_for_who_sees_and_says_why() -> None:
    chooser = Chooser([*views(0), *views(90, metres=70), *views(180, metres=80)])
    built = Buildings([box(moved(AT, 0, 30))])
    assert [(one.id, one.reason) for one in chooser.seen(AT, 2, built)] == [("c090", "sees"), ("c180", "sees")]
    assert [(one.id, one.reason) for one in chooser.seen(AT, 3, built)][-1] == ("c000", "hidden")
    assert chooser.seen(AT, 2, Buildings([])) == chooser.nearest(AT, 2)


def test_where_nobody_sees_it_neighbours_say_so() -> None:
    away = View("away", "s-away", *moved(AT, 45, 40), 45.0, 60, 120, False, "ok")
    chooser = Chooser([*views(0, 90), away])
    built = Buildings([box(moved(AT, 0, 30)), box(moved(AT, 90, 30))])
    assert [(one.id, one.reason) for one in chooser.seen(AT, 3, built)] == [
        ("away", "neighbour"),
        ("c000", "hidden"),
        ("c090", "hidden"),
    ]


def test_no_more_than_two_of_a_site_and_a_broken_one_after_all_others() -> None:
    of_one = [one._replace(site_id="s", id=f"s-{n}") for n, one in enumerate(views(0, 5, 10))]
    broken = views(270, metres=20)[0]._replace(state="broken")
    chosen = Chooser([*of_one, broken, *views(180)]).seen(AT, 4, Buildings([box(moved(AT, 180, 30))]))
    assert [one.site_id for one in chosen] == ["s", "s", "s180", "s270"]
    assert [one.reason for one in chosen] == ["sees", "sees", "hidden", "not_in_use"]


def test_a_place_at_the_other_end_of_the_world_is_answered_at_once() -> None:
    """Asked about by whoever may read cameras: it must not hold up everybody else."""
    broken = [one._replace(state="broken") for one in views(0, 90, 180, 270)]
    chooser = Chooser([*broken, *views(45, metres=5)])
    built = Buildings([box(moved(AT, 90, 30)), box(LonLat(127.0, 36.0), 2_000_000)])
    for place in (LonLat(0, 0), LonLat(-180, -90), LonLat(180, 90)):
        began = time.process_time()
        chosen = chooser.seen(place, 1, built)
        built.hide(AT, place)
        assert time.process_time() - began < 0.5
        assert [(one.id, one.reason) for one in chosen] == [("c045", "stands_in")]


def test_an_outline_as_large_as_a_country_hides_as_any_other() -> None:
    vast = [LonLat(127.4003, -40), LonLat(127.4004, -40), LonLat(127.4004, 80), LonLat(127.4003, 80)]
    assert Buildings([vast]).hide(AT, moved(AT, 90, 60))
    assert Buildings([[LonLat(lon + 1, lat) for lon, lat in vast]]).hide(AT, moved(AT, 90, 60)) is False


async def test_the_citys_own_outlines_are_asked(database: Database) -> None:
    rows = [
        {"id": one.id, "site_id": one.site_id, "number": 1, "name": one.id, "lon": one.lon, "lat": one.lat}
        | {"azimuth_deg": one.azimuth_deg, "fov_deg": 90, "range_m": 120, "state": "ok"}
        for one in [*views(0), *views(90, metres=70)]
    ]
    shape = {"type": "Polygon", "coordinates": [[list(corner) for corner in box(moved(AT, 0, 30))]]}
    async with database.transaction() as tx:
        await tx.execute(insert(camera), rows)
        assert [one.id for one in await nearest_cameras(tx, AT, 1)] == ["c000"]
        await tx.execute(
            text(
                "insert into map_feature (id, layer, geometry, min_lon, min_lat, max_lon, max_lat) "
                "values (:id, 'building', cast(:shape as jsonb), 127.3, 36.5, 127.5, 36.7)"
            ),
            {"id": new_id(), "shape": str(shape).replace("'", '"')},
        )
        camera_index.index_of(tx)._read_at = 0.0
        assert [(one.id, one.reason) for one in await nearest_cameras(tx, AT, 1)] == [("c090", "sees")]
