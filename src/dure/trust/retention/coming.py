"""What goes the next night: per kind how many, how many are held, and some of them by id."""

from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.trust.retention import holding, queries, registry
from dure.trust.retention.model import Kind, Mark, Rule, Thing, before, divide, next_night
from dure.trust.retention.night import decided

EXAMPLES = 10
_BATCH = 1_000
_MOST = 20_000


@dataclass(slots=True)
class Coming:
    """A kind's part of the next night. `more`: there are more than were counted."""

    kind: Kind
    rule: Rule
    going: int = 0
    held: int = 0
    more: bool = False
    examples: list[Thing] = field(default_factory=list)
    held_examples: list[Thing] = field(default_factory=list)


async def when(tx: Tx, zone: ZoneInfo) -> datetime:
    """When the job runs next."""
    return next_night(tx.now(), zone, await tx.scalar(queries.LAST_NIGHT))


async def tomorrow(context: Context, tx: Tx) -> tuple[datetime, list[Coming]]:
    """When the job runs next, and what it will destroy as things stand now."""
    zone = ZoneInfo(context.settings.city_zone)
    at = await when(tx, zone)
    day = at.astimezone(zone).date()
    return at, [await _of(context, tx, kind, at, day) for kind in registry.kinds().values()]


async def _of(context: Context, tx: Tx, kind: Kind, at: datetime, day: date) -> Coming:
    found = Coming(kind, (await decided(context, tx, kind, day)).rule)
    if kind.find_due is None:
        return found
    holds = [one for one in await holding.standing(tx) if one.stands(at)]
    mark: Mark | None = None
    while True:
        things = await kind.find_due(tx, before(at, found.rule.days), mark, _BATCH)
        going, held = divide(things, holds, at)
        found.going += len(going)
        found.held += len(held)
        found.examples += going[: EXAMPLES - len(found.examples)]
        found.held_examples += held[: EXAMPLES - len(found.held_examples)]
        if len(things) < _BATCH:
            return found
        if found.going + found.held >= _MOST:
            found.more = True
            return found
        mark = Mark(things[-1].at, things[-1].id)
