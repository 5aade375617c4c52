"""Which incidents stood at a past time, and how: from their rows' times and their timelines. Nothing is kept for it.

Where, who and what kind are as they are known now; state, severity, counts and clocks as they were then. An alarm that
was taken out, or that came back when its incident was reopened, counts as it does now.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from dure.engine.database import Tx
from dure.respond import signals, views

_STOOD = "t.created_at <= :at and coalesce(t.done_at, t.cancelled_at, 'infinity') > :at"
_STANDING = text(
    f"""
    select i.*,
        array(select distinct h.agency_id from handoff h
            where h.incident_id = any(f.ids) and h.sent_at <= :at order by 1) as handed_to,
        (select count(*) from handoff h where h.incident_id = any(f.ids) and h.sent_at <= :at
            and (h.answered_at is null or h.answered_at > :at)) as handoffs_sent,
        (select count(*) from handoff h where h.incident_id = any(f.ids) and h.status = 'acknowledged'
            and h.answered_at <= :at) as handoffs_acknowledged,
        exists (select from handoff h where h.incident_id = i.id and h.kind <> 'tell' and h.sent_at <= :at
            and not (h.status = 'declined' and h.answered_at <= :at)) as with_agency,
        (select count(*) from incident_alarm l where l.incident_id = any(f.ids) and l.joined_at <= :at)
            as alarms_in_all,
        {signals.STANDING_THEN} as standing_in_all,
        (select count(*) from report r where r.incident_id = any(f.ids) and r.received_at <= :at) as reports_in_all,
        cardinality(f.ids) - 1 as merged_count,
        coalesce(s.severity, i.severity) as severity_then,
        (select count(*) from incident_task t where t.incident_id = any(f.ids) and {_STOOD}) as tasks_open,
        (select min(t.due_at) from incident_task t where t.incident_id = any(f.ids) and {_STOOD}) as task_due_at,
        c.name as clock_name, c.started_at as clock_started_at, c.target_s as clock_target_s
    from incident i
    cross join lateral (
        with recursive family as (
            select i.id union select m.incident_id from incident_merge m join family on m.into_id = family.id
                where m.merged_at <= :at and (m.unmerged_at is null or m.unmerged_at > :at)
        ) select array_agg(id) as ids from family
    ) f
    left join lateral (
        select t.key from timeline t where t.incident_id = i.id and t.at <= :at and t.key = any(
            '{{respond.timeline.closed, respond.timeline.reopened, respond.timeline.merged_into,
            respond.timeline.merged_into_by_rule, respond.timeline.unmerged_from}}')
        order by t.at desc, t.seq desc limit 1
    ) e on true
    left join lateral (
        select t.params ->> 'before' as severity from timeline t
        where t.incident_id = i.id and t.kind = 'severity' and t.at > :at order by t.at, t.seq limit 1
    ) s on true
    left join lateral (
        select name, started_at, target_s from incident_clock k
        where k.incident_id = i.id and k.started_at <= :at and (k.stopped_at is null or k.stopped_at > :at)
        order by k.started_at + k.target_s * interval '1 second', k.name limit 1
    ) c on true
    where i.opened_at <= :at and (i.status <> 'closed' or i.closed_at > :at)
        and coalesce(e.key, '') not in (
            'respond.timeline.closed', 'respond.timeline.merged_into', 'respond.timeline.merged_into_by_rule')
    order by i.opened_at desc, i.id desc limit 5000
    """
)


async def standing(tx: Tx, at: datetime) -> Sequence[views.Value]:
    """The incidents that stood `at`, in the form of lists."""
    return [views.list_form(_then(dict(row), at)) for row in await tx.rows(_STANDING, {"at": at})]


def _then(row: dict[str, Any], at: datetime) -> dict[str, Any]:
    """The row as it was."""
    taken_up = row["acknowledged_at"] is not None and row["acknowledged_at"] <= at
    status = "handed_off" if row["with_agency"] else "acknowledged" if taken_up else "open"
    gone = {"closed_at": None, "outcome": None, "merged_into": None}
    if not taken_up:
        gone |= {"acknowledged_at": None, "acknowledged_by": None}
    if row["cleared_at"] is not None and row["cleared_at"] > at:
        gone["cleared_at"] = None
    return {**row, **gone, "severity": row["severity_then"], "status": status}
