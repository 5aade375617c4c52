"""Dates as people write them, a column at a time: whether 03/04 is in March or in April shows only from its neighbours.

Five families: year first (2020-03-04, 2020.3.4., 2020년 3월 4일, 20200304, with a time behind it or not), day or month
first (4/3/2020), two-digit years (20.3.4), words (4 Mar 2020, March 4, 2020), and the day numbers of workbooks (43894).
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from dure.documents.values import day, folded, is_empty

Order = Literal["ymd", "dmy", "mdy"]
_ORDERS: tuple[Order, ...] = ("ymd", "dmy", "mdy")
_NUMBERS = re.compile(r"(\d{1,2})\s*[-./]\s*(\d{1,2})\s*[-./]\s*(\d{4}|\d{1,2})\.?(?:[ T]\d{1,2}:.*)?")
_WORDS = re.compile(
    r"(?:(\d{1,2})[-\s.]*([a-z]{3,9})|([a-z]{3,9})\s*(\d{1,2}))[-\s.,]*(\d{4})(?:[ T]\d{1,2}:.*)?", re.IGNORECASE
)
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_EPOCH = date(1899, 12, 30)
"""Day 0 of workbooks that count from 1900 (ECMA-376, 18.17.4.1); their day 60 never was, later days agree."""
_FIRST_SERIAL = (date(1955, 1, 1) - _EPOCH).days


def order_of(cells: Iterable[str]) -> Order:
    """In which order the numbers of this column stand: the one that fits most cells; among those, the one whose dates
    lie closest together.
    """
    triples = [found.groups() for cell in cells if (found := _NUMBERS.fullmatch(folded(cell)))]
    spans: dict[Order, tuple[int, int]] = {}
    for order in _ORDERS:
        dates = [one for one in (_date(triple, order) for triple in triples) if one is not None]
        span = (max(dates) - min(dates)).days if dates else 0
        spans[order] = (-len(dates), span)
    return min(spans, key=lambda order: (*spans[order], _ORDERS.index(order)))


@lru_cache(maxsize=1 << 14)  # a column's dates are few, its rows are many
def read(cell: str, order: Order = "ymd") -> date | None:
    """The date in a cell of a column of this order; None for an empty one. Raises ValueError (a catalogue key)."""
    plain = folded(cell)
    if is_empty(plain):
        return None
    if found := _NUMBERS.fullmatch(plain):
        made = _date(found.groups(), order)
        if made is None:
            raise ValueError("documents.cell.date")
        return made
    if found := _WORDS.fullmatch(plain):
        return _worded(*found.groups())
    if (found := _SERIAL.fullmatch(plain)) and int(found[1]) >= _FIRST_SERIAL:
        return _EPOCH + timedelta(days=int(found[1]))
    return day(plain)


def _date(triple: tuple[str, ...], order: Order) -> date | None:
    """Two-digit years are of this century; a year of four digits stands last and so is never first."""
    first, second, third = triple
    if order == "ymd" and len(third) == 4:
        return None
    year, month, number = {
        "ymd": (first, second, third),
        "dmy": (third, second, first),
        "mdy": (third, first, second),
    }[order]
    if len(year) not in {2, 4}:
        return None
    try:
        return date(int(year) + (0 if len(year) == 4 else 2000), int(month), int(number))
    except ValueError:
        return None


def _worded(day_first: str | None, month_after: str | None, month: str | None, number: str | None, year: str) -> date:
    word, told = (month_after or month or "").lower(), day_first or number or ""
    try:
        return date(int(year), _MONTHS.index(word[:3]) + 1, int(told))
    except ValueError as error:
        raise ValueError("documents.cell.date") from error
