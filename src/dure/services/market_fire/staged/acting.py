"""What the stages ask for, done: 119 is told, people are asked and sent, an alarm that was none is closed.

119 is told by the manual's own step, which waits for the confirmation; where no manual runs, or it has no such step
(any more), the hand-off is made here. A site's own automatic notification system (자동화재속보설비) calls 119 by itself
and is neither asked nor waited for.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.detect import alarms
from dure.engine import jobs
from dure.engine.database import Tx
from dure.respond import clocks, handoffs, opening, queries, timeline
from dure.respond.changes import changed
from dure.respond.model import HandoffKind, Status
from dure.respond.playbooks.model import HandOff, Notify
from dure.respond.runs import interpreter, keeping
from dure.respond.runs.effects import PLAYBOOK
from dure.respond.runs.state import Message, Say
from dure.respond.tasks import made
from dure.respond.timeline import Entry
from dure.respond.types import TYPES, Moment
from dure.services.market_fire.staged import queries as own
from dure.services.market_fire.verification import Act, Stage, State, Why
from dure.trust.principal import Principal, system

NAME: Final = "market_fire.stages"
DURE: Final = system("market_fire")
CHANGE: Final = "stages"
"""What an incident's event says when only its stages have moved."""
LOOK: Final = "fire_look"
UP: Final = "fire_up"
_LOOK_WITHIN: Final = timedelta(minutes=5)
_UP_WITHIN: Final = timedelta(minutes=2)
TEMPLATE: Final = "fire_check"
"""The text by which the manual asks the owner."""
_NEWLY_S: Final = 20.0
MANUAL_WITHIN: Final = timedelta(seconds=3)
"""So long the manual has to tell 119 before it is told here."""
_ASKED = text("select exists (select from incident_task where incident_id = :id and kind = :kind)")
_AGENCY = text(f"{queries.AGENCIES} where a.kind = 'fire' order by a.id limit 1")


async def do(
    tx: Tx,
    incident: RowMapping,
    state: State,
    act: Act,
    rows: Sequence[RowMapping],
    by: Principal = DURE,
    cause: str | None = None,
) -> None:
    """One act for an incident (its locked row). `rows` are its alarms, `by` whose word it follows, with the cause
    that they gave.
    """
    match act:
        case Act.REPORT:
            await _report(tx, incident, state, rows)
        case Act.CLOSE:
            await _refute(tx, incident, rows, by, cause)
        case Act.SEND_SOMEBODY:
            await _ask(tx, incident["id"], LOOK, "operator", tx.now() + _LOOK_WITHIN)
            if state.extended in {Why.STEAM, Why.ANNOUNCED}:
                await timeline.add(tx, incident["id"], Entry.STATE, "fire_longer", {"why": state.extended.value})
        case Act.GO_UP:
            await _ask(tx, incident["id"], UP, "shift_lead", tx.now() + _UP_WITHIN)
            await timeline.add(tx, incident["id"], Entry.STATE, "fire_went_up", {"why": str(state.why or "")})
        case Act.TELL_FAULT:
            await timeline.add(tx, incident["id"], Entry.SIGNAL, "fire_looks_faulty")
        case Act.ASK_OPERATOR:
            await timeline.add(tx, incident["id"], Entry.STATE, "fire_pre_alarm", {"seconds": _seconds(state)})
        case Act.ASK_OWNER:
            await _ask_owner(tx, incident["id"], state.began)
        case Act.TURN_CAMERA:
            pass  # the manual's own step, which began with the incident


async def _ask_owner(tx: Tx, incident_id: UUID, began: float) -> None:
    """The manual asks the owners as the incident opens; where a pre-alarm begins anew later, it asks them again."""
    kept = await keeping.load(tx, incident_id, lock=False)
    if kept is None:
        return
    for act in kept.plan.acts():
        if not isinstance(act, Notify) or act.template != TEMPLATE:
            continue
        item = kept.state.items.get(act.id)
        if item is not None and item.begun_at is not None and began - item.begun_at.timestamp() > _NEWLY_S:
            await interpreter.carry_on(tx, incident_id, [Message(Say.REDO, act.id, DURE.name)])


def _seconds(state: State) -> int:
    return round((state.deadline or state.began) - state.began)


async def _report(tx: Tx, incident: RowMapping, state: State, rows: Sequence[RowMapping]) -> None:
    """The fire is confirmed: the manual goes on to 119, everybody out, gas and power."""
    incident_id: UUID = incident["id"]
    await timeline.add(tx, incident_id, Entry.STATE, "fire_reported", {"why": str(state.why or "")})
    for row in rows:
        if row["closed_at"] is None and row["stage"] == "pre_alarm":
            await alarms.judge(tx, DURE, row["id"], "confirmed")
    if incident["confirmed_at"] is None:
        await confirm(tx, incident)
    await jobs.wake(tx, NAME, str(incident_id), tx.now() + MANUAL_WITHIN)


async def confirm(tx: Tx, incident: RowMapping) -> None:
    """What waits for the confirmation goes on, in the same breath."""
    incident_id: UUID = incident["id"]
    await clocks.moment(tx, incident_id, TYPES.kept(incident["type"]), Moment.CONFIRMED, tx.now())
    await made.done(tx, incident_id, opening.VERIFY, None)
    await changed(tx, incident_id, CHANGE, confirmed_at=tx.now())
    await jobs.wake(tx, interpreter.NAME, str(incident_id))


async def tell_119(tx: Tx, incident: RowMapping) -> None:
    """119 has not been told by a manual: it is told now."""
    if incident["status"] == Status.CLOSED or await own.told_119(tx, incident["id"]):
        return
    agency = await tx.row(_AGENCY)
    if agency is None:
        await _ask(tx, incident["id"], UP, "shift_lead", tx.now() + _UP_WITHIN)
        return
    words = await _words(tx, incident["id"], {agency["id"], agency["kind"]})
    await handoffs.pass_on(tx, PLAYBOOK, incident, agency, HandoffKind.TRANSFER, words)
    await changed(tx, incident["id"], "handoff")


async def _words(tx: Tx, incident_id: UUID, agency: Collection[str]) -> str:
    """What the incident's manual says to the agency as it hands over; "" where none runs."""
    kept = await keeping.load(tx, incident_id, lock=False)
    for act in () if kept is None else kept.plan.acts():
        if isinstance(act, HandOff) and act.kind is HandoffKind.TRANSFER and {one.id for one in act.to} & set(agency):
            return act.text
    return ""


async def _refute(tx: Tx, incident: RowMapping, rows: Sequence[RowMapping], by: Principal, cause: str | None) -> None:
    """Somebody who could see it said that it is no fire: its alarms are closed with the cause that they gave."""
    await timeline.add(tx, incident["id"], Entry.STATE, "fire_refuted", {"cause": cause or "other"}, actor=by.name)
    for row in rows:
        if row["stage"] == "pre_alarm" and row["closed_at"] is None:
            await alarms.judge(tx, by, row["id"], "false", reason=cause)


async def _ask(tx: Tx, incident_id: UUID, kind: str, role: str, due_at: datetime) -> None:
    if not await tx.scalar(_ASKED, {"id": incident_id, "kind": kind}):
        await made.ask(tx, incident_id, kind, due_at, role=role)
        await timeline.add(tx, incident_id, Entry.TASK, f"{kind}_asked")


def ends(state: State) -> bool:
    """Whether nothing more is waited for."""
    return state.stage in {Stage.REPORTED, Stage.FALSE} or state.why is Why.UNSEEN
