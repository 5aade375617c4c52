"""Files for spreadsheets."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.kernel.sheet import csv_bytes, guarded


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1", "\n=1", "-1", "+82 10"]
)
def test_what_begins_a_formula_becomes_text(cell: str) -> None:
    assert guarded(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["", "3.5", "홍*동", "a=b", "010-1234", " =1"])
def test_all_else_stays_as_it_is(cell: str) -> None:
    assert guarded(cell) == cell


def test_a_number_that_is_one_stays_one() -> None:
    assert csv_bytes([(-3.5, 7, None, "-3.5")]).decode("utf-8-sig") == "-3.5,7,,'-3.5\r\n"


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=2, max_size=4)))
def test_what_is_written_is_read_again_and_holds_no_formula(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(csv_bytes(rows).decode("utf-8-sig"), newline="")))
    assert read == [[guarded(cell) for cell in row] for row in rows]
    for row in read:
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@")), cell
