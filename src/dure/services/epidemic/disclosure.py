"""Which places are told to the public, from when until when, and why others are not. Pure.

Told are places and hours, never a person: no number of a case, no sex, age or nationality, and no route. Lines stand in
the order of their places, hours of several cases at one place flow together, and what one case did after another cannot
be read from them (감염병예방법 제34조의2).
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Literal
from zoneinfo import ZoneInfo

Verdict = Literal["shown", "before", "after", "over", "home", "work", "known", "undated", "nameless"]
KINDS = ("home", "work", "shop", "food", "worship", "clinic", "transport", "school", "leisure", "other")
JOINED = timedelta(minutes=30)
"""Hours at one place that lie this close are told as one."""


@dataclass(frozen=True, slots=True)
class Rule:
    """In force from `since` on; with its source."""

    since: date
    days_before: int
    removed_after: int
    source: str


@dataclass(frozen=True, slots=True)
class Course:
    """The days of a case that open and close its window."""

    onset_on: date | None
    specimen_on: date | None
    isolated_on: date | None


@dataclass(frozen=True, slots=True)
class Visit:
    """A case at a place. `contacts_known`: everybody who was there is known by name. `many_exposed`: unspecified many
    were exposed.
    """

    code: str
    place: str
    kind: str
    address: str
    from_at: datetime
    to_at: datetime
    contacts_known: bool = False
    many_exposed: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the list."""

    place: str
    kind: str
    address: str
    from_at: datetime
    to_at: datetime
    removed_on: date


@cache
def rules() -> tuple[Rule, ...]:
    """The rules, the earliest first."""
    told = tomllib.loads(files(__package__).joinpath("disclosure.toml").read_text("utf-8"))["rule"]
    return tuple(sorted((Rule(**one) for one in told), key=lambda one: one.since))


def rule_of(day: date) -> Rule:
    """The rule in force on a day; before the first, the first."""
    return next((one for one in reversed(rules()) if one.since <= day), rules()[0])


def window(course: Course, rule: Rule, zone: ZoneInfo) -> tuple[datetime, datetime | None] | None:
    """From when until when a case's places count; None where neither onset nor specimen is known. It ends with the
    day of isolation, and is open while that is not known.
    """
    begun = course.onset_on or course.specimen_on
    if begun is None:
        return None
    opens = datetime.combine(begun - timedelta(days=rule.days_before), time(), zone)
    ends = course.isolated_on
    return opens, None if ends is None else datetime.combine(ends + timedelta(days=1), time(), zone)


def verdict(visit: Visit, course: Course | None, rule: Rule, on: date, zone: ZoneInfo) -> Verdict:
    """Whether the place is told on the day `on`, or why not."""
    span = None if course is None else window(course, rule, zone)
    if span is None:
        return "undated"
    if visit.to_at < span[0]:
        return "before"
    if span[1] is not None and visit.from_at >= span[1]:
        return "after"
    if on >= removed_on(visit.to_at, rule, zone):
        return "over"
    if visit.kind == "home":
        return "home"
    if visit.kind == "work" and not visit.many_exposed:
        return "work"
    if visit.contacts_known:
        return "known"
    return "shown" if visit.place.strip() else "nameless"


def removed_on(to_at: datetime, rule: Rule, zone: ZoneInfo) -> date:
    """The first day on which a visit is no longer told."""
    return to_at.astimezone(zone).date() + timedelta(days=rule.removed_after + 1)


def listed(
    visits: Iterable[Visit], courses: Mapping[str, Course], on: date, zone: ZoneInfo
) -> tuple[list[Line], list[tuple[Visit, Verdict]]]:
    """The list of the day `on`, and what does not stand on it with the reason. A visit that began before its window or
    went on after it is told for the hours within.
    """
    rule = rule_of(on)
    shown: dict[tuple[str, str, str], list[tuple[datetime, datetime]]] = {}
    hidden: list[tuple[Visit, Verdict]] = []
    for one in visits:
        course = courses.get(one.code)
        found = verdict(one, course, rule, on, zone)
        if found != "shown" or course is None:
            hidden.append((one, found))
            continue
        opens, ends = window(course, rule, zone) or (one.from_at, None)
        span = (max(one.from_at, opens), one.to_at if ends is None else min(one.to_at, ends))
        shown.setdefault((one.place.strip(), one.kind, one.address.strip()), []).append(span)
    lines = [
        Line(*place, begin, end, removed_on(end, rule, zone))
        for place, spans in shown.items()
        for begin, end in flowed(spans)
    ]
    return sorted(lines, key=lambda one: (one.place, one.address, one.from_at)), hidden


def flowed(spans: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Spans that touch or nearly do, as one."""
    found: list[tuple[datetime, datetime]] = []
    for begin, end in sorted(spans):
        if found and begin - found[-1][1] <= JOINED:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found
