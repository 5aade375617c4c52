"""How long it is kept that files of past pictures were made, and through whose hands they went."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import text

from dure.engine.database import Tx
from dure.trust.retention.model import Kind, Mark, Rule, Thing, deleting, due_values

_DUE = text(
    "select id::text as id, asked_at as at, begin_at, end_at, incident_id::text as incident_id, camera_ids "
    "from video_export where state in ('failed', 'cancelled', 'destroyed') and asked_at < :before "
    "and (cast(:after_at as timestamptz) is null or (asked_at, id::text) > (:after_at, :after_id)) "
    "order by asked_at, id::text limit :most for update skip locked"
)


async def _find_due(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
    return [
        Thing(
            row["id"],
            row["at"],
            begin=row["begin_at"],
            end=row["end_at"],
            incidents=frozenset({row["incident_id"]}),
            cameras=frozenset(row["camera_ids"]),
        )
        for row in await tx.rows(_DUE, due_values(before, after, most))
    ]


EXPORT = Kind(
    "video_export",
    (Rule(date(2026, 1, 1), 1096, "도시 자체 기준: 제공한 영상 파일의 관리(제공 사실은 제공 대장)", confirm=True),),
    _find_due,
    deleting("video_export"),
)
"""The record of a file; the file itself is destroyed after its seven days."""
