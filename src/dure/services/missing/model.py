"""On what ground, until when, and which place is the last. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID


class Condition(StrEnum):
    """What makes somebody one of those whom the act protects, whatever their age."""

    NONE = "none"
    INTELLECTUAL = "intellectual"  # 지적장애
    AUTISTIC = "autistic"  # 자폐성장애
    MENTAL = "mental"  # 정신장애
    DEMENTIA = "dementia"  # 치매


@dataclass(frozen=True, slots=True)
class Ground:
    """Who is protected from a day on: below this age, or of one of these conditions. `warrantless`: the police get
    pictures without a warrant. `hours`: how long a photo is shared at most, and usually; dure's proposal, which the
    city's data protection officer confirms.
    """

    since: date
    below: int
    conditions: frozenset[Condition]
    article: str
    warrantless: bool
    most_hours: int = 72
    usual_hours: int = 24


_ALL = frozenset(Condition) - {Condition.NONE}
GROUNDS = (
    Ground(date(2013, 6, 4), 18, _ALL, "실종아동등의 보호 및 지원에 관한 법률 제2조", warrantless=False),
    Ground(
        date(2024, 9, 27),
        18,
        _ALL,
        "실종아동등의 보호 및 지원에 관한 법률 제2조 (2024. 9. 27. 시행: 경찰에 영상정보 제공)",
        warrantless=True,
    ),
)
"""As press and official excerpts have it; a city confirms the articles before it goes live."""


def in_force(day: date, table: Iterable[Ground] = GROUNDS) -> Ground:
    """The row that holds on `day`; the first for what was before all."""
    known = sorted(table, key=lambda one: one.since)
    return [known[0], *(one for one in known if one.since <= day)][-1]


def protects(ground: Ground, age: int, condition: Condition) -> bool:
    """Whether the act protects them. Who is not needs another ground, said with its paper's number."""
    return age < ground.below or condition in ground.conditions


class Source(StrEnum):
    """Who says where they were, the surest first."""

    POLICE = "police"
    CAMERA = "camera"
    GUARDIAN = "guardian"
    CITIZEN = "citizen"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Sighting:
    """They were there at that time, somebody says."""

    id: UUID
    at: datetime
    source: Source


def last_known(trail: Iterable[Sighting]) -> Sighting | None:
    """The latest by when they were there, not by when it was told; of two of one moment the surer source."""
    order = list(Source)
    return max(trail, key=lambda one: (one.at, -order.index(one.source), one.id), default=None)


def share_until(ground: Ground, now: datetime, hours: int | None) -> datetime:
    """Until when a photo is shared. Raises ValueError beyond the most."""
    wanted = ground.usual_hours if hours is None else hours
    if not 1 <= wanted <= ground.most_hours:
        raise ValueError(wanted)
    return now + timedelta(hours=wanted)


class Outcome(StrEnum):
    """How it ended."""

    FOUND = "found"
    FOUND_HURT = "found_hurt"
    FOUND_DEAD = "found_dead"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"  # the incident was closed, and nobody said how
