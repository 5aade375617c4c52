"""The room's shared work over HTTP: tasks, roles, decisions, who is there."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from pydantic import Field, StringConstraints

from dure.engine import paging
from dure.engine.paging import Cursor, Limit
from dure.engine.web import ContextDep, ExpectedVersion, LanguageDep, Model, Passage, Router, TxDep
from dure.kernel.errors import FieldError, Invalid
from dure.respond import decisions, presence, reading, roles, together, views
from dure.respond.api import Answers, DeskDep, Handles, Reads
from dure.respond.decisions import Decided
from dure.respond.policy import scope_of
from dure.respond.presence import BEAT_S, Part
from dure.respond.roles import IncidentRole
from dure.respond.tasks import acts, mine
from dure.respond.tasks.acts import Doing, Wanted
from dure.respond.tasks.mine import Whose
from dure.respond.tasks.model import Of, TaskAct
from dure.respond.types import TYPES
from dure.trust.principal import Principal

router = Router(tags=["incidents"])
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]
Actor = Annotated[str, StringConstraints(pattern=r"^account:[0-9a-f-]{36}$")]
Slug = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Tab = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{8,64}$")]


async def within(incident_id: UUID, tx: TxDep, who: Answers) -> Principal:
    """Dependency: who may act, on an incident that they may know of. Raises NotFound."""
    await reading.one(tx, incident_id, scope_of(who, TYPES))
    return who


async def seeing(incident_id: UUID, tx: TxDep, who: Reads) -> Principal:
    """Dependency: who may know of the incident. Raises NotFound."""
    await reading.one(tx, incident_id, scope_of(who, TYPES))
    return who


Acts = Annotated[Principal, Depends(within)]
Sees = Annotated[Principal, Depends(seeing)]
"""Both before the body is read: who may not know of an incident learns nothing from what is wrong with their words."""


class OfForm(Model):
    """Of whom: one of the three."""

    role: Slug | None = None
    agency: Slug | None = None
    person: Actor | None = None

    def of(self) -> Of:
        """As the room has it."""
        return Of(self.role, self.agency, self.person)


class TaskForm(OfForm):
    """What is asked, of whom, by when; `decision_id`: out of which decision it follows."""

    text: Passage
    due_at: Annotated[datetime | None, Field(description="With its zone.")] = None
    decision_id: UUID | None = None


class ResultForm(Model):
    """What came of it."""

    result: Note = ""


class WhyForm(Model):
    """Why."""

    reason: Passage


class HandOnForm(OfForm):
    """To whom it goes on, and what they should know."""

    reason: Note = ""


class RoleForm(Model):
    """Which role, to whom (nobody named: to oneself); `instead_of`: the holder's row that the giver has read."""

    role: IncidentRole
    person: Actor | None = None
    instead_of: UUID | None = None


class DecisionForm(Model):
    """What was decided and why, what else was weighed; when and by whom where it was not now and by oneself."""

    what: Passage
    why: Passage
    alternatives: Note = ""
    at: Annotated[datetime | None, Field(description="With its zone.")] = None
    person: Actor | None = None
    corrects: UUID | None = None


class TabForm(Model):
    """A browser's window, by a number of its own."""

    tab: Tab


class PresenceForm(TabForm):
    """Where in the room its person is."""

    part: Part = Part.ROOM


def _zoned(field: str, at: datetime | None) -> datetime | None:
    if at is not None and at.tzinfo is None:
        raise Invalid("engine.fields.wrong", fields=[FieldError(field, "respond.since.wrong")])
    return at


