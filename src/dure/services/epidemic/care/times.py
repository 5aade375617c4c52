"""Moments in files: a day with or without its time, in the city's zone, that has been."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from dure.city.imports.model import Draft, Setting
from dure.documents import dates
from dure.engine.settings import city_zone

EARLIEST = 1900
"""The year. A day before it is a slip of the pen."""


def moment(draft: Draft, setting: Setting, name: str) -> datetime | None:
    """When: `2020-03-02 14:30`, or a day alone, which means its noon. What is unreadable or lies ahead refuses the
    row.
    """
    cell = draft.text(name)
    if cell is None:
        return None
    try:
        day, clock = _split(cell)
        found = dates.read(day, "ymd")
        at = time(12) if clock is None else time.fromisoformat(clock)
    except ValueError:
        draft.reject(name, "documents.cell.date")
        return None
    if found is None:
        return None
    if found.year < EARLIEST:
        draft.reject(name, "documents.cell.date")
        return None
    told = datetime.combine(found, at, ZoneInfo(city_zone())).astimezone(UTC)
    if setting.now is not None and told > setting.now:
        if clock is None and told.date() == setting.now.date():
            return setting.now
        draft.reject(name, "epidemic.import.future", day=found.isoformat())
        return None
    return told


def _split(cell: str) -> tuple[str, str | None]:
    words = cell.replace("T", " ").split()
    if len(words) >= 2 and ":" in words[-1]:
        hour, _, rest = words[-1].partition(":")
        return " ".join(words[:-1]), f"{int(hour):02d}:{rest}" if hour.isdecimal() else words[-1]
    return cell, None


def day(draft: Draft, setting: Setting, name: str) -> date | None:
    """A day that has been."""
    found = moment(draft, setting, name)
    return None if found is None else found.astimezone(ZoneInfo(city_zone())).date()
