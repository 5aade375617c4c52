"""Tables as CSV files that spreadsheets open as text, never as formulas."""

import csv
import io
from collections.abc import Iterable, Sequence

SIGNS = "=+-@＝＋－＠"
_FORMULA = (*SIGNS, "\t", "\r", "\n")


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe before what begins one.

    Source: OWASP, CSV injection; full-width signs count, too, as Korean spreadsheets fold them. So does the sign of a
    number that is text: a spreadsheet would take the plus from +82 10.
    """
    return "'" + cell if cell.startswith(_FORMULA) else cell


def unguarded(cell: str) -> str:
    """The cell again, as somebody gives a file back that `guarded` was at."""
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and cell[1] in SIGNS else cell


def csv_bytes(rows: Iterable[Sequence[object]]) -> bytes:
    """Rows as a spreadsheet in Korea opens them: UTF-8 with its mark, CRLF. Nothing is an empty cell, times are ISO
    8601, lists are joined by commas.
    """
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([[_shown(one) for one in row] for row in rows])
    return out.getvalue().encode("utf-8-sig")


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value))
    if isinstance(value, int | float):
        return str(value)
    return guarded(value.isoformat() if hasattr(value, "isoformat") else str(value))
