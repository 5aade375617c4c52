"""Tables as CSV files that a spreadsheet opens as text."""

import csv
import io
from collections.abc import Iterable, Sequence


def csv_bytes(rows: Iterable[Sequence[object]]) -> bytes:
    """Rows as CSV with a BOM. What a spreadsheet would take for a formula gets an apostrophe (OWASP CSV injection)."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([[_cell(one) for one in row] for row in rows])
    return out.getvalue().encode("utf-8-sig")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value))
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"} else text
