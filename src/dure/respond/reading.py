"""Lists, details and counts of incidents, each cut to what the reader may see in the database itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, RowMapping, Text, Uuid, bindparam, text

from dure.engine.database import Tx
from dure.engine.paging import Key
from dure.kernel.errors import NotFound
from dure.respond.policy import Scope

RECENTLY = timedelta(minutes=30)
"""So long a closed incident stays on the screens."""

_COLUMNS = """
    i.*,
    array(select distinct h.agency_id from handoff h where h.incident_id = any(f.ids) order by 1) as handed_to,
    (select count(*) filter (where h.status = 'sent') from handoff h where h.incident_id = any(f.ids)) as handoffs_sent,
    (select count(*) filter (where h.status = 'acknowledged') from handoff h where h.incident_id = any(f.ids))
        as handoffs_acknowledged,
    f.alarms as alarms_in_all, f.standing as standing_in_all, f.reports as reports_in_all,
    (select count(*) from video_ticket v where v.incident_id = i.id and v.state = 'requested') as video_waiting,
    cardinality(f.ids) - 1 as merged_count, k.tasks_open, k.task_due_at,
    (select p.agencies from incident_practice p where p.incident_id = i.id) as drill_for,
    c.name as clock_name, c.started_at as clock_started_at, c.target_s as clock_target_s
"""
_FROM = """
    incident i
    cross join lateral (
        select array_agg(m.id) as ids, sum(m.alarm_count) as alarms, sum(m.standing_alarms) as standing,
            sum(m.report_count) as reports
        from incident m where m.id = i.id or m.merged_into = i.id
    ) f
    cross join lateral (
        select count(*) as tasks_open, min(t.due_at) as task_due_at from incident_task t
        where t.incident_id = any(f.ids) and t.state in ('asked', 'taken') and i.status <> 'closed'
    ) k
    left join lateral (
        select name, started_at, target_s from incident_clock k
        where k.incident_id = i.id and k.stopped_at is null
        order by k.started_at + k.target_s * interval '1 second', k.name limit 1
    ) c on true
"""
_VISIBLE = """(
    i.type = any(:scope_types) or i.reported_by_agency = :scope_agency
    or exists (select from handoff h join incident m on m.id = h.incident_id
        where h.agency_id = :scope_agency and (m.id = i.id or m.merged_into = i.id))
) and not exists (select from incident_practice p where p.incident_id = i.id
    and not coalesce(:scope_agency = any(p.agencies), false))"""
_LISTS = {"scope_types", "statuses", "severities", "types"}


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list asks for; an empty part asks for nothing. `bbox` is (west, south, east, north)."""

    statuses: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    words: str | None = None
    since: datetime | None = None
    bbox: tuple[float, float, float, float] | None = None
    merged: bool = False


def _where(wanted: Filter, scope: Scope) -> tuple[list[str], dict[str, Any]]:
    """The conditions and their parameters."""
    parts: list[str] = []
    values: dict[str, Any] = {}
    if not scope.everything:
        parts.append(_VISIBLE)
        values |= {"scope_types": sorted(scope.types), "scope_agency": scope.agency_id}
    for name, column, asked in (
        ("statuses", "status", wanted.statuses),
        ("severities", "severity", wanted.severities),
        ("types", "type", wanted.types),
    ):
        if asked:
            parts.append(f"i.{column} = any(:{name})")
            values[name] = list(asked)
    if wanted.words:
        # Who looks for a receipt number finds it, also after it was merged.
        parts.append(
            "(i.receipt_no ilike :words or i.external_ref ilike :words or i.name ilike :words "
            "or i.address ilike :words)"
        )
        values["words"] = f"%{_escaped(wanted.words)}%"
    elif not wanted.merged:
        parts.append("i.merged_into is null")
    if wanted.since is not None:
        parts.append("i.opened_at >= :since")
        values["since"] = wanted.since
    if wanted.bbox is not None:
        parts.append("i.lon between :west and :east and i.lat between :south and :north")
        values |= dict(zip(("west", "south", "east", "north"), wanted.bbox, strict=True))
    return parts, values


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _statement(conditions: Sequence[str], values: Mapping[str, Any], rest: str, columns: str = _COLUMNS) -> Any:
    where = f" where {' and '.join(conditions)}" if conditions else ""
    lists = [bindparam(name, type_=ARRAY(Text)) for name in values if name in _LISTS]
    return text(f"select {columns} from {_FROM}{where} {rest}").bindparams(*lists)


