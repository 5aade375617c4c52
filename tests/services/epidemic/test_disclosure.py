"""Which places are told to the public, by the rule of the day."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.services.epidemic.disclosure import Course, Visit, flowed, listed, rule_of, verdict, window
from dure.services.epidemic.tracing.places import shared

SEOUL = ZoneInfo("Asia/Seoul")


def at(day: int, hour: int, month: int = 3) -> datetime:
    return datetime(2020, month, day, hour, tzinfo=SEOUL)


def visit(from_at: datetime, hours: int = 1, kind: str = "food", **more: object) -> Visit:
    values: dict[str, object] = {"code": "7", "place": "가상식당", "kind": kind, "address": "중구", "from_at": from_at}
    return Visit(**{**values, "to_at": from_at + timedelta(hours=hours), **more})  # type: ignore[arg-type]


COURSE = Course(date(2020, 3, 10), None, date(2020, 3, 14))


def test_the_window_opens_by_the_rule_of_its_day() -> None:
    march, october = rule_of(date(2020, 3, 14)), rule_of(date(2020, 10, 1))
    assert window(COURSE, march, SEOUL) == (at(9, 0), at(15, 0))
    assert window(COURSE, october, SEOUL) == (at(8, 0), at(15, 0))
    assert rule_of(date(2019, 1, 1)) == rule_of(date(2020, 1, 20))
    unwell = window(Course(None, date(2020, 3, 10), None), march, SEOUL)
    assert unwell == (at(9, 0), None)  # without symptoms: from the specimen; open until somebody says they are isolated
    assert window(Course(None, None, date(2020, 3, 1)), march, SEOUL) is None


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (visit(at(10, 12)), "shown"),
        (visit(at(8, 12)), "before"),
        (visit(at(15, 12)), "after"),
        (visit(at(10, 12), kind="home"), "home"),
        (visit(at(10, 12), kind="work"), "work"),
        (visit(at(10, 12), kind="work", many_exposed=True), "shown"),
        (visit(at(10, 12), contacts_known=True), "known"),
        (visit(at(10, 12), place=" "), "nameless"),
        (visit(at(10, 12), code="none"), "undated"),
    ],
)
def test_a_place_is_told_or_a_reason_is(one: Visit, expected: str) -> None:
    lines, hidden = listed([one], {"7": COURSE}, date(2020, 3, 16), SEOUL)
    assert ["shown"] * len(lines) + [why for _, why in hidden] == [expected]


def test_a_line_goes_after_fourteen_days() -> None:
    one, rule = visit(at(10, 12)), rule_of(date(2020, 3, 20))
    assert verdict(one, COURSE, rule, date(2020, 3, 24), SEOUL) == "shown"
    assert verdict(one, COURSE, rule, date(2020, 3, 25), SEOUL) == "over"
    assert listed([one], {"7": COURSE}, date(2020, 3, 16), SEOUL)[0][0].removed_on == date(2020, 3, 25)


def test_a_list_tells_places_and_nobody() -> None:
    courses = {"7": COURSE, "8": COURSE}
    stays = [
        visit(at(11, 9), place="나식당"),
        visit(at(10, 12), place="가식당"),
        visit(at(10, 13), place="가식당", code="8"),
        visit(at(14, 23), hours=4, place="다식당"),
    ]
    lines, _ = listed(stays, courses, date(2020, 3, 16), SEOUL)
    assert [(one.place, one.from_at, one.to_at) for one in lines] == [
        ("가식당", at(10, 12), at(10, 14)),  # two people's hours flow together
        ("나식당", at(11, 9), at(11, 10)),
        ("다식당", at(14, 23), at(15, 0)),  # what lies behind the window is not told
    ]
    assert not {"code", "sex", "age", "nationality"} & set(lines[0].__slots__)
    other = listed(list(reversed(stays)), courses, date(2020, 3, 16), SEOUL)[0]
    assert other == lines  # the order of a person's way is not in it


spans = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 60)), max_size=20)


@given(spans)
def test_hours_flow_together_and_none_is_lost(told: list[tuple[int, int]]) -> None:
    given_ = [(at(1, 0) + timedelta(minutes=a), at(1, 0) + timedelta(minutes=a + b)) for a, b in told]
    found = flowed(given_)
    assert all(any(a <= begin and end <= b for a, b in found) for begin, end in given_)
    assert all(later[0] - earlier[1] > timedelta(minutes=30) for earlier, later in pairwise(found))


def test_shared_places_say_who_was_there_together() -> None:
    stays = [
        visit(at(10, 12), hours=2, place="가", code="1"),
        visit(at(10, 13), hours=2, place="가", code="2"),
        visit(at(11, 13), hours=1, place="가", code="3"),
        visit(at(10, 9), place="나", code="1"),
        visit(at(12, 9), place="나", code="3"),
        visit(at(10, 9), place="집", code="1", kind="home"),
        visit(at(10, 9), place="집", code="2", kind="home"),
    ]
    first, second = shared(stays)
    assert (first.place, first.codes, first.together) == ("가", ("1", "2", "3"), ("1", "2"))
    assert (second.place, second.together, second.together_from) == ("나", (), None)
