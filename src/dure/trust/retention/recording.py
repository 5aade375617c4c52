"""The record of what was destroyed: what kind, how many, a digest of the ids, when, by which rule."""

from collections.abc import Sequence
from datetime import date

from dure.engine.database import Tx
from dure.kernel.ids import new_id
from dure.trust import audit
from dure.trust.principal import system
from dure.trust.retention import holding, queries
from dure.trust.retention.model import Kind, Rule, Thing, digest, divide

_BY = system("retention")


async def ending(tx: Tx, kind: Kind, things: Sequence[Thing]) -> list[Thing]:
    """Which of these a room may destroy now, by its own clock: those that nothing holds, already in the record."""
    if not things:
        return []
    await tx.execute(queries.LOCK)
    going, _held = divide(things, await holding.standing(tx), tx.now())
    if going:
        day = tx.now().date()
        await add(tx, day, kind, kind.rule(day), going)
    return going


async def add(tx: Tx, day: date, kind: Kind, rule: Rule, gone: Sequence[Thing]) -> None:
    """Keep that these were destroyed, in the transaction that does it, with a line in the audit log."""
    id_ = new_id()
    await tx.execute(
        queries.RECORD,
        {
            "id": id_,
            "day": day,
            "kind": kind.name,
            "now": tx.now(),
            "things": len(gone),
            "digest": digest(gone),
            "first_at": min(one.at for one in gone),
            "last_at": max(one.at for one in gone),
            "rule_since": rule.since,
            "rule_days": rule.days,
            "source": rule.source,
            "actor": _BY.actor,
        },
    )
    await audit.record(tx, _BY, "retention.destroy", "retention", f"{kind.name} {len(gone)} {id_}")
