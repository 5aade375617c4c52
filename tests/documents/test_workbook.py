"""Workbooks: read in a child, bounded, whatever they hold."""

import subprocess
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from dure.documents.limits import Limits, UnreadableFile
from dure.documents.table import open_table
from dure.documents.workbook import text_of, write_workbook


def book(path: Path, *rows: list[object]) -> Path:
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    made.save(path)
    return path


def test_numbers_dates_and_texts_come_as_a_csv_would_have_them(tmp_path: Path) -> None:
    path = book(
        tmp_path / "a.xlsx",
        ["설치연월", "위도", "일자", "여부", "시각"],
        [201312, 37.46855, date(2026, 3, 1), True, datetime(2026, 3, 1, 9, 30)],  # noqa: DTZ001
        [None, "  빈칸 ", None, False, None],
    )
    table = open_table(path)
    rows = list(table.rows())
    table.close()
    assert table.form.format == "workbook"
    assert rows[1].cells == ["201312", "37.46855", "2026-03-01", "Y", "2026-03-01 09:30:00"]
    assert rows[2].cells[1] == "빈칸"
    assert rows[2].number == 3


def test_the_first_filled_sheet_is_read(tmp_path: Path) -> None:
    made = Workbook()
    made.create_sheet("자료").append(["a", "b"])
    made.save(tmp_path / "a.xlsx")
    table = open_table(tmp_path / "a.xlsx")
    assert table.form.sheet == "자료"
    assert next(iter(table.rows())).cells == ["a", "b"]
    table.close()


def test_rows_and_columns_are_counted_from_the_corner(tmp_path: Path) -> None:
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    sheet["C4"], sheet["D6"] = "제목", 7
    made.save(tmp_path / "a.xlsx")
    table = open_table(tmp_path / "a.xlsx")
    rows = list(table.rows())
    table.close()
    assert not any(any(row.cells) for row in rows[:3])
    assert [(row.number, row.cells) for row in rows[3:]] == [
        (4, ["", "", "제목", ""]),
        (5, ["", "", "", ""]),
        (6, ["", "", "", "7"]),
    ]


def test_what_we_write_is_read_back_as_text(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_workbook(path, "제외", [["번호", "식"], ["007", "=1+1"]])
    table = open_table(path)
    assert [row.cells for row in table.rows()][1][0] == "007"
    table.close()
    with zipfile.ZipFile(path) as packed:
        assert b"<f>" not in packed.read("xl/worksheets/sheet1.xml")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b"0" * (64 << 20))
    with pytest.raises(UnreadableFile, match="too_heavy"):
        open_table(path)


def test_a_sheet_that_needs_too_much_memory_ends_the_child_only(tmp_path: Path) -> None:
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    sheet["A1"] = "a"
    sheet.cell(row=1_000_000, column=1_000, value="far")
    made.save(tmp_path / "a.xlsx")
    with pytest.raises(UnreadableFile):
        open_table(tmp_path / "a.xlsx", Limits(memory=1 << 30, rows=2_000_000))


def test_too_many_rows_and_broken_books_are_refused(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", *[[n] for n in range(20)])
    with pytest.raises(UnreadableFile, match="too_many_rows"):
        open_table(path, Limits(rows=10))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFile):
        open_table(path)
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600)
    with pytest.raises(UnreadableFile):
        open_table(path)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400), st.integers(0, 3_000))
def test_damaged_books_never_break_the_reader(tmp_path: Path, garbage: bytes, at: int) -> None:
    path = book(tmp_path / "a.xlsx", ["a", "b"], [1, 2])
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + garbage + whole[at + len(garbage) :])
    try:
        table = open_table(path)
    except UnreadableFile:
        return
    assert all(isinstance(cell, str) for row in table.rows() for cell in row.cells)
    table.close()


def test_a_child_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = book(tmp_path / "a.xlsx", ["a"])

    def hang(*_args: object, **_more: object) -> None:
        raise subprocess.TimeoutExpired("child", 1)

    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(UnreadableFile, match="too_heavy"):
        open_table(path)


def test_values_that_are_no_text() -> None:
    assert text_of(1e20) == "1e+20"
    assert text_of(-0.0) == "0"
    assert text_of(None) == ""
