"""How long it is kept who was told what."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.trust.retention.model import Kind, Mark, Rule, Thing, due_values

_DUE = text(
    "select id::text as id, created_at as at, person_id::text as person, incident_id::text as incident from notice "
    "where created_at < :before and status in ('delivered', 'failed', 'refused', 'sent') "
    "and (cast(:after_at as timestamptz) is null or (created_at, id::text) > (:after_at, :after_id)) "
    "order by created_at, id::text limit :most for update skip locked"
)
_DROP = text("delete from notice where id = any(cast(:ids as uuid[]))")


async def _find_due(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
    return [
        Thing(
            row["id"],
            row["at"],
            incidents=frozenset(one for one in [row["incident"]] if one),
            people=frozenset(one for one in [row["person"]] if one),
        )
        for row in await tx.rows(_DUE, due_values(before, after, most))
    ]


async def _drop(_context: Context, tx: Tx, things: Sequence[Thing]) -> None:
    """Attempts go with their notice; that something was sent stays in the audit log."""
    await tx.execute(_DROP, {"ids": [one.id for one in things]})


NOTICE = Kind("notice", (Rule(date(2026, 1, 1), 365, "도시 자체 기준: 발송의 증빙", confirm=True),), _find_due, _drop)
