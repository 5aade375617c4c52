"""What happened in a stretch of time, as a shift's log tells it: counts and lines, ids and codes, no words about
people.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.respond.types import TYPES

MOST: Final = 300
"""Lines of one kind; the counts beside them are whole."""
Value = dict[str, Any]

_INCIDENTS = text(
    "select id::text as id, receipt_no, type, severity, status, mode, outcome, opened_at, acknowledged_at, closed_at, "
    "coalesce(name, address) as name from incident where merged_into is null "
    "and (opened_at >= :since and opened_at < :until "
    "or closed_at >= :since and closed_at < :until) order by opened_at, id limit :most"
)
_INCIDENT_COUNTS = text(
    "select count(*) filter (where opened_at >= :since and opened_at < :until) as opened, "
    "count(*) filter (where closed_at >= :since and closed_at < :until) as closed, "
    "count(*) filter (where opened_at < :until and (closed_at is null or closed_at >= :until)) as left_open "
    "from incident where merged_into is null and mode = 'real'"
)
_ALARMS = text(
    "select count(*) as raised, count(*) filter (where severity = 'critical') as critical, "
    "count(*) filter (where severity = 'serious') as serious, count(*) filter (where severity = 'watch') as watch, "
    "count(*) filter (where severity = 'notice') as notice, count(*) filter (where stage = 'false') as false, "
    "count(*) filter (where late) as late from alarm "
    "where raised_at >= :since and raised_at < :until and category = 'event'"
)
_FAULTS = text(
    "select subject, rule_ko, rule_en, raised_at, cleared_at from alarm "
    "where raised_at >= :since and raised_at < :until and category = 'fault' order by raised_at, id limit :most"
)
_HANDOFFS = text(
    "select i.receipt_no, h.agency_id, a.name as agency, a.name_en as agency_en, h.kind, h.status, h.sent_at, "
    "h.answered_at from handoff h join incident i on i.id = h.incident_id left join agency a on a.id = h.agency_id "
    "where h.sent_at >= :since and h.sent_at < :until order by h.sent_at, h.id limit :most"
)
_SHELVES = text(
    "select rule, subject, reason, shelved_at, shelved_by, until, ended_at from alarm_shelf "
    "where shelved_at >= :since and shelved_at < :until order by shelved_at, id limit :most"
)
_PICTURES = text(
    "select count(*) as openings, count(distinct camera_id) as cameras, count(distinct incident_id) as incidents, "
    "count(distinct actor_name) as desks from video_opening where opened_at >= :since and opened_at < :until"
)
_RECORDS = text("select count(*) from person_opening where at >= :since and at < :until")
_NOTICES = text(
    "select count(*) as wanted, count(*) filter (where status in ('sent', 'delivered')) as sent, "
    "count(*) filter (where status in ('failed', 'refused')) as failed, "
    "count(*) filter (where status = 'unknown') as unknown from notice "
    "where created_at >= :since and created_at < :until"
)
_FAILED = text(
    "select n.channel, n.reason, n.created_at, i.receipt_no from notice n left join incident i on i.id = n.incident_id "
    "where n.created_at >= :since and n.created_at < :until and n.status in ('failed', 'refused', 'unknown') "
    "order by n.created_at, n.id limit :most"
)
_RISES = text(
    "select i.receipt_no, c.ko, c.en, c.at, c.told, c.lack from rise_call c join rise r on r.id = c.rise_id "
    "join incident i on i.id = r.incident_id where c.at >= :since and c.at < :until order by c.at, c.number limit :most"
)


async def between(tx: Tx, since: datetime, until: datetime) -> Value:
    """The facts of [since, until), as JSON values."""
    span = {"since": since, "until": until, "most": MOST}
    counts = await tx.row(_INCIDENT_COUNTS, span)
    assert counts is not None
    return {
        "incidents": {**_plain(counts), "lines": _titled(await tx.rows(_INCIDENTS, span))},
        "alarms": {**_one(await tx.row(_ALARMS, span)), "faults": _lines(await tx.rows(_FAULTS, span))},
        "handoffs": _lines(await tx.rows(_HANDOFFS, span)),
        "shelves": _lines(await tx.rows(_SHELVES, span)),
        "pictures": {**_one(await tx.row(_PICTURES, span)), "records": int(await tx.scalar(_RECORDS, span) or 0)},
        "notices": {**_one(await tx.row(_NOTICES, span)), "lines": _lines(await tx.rows(_FAILED, span))},
        "rises": _lines(await tx.rows(_RISES, span)),
    }


_OPEN = text(
    "select i.id::text as id, i.receipt_no, i.type, i.severity, i.status, i.mode, i.opened_at, "
    "coalesce(i.name, i.address) as name, "
    "array(select distinct h.agency_id from handoff h where h.incident_id = i.id order by 1) as handed_to, "
    "(select min(d.due_at) from (select a.due_at from run_act a join run u on u.id = a.run_id "
    "where u.incident_id = i.id and u.status = 'running' and a.status in ('running', 'stuck') and a.due_at is not null "
    "union all select t.due_at from incident_task t where t.incident_id = i.id "
    "and t.done_at is null and t.cancelled_at is null) d) as next_due_at, "
    "(select count(*) from run_act a join run u on u.id = a.run_id where u.incident_id = i.id "
    "and u.status = 'running' and a.status in ('running', 'stuck')) as waiting_acts "
    "from incident i where i.status <> 'closed' and i.merged_into is null "
    "order by array_position(array['critical', 'serious', 'watch', 'notice'], i.severity), i.opened_at, i.id "
    "limit :most"
)
_SHELVED = text(
    "select rule, subject, reason, until, shelved_by from alarm_shelf where ended_at is null order by until limit :most"
)
_BROKEN = text(
    "select a.subject, a.rule_ko, a.rule_en, a.raised_at from alarm a "
    "where a.closed_at is null and a.category = 'fault' order by a.raised_at, a.id limit :most"
)
_CAMERAS = text("select count(*) from camera where state = 'broken'")
_WAITING = text(
    "select (select count(*) from roster_change where status in ('asked', 'agreed')) as changes, "
    "(select count(*) from warning_draft where status = 'reviewing') as warnings, "
    "(select count(*) from handoff h join incident i on i.id = h.incident_id "
    "where h.status = 'sent' and h.kind <> 'tell' and i.status <> 'closed') as handoffs, "
    "(select count(*) from rise where status in ('open', 'spent')) as rises, "
    "(select count(*) from notice where status = 'unknown') as notices"
)


async def standing(tx: Tx) -> Value:
    """What the next shift takes over, as of now."""
    most = {"most": MOST}
    return {
        "as_of": tx.now().isoformat(),
        "incidents": _titled(await tx.rows(_OPEN, most)),
        "shelved": _lines(await tx.rows(_SHELVED, most)),
        "broken": _lines(await tx.rows(_BROKEN, most)),
        "cameras_broken": int(await tx.scalar(_CAMERAS) or 0),
        "waiting": _one(await tx.row(_WAITING)),
    }


def _lines(rows: Sequence[RowMapping]) -> list[Value]:
    return [_plain(row) for row in rows]


def _titled(rows: Sequence[RowMapping]) -> list[Value]:
    """Incidents with the catalogue's key of their kind: a service names its own."""
    return [{**_plain(row), "title": TYPES.kept(row["type"]).title} for row in rows]


def _one(row: RowMapping | None) -> Value:
    return {} if row is None else _plain(row)


def _plain(row: RowMapping) -> Value:
    return {name: _value(value) for name, value in row.items()}


def _value(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
