"""What a roster says becomes duties, so that roles that are held only on duty hold while their shift runs.

Each minute the shifts that run and those of the next day and a half are compared with the duties that were laid: what
is missing is set, what no longer follows is taken off, and then the role ends at once. Duties that people set by hand
are not touched.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.respond.shifts import keeping, roster
from dure.trust.principal import Principal, system
from dure.trust.roles import Role
from dure.trust.who import duties

AHEAD = timedelta(hours=36)
ROSTER: Principal = replace(system("roster"), roles=frozenset({Role.ADMIN}))
"""dure itself, setting what people have planned and approved: nobody puts themselves on duty by it (see planning)."""
_ROSTERS = text("select * from roster order by created_at, id")
_LAID = text(
    "select id, account_id, post, starts_at, ends_at from duty "
    "where created_by = :by and cancelled_at is null and ends_at > :now for update"
)


class Duty(NamedTuple):
    """One person's shift."""

    account_id: UUID
    post: str
    starts_at: datetime
    ends_at: datetime


async def run(context: Context) -> None:
    """Each minute."""
    async with context.database.transaction() as tx:
        await lay(tx)


async def lay(tx: Tx) -> None:
    """Make the laid duties follow the rosters."""
    wanted = await _wanted(tx)
    laid = {
        Duty(row["account_id"], row["post"], row["starts_at"], row["ends_at"]): row["id"]
        for row in await tx.rows(_LAID, {"by": ROSTER.actor, "now": tx.now()})
    }
    for gone in laid.keys() - wanted:
        await duties.cancel(tx, ROSTER, laid[gone], expected=None)
    for one in sorted(wanted - laid.keys(), key=lambda each: (each.starts_at, each.account_id)):
        await duties.create(tx, ROSTER, duties.Wanted(one.account_id, "shift", one.post, one.starts_at, one.ends_at))


async def _wanted(tx: Tx) -> set[Duty]:
    now = tx.now()
    found: set[Duty] = set()
    for row in await tx.rows(_ROSTERS):
        last = (now + AHEAD).astimezone(keeping.zone()).date()
        kept = await keeping.load(tx, row, now.astimezone(keeping.zone()).date(), last)
        for slot in roster.slots(kept.roster, now, now + AHEAD, kept.zone):
            post = f"{row['name']} {slot.shift.ko}"
            there = roster.crew(kept.roster, slot).people
            found |= {Duty(one.account_id, post, slot.begins, slot.ends) for one in there}
    return found
