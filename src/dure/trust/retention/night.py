"""The nightly job: destroys what is due and not held, in batches, once a day, and leaves its record.

A batch is one transaction: things, record, audit line and the place where the job stands. Whatever stops it, the next
start goes on from that place; what a batch destroyed is recorded, what is recorded is destroyed.
"""

import logging
from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.kernel.errors import Unavailable
from dure.trust.retention import holding, queries, recording, registry, unused
from dure.trust.retention.model import Decided, Kind, Mark, Rule, Thing, before, divide, night_of

log = logging.getLogger(__name__)
BATCH = 500
LOOK_EVERY_S = 300.0


async def look(context: Context) -> None:
    """What the work process does every five minutes: run tonight's job where it is owed."""
    await run(context, registry.kinds().values())


async def run(context: Context, kinds: Iterable[Kind], most: int = BATCH) -> date | None:
    """Run or go on with the job that is owed, `most` things a batch; its day, or None where none is. Raises
    Unavailable.

    A kind that fails leaves its problem and is tried again; the others go on.
    """
    zone = ZoneInfo(context.settings.city_zone)
    async with context.database.transaction() as tx:
        day = night_of(tx.now(), zone, await tx.scalar(queries.LAST_NIGHT))
        if day is None:
            return None
        await tx.execute(queries.BEGIN_NIGHT, {"day": day, "now": tx.now()})
        await unused.notice(tx)
    whole = True
    for kind in kinds:
        try:
            await _kind(context, day, kind, most)
        except Unavailable:
            raise
        except Exception as error:
            log.exception("%s is destroyed later", kind.name)
            whole = False
            async with context.database.transaction() as tx:
                await tx.execute(queries.FAIL_STEP, {"day": day, "kind": kind.name, "problem": type(error).__name__})
    if whole:
        async with context.database.transaction() as tx:
            await tx.execute(queries.END_NIGHT, {"day": day, "now": tx.now()})
    return day


async def _kind(context: Context, day: date, kind: Kind, most: int) -> None:
    async with context.database.transaction() as tx:
        await tx.execute(queries.BEGIN_STEP, {"day": day, "kind": kind.name})
    while True:
        async with context.database.transaction() as tx:
            if not await batch(context, tx, day, kind, most):
                return


async def batch(context: Context, tx: Tx, day: date, kind: Kind, most: int) -> bool:
    """Destroy the next `most` things of a kind; whether there may be more of it."""
    await tx.execute(queries.LOCK)
    step = await tx.row(queries.STEP, {"day": day, "kind": kind.name})
    if step is None or step["done_at"] is not None:
        return False
    things: list[Thing] = []
    rule = (await decided(context, tx, kind, day)).rule
    if kind.find_due is not None and kind.destroy is not None:
        after = Mark(step["after_at"], step["after_id"]) if step["after_at"] is not None else None
        things = list(await kind.find_due(tx, before(tx.now(), rule.days), after, most))
    going, held = divide(things, await holding.standing(tx), tx.now())
    if going and kind.destroy is not None:
        await kind.destroy(context, tx, going)
        await recording.add(tx, day, kind, rule, going)
    over = len(things) < most
    await tx.execute(
        queries.MOVE_STEP,
        {
            "day": day,
            "kind": kind.name,
            "after_at": things[-1].at if things else step["after_at"],
            "after_id": things[-1].id if things else step["after_id"],
            "destroyed": len(going),
            "held": len(held),
            "done_at": tx.now() if over else None,
        },
    )
    return not over


async def decided(context: Context, tx: Tx, kind: Kind, day: date) -> Decided:
    """The rule in force, with the days that the city's setting or its facts put in it, and why."""
    if kind.decide is not None:
        return await kind.decide(tx, day)
    rule = kind.rule(day)
    return Decided(rule if kind.days is None else Rule(rule.since, kind.days(context), rule.source, rule.confirm))
