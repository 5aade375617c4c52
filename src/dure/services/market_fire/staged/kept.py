"""How long what spoke for a fire and what was announced are kept. Answers go with their incident."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import text

from dure.engine.database import Tx
from dure.trust.retention.model import FindDue, Kind, Mark, Rule, Thing, deleting, due_values


def _finding(table: str, column: str) -> FindDue:
    statement = text(
        f"select id::text as id, {column} as at from {table} where {column} < :before "
        f"and (cast(:after_at as timestamptz) is null or ({column}, id::text) > (:after_at, :after_id)) "
        f"order by {column}, id::text limit :most for update skip locked"
    )

    async def find(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
        return [Thing(row["id"], row["at"]) for row in await tx.rows(statement, due_values(before, after, most))]

    return find


SIGN = Kind(
    "market_fire_sign",
    (Rule(date(2026, 1, 1), 400, "도시 자체 기준: 경보와 같이", confirm=True),),
    _finding("market_fire_sign", "at"),
    deleting("market_fire_sign"),
    begins="trust.retention.begins.ended",
)
"""What detection said beside alarms: as long as the alarms."""

ANNOUNCEMENT = Kind(
    "market_fire_announcement",
    (Rule(date(2026, 1, 1), 400, "도시 자체 기준: 경보와 같이", confirm=True),),
    _finding("market_fire_announcement", "ends_at"),
    deleting("market_fire_announcement"),
    begins="trust.retention.begins.ended",
)
"""Works that were announced: as long as the alarms that they explain."""
