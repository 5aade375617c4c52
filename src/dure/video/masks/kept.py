"""How long it is kept who looked beneath a mask. The masks themselves are no personal data and stay."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import text

from dure.engine.database import Tx
from dure.trust.retention.model import Kind, Mark, Rule, Thing, deleting, due_values

_DUE = text(
    "select id::text as id, asked_at as at, incident_id::text as incident_id, camera_id "
    "from video_mask_lift where asked_at < :before "
    "and (cast(:after_at as timestamptz) is null or (asked_at, id::text) > (:after_at, :after_id)) "
    "order by asked_at, id::text limit :most for update skip locked"
)


async def _find_due(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
    return [
        Thing(
            row["id"],
            row["at"],
            begin=row["at"],
            incidents=frozenset({row["incident_id"]}),
            cameras=frozenset({row["camera_id"]}),
        )
        for row in await tx.rows(_DUE, due_values(before, after, most))
    ]


LIFT = Kind(
    "video_mask_lift",
    (Rule(date(2026, 1, 1), 365, "도시 자체 기준: 가림 해제의 확인(해제 사실은 접속기록)", confirm=True),),
    _find_due,
    deleting("video_mask_lift"),
)
"""Requests to look beneath masks; that it was done stays in the audit log."""
