"""Dates as files write them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.documents.dates import Order, order_of, read

DAY = date(2020, 3, 4)
FORMS: dict[Order, str] = {"dmy": "{0.day}/{0.month}/{0.year}", "mdy": "{0.month}/{0.day}/{0.year}"}


@pytest.mark.parametrize(
    "cell",
    [
        *("2020-03-04", "2020.3.4.", "2020년 3월 4일", "20200304", "4 Mar 2020", "March 4, 2020", "04-mar-2020"),
        *("43894", "43894.75", "2020-03-04 13:20", "2020-03-04T12:00:00+09:00", "20.3.4", "２０２０-０３-０４"),
    ],
)
def test_one_day_in_many_forms(cell: str) -> None:
    assert read(cell) == DAY


@pytest.mark.parametrize("cell", ["", "-", "NaN", "없음"])
def test_nothing_is_nothing(cell: str) -> None:
    assert read(cell) is None


@pytest.mark.parametrize(
    "cell", ["3/4", "2020-13-01", "2/30/2020", "어제", "12345", "3 Foo 2020", "1/2/3/4", "4/3/2020"]
)
def test_what_is_no_date_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match=r"documents\.cell\.date"):
        read(cell)


@given(st.lists(st.dates(date(1990, 1, 1), date(2060, 1, 1)), min_size=1), st.sampled_from(["dmy", "mdy"]))
def test_a_column_says_its_order_where_any_day_is_above_twelve(days: list[date], order: Order) -> None:
    days.append(date(2020, 3, 25))
    cells = [FORMS[order].format(day) for day in days]
    assert order_of(cells) == order
    assert [read(cell, order) for cell in cells] == days


def test_where_nothing_tells_the_dates_lie_close_together() -> None:
    assert order_of(["02/03/2020", "03/03/2020", "04/03/2020"]) == "dmy"
    assert order_of(["03/02/2020", "03/03/2020", "03/04/2020"]) == "mdy"
    assert order_of([]) == "ymd"


@given(st.dates(date(1955, 1, 2), date(2100, 1, 1)))
def test_day_numbers_of_workbooks(day: date) -> None:
    assert read(str((day - date(1899, 12, 30)) // timedelta(days=1))) == day
