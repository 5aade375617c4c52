"""Workbooks. A workbook is a zip of XML that may become a thousand times its size, so a short-lived child reads it:
niced, with a bound on its memory and time, and what it finds comes back as lines of JSON in a temporary file.
"""

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import msgspec

from dure.documents.limits import DEFAULT, Limits, UnreadableFile
from dure.documents.table import Form, Row, cleaned

_SECONDS = 120
_RATIO = 200
"""A sheet of figures packs 10 to 30 times; a bomb a thousand and more."""

_line = msgspec.json.Decoder(list[str])


class _Head(msgspec.Struct):
    sheet: str


class WorkbookTable:
    """The first filled sheet of a workbook."""

    def __init__(self, path: Path, limits: Limits = DEFAULT) -> None:
        _check_zip(path, limits)
        self._limits = limits
        handle, name = tempfile.mkstemp(prefix="dure-sheet-", suffix=".jsonl")
        os.close(handle)
        self._lines = Path(name)
        try:
            self.form = self._read(path, limits)
        except BaseException:
            self.close()
            raise

    def _read(self, path: Path, limits: Limits) -> Form:
        arguments = [str(limits.rows), str(limits.columns), str(limits.cell), str(limits.memory)]
        try:
            ended = subprocess.run(
                [sys.executable, "-m", "dure.documents.workbook_child", str(path), str(self._lines), *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        except subprocess.TimeoutExpired as error:
            raise UnreadableFile("documents.workbook.too_heavy") from error
        if ended.returncode == 3:
            raise UnreadableFile("documents.file.too_many_rows", rows=limits.rows)
        if ended.returncode == 4:
            raise UnreadableFile("documents.workbook.no_sheet")
        if ended.returncode < 0:
            raise UnreadableFile("documents.workbook.too_heavy")
        if ended.returncode != 0:
            raise UnreadableFile("documents.workbook.broken")
        head = msgspec.json.decode(ended.stdout, type=_Head)
        return Form("workbook", sheet=head.sheet)

    def rows(self) -> Iterator[Row]:
        """The rows of the sheet."""
        with self._lines.open("rb") as file:
            for number, line in enumerate(file, start=1):
                cells = _line.decode(line)
                long = any(len(cell) > self._limits.cell for cell in cells)
                problem = "documents.row.cell_too_long" if long else None
                yield Row(number, [cell[: self._limits.cell] for cell in cells], problem)

    def close(self) -> None:
        """Remove the temporary file."""
        self._lines.unlink(missing_ok=True)


def _check_zip(path: Path, limits: Limits) -> None:
    if not zipfile.is_zipfile(path):
        return  # the old XLS; the child's bound of memory holds for it
    try:
        with zipfile.ZipFile(path) as packed:
            infos = packed.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise UnreadableFile("documents.workbook.broken") from error
    unpacked = sum(info.file_size for info in infos)
    if unpacked > limits.unpacked or unpacked > max(path.stat().st_size * _RATIO, 1 << 20):
        raise UnreadableFile("documents.workbook.too_heavy")


def text_of(value: object) -> str:
    """A cell's value as the text that a CSV of the same sheet would hold: 201312, 37.5, 2019-06-01."""
    match value:
        case None:
            return ""
        case str():
            return cleaned(value)
        case bool():
            return "Y" if value else "N"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime() if value.time() == time(0):
            return value.date().isoformat()
        case datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case date() | time():
            return value.isoformat()
        case timedelta():
            minutes = int(value.total_seconds()) // 60
            return f"{minutes // 60:02}:{minutes % 60:02}"
        case _:
            return str(value)


def write_workbook(path: Path, sheet: str, rows: Iterable[Sequence[str]]) -> None:
    """An XLSX of text cells, streamed to `path`. Text stays text: no cell becomes a formula."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    page = book.create_sheet(sheet[:31] or "1")
    for row in rows:
        cells = []
        for value in row:
            cell = WriteOnlyCell(page, value=cleaned(value))
            cell.data_type = "s"
            cells.append(cell)
        page.append(cells)
    book.save(path)