async def listed(tx: Tx, wanted: Filter, scope: Scope, after: Key | None, limit: int) -> Sequence[RowMapping]:
    """Incidents, newest first, from after the sort key (opened_at, id)."""
    conditions, values = _where(wanted, scope)
    if after is not None:
        conditions.append("(i.opened_at, i.id) < (:after_at, :after_id)")
        values |= {"after_at": after[0], "after_id": after[1]}
    statement = _statement(conditions, values, "order by i.opened_at desc, i.id desc limit :limit")
    return await tx.rows(statement, {**values, "limit": limit})


async def by_ids(tx: Tx, ids: Sequence[str]) -> Sequence[RowMapping]:
    """Incidents by id, for the live flow."""
    statement = _statement(["i.id = any(:ids)"], {}, "").bindparams(bindparam("ids", type_=ARRAY(Uuid)))
    return await tx.rows(statement, {"ids": [UUID(each) for each in ids]})


async def on_screen(tx: Tx) -> Sequence[RowMapping]:
    """What a screen begins with: everything open and what was closed within `RECENTLY`."""
    conditions = ["(i.status <> 'closed' or i.closed_at >= :since)"]
    statement = _statement(conditions, {}, "order by i.opened_at desc, i.id desc")
    return await tx.rows(statement, {"since": tx.now() - RECENTLY})


async def one(tx: Tx, incident_id: UUID, scope: Scope) -> RowMapping:
    """An incident. Raises NotFound where there is none that the reader may know of."""
    conditions, values = _where(Filter(merged=True), scope)
    statement = _statement([*conditions, "i.id = :id"], values, "")
    row = await tx.row(statement, {**values, "id": incident_id})
    if row is None and not scope.everything:
        # What was merged into an incident that they see, they see.
        row = await tx.row(_statement(["i.id = :id"], {}, ""), {"id": incident_id})
        if row is not None and row["merged_into"] is not None:
            await one(tx, row["merged_into"], scope)
            return row
        row = None
    if row is None:
        raise NotFound("respond.incident.unknown")
    return row


async def parts(tx: Tx, incident_id: UUID) -> dict[str, Sequence[RowMapping]]:
    """What belongs to an incident and to those merged into it: by name, each in its order."""
    family = "(select id from incident where id = :id or merged_into = :id)"
    asked = {
        "alarms": f"select * from incident_alarm where incident_id in {family} order by joined_at, alarm_id limit 1000",
        "cameras": "select * from incident_camera where incident_id = :id order by rank",
        "clocks": f"select k.* from incident_clock k join incident i on i.id = k.incident_id "
        f"where k.incident_id in {family} order by k.incident_id <> :id, k.own_started_at, k.name",
        "handoffs": f"select h.*, a.name, a.name_en from handoff h left join agency a on a.id = h.agency_id "
        f"where h.incident_id in {family} order by h.sent_at, h.id",
        "reports": f"select * from report where incident_id in {family} order by received_at, id",
        "timeline": f"select t.*, i.receipt_no from timeline t join incident i on i.id = t.incident_id "
        f"where t.incident_id in {family} order by t.at desc, t.seq desc limit 1000",
        "merged": "select i.id, i.receipt_no, i.external_ref, i.type, i.source, i.opened_at, m.into_id, m.merged_at, "
        "m.merged_by, m.by_rule from incident i "
        "join incident_merge m on m.incident_id = i.id and m.unmerged_at is null "
        "where i.merged_into = :id order by i.opened_at, i.id",
    }
    return {name: await tx.rows(text(statement), {"id": incident_id}) for name, statement in asked.items()}


async def counts(tx: Tx, scope: Scope) -> RowMapping:
    """Counts of what is not closed: by severity, status and type (JSON objects), and how many are overdue."""
    conditions, values = _where(Filter(), scope)
    inner = _statement(
        [*conditions, "i.status <> 'closed'"], values, "", "i.severity, i.status, i.type, i.acknowledge_by"
    )
    grouped = ", ".join(
        f"coalesce((select jsonb_object_agg({name}, n) from "
        f"(select {name}, count(*) as n from standing group by 1) g), '{{}}') as by_{name}"
        for name in ("severity", "status", "type")
    )
    statement = text(
        f"with standing as ({inner.text}) select {grouped}, (select count(*) from standing) as open, "
        "(select count(*) from standing where status = 'open' and acknowledge_by < :now) as overdue"
    ).bindparams(*[bindparam(name, type_=ARRAY(Text)) for name in values if name in _LISTS])
    row = await tx.row(statement, {**values, "now": tx.now()})
    assert row is not None
    return row
