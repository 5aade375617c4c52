"""Lists of alarms and the strip's summary."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import text

from dure.detect.views import COLUMNS, RECENT, shown
from dure.engine import paging
from dure.engine.database import Tx
from dure.kernel.severity import Severity

FLOOD: Final = 10
"""New alarms within ten minutes that one person can follow (IEC 62682, alarm flood)."""
FLOOD_WITHIN: Final = timedelta(minutes=10)
_STAGES: Final = ("pre_alarm", "confirmed", "cleared", "false")
_FILTERS: Final = {
    "stage": "a.stage = :stage",
    "rule": "a.rule = :rule",
    "device": "(a.device = :device or :device = any(a.members))",
    "subject": "a.subject = :subject",
    "severity": "a.severity = :severity",
    "category": "a.category = :category",
    "lane": "a.lane = :lane",
    "late": "a.late = :late",
    "incident": "a.incident_id = :incident",
    "since": "a.raised_at >= :since",
    "until": "a.raised_at < :until",
    "open": "(a.closed_at is null) = :open",
    "shelved": "(s.id is not null) = :shelved",
}
_COUNTS: Final = text(
    """
    select severity, count(*) filter (where closed_at is null) as open from alarm a
    where closed_at is null and not exists (
        select from alarm_shelf s
        where s.rule = a.rule and s.subject = a.subject and s.ended_at is null and not a.life_safety
    ) group by severity
    """
)


async def listed(
    tx: Tx, filters: Mapping[str, Any], *, limit: int, cursor: tuple[Any, ...] | None = None
) -> dict[str, Any]:
    """A page of alarms, newest first. `filters` are of `_FILTERS`; None asks for nothing."""
    given = {name: value for name, value in filters.items() if value is not None}
    conditions = [_FILTERS[name] for name in given]
    if cursor is not None:
        conditions.append("(a.raised_at, a.id) < (:after_at, :after_id)")
        given |= {"after_at": cursor[0], "after_id": cursor[1]}
    where = f"where {' and '.join(conditions)}" if conditions else ""
    statement = text(f"select {COLUMNS} {where} order by a.raised_at desc, a.id desc limit :limit")
    rows = await tx.rows(statement, {**given, "limit": limit + 1})
    page = paging.page(rows, limit, lambda row: (row["raised_at"], str(row["id"])))
    return {"items": await shown(tx, page["items"]), "next": page["next"]}


async def summary(tx: Tx, window: timedelta = RECENT) -> dict[str, Any]:
    """The strip: lanes over `window`, what is open, whether there is a flood."""
    now = tx.now()
    rows = await tx.rows(
        text(
            "select * from alarm where closed_at is null or raised_at > :since or closed_at > :since "
            "order by lane, raised_at, id limit 5000"
        ),
        {"since": now - window},
    )
    lanes: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        lanes.setdefault(row["lane"], []).append(_mark(row))
    counts = {row["severity"]: row["open"] for row in await tx.rows(_COUNTS)}
    shelved = await tx.scalar(text("select count(*) from alarm_shelf where ended_at is null"))
    fresh = await _fresh(tx, now)
    return {
        "as_of": now,
        "since": now - window,
        "open": {severity.value: counts.get(severity.value, 0) for severity in Severity},
        "stages": {stage: sum(row["stage"] == stage for row in rows) for stage in _STAGES},
        "shelved": shelved,
        "chattering": sum(row["count"] > 2 and row["closed_at"] is None for row in rows),
        "flood": {
            "count": fresh,
            "limit": FLOOD,
            "minutes": FLOOD_WITHIN.seconds // 60,
            "flooding": fresh > FLOOD,
        },
        "lanes": [{"lane": lane, "alarms": marks} for lane, marks in lanes.items()],
    }


def _mark(row: Mapping[Any, Any]) -> dict[str, Any]:
    kept = {name: row[name] for name in ("rule", "severity", "stage", "late", "onset_at", "raised_at")}
    return {"id": str(row["id"]), "ended_at": row["cleared_at"] or row["closed_at"], **kept}


async def _fresh(tx: Tx, now: datetime) -> int:
    statement = text("select count(*) from alarm where raised_at > :since")
    return int(await tx.scalar(statement, {"since": now - FLOOD_WITHIN}))
