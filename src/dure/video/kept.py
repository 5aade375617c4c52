"""How long rights to see a camera are kept, and what is said of the pictures themselves."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import text

from dure.engine.database import Tx
from dure.trust.retention.kinds import rows_of
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
            incidents=frozenset({row["incident_id"]} - {None}),
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

_DAYS = 30
_PICTURES = text(
    "select r.id::text as id, r.started_at + make_interval(days => coalesce(c.retention_days, :days) - :days) as at, "
    "r.started_at, r.ended_at, r.camera_id from video_recording r left join camera c on c.id = r.camera_id "
    "where r.state = 'closed' "
    "and r.started_at + make_interval(days => coalesce(c.retention_days, :days) - :days) < :before "
    "and (cast(:after_at as timestamptz) is null or (r.started_at + make_interval(days => "
    "coalesce(c.retention_days, :days) - :days), r.id::text) > (:after_at, :after_id)) order by 2, 1 limit :most"
)


async def _find_pictures(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
    """Recordings by when their camera's own days would have begun, had it the rule's."""
    return [
        Thing(row["id"], row["at"], row["ended_at"], cameras=frozenset({row["camera_id"]}), begin=row["started_at"])
        for row in await tx.rows(_PICTURES, {**due_values(before, after, most), "days": _DAYS})
    ]


_TICKETS = text(
    "select id::text as id, coalesce(ended_at, decided_at, requested_at) as at, requested_at, "
    "incident_id::text as incident_id, camera_ids from video_ticket where state in ('refused', 'ended') "
    "and coalesce(ended_at, decided_at, requested_at) < :before and (cast(:after_at as timestamptz) is null "
    "or (coalesce(ended_at, decided_at, requested_at), id::text) > (:after_at, :after_id)) "
    "order by 2, 1 limit :most for update skip locked"
)
_LINES = text(
    "select id::text as id, until_at as at, at as begun_at, incident_id::text as incident_id, camera_id "
    "from video_disclosure where until_at < :before and (cast(:after_at as timestamptz) is null "
    "or (until_at, id::text) > (:after_at, :after_id)) order by 2, 1 limit :most for update skip locked"
)
_THREE_YEARS = Rule(
    date(2026, 1, 1), 1096, "도시 자체 기준: 개인영상정보 제공 사실의 확인(접속기록 보관 2년보다 길게)", confirm=True
)


async def _tickets_due(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
    return [
        Thing(
            row["id"],
            row["at"],
            begin=row["requested_at"],
            incidents=frozenset({row["incident_id"]}),
            cameras=frozenset(row["camera_ids"]),
        )
        for row in await tx.rows(_TICKETS, due_values(before, after, most))
    ]


async def _lines_due(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
    return [
        Thing(
            row["id"],
            row["at"],
            begin=row["begun_at"],
            incidents=frozenset({row["incident_id"]} - {None}),
            cameras=frozenset({row["camera_id"]}),
        )
        for row in await tx.rows(_LINES, due_values(before, after, most))
    ]


TICKETS = Kind(
    "video_ticket",
    (_THREE_YEARS,),
    _tickets_due,
    deleting("video_ticket"),
    begins="trust.retention.begins.ended",
)
LINES = Kind(
    "video_disclosure",
    (_THREE_YEARS,),
    _lines_due,
    deleting("video_disclosure"),
    begins="trust.retention.begins.ended",
)
"""The register outlives the pictures, and the log of who read what."""

VIDEO = Kind(
    "video",
    (Rule(date(2011, 9, 30), _DAYS, "표준 개인정보 보호지침 제41조제2항(보유기간을 정하기 곤란한 때 30일 이내)"),),
    _find_pictures,
)
"""Recorded pictures. A camera's own days stand before the rule's where they are known (보관일수); the recorder destroys
them by its own clock (past/sweep.py), and the oldest before their time where the disk has no room.
"""

BOOKMARK = Kind(
    "video_bookmark",
    (Rule(date(2026, 1, 1), 3 * 365, "도시 자체 기준: 상황 처리의 증빙과 사후 평가", confirm=True),),
    *rows_of("video_bookmark", "made_at"),
)
"""Moments that were marked; their notes go with the incident's words."""
