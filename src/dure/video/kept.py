"""How long rights to see a camera are kept, and what is said of the pictures themselves."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import text

from dure.engine.database import Tx
from dure.trust.retention.model import Kind, Mark, Rule, Thing, deleting, due_values

_DUE = text(
    "select id::text as id, expires_at as at, opened_at, incident_id::text as incident_id, camera_id "
    "from video_opening where expires_at < :before "
    "and (cast(:after_at as timestamptz) is null or (expires_at, id::text) > (:after_at, :after_id)) "
    "order by expires_at, id::text limit :most for update skip locked"
)


async def _find_due(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
    return [
        Thing(
            row["id"],
            row["at"],
            begin=row["opened_at"],
            incidents=frozenset({row["incident_id"]}),
            cameras=frozenset({row["camera_id"]}),
        )
        for row in await tx.rows(_DUE, due_values(before, after, most))
    ]


OPENING = Kind(
    "video_opening",
    (Rule(date(2026, 1, 1), 30, "도시 자체 기준: 열람 허가의 확인(열람 사실은 접속기록)", confirm=True),),
    _find_due,
    deleting("video_opening"),
    begins="trust.retention.begins.ended",
)
"""Ended rights to see a camera; who looked, when and why stays in the audit log."""

VIDEO = Kind(
    "video",
    (Rule(date(2011, 9, 30), 30, "표준 개인정보 보호지침 제41조제2항(보유기간을 정하기 곤란한 때 30일 이내)"),),
)
"""Pictures pass through and are not recorded; the rule stands for the city's recorders."""
