"""Which months still owe a finished review, and how late each is. It is forgotten by nobody: what is owed stands on the
screens of those who read the log, and in each month's report, until it is done.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.trust.audit.review import tables

_KNOWN = text(
    "select r.id, r.month, r.due_on, r.closed_at is not null as closed, "
    "(select count(*) from audit_finding f where f.review_id = r.id and f.verdict is null) as waiting "
    "from audit_review r order by r.month"
)
_FIRST = text("select min(at at time zone :zone)::date from audit")
_GLASS = text(
    "select count(*) as opened, count(*) filter (where reviewed_at is not null) as reviewed, "
    "count(*) filter (where reviewed_at > review_due_at) as late, "
    "count(*) filter (where reviewed_at is null) as waiting, "
    "count(*) filter (where reviewed_at is null and review_due_at <= :now) as overdue from glass "
    "where (opened_at at time zone :zone)::date >= :since and (opened_at at time zone :zone)::date < :until"
)


@dataclass(frozen=True, slots=True)
class Made:
    """A review as it stands: of which month (its first day), done by when, closed or not, findings without a word."""

    id: UUID
    month: date
    due_on: date
    closed: bool
    waiting: int


@dataclass(frozen=True, slots=True)
class Owed:
    """A month whose review is not finished; `id` is None where it has not even been made."""

    id: UUID | None
    month: date
    due_on: date
    days_overdue: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Glasses:
    """The broken glasses of a month: how many, reviewed, reviewed late, still waiting, and overdue of these."""

    opened: int
    reviewed: int
    late: int
    waiting: int
    overdue: int


def next_month(month: date) -> date:
    """The first day of the month after."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def late_by(due_on: date, today: date) -> int:
    """Days since `due_on` was over; 0 on that day and before."""
    return max(0, (today - due_on).days)


def unmade(first: date | None, known: Iterable[Made], today: date) -> list[date]:
    """The months that are over, from that of the log's first line on, which nobody has reviewed; the oldest first."""
    if first is None:
        return []
    made = {one.month for one in known}
    found: list[date] = []
    month = first.replace(day=1)
    while next_month(month) <= today:
        if month not in made:
            found.append(month)
        month = next_month(month)
    return found


def owed(first: date | None, known: Iterable[Made], today: date) -> list[Owed]:
    """What is not finished of the months that are over, the oldest first."""
    known = list(known)
    found = [
        Owed(one.id, one.month, one.due_on, late_by(one.due_on, today), one.waiting) for one in known if not one.closed
    ]
    for month in unmade(first, known, today):
        due = next_month(month).replace(day=tables.for_month(month).due_day)
        found.append(Owed(None, month, due, late_by(due, today), 0))
    return sorted(found, key=lambda one: one.month)


async def standing(tx: Tx, zone: str) -> tuple[date | None, list[Made]]:
    """The day of the log's first line, by the city's clock, and the reviews that were made."""
    first: date | None = await tx.scalar(_FIRST, {"zone": zone})
    return first, [Made(**row) for row in await tx.rows(_KNOWN)]


async def now_owed(tx: Tx, zone: str, today: date) -> list[Owed]:
    """What is owed `today`."""
    return owed(*await standing(tx, zone), today)


async def glasses(tx: Tx, month: date, zone: str) -> Glasses:
    """How the broken glasses of a month stand now."""
    values = {"since": month, "until": next_month(month), "zone": zone, "now": tx.now()}
    row = await tx.row(_GLASS, values)
    assert row is not None
    return Glasses(**row)
