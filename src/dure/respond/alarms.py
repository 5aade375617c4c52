"""Alarms become incidents: the consumer `respond.alarms`.

It compares what detection says of an alarm now with what this room last knew of it, so an event that comes twice,
late or out of order changes nothing. Late alarms, faults of devices and the canary open nothing; a late alarm that a
person confirms does.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.detect.events import CHANGED, CLEARED, RAISED
from dure.engine.consumers import Consumer
from dure.engine.database import Tx
from dure.kernel.errors import NotFound
from dure.kernel.events import Event
from dure.kernel.severity import Severity, graver
from dure.respond import clocks, opening, queries, signals, timeline
from dure.respond.changes import changed
from dure.respond.joining import incident_to_join
from dure.respond.model import Status, Weight, by_spread, heavier
from dure.respond.opening import Opening
from dure.respond.runs import starting
from dure.respond.signals import Signal
from dure.respond.tasks import made as tasks
from dure.respond.timeline import Entry
from dure.respond.types import TYPES, IncidentType, Moment
from dure.trust import audit
from dure.trust.principal import Principal, system

NAME = "respond.alarms"
SINGLY = 5
"""So many alarms of an incident get a line each; what comes after is folded by the minute."""

_LINK = text("select * from incident_alarm where alarm_id = :id")
_APART = text("select * from alarm_apart where alarm_id = :id")


async def on_alarm(tx: Tx, event: Event) -> None:
    """Handle one event about an alarm; what the event says is read anew."""
    signal = await signals.load(tx, UUID(event.entity_id))
    if signal is None:
        return
    known, apart = await tx.look((_LINK, {"id": signal.alarm_id}), (_APART, {"id": signal.alarm_id}))
    if not known:
        if signal.makes_incident and (signal.standing or event.type == RAISED):
            await _arrive(tx, signal, apart)
    elif _news(known[0], signal):
        await _follow(tx, signal.alarm_id)


def _news(link: RowMapping, signal: Signal) -> bool:
    """Whether detection says something of an alarm that this room does not know."""
    known = (link["stage"], link["standing"], link["severity"])
    return known != (signal.stage, signal.standing, signal.severity.value)


CONSUMER = Consumer(NAME, (RAISED, CHANGED, CLEARED), on_alarm)


async def _arrive(tx: Tx, signal: Signal, apart: Sequence[RowMapping]) -> None:
    if any(each["into_id"] is None and not _graver_since(each, signal) for each in apart):
        return
    without = frozenset(each["incident_id"] for each in apart)
    kind = TYPES.of_alarm(signal.incident_type, signal.device_kind)
    incident = await _to_join(tx, kind, signal, without)
    if incident is None:
        await queries.lock_group(tx, kind.merge_group, signal.mode)
        incident = await _to_join(tx, kind, signal, without)
    if incident is None:
        await _open(tx, kind, signal)
    else:
        await join(tx, incident, signal)


def _graver_since(apart: RowMapping, signal: Signal) -> bool:
    """Whether an alarm that a person took out of an incident has come again, was confirmed or got graver since."""
    if signal.last_raised_at > apart["at"] or (signal.confirmed and apart["stage"] != signal.stage):
        return True
    return signal.severity.rank < Severity(apart["severity"]).rank


async def _to_join(tx: Tx, kind: IncidentType, signal: Signal, without: frozenset[UUID]) -> RowMapping | None:
    """The incident it belongs to, locked; None: there is none (any more). `without`: those it was taken out of."""
    spot = signal.place.spot
    near = await queries.nearby(tx, kind, signal.mode, spot, signal.raised_at)
    found = [each for each in near if each.id not in without]
    chosen = incident_to_join(kind, signal.mode, spot, signal.raised_at, found)
    if chosen is None:
        return None
    try:
        row = await queries.locked(tx, chosen.id)
    except NotFound:
        return None
    gone = row["merged_into"] is not None or Status(row["status"]) is Status.CLOSED
    return None if gone else row


async def _open(tx: Tx, kind: IncidentType, signal: Signal) -> None:
    opened = Opening(
        kind=kind,
        severity=signal.severity,
        mode=signal.mode,
        source=signal.source,
        place=signal.place,
        signal_at=min(signal.onset_at, tx.now()),
        confirmed=signal.confirmed,
        counts={"alarm_count": 1, "standing_alarms": 1, "subject_count": 1},
    )
    incident_id = await opening.open_incident(tx, opened)
    await link(tx, incident_id, signal, "opened")
    await timeline.add(tx, incident_id, Entry.SIGNAL, "opened_by_alarm", signal.words())
    await opening.begin_work(tx, incident_id, opened)
    await signals.attach(tx, [signal.alarm_id], incident_id)
    await audit.record(tx, system(NAME), "incident.open", "incident", incident_id)
    if not signal.standing:
        await _ended(tx, incident_id, signal, standing=0, count=1, at=signal.ended_at or tx.now())
    await starting.at_once(tx, incident_id)


async def join(tx: Tx, incident: RowMapping, signal: Signal, by: Principal | None = None) -> None:
    """Let an incident (its locked row) have the alarm: by the rules of `joining`, or by a person's hand."""
    incident_id: UUID = incident["id"]
    kind = TYPES.kept(incident["type"])
    fresh = not await tx.scalar(
        text("select exists (select from incident_alarm where incident_id = :id and subject = :subject)"),
        {"id": incident_id, "subject": signal.subject},
    )
    await link(tx, incident_id, signal, "joined" if by is None else "hand")
    await signals.attach(tx, [signal.alarm_id], incident_id)
    count = incident["alarm_count"] + 1
    if by is not None:
        await timeline.add(tx, incident_id, Entry.SIGNAL, "alarm_joined", signal.words(), actor=by.name)
    elif count <= SINGLY:
        await timeline.add(tx, incident_id, Entry.SIGNAL, "alarm_joined", signal.words())
    else:
        group = f"alarms:{tx.now():%Y%m%d%H%M}"
        await timeline.fold(tx, incident_id, Entry.SIGNAL, "alarms_joined", signal.words(), group=group)
    subjects = incident["subject_count"] + fresh
    before = Weight(Severity(incident["severity"]), Severity(incident["severity_by_signals"]))
    weight = heavier(before, graver(signal.severity, by_spread(kind.spread, subjects)))
    await _say_heavier(tx, incident_id, before, weight)
    standing = incident["standing_alarms"] + 1
    values: dict[str, Any] = {"confirmed_at": await _confirmed(tx, incident, kind)} if signal.confirmed else {}
    if incident["place_key"] is None:  # a call comes first; the alarm says which market it is
        values |= {"place_key": signal.place.place_key, "name": incident["name"] or signal.place.name}
    await changed(
        tx,
        incident_id,
        "alarm",
        alarm_count=count,
        standing_alarms=standing,
        subject_count=subjects,
        last_signal_at=max(incident["last_signal_at"], signal.raised_at),
        cleared_at=None,
        severity=weight.shown.value,
        severity_by_signals=weight.by_signals.value,
        **values,
    )
    if not signal.standing:
        await _ended(tx, incident_id, signal, standing=standing - 1, count=count, at=signal.ended_at or tx.now())


