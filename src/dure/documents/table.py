"""A table as it stands in a file: numbered rows of text cells."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from dure.documents.limits import DEFAULT, Limits, UnreadableFile
from dure.kernel.sheet import unguarded

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Row(NamedTuple):
    """One row: its number as a person counts (from 1), its cells, and a catalogue key where it could not be read
    well."""

    number: int
    cells: list[str]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """What kind of file it was: `format` csv or workbook; the rest where it applies."""

    format: str
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None


class Table(Protocol):
    """An opened file."""

    @property
    def form(self) -> Form:
        """How it was read."""
        ...

    def rows(self) -> Iterator[Row]:
        """The rows, in order, blank ones too."""
        ...

    def close(self) -> None:
        """Remove what reading left behind."""
        ...


def open_table(path: Path, limits: Limits = DEFAULT) -> Table:
    """The table in `path`: CSV in UTF-8, UTF-16 or CP949, or the first filled sheet of a workbook (XLSX, XLSB, XLS,
    ODS).

    Raises UnreadableFile where there is none, or one beyond `limits`.
    """
    from dure.documents.csvfile import CsvTable
    from dure.documents.workbook import WorkbookTable

    size = path.stat().st_size
    if size == 0:
        raise UnreadableFile("documents.file.empty")
    if size > limits.file:
        raise UnreadableFile("documents.file.too_large", megabytes=limits.file >> 20)
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith((_ZIP, _OLE)):
        return WorkbookTable(path, limits)
    return CsvTable(path, limits)


def cleaned(cell: str) -> str:
    """A cell without NULs and other control characters, without spaces around it, and without the guard of
    `kernel.sheet.guarded`."""
    if not cell.isprintable():
        cell = "".join(c if c.isprintable() or c in "\n\t" else " " if c.isspace() else "" for c in cell)
    return unguarded(cell.strip())
