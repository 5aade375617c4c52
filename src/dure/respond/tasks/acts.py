"""What people do with tasks: ask, take, end, give back, hand on, cancel, and take the last act back for a moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, FieldError, Forbidden, Invalid, PreconditionFailed
from dure.kernel.ids import new_id
from dure.respond import queries, timeline
from dure.respond.changes import changed, taken
from dure.respond.model import Status
from dure.respond.runs.interpreter import carry_on
from dure.respond.tasks import reading
from dure.respond.tasks.model import AFTER, Held, Me, Of, TaskAct, TaskState, may, may_undo
from dure.respond.timeline import Entry
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.vault import texts

LATEST = timedelta(days=90)
"""A deadline further away is a slip of the hand."""
_ACT = text(
    "insert into incident_task_act (task_id, act, at, by, by_id, before) "
    "values (:task, :act, :at, :by, :by_id, cast(:before as jsonb))"
)
_LAST = text("select * from incident_task_act where task_id = :id order by id desc limit 1")
_BEFORE = ("state", "role", "agency_id", "person", "person_name", "taken_at", "taken_by", "taken_by_id")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked: in words, of whom, by when; out of which decision, if it follows from one."""

    words: str
    of: Of
    due_at: datetime | None = None
    decision_id: UUID | None = None


async def ask(tx: Tx, principal: Principal, incident_id: UUID, wanted: Wanted) -> UUID:
    """Ask it by hand; the task's id. Raises NotFound, Invalid for nobody or a deadline that is none, Conflict for an
    incident that is closed and for an agency that does not see it.
    """
    row = await taken(tx, principal, incident_id)
    if row["status"] == Status.CLOSED:
        raise Conflict("respond.incident.closed")
    if wanted.due_at is not None and not tx.now() < wanted.due_at <= tx.now() + LATEST:
        raise Invalid("engine.fields.wrong", fields=[FieldError("due_at", "respond.task.due")])
    if wanted.decision_id is not None:
        await _decision(tx, incident_id, wanted.decision_id)
    task_id = new_id()
    asked = {
        "id": task_id,
        "incident_id": incident_id,
        "kind": f"hand:{task_id}",
        "created_at": tx.now(),
        "due_at": wanted.due_at,
        "words": await texts.sealed(tx, incident_id, "incident_task.words", wanted.words),
        "asked_by": principal.name,
        "asked_by_id": principal.actor,
        "decision_id": wanted.decision_id,
        **await reading.holder(tx, row, wanted.of),
    }
    await queries.insert(tx, "incident_task", [asked])
    names = await reading.named(tx, asked)
    await timeline.add(tx, incident_id, Entry.TASK, "task_asked", names, actor=principal.name, words=wanted.words)
    await changed(tx, incident_id, "task")
    await audit.record(tx, principal, "incident.task_ask", "incident", incident_id, purpose=str(task_id))
    return task_id


async def _decision(tx: Tx, incident_id: UUID, decision_id: UUID) -> None:
    found = await tx.scalar(
        text("select 1 from incident_decision where id = :id and incident_id = :incident"),
        {"id": decision_id, "incident": incident_id},
    )
    if found is None:
        raise Invalid("engine.fields.wrong", fields=[FieldError("decision_id", "respond.decision.unknown")])


@dataclass(frozen=True, slots=True)
class Doing:
    """One act on one task: what, in which words, to whom it goes on, and the version that the doer had read."""

    act: TaskAct
    words: str = ""
    to: Of | None = None
    expected: int | None = None


async def act(tx: Tx, principal: Principal, incident_id: UUID, task_id: UUID, doing: Doing) -> None:
    """Do it. Raises NotFound, Forbidden for what is not theirs to do, Conflict for what makes no sense any more,
    PreconditionFailed where somebody else was quicker: it says who and what.
    """
    root = await taken(tx, principal, incident_id, merged_too=True)
    row = await reading.locked(tx, incident_id, task_id)
    await _check_version(tx, row, doing.expected)
    me, held = await reading.me(tx, principal, incident_id), reading.held(row, root)
    if doing.act is TaskAct.UNDO:
        await _undo(tx, principal, row, me)
    else:
        _check_may(held, me, doing.act, row)
        await _do(tx, principal, row, root, doing)
    await _after(tx, principal, row, doing)
    await audit.record(tx, principal, f"incident.task_{doing.act.value}", "incident", incident_id, purpose=str(task_id))


