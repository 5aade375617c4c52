"""How long it is kept who was told what."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import text

from dure.engine.database import Tx
from dure.trust.retention.model import Kind, Mark, Rule, Thing, deleting, due_values

_DUE = text(
    "select id::text as id, created_at as at, person_id::text as person, incident_id::text as incident from notice "
    "where created_at < :before and status in ('delivered', 'failed', 'refused', 'sent') "
    "and (cast(:after_at as timestamptz) is null or (created_at, id::text) > (:after_at, :after_id)) "
    "order by created_at, id::text limit :most for update skip locked"
)


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


NOTICE = Kind(
    "notice",
    (Rule(date(2026, 1, 1), 365, "도시 자체 기준: 발송의 증빙", confirm=True),),
    _find_due,
    deleting("notice"),
)
"""Attempts go with their notice; that something was sent stays in the audit log."""
