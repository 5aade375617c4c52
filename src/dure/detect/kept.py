"""How long alarms are kept."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import text

from dure.engine.database import Tx
from dure.trust.retention.model import Kind, Mark, Rule, Thing, deleting, due_values

_DUE = text(
    "select id::text as id, closed_at as at, onset_at, device, incident_id from alarm where closed_at < :before "
    "and (cast(:after_at as timestamptz) is null or (closed_at, id::text) > (:after_at, :after_id)) "
    "order by closed_at, id::text limit :most for update skip locked"
)


async def _find_due(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
    return [
        Thing(
            row["id"],
            row["at"],
            begin=min(row["onset_at"], row["at"]),
            incidents=frozenset({str(row["incident_id"])} if row["incident_id"] else ()),
            devices=frozenset({row["device"]} if row["device"] else ()),
        )
        for row in await tx.rows(_DUE, due_values(before, after, most))
    ]


ALARM = Kind(
    "alarm",
    (Rule(date(2026, 1, 1), 400, "도시 자체 기준: 사후 평가와 연간 통계", confirm=True),),
    _find_due,
    deleting("alarm"),
    begins="trust.retention.begins.closed",
)
"""Closed alarms; reviews and yearly statistics read them."""

_SHELVES_DUE = text(
    "select id::text as id, ended_at as at, shelved_at, subject from alarm_shelf where ended_at < :before "
    "and (cast(:after_at as timestamptz) is null or (ended_at, id::text) > (:after_at, :after_id)) "
    "order by ended_at, id::text limit :most for update skip locked"
)


async def _find_shelves(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
    return [
        Thing(row["id"], row["at"], begin=row["shelved_at"], devices=frozenset({row["subject"]}))
        for row in await tx.rows(_SHELVES_DUE, due_values(before, after, most))
    ]


SHELF = Kind(
    "alarm_shelf",
    (Rule(date(2026, 1, 1), 400, "도시 자체 기준: 사후 평가와 연간 통계", confirm=True),),
    _find_shelves,
    deleting("alarm_shelf"),
    begins="trust.retention.begins.ended",
)
"""Ended shelves, with why alarms were hidden: as long as the alarms themselves."""