async def _held(tx: Tx, alarm_id: UUID) -> tuple[RowMapping, RowMapping] | None:
    """How an incident has the alarm, and that incident, locked; None where none has it (any more)."""
    known = await tx.row(_LINK, {"id": alarm_id})
    while known is not None:
        incident, _root = await queries.locked_with_root(tx, known["incident_id"])
        known = await tx.row(_LINK, {"id": alarm_id})
        if known is not None and known["incident_id"] == incident["id"]:
            return known, incident
    return None


async def _follow(tx: Tx, alarm_id: UUID) -> None:
    """What became of an alarm that an incident has: confirmed, graver, ended, or standing again.

    Read under the incident's lock: whoever closes it settles its alarms under the same lock.
    """
    held = await _held(tx, alarm_id)
    signal = await signals.load(tx, alarm_id)
    if held is None or signal is None or not _news(held[0], signal):
        return
    known, incident = held
    incident_id: UUID = incident["id"]
    kind = TYPES.kept(incident["type"])
    await tx.execute(
        text(
            "update incident_alarm set stage = :stage, severity = :severity, standing = :standing where alarm_id = :id"
        ),
        {
            "id": signal.alarm_id,
            "stage": signal.stage,
            "severity": signal.severity.value,
            "standing": signal.standing,
        },
    )
    standing = incident["standing_alarms"] + int(signal.standing) - int(known["standing"])
    values: dict[str, Any] = {"standing_alarms": standing}
    if signal.confirmed and known["stage"] != signal.stage:
        await timeline.add(tx, incident_id, Entry.SIGNAL, "alarm_confirmed", signal.words(), **_judged(signal))
        values["confirmed_at"] = await _confirmed(tx, incident, kind)
    elif signal.standing and not known["standing"]:
        group = f"again:{signal.alarm_id}"
        await timeline.fold(tx, incident_id, Entry.SIGNAL, "alarm_again", signal.words(), group=group)
    before = Weight(Severity(incident["severity"]), Severity(incident["severity_by_signals"]))
    weight = heavier(before, signal.severity) if signal.standing else before
    await _say_heavier(tx, incident_id, before, weight)
    values |= {"severity": weight.shown.value, "severity_by_signals": weight.by_signals.value}
    if signal.standing:
        values["cleared_at"] = None
    await changed(tx, incident_id, "alarm", **values)
    if known["standing"] and not signal.standing:
        at = signal.ended_at or tx.now()
        await _ended(tx, incident_id, signal, standing=standing, count=incident["alarm_count"], at=at)