async def _check_version(tx: Tx, row: RowMapping, expected: int | None) -> None:
    if expected is None or expected == row["version"]:
        return
    last = await tx.row(_LAST, {"id": row["id"]})
    if last is None:
        raise PreconditionFailed("engine.etag.changed", expected=expected, actual=row["version"])
    raise PreconditionFailed("respond.task.changed", by=last["by"], act=last["act"], at=reading.clock(last["at"]))


def _check_may(held: Held, me: Me, wanted: TaskAct, row: RowMapping) -> None:
    if wanted in may(held, me):
        return
    if not held.open:
        raise Conflict("respond.incident.closed")
    if wanted is TaskAct.DONE and held.answers:
        raise Conflict("respond.task.answers")
    if wanted is TaskAct.TAKE and held.state is TaskState.TAKEN:
        raise Conflict("respond.task.taken", by=row["taken_by"])
    if (held.state, wanted) not in AFTER:
        raise Conflict("respond.task.not_in_state", state=held.state.value)
    raise Forbidden("respond.task.not_yours")


async def _do(tx: Tx, principal: Principal, row: RowMapping, root: RowMapping, doing: Doing) -> None:
    now, incident_id = tx.now(), row["incident_id"]
    values: dict[str, Any] = {"state": AFTER[TaskState(row["state"]), doing.act].value}
    nobody = {"taken_at": None, "taken_by": None, "taken_by_id": None}
    sealed = await texts.sealed(tx, incident_id, f"incident_task.{_column(doing.act)}", doing.words)
    match doing.act:
        case TaskAct.TAKE:
            values |= {"taken_at": now, "taken_by": principal.name, "taken_by_id": principal.actor}
        case TaskAct.DONE:
            values |= {"done_at": now, "done_by": principal.name, "result": sealed}
        case TaskAct.GIVE_BACK:
            home = {"role": "operator", "agency_id": None, "person": None, "person_name": None}
            values |= {**home, **nobody, "reason": sealed}
        case TaskAct.HAND_ON:
            values |= {**nobody, **await reading.holder(tx, root, doing.to or Of()), "reason": sealed}
        case _:
            values |= {"cancelled_at": now, "cancelled_by": principal.name, "reason": sealed}
    await _write(tx, row, values)
    before = msgspec.json.encode({name: row[name] for name in _BEFORE}).decode()
    await _note(tx, row, principal, doing.act, before)


def _column(act: TaskAct) -> str:
    return "result" if act is TaskAct.DONE else "reason"


async def _undo(tx: Tx, principal: Principal, row: RowMapping, me: Me) -> None:
    last = await tx.row(_LAST, {"id": row["id"]})
    manual = row["kind"].startswith("playbook:")
    if last is None or not may_undo(last["by_id"], last["act"], last["at"], me, tx.now(), of_manual=manual):
        raise Conflict("respond.task.too_late")
    before = dict(last["before"])
    if before["taken_at"] is not None:
        before["taken_at"] = datetime.fromisoformat(before["taken_at"])
    ended = ("done_at", "done_by", "result", "reason", "cancelled_at", "cancelled_by")
    await _write(tx, row, {**before, **dict.fromkeys(ended)})
    await _note(tx, row, principal, TaskAct.UNDO, "{}")


async def _write(tx: Tx, row: RowMapping, values: dict[str, Any]) -> None:
    sets = ", ".join(f"{name} = :{name}" for name in values)
    await tx.execute(
        text(f"update incident_task set {sets}, version = version + 1 where id = :id"), {**values, "id": row["id"]}
    )


async def _note(tx: Tx, row: RowMapping, principal: Principal, act: TaskAct, before: str) -> None:
    values = {"task": row["id"], "act": act.value, "at": tx.now(), "by": principal.name, "by_id": principal.actor}
    await tx.execute(_ACT, {**values, "before": before})


async def _after(tx: Tx, principal: Principal, row: RowMapping, doing: Doing) -> None:
    """The line in the timeline, and what the manual does next."""
    incident_id = row["incident_id"]
    now = await reading.locked(tx, incident_id, row["id"])
    manual = row["kind"].startswith("playbook:")
    if not (manual and doing.act is TaskAct.DONE):  # the manual's own line says that its act is done
        params = {**await reading.named(tx, now), "task": reading.short_title(row)}
        name = f"task_{doing.act.value}"
        await timeline.add(tx, incident_id, Entry.TASK, name, params, actor=principal.name, words=doing.words or None)
    await changed(tx, incident_id, "task")
    if manual and doing.act in {TaskAct.DONE, TaskAct.CANCEL}:
        await carry_on(tx, incident_id, words=doing.words or None)
