"""How long shift logs are kept."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import text

from dure.engine.database import Tx
from dure.trust.retention.model import Kind, Mark, Rule, Thing, deleting, due_values

_DUE = text(
    "select id::text as id, ends_at as at, begins_at from shift_log where ends_at < :before "
    "and (cast(:after_at as timestamptz) is null or (ends_at, id::text) > (:after_at, :after_id)) "
    "order by ends_at, id::text limit :most for update skip locked"
)


async def _find_due(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
    return [
        Thing(row["id"], row["at"], begin=row["begins_at"])
        for row in await tx.rows(_DUE, due_values(before, after, most))
    ]


LOG = Kind(
    "shift_log",
    (Rule(date(2026, 1, 1), 3 * 365, "도시 자체 기준: 관제일지의 보존", confirm=True),),
    _find_due,
    deleting("shift_log"),
)
"""Remarks and the handover go with their log; who signed what stays in the audit log."""
