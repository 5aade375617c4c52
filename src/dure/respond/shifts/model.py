"""Patterns, plans and who stands in them: plain values of a duty roster."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID


class Days(StrEnum):
    """On which days a shift is worked."""

    EVERY = "every"
    WORK = "work"  # Monday to Friday, public holidays excluded
    OFF = "off"  # the others


class Post(StrEnum):
    """What somebody is in a team: 팀장, 부팀장, 팀원."""

    LEAD = "lead"
    DEPUTY = "deputy"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Shift:
    """One shift of a day by the city's clock. One that ends at or before it begins runs into the next day."""

    id: str
    ko: str
    en: str
    begins: time
    ends: time
    days: Days = Days.EVERY


@dataclass(frozen=True, slots=True)
class Pattern:
    """How teams take turns. `cycle` names the shift of each day, "" for a free one, and each team stands `step` days
    further in it than the team before. Without a cycle the teams take turns day by day.
    """

    id: str
    ko: str
    en: str
    shifts: tuple[Shift, ...]
    teams: int
    cycle: tuple[str, ...] = ()
    step: int = 1

    def shift(self, shift_id: str) -> Shift | None:
        """The shift of this id."""
        return next((one for one in self.shifts if one.id == shift_id), None)


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a team."""

    account_id: UUID
    post: Post = Post.MEMBER


@dataclass(frozen=True, slots=True)
class Team:
    """A team: 1조, 2조 ..."""

    name: str
    members: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """From the shifts that begin on `since` on: this pattern, counted from `anchor`, with these teams."""

    since: date
    pattern: Pattern
    anchor: date
    teams: tuple[Team, ...]


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody is away: for all shifts that begin on these days, both included."""

    account_id: UUID
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Replacement:
    """In one shift somebody else stands in; `out` None: somebody is added."""

    day: date
    shift: str
    out: UUID | None
    into: UUID


@dataclass(frozen=True, slots=True)
class Slot:
    """One shift of one day, in UTC, and the team whose turn it is."""

    day: date
    shift: Shift
    begins: datetime
    ends: datetime
    team: int


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on duty, and whom they stand in for."""

    account_id: UUID
    post: Post
    instead_of: UUID | None = None


@dataclass(frozen=True, slots=True)
class Crew:
    """Who is on duty in a slot. `away`: who would be."""

    slot: Slot
    people: tuple[Person, ...]
    away: tuple[UUID, ...] = ()

    @property
    def lead(self) -> Person | None:
        """The lead, else the first deputy; None where neither is there."""
        for post in (Post.LEAD, Post.DEPUTY):
            for one in self.people:
                if one.post is post:
                    return one
        return None


@dataclass(frozen=True, slots=True)
class Roster:
    """All that says who is on duty when. `plans` by `since`; `present` are the accounts that can work at all;
    `assigned` stands in the place of a turn; `holidays` are public holidays by day.
    """

    plans: tuple[Plan, ...]
    present: frozenset[UUID]
    assigned: Mapping[tuple[date, str], tuple[Member, ...]] = field(default_factory=dict)
    absences: tuple[Absence, ...] = ()
    replacements: tuple[Replacement, ...] = ()
    holidays: frozenset[date] = frozenset()


class Lack(StrEnum):
    """What is wrong with a stretch of time."""

    NOBODY = "nobody"
    NO_LEAD = "no_lead"
    UNPLANNED = "unplanned"  # no shift at all, where somebody is to be there around the clock


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without what it needs; `slot` None where no shift is planned."""

    begins: datetime
    ends: datetime
    lack: Lack
    slot: Slot | None = None
