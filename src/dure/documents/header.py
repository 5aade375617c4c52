"""Where a table's header is, and which of its columns is which field."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dure.documents.table import Row

_LOOK = 20
"""How many rows may stand above the header: titles, dates, empty rows."""

_NOISE = re.compile(r"[^0-9a-z가-힣]+")
_BRACKETS = re.compile(r"\(.*?\)|\[.*?\]")


@dataclass(frozen=True, slots=True)
class Header:
    """The header's row number, its column names as written, and which column (by index) holds each known field."""

    row: int
    names: tuple[str, ...]
    fields: Mapping[str, int]

    def name_of(self, field: str) -> str:
        """The file's own name of a field's column, or the field where the file has none."""
        index = self.fields.get(field)
        return field if index is None else self.names[index]


def plain(name: str) -> str:
    """A column's name as it is compared: without spaces and signs, in lower case."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", name).lower())


def _field_of(name: str, known: Mapping[str, str]) -> str | None:
    """The field of a column: by its whole name, else without what stands in brackets (units, remarks)."""
    return known.get(plain(name)) or known.get(plain(_BRACKETS.sub("", unicodedata.normalize("NFKC", name))))


def find_header(rows: Iterable[Row], synonyms: Mapping[str, Sequence[str]]) -> Header | None:
    """The row among the first that names most fields (at least one), or None. `synonyms` lists the names of each
    field."""
    known: dict[str, str] = {}
    for field, names in synonyms.items():
        for name in (field, *names):
            known.setdefault(plain(name), field)
    best: Header | None = None
    for row in rows:
        if row.number > _LOOK:
            break
        fields: dict[str, int] = {}
        for index, name in enumerate(row.cells):
            if (named := _field_of(name, known)) is not None:
                fields.setdefault(named, index)
        if fields and (best is None or len(fields) > len(best.fields)):
            best = Header(row.number, _named(row.cells), fields)
    return best


def _named(cells: Sequence[str]) -> tuple[str, ...]:
    """Column names that are all different and none empty."""
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    names: list[str] = []
    seen: set[str] = set()
    for index, cell in enumerate(cells[:end]):
        name = " ".join(cell.split()) or f"#{index + 1}"
        while name in seen:
            name += "'"
        seen.add(name)
        names.append(name)
    return tuple(names)
