"""Days as law counts them: ten days for what a person asks, three working days for a review. Pure, dated tables."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Deadline:
    """Within how many days a request of `kinds` is answered, for requests received from the day `since` on."""

    kinds: frozenset[str]
    days: int
    since: date
    source: str


DEADLINES: tuple[Deadline, ...] = (
    Deadline(
        frozenset({"access", "copy"}),
        10,
        date(2011, 9, 30),
        "개인정보 보호법 제35조제3항, 같은 법 시행령 제41조제4항",
    ),
    Deadline(
        frozenset({"correction", "deletion"}),
        10,
        date(2011, 9, 30),
        "개인정보 보호법 제36조제2항, 같은 법 시행령 제43조제3항",
    ),
    Deadline(
        frozenset({"stop"}),
        10,
        date(2011, 9, 30),
        "개인정보 보호법 제37조제2항, 같은 법 시행령 제44조제2항",
    ),
)

HOLIDAYS = frozenset(
    date(year, month, day)
    for year, days in {
        2026: (
            *((1, 1), (2, 16), (2, 17), (2, 18), (3, 1), (3, 2), (5, 5), (5, 24), (5, 25), (6, 3), (6, 6)),
            *((8, 15), (8, 17), (9, 24), (9, 25), (9, 26), (10, 3), (10, 5), (10, 9), (12, 25)),
        ),
        2027: (
            *((1, 1), (2, 6), (2, 7), (2, 8), (2, 9), (3, 1), (5, 5), (5, 13), (6, 6), (8, 15), (8, 16)),
            *((9, 14), (9, 15), (9, 16), (10, 3), (10, 4), (10, 9), (10, 11), (12, 25), (12, 27)),
        ),
    }.items()
    for month, day in days
)
"""Public holidays with their substitutes (관공서의 공휴일에 관한 규정). One that is missing here makes a review overdue
sooner, never later."""


def rule_of(kind: str, day: date, table: Iterable[Deadline] = DEADLINES) -> Deadline:
    """The rule in force for a request of `kind` received on `day`. Raises KeyError where there is none."""
    fitting = [one for one in table if kind in one.kinds and one.since <= day]
    if not fitting:
        raise KeyError(kind)
    return max(fitting, key=lambda one: one.since)


def due(received_at: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The end of the last of `days` days in the city's zone; the day of receipt is not counted (민법 제157조).

    A last day that is a holiday does not move the end: the shorter reading, which no reading of the law exceeds.
    """
    last = received_at.astimezone(zone).date() + timedelta(days=days)
    return _end_of(last, zone)


def working_days_after(at: datetime, days: int, zone: ZoneInfo, holidays: Collection[date] = HOLIDAYS) -> datetime:
    """The end of the `days`-th working day after the day of `at`, in the city's zone."""
    day = at.astimezone(zone).date()
    while days > 0:
        day += timedelta(days=1)
        if day.weekday() < 5 and day not in holidays:
            days -= 1
    return _end_of(day, zone)


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    midnight = datetime.combine(day + timedelta(days=1), time(), zone)
    return midnight.astimezone(ZoneInfo("UTC"))