async def _confirmed(tx: Tx, incident: RowMapping, kind: IncidentType) -> datetime:
    """The first confirmation stops its clocks and ends the task of verifying; its time."""
    known: datetime | None = incident["confirmed_at"]
    if known is not None:
        return known
    await clocks.moment(tx, incident["id"], kind, Moment.CONFIRMED, tx.now())
    await tasks.done(tx, incident["id"], opening.VERIFY, None)
    return tx.now()


def _judged(signal: Signal) -> dict[str, str | None]:
    """Whose word it is that a timeline entry tells, and what they wrote; a rule's is nobody's."""
    by_rule = signal.judged_by is None or signal.judged_by.startswith("rule:")
    return {"actor": None if by_rule else signal.judged_by, "words": signal.judged_words}


async def _ended(tx: Tx, incident_id: UUID, signal: Signal, *, standing: int, count: int, at: datetime) -> None:
    """An alarm is over. The last one is noted on the incident, which never closes by itself."""
    name = "alarm_false" if signal.judged_false else "alarm_cleared"
    if count <= SINGLY or signal.judged_words is not None:
        judged = _judged(signal) if signal.judged_false else {}
        await timeline.add(tx, incident_id, Entry.SIGNAL, name, signal.words(), **judged)
    else:
        group = f"{name}:{tx.now():%Y%m%d%H%M}"
        await timeline.fold(tx, incident_id, Entry.SIGNAL, f"{name}_folded", signal.words(), group=group)
    if standing == 0:
        await timeline.add(tx, incident_id, Entry.SIGNAL, "all_cleared", {"alarms": count})
        await changed(tx, incident_id, "cleared", standing_alarms=0, cleared_at=at)


async def link(tx: Tx, incident_id: UUID, signal: Signal, joined_by: str) -> None:
    """Note that an incident has the alarm, and as what it knows it."""
    await queries.insert(
        tx,
        "incident_alarm",
        [
            {
                "alarm_id": signal.alarm_id,
                "incident_id": incident_id,
                "subject": signal.subject,
                "stage": signal.stage,
                "severity": signal.severity.value,
                "standing": signal.standing,
                "joined_by": joined_by,
                "joined_at": tx.now(),
            }
        ],
    )


async def _say_heavier(tx: Tx, incident_id: UUID, before: Weight, now: Weight) -> None:
    if now.shown is not before.shown:
        severities = {"before": before.shown.value, "after": now.shown.value}
        await timeline.add(tx, incident_id, Entry.SEVERITY, "severity_raised", severities)
