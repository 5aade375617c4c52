"""How long causes and proposals are kept."""

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


CAUSE = Kind(
    "market_fire_cause",
    (Rule(date(2026, 1, 1), 400, "도시 자체 기준: 경보와 같이", confirm=True),),
    _finding("market_fire_cause", "told_at"),
    deleting("market_fire_cause"),
    begins="trust.retention.begins.ended",
)
"""What alarms turned out to be: as long as the alarms."""

PROPOSAL = Kind(
    "market_fire_proposal",
    (Rule(date(2026, 1, 1), 1_825, "도시 자체 기준: 점포 설정을 누가 왜 바꾸었는지", confirm=True),),
    _finding("market_fire_proposal", "decided_at"),
    deleting("market_fire_proposal"),
    begins="trust.retention.begins.ended",
)
"""Decided proposals: who changed a stall's setting and why, for five years."""
