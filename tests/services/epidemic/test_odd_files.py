"""Anything at all as a file of this service: nothing breaks, every row is accounted for, good rows go in."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dure.city.imports.things import KINDS
from dure.engine.database import Database
from tests.city.conftest import Import
from tests.city.garbage import any_bytes, counts_add_up, no_bytes_break, no_good_row_is_lost, odd_rows, tables_of
from tests.city.pure import outcomes

GOOD = {
    "cases": ("확진번호,성명,신고일,나이,성별", "B-{n},김아무,2020-02-18,30,남"),
    "contacts": ("선행확진자,접촉자번호,접촉장소", "B-{n},C-{n},응급실"),
    "beds": ("시설명,구분,병상수", "병원{n},병원,30"),
    "lab_results": ("검체번호,확진번호,채취일시", "S-{n},B-1,2020-02-18"),
    "officers": ("공무원번호,성명,연락처", "O-{n},김아무,010-1234-5678"),
    "quarantine": ("접촉자번호,성명,최종접촉일", "Q-{n},김아무,2020-02-18"),
    "stations": ("진료소명,구분,간격", "진료소{n},도보,30"),
}


def test_every_kind_has_its_good_row() -> None:
    assert tables_of("dure.services.epidemic") == set(GOOD)


@pytest.mark.parametrize("name", sorted(GOOD))
@settings(max_examples=30, deadline=None)
@given(content=any_bytes)
def test_no_bytes_break_any_kind(name: str, content: bytes) -> None:
    no_bytes_break(name, content)


@pytest.mark.parametrize("name", sorted(GOOD))
@settings(max_examples=30, deadline=None)
@given(odd=odd_rows, at=st.integers(0, 6))
def test_odd_rows_never_cost_a_good_one(name: str, odd: list[list[str]], at: int) -> None:
    no_good_row_is_lost(name, GOOD[name], odd, at)


@pytest.mark.parametrize(
    ("day", "key"),
    [
        ("NaN", "city.import.required"),
        ("-", "city.import.required"),
        ("모름", "documents.cell.date"),
        ("0001-01-01", "documents.cell.date"),
        ("2020-02-18 ²:1", "documents.cell.date"),
        ("2020-02-18 24:00", "documents.cell.date"),
        ("2020-02-18 １:10", None),
    ],
)
@pytest.mark.parametrize(
    ("name", "lines"),
    [("quarantine", "접촉자번호,최종접촉일\nQ-1,{}\n"), ("lab_results", "검체번호,확진번호,채취일시\nS-1,B-1,{}\n")],
)
def test_a_day_that_is_none_refuses_its_row_and_says_so(name: str, lines: str, day: str, key: str | None) -> None:
    (row,) = outcomes(KINDS[name], lines.format(day).encode())
    assert [one.key for one in row.reasons] == ([key] if key else [])
    assert bool(row.entities) == (key is None)


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(odd=odd_rows)
async def test_counts_add_up_in_the_database(database: Database, bring: Import, odd: list[list[str]]) -> None:
    for name, good in GOOD.items():
        await counts_add_up(bring, name, good, odd)
