"""Who is released when, by the rule of the day. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dure.services.epidemic.care.dated import in_force, rows

_FILE = Path(__file__).with_name("release.toml")
PATIENTS = rows(_FILE, "patient")
CONTACTS = rows(_FILE, "contact")


@dataclass(frozen=True, slots=True)
class Course:
    """What is known of a patient's course. `begun_on`: onset, or confirmation of who never had symptoms. `calm_since`:
    without fever (nothing taken against it) and getting better. `tests`: (when, negative) in any order.
    """

    begun_on: date | None
    calm_since: datetime | None
    symptoms: bool
    tests: Sequence[tuple[datetime, bool]] = ()


@dataclass(frozen=True, slots=True)
class Release:
    """Whether somebody may go, by which rule, and what is still missing (words: days, calm, tests)."""

    allowed: bool
    since: date
    missing: tuple[str, ...]


def released(course: Course, now: datetime, zone: ZoneInfo, table: Sequence[Mapping[str, Any]] = PATIENTS) -> Release:
    """Whether a patient may be released at `now`."""
    day = now.astimezone(zone).date()
    rule = in_force(table, day)
    tested = _negative(course.tests, rule["tests"], timedelta(hours=rule["tests_apart_h"]))
    missing = []
    if course.begun_on is None or day < course.begun_on + timedelta(days=rule["symptom_days"]):
        missing.append("days")
    calm = not course.symptoms or (
        course.calm_since is not None and now - course.calm_since >= timedelta(hours=rule["calm_h"])
    )
    if not calm:
        missing.append("calm")
    clinical = not missing
    allowed = clinical and tested if rule["both"] else clinical or tested
    if not tested and (rule["both"] or not allowed):
        missing.append("tests")
    return Release(allowed, rule["since"], () if allowed else tuple(missing))


def _negative(tests: Sequence[tuple[datetime, bool]], wanted: int, apart: timedelta) -> bool:
    """Whether the last tests are `wanted` negative ones in a row, each at least `apart` from the next."""
    ordered = sorted(tests)
    run: list[datetime] = []
    for at, negative in reversed(ordered):
        if not negative:
            break
        if not run or run[-1] - at >= apart:
            run.append(at)
    assert all(later - earlier >= apart for later, earlier in pairwise(run))
    return len(run) >= wanted


def quarantine_ends(last_contact: date, zone: ZoneInfo, table: Sequence[Mapping[str, Any]] = CONTACTS) -> datetime:
    """When the quarantine ends of who last met a case on that day. The rule is that of the day of contact."""
    rule = in_force(table, last_contact)
    ends: time = rule["ends"]
    return datetime.combine(last_contact + timedelta(days=rule["days"] + 1), ends, zone)
