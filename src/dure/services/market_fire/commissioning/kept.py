"""How long it is kept which detector was put into use where, and by whom: as long as a detector stands."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import text

from dure.engine.database import Tx
from dure.trust.retention.model import Kind, Mark, Rule, Thing, deleting, due_values

_DUE: Final = text(
    "select id::text as id, ended_at as at from market_commissioning where ended_at < :before "
    "and (cast(:after_at as timestamptz) is null or (ended_at, id::text) > (:after_at, :after_id)) "
    "order by ended_at, id::text limit :most for update skip locked"
)


async def _due(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
    return [Thing(row["id"], row["at"]) for row in await tx.rows(_DUE, due_values(before, after, most))]


COMMISSIONING = Kind(
    "market_commissioning",
    (Rule(date(2026, 1, 1), 3_653, "도시 자체 기준: 감지기를 바꾸는 10년 동안", confirm=True),),
    _due,
    deleting("market_commissioning"),
    begins="trust.retention.begins.ended",
)
