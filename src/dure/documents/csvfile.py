"""CSV as offices make it: quoted commas and line ends, stray quotes, ragged rows, any of four delimiters.

An own splitter rather than the standard library's: a quote that is never closed must spoil its row and not all that
follow.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from dure.documents.encoding import Line, detect, lines
from dure.documents.limits import DEFAULT, Limits, UnreadableFile
from dure.documents.table import Form, Row, cleaned
from dure.kernel.sheet import guarded

_DELIMITERS = ",\t;|"


class CsvTable:
    """A CSV file. `rows` may be called again; each call reads from the start."""

    def __init__(self, path: Path, limits: Limits = DEFAULT) -> None:
        self._path = path
        self._limits = limits
        encoding = detect(path, limits)
        delimiter = _delimiter(lines(path, encoding, limits))
        self.form = Form("csv", encoding=encoding, delimiter=delimiter)
        self._delimiter = delimiter
        self._encoding = encoding

    def rows(self) -> Iterator[Row]:
        """The rows; raises UnreadableFile beyond the limit of rows."""
        for row in records(lines(self._path, self._encoding, self._limits), self._delimiter, self._limits):
            if row.number > self._limits.rows + 1:
                raise UnreadableFile("documents.file.too_many_rows", rows=self._limits.rows)
            yield row

    def close(self) -> None:
        """Nothing is left behind."""


def records(source: Iterable[Line], delimiter: str, limits: Limits = DEFAULT) -> Iterator[Row]:
    """Lines to rows. An unclosed quote is a problem of the line it begins on; the lines after it are read anew."""
    waiting: deque[Line] = deque()
    incoming = iter(source)
    number = 0
    while True:
        line = waiting.popleft() if waiting else next(incoming, None)
        if line is None:
            return
        number += 1
        taken = [line]
        open_quote = '"' in line.text and ends_open(line.text, delimiter)
        while open_quote and len(taken) < limits.record_lines:
            following = waiting.popleft() if waiting else next(incoming, None)
            if following is None:
                break
            taken.append(following)
            open_quote = ends_open(following.text, delimiter, inside=True)
        if open_quote:
            waiting.extendleft(reversed(taken[1:]))
            yield Row(number, [cleaned(line.text[: limits.cell])], "documents.row.open_quote")
            continue
        yield _row(number, taken, delimiter, limits)


def _row(number: int, taken: Sequence[Line], delimiter: str, limits: Limits) -> Row:
    text = taken[0].text if len(taken) == 1 else "\n".join(line.text for line in taken)
    cells = text.split(delimiter) if '"' not in text else split(text, delimiter)
    problem = None
    if not all(line.whole for line in taken):
        problem = "documents.row.too_long"
    elif not all(line.clean for line in taken):
        problem = "documents.row.encoding"
    elif any(len(cell) > limits.cell for cell in cells):
        problem = "documents.row.cell_too_long"
    elif len(cells) > limits.columns:
        problem = "documents.row.too_many_cells"
    return Row(number, [cleaned(cell[: limits.cell]) for cell in cells[: limits.columns]], problem)


def ends_open(line: str, delimiter: str, *, inside: bool = False) -> bool:
    """Whether a quoted cell is still open at the end of the line; `inside` says that one was open at its start."""
    at = 0
    while True:
        if inside:
            quote = line.find('"', at)
            if quote < 0:
                return True
            if line[quote + 1 : quote + 2] == '"':
                at = quote + 2
                continue
            inside, at = False, quote + 1
        else:
            begin = _skip_spaces(line, at, delimiter)
            if line[begin : begin + 1] == '"':
                inside, at = True, begin + 1
                continue
        following = line.find(delimiter, at)
        if following < 0:
            return False
        at = following + 1


def split(record: str, delimiter: str) -> list[str]:
    """The cells of one record. A quote opens only at the start of a cell; what follows a closing quote is kept."""
    cells: list[str] = []
    at = 0
    while True:
        begin = _skip_spaces(record, at, delimiter)
        if record[begin : begin + 1] == '"':
            quoted, at = _quoted(record, begin + 1)
        else:
            quoted = ""
        following = record.find(delimiter, at)
        if following < 0:
            cells.append(quoted + record[at:])
            return cells
        cells.append(quoted + record[at:following])
        at = following + 1


def _quoted(record: str, at: int) -> tuple[str, int]:
    parts: list[str] = []
    while True:
        quote = record.find('"', at)
        if quote < 0:
            return "".join(parts) + record[at:], len(record)
        parts.append(record[at:quote])
        if record[quote + 1 : quote + 2] != '"':
            return "".join(parts), quote + 1
        parts.append('"')
        at = quote + 2


def _skip_spaces(text: str, at: int, delimiter: str) -> int:
    while at < len(text) and text[at] in " \t" and text[at] != delimiter:
        at += 1
    return at


def _delimiter(source: Iterable[Line]) -> str:
    """The delimiter that cuts most of the first lines, and of those the one into most cells; a comma where none does.

    By lines first: one line of rubbish must not decide for the others.
    """
    counts = dict.fromkeys(_DELIMITERS, (0, 0))
    for line in islice(source, 10):
        for delimiter in _DELIMITERS:
            cut, most = counts[delimiter]
            cells = len(split(line.text[:10_000], delimiter)) - 1
            counts[delimiter] = (cut + bool(cells), max(most, cells))
    best = max(counts, key=lambda delimiter: counts[delimiter])
    return best if counts[best][0] else ","


def written(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """CSV text, row by row, as spreadsheets in Korea open it: UTF-8 with its mark, CRLF, quotes only where needed.
    Numbers stay numbers.
    """
    mark = "\ufeff"
    for row in rows:
        yield mark + ",".join(_cell(cell if _is_number(cell) else guarded(cell)) for cell in row) + "\r\n"
        mark = ""


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _cell(cell: str) -> str:
    if not any(sign in cell for sign in ',"\r\n') and cell == cell.strip():
        return cell
    return '"' + cell.replace('"', '""') + '"'
