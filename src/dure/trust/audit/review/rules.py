"""What is odd in a month of the log: pure rules over its lines and what is known of the accounts."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID

RULES = ("night", "many_people", "own_record", "relative", "no_case", "after_leaving", "failures", "download")
SHOWN = 20
"""Numbers of lines that a finding names."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """One dated table of thresholds.toml: hours in the city's time, minutes, counts."""

    since: date
    due_day: int
    discloses: frozenset[str]
    takes_out: frozenset[str]
    with_case: frozenset[str]
    around_the_clock: frozenset[str]
    night: tuple[int, int]
    many_people: int
    many_minutes: int
    failures: int
    failures_minutes: int


@dataclass(frozen=True, slots=True)
class Line:
    """What the rules look at."""

    seq: int
    at: datetime
    actor: str
    actor_name: str
    address: str | None
    action: str
    person_id: UUID | None
    case_id: str | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of actors: roles, spans of duty, the person of an account, who shares a phone or a home device with
    that person, and when an account left.
    """

    roles: Mapping[str, frozenset[str]] = field(default_factory=dict)
    duties: Mapping[str, Sequence[tuple[datetime, datetime]]] = field(default_factory=dict)
    own: Mapping[str, UUID] = field(default_factory=dict)
    kin: Mapping[str, frozenset[UUID]] = field(default_factory=dict)
    left: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(slots=True)
class Finding:
    """One odd thing about one actor: how often, from when to when, the first lines' numbers, and what else counts."""

    rule: str
    actor: str
    actor_name: str
    first_at: datetime
    last_at: datetime
    count: int = 0
    lines: list[int] = field(default_factory=list)
    most: int = 0

    def facts(self) -> dict[str, Any]:
        """What a screen shows beside the count."""
        return {"lines": self.lines, "most": self.most}


def is_night(at: datetime, zone: tzinfo, night: tuple[int, int]) -> bool:
    """Whether the city's clock stands between the hours; they may reach over midnight."""
    begin, end = night
    hour = at.astimezone(zone).hour
    return begin <= hour < end if begin <= end else hour >= begin or hour < end


class Review:
    """Feed it a month's lines in the order of their times, then ask for the findings."""

    def __init__(self, table: Thresholds, known: Known, zone: tzinfo) -> None:
        self._table, self._known, self._zone = table, known, zone
        self._found: dict[tuple[str, str], Finding] = {}
        self._people: defaultdict[str, deque[tuple[datetime, UUID]]] = defaultdict(deque)
        self._failed: defaultdict[str, deque[datetime]] = defaultdict(deque)
        self._checks: tuple[tuple[str, Callable[[Line], bool]], ...] = (
            ("night", self._night),
            ("own_record", lambda one: one.person_id is not None and one.person_id == known.own.get(one.actor)),
            ("relative", lambda one: one.person_id in known.kin.get(one.actor, frozenset())),
            ("no_case", lambda one: one.action in table.with_case and one.case_id is None),
        )
        self.lines = 0
        self.actors: set[str] = set()

    def feed(self, lines: Iterable[Line]) -> None:
        """Take the next lines."""
        for one in lines:
            self.lines += 1
            self.actors.add(one.actor)
            if one.outcome == "denied":
                self._failure(one)
            elif one.outcome == "ok":
                self._done(one)

    def findings(self) -> list[Finding]:
        """What is odd, by rule and then by who did it most."""
        return sorted(
            self._found.values(), key=lambda one: (RULES.index(one.rule), -one.count, one.actor, one.first_at)
        )

    def _note(self, rule: str, one: Line, *, who: str | None = None, most: int = 0) -> None:
        key = (rule, who or one.actor)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = Finding(rule, key[1], one.actor_name, one.at, one.at)
        found.count += 1
        found.last_at = one.at
        found.most = max(found.most, most)
        if len(found.lines) < SHOWN:
            found.lines.append(one.seq)

    def _done(self, one: Line) -> None:
        left = self._known.left.get(one.actor)
        if left is not None and one.at > left:
            self._note("after_leaving", one)
        if one.action in self._table.takes_out:
            self._note("download", one)
        if one.action not in self._table.discloses or one.actor.startswith("system:"):
            return
        for rule, holds in self._checks:
            if holds(one):
                self._note(rule, one)
        self._many(one)

    def _night(self, one: Line) -> bool:
        if not is_night(one.at, self._zone, self._table.night):
            return False
        if self._known.roles.get(one.actor, frozenset()) & self._table.around_the_clock:
            return False
        return not any(begin <= one.at < end for begin, end in self._known.duties.get(one.actor, ()))

    def _many(self, one: Line) -> None:
        if one.person_id is None:
            return
        seen = self._people[one.actor]
        seen.append((one.at, one.person_id))
        while seen[0][0] <= one.at - timedelta(minutes=self._table.many_minutes):
            seen.popleft()
        people = len({person for _, person in seen})
        if people >= self._table.many_people:
            self._note("many_people", one, most=people)

    def _failure(self, one: Line) -> None:
        """Refusals in a row: of an account, and of an address where nobody is known."""
        who = one.address or one.actor if one.actor == "anonymous" else one.actor
        failed = self._failed[who]
        failed.append(one.at)
        while failed[0] <= one.at - timedelta(minutes=self._table.failures_minutes):
            failed.popleft()
        if len(failed) >= self._table.failures:
            self._note("failures", one, who=who, most=len(failed))
