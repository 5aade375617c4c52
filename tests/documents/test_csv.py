"""CSV as it comes: encodings, quotes, ragged rows, and anything at all."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.documents.csvfile import CsvTable, records, split, written
from dure.documents.encoding import Line
from dure.documents.limits import Limits, UnreadableFile
from dure.documents.table import open_table
from dure.kernel.sheet import unguarded

HEADER = "관리번호,이름,비고"


def cells(path: Path, limits: Limits | None = None) -> list[list[str]]:
    return [row.cells for row in CsvTable(path, limits or Limits()).rows()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_every_encoding_of_korean_offices_reads_the_same(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f'{HEADER}\r\n1,똠방각하,"서울, 강남"\r\n'.encode(encoding))
    assert cells(path) == [["관리번호", "이름", "비고"], ["1", "똠방각하", "서울, 강남"]]
    assert CsvTable(path).form.encoding == encoding


def test_a_line_of_another_encoding_is_read_by_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"{HEADER}\n1,가나다,\n2,라마바,\n".encode() + "3,사아자,\n".encode("cp949"))
    assert [row[1] for row in cells(path)[1:]] == ["가나다", "라마바", "사아자"]


def test_a_line_that_no_encoding_reads_is_that_rows_problem(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"{HEADER}\n1,가,\n2,".encode() + b"\xff\xfe\xff,\n3,\xea\xb0\x80,\n")
    rows = list(CsvTable(path).rows())
    assert [row.problem for row in rows] == [None, None, "documents.row.encoding", None]
    assert rows[3].cells[1] == "가"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        delimiter.join(["관리번호", "이름", "x"]) + "\n" + delimiter.join(["1", "가", "나"]) + "\n", "utf-8"
    )
    assert cells(path)[1] == ["1", "가", "나"]


def test_line_ends_of_old_macs(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\r1,2\r3,4\r")
    assert cells(path) == [["a", "b"], ["1", "2"], ["3", "4"]]


def test_a_quote_that_never_closes_spoils_its_row_only(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = ["a,b", '1,"열린 따옴표', *[f"{n},x" for n in range(2, 300)]]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    rows = list(CsvTable(path).rows())
    assert len(rows) == 300
    assert [row.number for row in rows if row.problem] == [2]
    assert rows[-1].cells == ["299", "x"]


def test_a_quoted_line_end_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('a,b\n1,"위\n아래"\n2,x\n', "utf-8")
    rows = list(CsvTable(path).rows())
    assert rows[1].cells == ["1", "위\n아래"]
    assert rows[2].number == 3


def test_nul_bytes_and_controls_are_taken_out(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n1,x\x00y\x07z\n")
    assert cells(path)[1] == ["1", "xyz"]


def test_huge_cells_lines_and_rows_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    limits = Limits(cell=100, line=1_000, columns=5, rows=4)
    path.write_text("a,b\n" + "x" * 150 + ",1\n" + "y" * 5_000 + "\n" + ",".join("123456789") + "\nok,1\n", "utf-8")
    rows = list(CsvTable(path, limits).rows())
    assert [row.problem for row in rows] == [
        None,
        "documents.row.cell_too_long",
        "documents.row.too_long",
        "documents.row.too_many_cells",
        None,
    ]
    assert max(len(cell) for row in rows for cell in row.cells) <= 100
    path.write_text("a,b\n" + "1,2\n" * 5, "utf-8")
    with pytest.raises(UnreadableFile):
        list(CsvTable(path, limits).rows())


def test_files_that_are_empty_or_too_large_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"")
    with pytest.raises(UnreadableFile, match="empty"):
        open_table(path)
    path.write_bytes(b"a,b\n" * 100)
    with pytest.raises(UnreadableFile, match="too_large"):
        open_table(path, Limits(file=10))


cell = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp", "Cf", "Co", "Cn")), max_size=12)


@settings(deadline=None)
@given(st.lists(st.lists(cell | st.sampled_from(['a"b', "x,y", "두\n줄"]), min_size=2, max_size=5), max_size=8))
def test_what_the_standard_library_writes_is_read_back(rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    # Line ends within quotes arrive as separate lines, as from a file.
    lines = [Line(line) for line in out.getvalue().split("\n")[:-1]]
    plain = [[c.strip() for c in row] for row in rows]
    read = [row.cells for row in records(lines, ",")]
    assert [[unguarded(c) for c in row] for row in plain] == read


@settings(deadline=None)
@given(st.lists(st.lists(cell, min_size=1, max_size=5), min_size=1, max_size=6))
def test_what_is_written_is_read_back_and_never_a_formula(rows: list[list[str]]) -> None:
    text = "".join(written(rows)).removeprefix("\ufeff")
    lines = [Line(line) for line in text.split("\r\n")[:-1]]
    plain = [[unguarded(c) for c in row] for row in rows]
    assert [row.cells for row in records(lines, ",")] == plain
    assert not any(c.startswith(("=", "@")) for line in lines for c in split(line.text, ","))


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=1, max_size=2_000))
def test_no_bytes_break_the_reader(garbage: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(garbage)
        try:
            table = open_table(path)
        except UnreadableFile:
            return
        numbers = [row.number for row in table.rows()]
        table.close()
        assert numbers == list(range(1, len(numbers) + 1))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300).filter(lambda b: b"\r" not in b), st.integers(0, 5))
def test_good_rows_after_garbage_are_never_lost(garbage: bytes, at: int) -> None:
    import tempfile

    good = [f"{n},좋은 행 {n}".encode() for n in range(80)]
    body = b"\n".join([*good[:at], garbage, *good[at:]])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes("번호,이름\n".encode() + body + b"\n")
        found = {
            row.cells[0] for row in CsvTable(path).rows() if len(row.cells) == 2 and row.cells[1].startswith("좋은 행")
        }
    # A row of garbage may swallow what follows only as far as a quote that it opens is closed again: never here.
    assert found >= {str(n) for n in range(80)}
