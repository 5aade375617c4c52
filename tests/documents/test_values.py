"""What people write in cells."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.documents import values
from dure.documents.header import find_header
from dure.documents.table import Row


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1,234", 1234),
        ("３７.５", 37.5),
        ("30일", 30),
        ("200만 화소", 200),
        ("-1.5e2", -150),
        ("", None),
        ("-", None),
        ("4대", 4),
    ],
)
def test_numbers(cell: str, value: float | None) -> None:
    assert values.number(cell) == value


@pytest.mark.parametrize("cell", ["abc", "1,23,4", "1 2", "nan!", "inf", "1e999", "--1", "+", "."])
def test_what_is_no_number(cell: str) -> None:
    if values.is_empty(cell):
        assert values.number(cell) is None
        return
    with pytest.raises(ValueError, match=r"documents\.cell\.number"):
        values.number(cell)


@pytest.mark.parametrize("cell", ["2026-03-01", "2026.3.1", "2026년 3월 1일", "20260301", "2026/03/01 00:00:00"])
def test_dates(cell: str) -> None:
    assert values.day(cell) == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("cell", "month"),
    [
        ("201312", "2013-12"),
        ("2019-06", "2019-06"),
        ("2019.6", "2019-06"),
        ("2013-12-01", "2013-12"),
        ("2011", "2011"),
        ("0", None),
    ],
)
def test_months(cell: str, month: str | None) -> None:
    assert values.month(cell) == month


@pytest.mark.parametrize("cell", ["201313", "999901", "13-2019", "2019-00"])
def test_what_is_no_month(cell: str) -> None:
    with pytest.raises(ValueError, match=r"documents\.cell\.month"):
        values.month(cell)


@pytest.mark.parametrize(
    ("cell", "phone"),
    [
        ("01012345678", "010-1234-5678"),
        ("+82 10-1234-5678", "010-1234-5678"),
        ("02.123.4567", "02-123-4567"),
        ("15881234", "1588-1234"),
        ("031)123-4567", "031-123-4567"),
        ("0505-123-4567", "0505-123-4567"),
    ],
)
def test_phones(cell: str, phone: str) -> None:
    assert values.phone(cell) == phone


@pytest.mark.parametrize("cell", ["010-123-45", "전화 없음요", "1234567", "010-1234-56789"])
def test_what_is_no_phone(cell: str) -> None:
    with pytest.raises(ValueError, match=r"documents\.cell\.phone"):
        values.phone(cell)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_readers_answer_or_say_why(cell: str) -> None:
    for read in (values.number, values.whole, values.day, values.month, values.yes, values.phone, values.text):
        try:
            read(cell)
        except ValueError as error:
            assert str(error).startswith("documents.cell.")  # noqa: PT017


def test_the_header_is_found_below_titles_and_by_synonyms() -> None:
    rows = [
        Row(1, ["2026년 시설 현황", "", ""]),
        Row(2, ["", "", ""]),
        Row(3, ["관리 번호", "WGS84 위도", "좌표정보(X)"]),
        Row(4, ["1", "37", "200000"]),
    ]
    header = find_header(
        rows, {"number": ("관리번호",), "lat": ("WGS84위도",), "x": ("좌표정보(x)",), "y": ("좌표정보(y)",)}
    )
    assert header is not None
    assert header.row == 3
    assert header.fields == {"number": 0, "lat": 1, "x": 2}


def test_doubled_and_empty_column_names_stay_apart() -> None:
    header = find_header([Row(1, ["a", "a", "", "번호"])], {"number": ("번호",)})
    assert header is not None
    assert header.names == ("a", "a'", "#3", "번호")
