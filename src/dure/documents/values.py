"""What people write in cells, as values: numbers, dates, months, yes and no, phone numbers.

Each reader returns None for an empty cell and raises ValueError with a catalogue key for one that it cannot read.
"""

import math
import re
import unicodedata
from datetime import date

_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?([eE][+-]?\d{1,3})?")
_DATE = re.compile(r"(\d{4})\s*[-./년]\s*(\d{1,2})\s*[-./월]\s*(\d{1,2})\s*[.일]?(?:[ T].*)?")
_MONTH = re.compile(r"(\d{4})\s*[-./년]\s*(\d{1,2})\s*[.월]?(?:\s*[-./]\s*\d{1,2}(?:[ T].*)?)?")
_UNIT = re.compile(r"\s*(?:만\s*화소|만화소|만|화소|일|대|개소|개|점포|mm|㎜|cm|m|M|미터|°|도|mp|MP|픽셀|세|명)$")
_EMPTY = frozenset({"", "-", "--", "없음", "미상", "해당없음", "null", "none", "n/a", "nan", "#n/a", "."})
_YES = frozenset({"y", "yes", "true", "1", "o", "ㅇ", "○", "있음", "유", "예", "가능", "사용", "사용가능", "t"})
_NO = frozenset(
    {"n", "no", "false", "0", "x", "×", "없음", "무", "아니오", "아니요", "불가", "불가능", "사용불가", "미사용", "f"}
)


def folded(text: str) -> str:
    """Full-width to plain, spaces trimmed: how a cell is compared."""
    return text.strip() if text.isascii() else unicodedata.normalize("NFKC", text).strip()


def is_empty(text: str) -> bool:
    """Whether the cell says nothing."""
    return text.lower() in _EMPTY


def text(cell: str) -> str | None:
    """The text in one line, None where empty."""
    plain = " ".join(cell.split())
    return plain or None


def number(cell: str) -> float | None:
    """A finite number, with thousands' commas and a unit behind it allowed."""
    plain = _UNIT.sub("", folded(cell))
    if is_empty(plain):
        return None
    if _NUMBER.fullmatch(plain) is None or not any(c.isdigit() for c in plain):
        raise ValueError("documents.cell.number")
    value = float(plain.replace(",", ""))
    if not math.isfinite(value):
        raise ValueError("documents.cell.number")
    return value


def whole(cell: str) -> int | None:
    """A whole number."""
    value = number(cell)
    if value is None:
        return None
    if not value.is_integer() or abs(value) > 2**31 - 1:
        raise ValueError("documents.cell.whole")
    return int(value)


def day(cell: str) -> date | None:
    """A date: 2026-03-01, 2026.3.1, 2026년 3월 1일, 20260301."""
    plain = folded(cell)
    if is_empty(plain):
        return None
    found = _DATE.fullmatch(plain)
    parts = found.groups() if found else (plain[:4], plain[4:6], plain[6:8]) if re.fullmatch(r"\d{8}", plain) else None
    if parts is None:
        raise ValueError("documents.cell.date")
    try:
        return date(int(parts[0]), int(parts[1]), int(parts[2]))
    except ValueError as error:
        raise ValueError("documents.cell.date") from error


def month(cell: str) -> str | None:
    """A month as YYYY-MM, from 201312, 2019-06, 2019.6, 2019년 6월 or a whole date; a year alone stays a year."""
    plain = folded(cell)
    if is_empty(plain) or re.fullmatch(r"0+", plain):
        return None
    if re.fullmatch(r"\d{4}", plain):
        return plain if 1900 <= int(plain) <= 2100 else _bad("documents.cell.month")
    found = _MONTH.fullmatch(plain)
    parts = found.groups() if found else (plain[:4], plain[4:6]) if re.fullmatch(r"\d{6}(\d\d)?", plain) else None
    if parts is None or not 1900 <= int(parts[0]) <= 2100 or not 1 <= int(parts[1]) <= 12:
        raise ValueError("documents.cell.month")
    return f"{int(parts[0]):04}-{int(parts[1]):02}"


def yes(cell: str) -> bool | None:
    """Yes or no in the words that files use; 없음 is a no."""
    plain = folded(cell).lower()
    if plain in _NO:
        return False
    if plain in _YES:
        return True
    if is_empty(plain):
        return None
    raise ValueError("documents.cell.yes_no")


def phone(cell: str) -> str | None:
    """A Korean phone number as it is written, digits grouped: 010-1234-5678, 02-123-4567, 1588-1234."""
    plain = folded(cell)
    if is_empty(plain):
        return None
    digits = re.sub(r"[^\d+]", "", plain)
    digits = "0" + digits[3:].removeprefix("0") if digits.startswith("+82") else digits.replace("+", "")
    if re.search(r"[^\d\s()+.~-]", plain) or not 8 <= len(digits) <= 12:
        raise ValueError("documents.cell.phone")
    if digits.startswith("02"):
        head, rest = "02", digits[2:]
    elif digits.startswith("0"):
        cut = 4 if digits.startswith("050") else 3
        head, rest = digits[:cut], digits[cut:]
    else:
        if len(digits) != 8:
            raise ValueError("documents.cell.phone")
        return f"{digits[:4]}-{digits[4:]}"
    if not 7 <= len(rest) <= 8:
        raise ValueError("documents.cell.phone")
    return f"{head}-{rest[:-4]}-{rest[-4:]}"


def _bad(key: str) -> str:
    raise ValueError(key)
