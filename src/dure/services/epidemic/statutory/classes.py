"""Which diseases have to be reported, in which class on a day, and by when. Pure."""

import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

_FILE = tomllib.loads(Path(__file__).with_name("classes.toml").read_text(encoding="utf-8"))
AT_ONCE = timedelta(hours=1)
"""What is to be told at once is late after that: the law names no hours, so a city counts from one."""


@dataclass(frozen=True, slots=True)
class Disease:
    """A disease in the class of a day. `icd10` is "" where its code is not one of a single disease."""

    code: str
    ko: str
    en: str
    icd10: str
    number: int
    within: timedelta
    source: str


def _lines() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    found: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for one in sorted(_FILE["disease"], key=lambda one: one["since"]):
        found[one["code"]].append(one)
    return found


_BY_CODE = _lines()
CODES = tuple(_BY_CODE)


def on(code: str, day: date) -> Disease | None:
    """The disease as it stood on `day`; None for an unknown one, or before it had to be reported."""
    held = [one for one in _BY_CODE.get(code, ()) if one["since"] <= day]
    if not held:
        return None
    line = held[-1]
    hours = next(
        one["within_hours"]
        for one in sorted(_FILE["class"], key=lambda one: one["since"], reverse=True)
        if one["number"] == line["class"] and one["since"] <= day
    )
    return Disease(
        code, line["ko"], line["en"], line["icd10"], line["class"], timedelta(hours=hours), line["source"]
    )  # fmt: skip


def listed(day: date) -> list[Disease]:
    """All that have to be reported on `day`, by class and name."""
    found = (on(code, day) for code in CODES)
    return sorted((one for one in found if one is not None), key=lambda one: (one.number, one.ko))


def named(name: str, day: date) -> Disease | None:
    """The disease that a line list calls so, in either language or by its code."""
    plain = "".join(name.split()).casefold()
    for one in listed(day):
        if plain in {one.code, "".join(one.ko.split()).casefold(), "".join(one.en.split()).casefold()}:
            return one
    return None


def due(disease: Disease, diagnosed_at: datetime) -> datetime:
    """By when it has to be reported; at once is the moment of the diagnosis."""
    return diagnosed_at + disease.within


def late(disease: Disease, diagnosed_at: datetime, told_at: datetime) -> bool:
    """Whether it came after its time."""
    return told_at > diagnosed_at + max(disease.within, AT_ONCE)
