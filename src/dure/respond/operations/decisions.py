"""What the headquarters decides. A decision about one incident becomes a task of that incident's room, and is done when
the task is; any other is a task of its own here until it is ended.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, FieldError, Invalid
from dure.kernel.ids import new_id
from dure.respond import queries as incidents
from dure.respond.operations import facts, queries
from dure.respond.tasks import acts
from dure.respond.tasks.acts import Doing, Wanted
from dure.respond.tasks.model import Of, TaskAct
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.roles import Role

_NEXT = text("select coalesce(max(ordinal), 0) + 1 from operation_decision where operation_id = :id")
_LISTED = text(
    "select d.*, m.organisation, m.seat, a.name as agency_name, a.name_en as agency_name_en, i.receipt_no, "
    "t.state as task_state, t.done_at as task_done_at, t.done_by as task_done_by "
    "from operation_decision d left join operation_member m on m.id = d.member_id "
    "left join agency a on a.id = d.agency_id left join incident i on i.id = d.incident_id "
    "left join incident_task t on t.id = d.task_id where d.operation_id = :id order by d.ordinal"
)
_TASK = text("select state from incident_task where id = :id")


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, who shall do it (an agency or a seat of the headquarters), until when, for which incident."""

    words: str
    meeting_id: UUID | None = None
    agency_id: str | None = None
    member_id: UUID | None = None
    incident_id: UUID | None = None
    due_at: datetime | None = None


async def decide(tx: Tx, principal: Principal, operation_id: UUID, decision: Decision) -> UUID:
    """Keep a decision. One about an incident becomes a task there: of the agency that is named, else of the shift lead.

    Raises NotFound for what it names and is not there, Invalid for an incident that the operation does not group, and
    as `tasks.acts.ask`.
    """
    await queries.taken(tx, operation_id, closed_too=True)
    if decision.member_id is not None:
        await queries.part(tx, "operation_member", "member", operation_id, decision.member_id)
    if decision.agency_id is not None:
        await incidents.agency(tx, decision.agency_id)
    id_ = new_id()
    await audit.record(tx, principal, "operation.decide", "operation_decision", id_, case=decision.incident_id)
    task_id = None
    if decision.incident_id is not None:
        task_id = await _asked(tx, principal, operation_id, decision)
    await queries.insert(
        tx, "operation_decision",
        id=id_, operation_id=operation_id, meeting_id=decision.meeting_id, state="open",
        ordinal=await tx.scalar(_NEXT, {"id": operation_id}),
        words=await queries.sealed(tx, operation_id, "operation_decision.words", decision.words),
        agency_id=decision.agency_id, member_id=decision.member_id, incident_id=decision.incident_id, task_id=task_id,
        due_at=decision.due_at, made_at=tx.now(), made_by=principal.name,
    )  # fmt: skip
    await queries.touched(tx, operation_id, "decision")
    return id_


async def _asked(tx: Tx, principal: Principal, operation_id: UUID, decision: Decision) -> UUID:
    incident_id = decision.incident_id
    assert incident_id is not None
    if incident_id not in {row["id"] for row in await facts.incidents(tx, operation_id)}:
        raise Invalid("engine.fields.wrong", fields=[FieldError("incident", "respond.operations.incident.unknown")])
    of = Of(agency=decision.agency_id) if decision.agency_id is not None else Of(role=Role.SHIFT_LEAD.value)
    return await acts.ask(tx, principal, incident_id, Wanted(decision.words, of, decision.due_at))


async def end(tx: Tx, principal: Principal, operation_id: UUID, decision_id: UUID, state: str, outcome: str) -> None:
    """A decision was carried out, or dropped, and what came of it. Raises Conflict where it has ended, and where its
    task in an incident's room still waits: that is done there; dropping it cancels the task (Forbidden where that is
    not theirs to do).
    """
    await queries.taken(tx, operation_id, closed_too=True)
    row = await queries.part(tx, "operation_decision", "decision", operation_id, decision_id, lock=True)
    task = await tx.scalar(_TASK, {"id": row["task_id"]}) if row["task_id"] is not None else None
    if row["state"] != "open" or task == "done":
        raise Conflict("respond.operations.decision.ended")
    if task in {"asked", "taken"}:
        if state == "done":
            raise Conflict("respond.operations.decision.at_task")
        await acts.act(tx, principal, row["incident_id"], row["task_id"], Doing(TaskAct.CANCEL, outcome))
    await audit.record(tx, principal, f"operation.decision_{state}", "operation_decision", decision_id)
    kept = await queries.sealed(tx, operation_id, "operation_decision.outcome", outcome)
    said = {"outcome": kept, "ended_at": tx.now(), "ended_by": principal.name}
    await queries.update(tx, "operation_decision", decision_id, state=state, **said)
    await queries.touched(tx, operation_id, "decision")


async def listed(tx: Tx, operation_id: UUID) -> list[dict[str, Any]]:
    """An operation's decisions with their words, who holds each, and how they stand: by their task, where they became
    one.
    """
    found = queries.opened(tx, "operation_decision", await tx.rows(_LISTED, {"id": operation_id}), "words", "outcome")
    for one in found:
        of_seat = f"{one['organisation']} {one['seat']}" if one["seat"] else ""
        one["holder"] = of_seat or one["agency_name"] or one["agency_id"] or ""
        if one["state"] == "open" and one["task_state"] == "done":
            one |= {"state": "done", "ended_at": one["task_done_at"], "ended_by": one["task_done_by"]}
        one["overdue"] = one["state"] == "open" and one["due_at"] is not None and one["due_at"] < tx.now()
    return found
