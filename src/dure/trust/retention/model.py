"""Kinds of data, rules and holds; what goes and what stays. Pure, but for the functions that a kind brings along."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.database import Tx

Scope = Literal["incident", "person", "camera", "device", "period"]
NIGHT = time(3, 0)
"""When the job begins, by the city's clock: between the last buses and the first deliveries."""


@dataclass(frozen=True, slots=True)
class Rule:
    """From the day `since` on: kept for `days` days after `Kind.begins`; and where that is written.

    `confirm`: the number is dure's proposal, which the city's data protection officer confirms or shortens.
    """

    since: date
    days: int
    source: str
    confirm: bool = False


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing that may go: its id, when its time began to run (`at`), from when until when it reaches (`begin`,
    `end`, else `at`), and what it belongs to, for holds.
    """

    id: str
    at: datetime
    end: datetime | None = None
    incidents: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    cameras: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()
    anyone: frozenset[Scope] = frozenset()
    """Scopes of which it may hold anything (a file of many devices' readings): any hold of these that overlaps its
    time holds it.
    """
    begin: datetime | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the order (at, id) of a kind's things."""

    at: datetime
    id: str


def due_values(before: datetime, after: Mark | None, most: int) -> dict[str, object]:
    """The parameters of a statement that finds what is due: before, after_at, after_id, most."""
    return {
        "before": before,
        "after_at": after.at if after else None,
        "after_id": after.id if after else None,
        "most": most,
    }


@dataclass(frozen=True, slots=True)
class Decided:
    """So many days, by this rule, and the facts that decide it, as message keys."""

    rule: Rule
    why: tuple[str, ...] = ()


FindDue = Callable[[Tx, datetime, Mark | None, int], Awaitable[Sequence[Thing]]]
Destroy = Callable[[Context, Tx, Sequence[Thing]], Awaitable[None]]


def deleting(table: str) -> Destroy:
    """`destroy` for a table with a UUID `id`: the rows go, and nothing else does. The name comes from code, never from
    a user.
    """
    gone = text(f"delete from {table} where id = any(:ids)")

    async def destroy(_context: Context, tx: Tx, things: Sequence[Thing]) -> None:
        await tx.execute(gone, {"ids": [UUID(one.id) for one in things]})

    return destroy


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of data.

    `find_due(tx, before, after, most)`: things whose time began before `before`, in the order (at, id), after `after`,
    locked where others change them; without it there is nothing of this kind in the city yet. `destroy(context, tx,
    things)` takes exactly these out, in the same transaction; without it the room destroys them by its own clock and
    asks `recording.ending` first. `begins` and `name` are said by the messages
    `<begins>` and `trust.retention.kind.<name>`. `days` puts a setting of the city in the place of the rule's days;
    `decide` the number that facts about the city's data ask for on a day, and which.
    """

    name: str
    rules: tuple[Rule, ...]
    find_due: FindDue | None = None
    destroy: Destroy | None = None
    begins: str = "trust.retention.begins.made"
    days: Callable[[Context], int] | None = None
    decide: Callable[[Tx, date], Awaitable[Decided]] | None = None

    def rule(self, day: date) -> Rule:
        """The rule in force on `day`. Raises LookupError where none is yet."""
        fitting = [one for one in self.rules if one.since <= day]
        if not fitting:
            raise LookupError(self.name)
        return max(fitting, key=lambda one: one.since)


@dataclass(frozen=True, slots=True)
class Hold:
    """Keeps what belongs to an incident, person, camera or device, or to a period, from being destroyed. With a period
    beside a target, only what overlaps it. `target` "*" is any.
    """

    scope: Scope
    target: str | None
    until_at: datetime
    from_at: datetime | None = None
    to_at: datetime | None = None
    released_at: datetime | None = None

    def stands(self, now: datetime) -> bool:
        """Whether it is in force."""
        return now < self.until_at and (self.released_at is None or now < self.released_at)


def holds(hold: Hold, thing: Thing) -> bool:
    """Whether `hold`, which stands, keeps `thing`."""
    if not _overlaps(hold, thing):
        return False
    if hold.scope == "period":
        return True
    if hold.scope in thing.anyone:
        return True
    belongs = {
        "incident": thing.incidents,
        "person": thing.people,
        "camera": thing.cameras,
        "device": thing.devices,
    }[hold.scope]
    return hold.target in belongs


def _overlaps(hold: Hold, thing: Thing) -> bool:
    """Both ends of a thing count as within it; a hold's period begins at `from_at` and ends before `to_at`."""
    begins, ends = thing.begin or thing.at, thing.end or thing.at
    return (hold.from_at is None or ends >= hold.from_at) and (hold.to_at is None or begins < hold.to_at)


def divide(things: Iterable[Thing], holds_: Iterable[Hold], now: datetime) -> tuple[list[Thing], list[Thing]]:
    """(what goes, what is held): nothing held goes, nothing else stays."""
    standing = [one for one in holds_ if one.stands(now)]
    going: list[Thing] = []
    held: list[Thing] = []
    for thing in things:
        (held if any(holds(one, thing) for one in standing) else going).append(thing)
    return going, held


def before(now: datetime, days: int) -> datetime:
    """What began before this is due."""
    return now - timedelta(days=days)


def digest(things: Iterable[Thing]) -> bytes:
    """SHA-256 over the ids, sorted, a line feed after each: whoever has the ids can show that they are meant."""
    return sha256("".join(f"{one}\n" for one in sorted(thing.id for thing in things)).encode()).digest()


def night_of(now: datetime, zone: ZoneInfo, finished: date | None) -> date | None:
    """The city's day whose nightly job is to be run now, or None: from three in the morning on, once a day, also where
    the machine was off at three.
    """
    local = now.astimezone(zone)
    if local.time() < NIGHT or (finished is not None and finished >= local.date()):
        return None
    return local.date()


def next_night(now: datetime, zone: ZoneInfo, finished: date | None) -> datetime:
    """When the job runs next: now where today's is owed, else the next three in the morning."""
    if night_of(now, zone, finished) is not None:
        return now
    local = now.astimezone(zone)
    day = local.date() if local.time() < NIGHT else local.date() + timedelta(days=1)
    return datetime.combine(day, NIGHT, zone).astimezone(now.tzinfo)