@router.get("/tasks")
async def list_tasks(
    tx: TxDep,
    who: Reads,
    context: ContextDep,
    language: LanguageDep,
    whose: Annotated[
        Whose, Query(description="mine: of me, my agency, my roles. open: all that I may know of")
    ] = "mine",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Open tasks across incidents, the nearest deadline first."""
    after = paging.decode(cursor, datetime, UUID)
    reader = views.Reader(context.catalogue, language, tx.now())
    return await mine.listed(tx, who, whose, after, limit, reader)


@router.post("/incidents/{incident_id}/tasks", status_code=201)
async def ask(incident_id: UUID, form: TaskForm, who: Handles, desk: DeskDep) -> dict[str, Any]:
    """Ask a task of a person, an agency that sees the incident, or a role."""
    wanted = Wanted(form.text, form.of(), _zoned("due_at", form.due_at), form.decision_id)
    await acts.ask(desk.tx, who, incident_id, wanted)
    return await desk.shown(who, incident_id)


async def _act(desk: Any, who: Principal, incident_id: UUID, task_id: UUID, doing: Doing) -> dict[str, Any]:
    await acts.act(desk.tx, who, incident_id, task_id, doing)
    shown: dict[str, Any] = await desk.shown(who, incident_id)
    return shown


@router.post("/incidents/{incident_id}/tasks/{task_id}/take")
async def take(incident_id: UUID, task_id: UUID, who: Acts, desk: DeskDep, expected: ExpectedVersion) -> dict[str, Any]:
    """Take it: it is the taker's from now on. If-Match is the task's version."""
    return await _act(desk, who, incident_id, task_id, Doing(TaskAct.TAKE, expected=expected))


@router.post("/incidents/{incident_id}/tasks/{task_id}/done")
async def done(
    incident_id: UUID,
    task_id: UUID,
    who: Acts,
    desk: DeskDep,
    expected: ExpectedVersion,
    form: ResultForm | None = None,
) -> dict[str, Any]:
    """It is done, with what came of it. A manual's act that asked it is done with it."""
    words = form.result if form else ""
    return await _act(desk, who, incident_id, task_id, Doing(TaskAct.DONE, words, expected=expected))


@router.post("/incidents/{incident_id}/tasks/{task_id}/give-back")
async def give_back(
    incident_id: UUID, task_id: UUID, form: WhyForm, who: Acts, desk: DeskDep, expected: ExpectedVersion
) -> dict[str, Any]:
    """Give it back to the control room, with the reason."""
    return await _act(desk, who, incident_id, task_id, Doing(TaskAct.GIVE_BACK, form.reason, expected=expected))


@router.post("/incidents/{incident_id}/tasks/{task_id}/hand-on")
async def hand_on(
    incident_id: UUID, task_id: UUID, form: HandOnForm, who: Acts, desk: DeskDep, expected: ExpectedVersion
) -> dict[str, Any]:
    """Hand it on to another person, agency or role."""
    return await _act(desk, who, incident_id, task_id, Doing(TaskAct.HAND_ON, form.reason, form.of(), expected))


@router.post("/incidents/{incident_id}/tasks/{task_id}/cancel")
async def cancel(
    incident_id: UUID, task_id: UUID, form: WhyForm, who: Handles, desk: DeskDep, expected: ExpectedVersion
) -> dict[str, Any]:
    """It is wanted no more, with the reason. A manual's act that asked it then waits for a person."""
    return await _act(desk, who, incident_id, task_id, Doing(TaskAct.CANCEL, form.reason, expected=expected))


@router.post("/incidents/{incident_id}/tasks/{task_id}/undo")
async def undo(incident_id: UUID, task_id: UUID, who: Acts, desk: DeskDep) -> dict[str, Any]:
    """Take one's own last act on it back, within half a minute. A manual has gone on from what was done: 409."""
    return await _act(desk, who, incident_id, task_id, Doing(TaskAct.UNDO))


@router.get("/incidents/{incident_id}/people")
async def list_people(incident_id: UUID, tx: TxDep, who: Acts) -> dict[str, Any]:
    """Whom a task or a role may go to: labels of desks, agencies that see the incident, roles."""
    return await together.people(tx, who, incident_id)


@router.post("/incidents/{incident_id}/roles", status_code=201)
async def give_role(incident_id: UUID, form: RoleForm, who: Acts, desk: DeskDep) -> dict[str, Any]:
    """Take a role, give it, or hand it over: who leads or records is one at a time."""
    to = None if form.person is None else await together.person(desk.tx, form.person)
    await roles.give(desk.tx, who, incident_id, form.role, to, form.instead_of)
    return await desk.shown(who, incident_id)


@router.post("/incidents/{incident_id}/roles/{role_id}/end")
async def end_role(incident_id: UUID, role_id: UUID, who: Acts, desk: DeskDep) -> dict[str, Any]:
    """Lay a role down."""
    await roles.end(desk.tx, who, incident_id, role_id)
    return await desk.shown(who, incident_id)


@router.post("/incidents/{incident_id}/decisions", status_code=201)
async def decide(incident_id: UUID, form: DecisionForm, who: Acts, desk: DeskDep) -> dict[str, Any]:
    """Write a decision down, or a correction of one: it is never edited."""
    by = None if form.person is None else await together.person(desk.tx, form.person)
    decided = Decided(form.what, form.why, form.alternatives, _zoned("at", form.at), by, form.corrects)
    await decisions.record(desk.tx, who, incident_id, decided)
    return await desk.shown(who, incident_id)


@router.put("/incidents/{incident_id}/presence")
async def be_there(incident_id: UUID, form: PresenceForm, tx: TxDep, who: Sees) -> dict[str, Any]:
    """Say that a window is in the room, every `beat_s` seconds; who falls silent is gone after eleven."""
    await presence.be(tx, who, incident_id, form.tab, form.part)
    return {"beat_s": BEAT_S}


@router.post("/incidents/{incident_id}/presence/leave")
async def leave(incident_id: UUID, form: TabForm, tx: TxDep, who: Sees) -> dict[str, Any]:
    """Say goodbye to the room."""
    await presence.leave(tx, who, incident_id, form.tab)
    return {}
