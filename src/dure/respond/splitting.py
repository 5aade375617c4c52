"""An alarm that joined the wrong incident is taken out of it, into an incident of its own or none; and put into one by
hand.

What happened stays told on both. Taking out is undone by merging the new incident back, or by joining the alarm to it
again. An alarm of no incident stays on every list of alarms, and opens one when it comes again, is confirmed or gets
graver: nobody's hand hides what happens later. The old incident's severity does not fall by itself; a person weighs it.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, NotFound
from dure.kernel.severity import Severity, graver
from dure.respond import alarms, clocks, opening, queries, signals, timeline
from dure.respond.changes import changed, taken
from dure.respond.model import Mode, Status, by_spread
from dure.respond.opening import Opening
from dure.respond.signals import Signal
from dure.respond.timeline import Entry
from dure.respond.types import TYPES
from dure.trust import audit
from dure.trust.principal import Principal

_APART = text(
    "insert into alarm_apart (alarm_id, incident_id, into_id, stage, severity, at, by) "
    "values (:alarm_id, :incident_id, :into_id, :stage, :severity, :now, :by) "
    "on conflict (alarm_id, incident_id) do update set into_id = excluded.into_id, stage = excluded.stage, "
    "severity = excluded.severity, at = excluded.at, by = excluded.by"
)
_LEFT = text(
    "select count(distinct subject) as subjects, array_agg(severity) as severities, "
    "coalesce(bool_or(stage = 'confirmed'), false) as confirmed from incident_alarm where incident_id = :id"
)


async def split(
    tx: Tx,
    principal: Principal,
    incident_id: UUID,
    alarm_id: UUID,
    reason: str,
    *,
    own_incident: bool,
    expected: int | None = None,
) -> UUID | None:
    """Take an alarm out of an incident; the incident that it now has to itself, None where it shall have none.

    Raises NotFound (incident, or no such alarm in it), PreconditionFailed, and Conflict where the incident is closed or
    merged, or consists of this alarm alone.
    """
    root = await taken(tx, principal, incident_id, expected)
    if root["status"] == Status.CLOSED:
        raise Conflict("respond.incident.closed")
    link = await _held(tx, alarm_id, incident_id)
    row = root if link["incident_id"] == incident_id else await queries.locked(tx, link["incident_id"])
    if row["alarm_count"] == 1 and row["report_count"] == 0:
        raise Conflict("respond.split.only", receipt_no=row["receipt_no"])
    signal = await signals.load(tx, alarm_id)
    if signal is None:
        raise NotFound("respond.split.unknown")
    await tx.execute(text("delete from incident_alarm where alarm_id = :id"), {"id": alarm_id})
    into = await _open(tx, principal, signal, root, reason) if own_incident else None
    await tx.execute(
        _APART,
        {
            "alarm_id": alarm_id,
            "incident_id": incident_id,
            "into_id": into,
            "stage": signal.stage,
            "severity": signal.severity.value,
            "now": tx.now(),
            "by": principal.name,
        },
    )
    await _tell_old(tx, principal, row, signal, into, reason)
    await _without(tx, row, link)
    await signals.attach(tx, [alarm_id], into)
    await audit.record(tx, principal, "incident.split", "incident", incident_id, purpose=f"{alarm_id} {into or ''}")
    if into is not None:
        await audit.record(tx, principal, "incident.open", "incident", into, purpose=str(incident_id))
    return into


async def join(tx: Tx, principal: Principal, incident_id: UUID, alarm_id: UUID, expected: int | None = None) -> None:
    """Put an alarm that no incident has into one, by hand.

    Raises NotFound, PreconditionFailed, and Conflict where the incident is closed or merged, or another has the alarm.
    """
    row = await taken(tx, principal, incident_id, expected)
    if row["status"] == Status.CLOSED:
        raise Conflict("respond.incident.closed")
    signal = await signals.load(tx, alarm_id)
    if signal is None:
        raise NotFound("respond.split.unknown")
    if await tx.scalar(text("select exists (select from incident_alarm where alarm_id = :id)"), {"id": alarm_id}):
        raise Conflict("respond.join.elsewhere")
    apart = text("delete from alarm_apart where alarm_id = :alarm and incident_id = :incident")
    await tx.execute(apart, {"alarm": alarm_id, "incident": incident_id})
    await alarms.join(tx, row, signal, by=principal)
    await audit.record(tx, principal, "incident.join", "incident", incident_id, purpose=str(alarm_id))


async def _held(tx: Tx, alarm_id: UUID, incident_id: UUID) -> RowMapping:
    """How the incident, or one merged into it, has the alarm. Raises NotFound."""
    link = await tx.row(
        text(
            "select a.* from incident_alarm a join incident i on i.id = a.incident_id "
            "where a.alarm_id = :alarm and (i.id = :id or i.merged_into = :id)"
        ),
        {"alarm": alarm_id, "id": incident_id},
    )
    if link is None:
        raise NotFound("respond.split.unknown")
    return link


async def _open(tx: Tx, principal: Principal, signal: Signal, old: RowMapping, reason: str) -> UUID:
    """An incident for the alarm alone, in the mode of the old one. It waits to be taken up as any other."""
    opened = Opening(
        kind=TYPES.of_alarm(signal.incident_type, signal.device_kind),
        severity=signal.severity,
        mode=Mode(old["mode"]),
        source=signal.source,
        place=signal.place,
        signal_at=min(signal.onset_at, tx.now()),
        confirmed=signal.confirmed,
        counts={"alarm_count": 1, "standing_alarms": int(signal.standing), "subject_count": 1},
    )
    incident_id = await opening.open_incident(tx, opened)
    await alarms.link(tx, incident_id, signal, "split")
    params = {"receipt_no": old["receipt_no"], **signal.words()}
    await timeline.add(tx, incident_id, Entry.MERGE, "opened_by_split", params, actor=principal.name, words=reason)
    await opening.begin_work(tx, incident_id, opened)
    if not signal.standing:
        await changed(tx, incident_id, "cleared", cleared_at=signal.ended_at or tx.now())
    return incident_id


async def _tell_old(
    tx: Tx, principal: Principal, row: RowMapping, signal: Signal, into: UUID | None, reason: str
) -> None:
    params = signal.words()
    if into is None:
        await timeline.add(tx, row["id"], Entry.MERGE, "alarm_taken_out", params, actor=principal.name, words=reason)
        return
    number = await tx.scalar(text("select receipt_no from incident where id = :id"), {"id": into})
    params = {**params, "receipt_no": number}
    await timeline.add(tx, row["id"], Entry.MERGE, "alarm_split", params, actor=principal.name, words=reason)


async def _without(tx: Tx, row: RowMapping, link: RowMapping) -> None:
    """What the incident is without the alarm: its counts, what its signals say, and whether anything confirms it."""
    left = await tx.row(_LEFT, {"id": row["id"]})
    assert left is not None
    count, standing = row["alarm_count"] - 1, row["standing_alarms"] - int(link["standing"])
    values: dict[str, Any] = {"alarm_count": count, "standing_alarms": standing, "subject_count": left["subjects"]}
    if row["report_count"] == 0:
        weight = by_spread(TYPES.kept(row["type"]).spread, left["subjects"])
        for each in left["severities"]:
            weight = graver(weight, Severity(each))
        values["severity_by_signals"] = weight.value
    if link["stage"] == signals.CONFIRMED and row["confirmed_at"] is not None and not left["confirmed"]:
        await clocks.resume(tx, row["id"], row["confirmed_at"])
        await clocks.rejoin(tx, row["merged_into"] or row["id"])
        values["confirmed_at"] = None
    if count == 0:
        values["cleared_at"] = None
    elif standing == 0 and row["cleared_at"] is None:
        values["cleared_at"] = tx.now()
        await timeline.add(tx, row["id"], Entry.SIGNAL, "all_cleared", {"alarms": count})
    await changed(tx, row["id"], "split", **values)
