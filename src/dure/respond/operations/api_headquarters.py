"""The headquarters over HTTP: seats, meetings, decisions. Thin."""

from typing import Any
from uuid import UUID

from fastapi import Response

from dure.engine.web import ExpectedVersion, Router
from dure.respond.operations import decisions, forms, meetings, members, paper, queries
from dure.respond.operations.decisions import Decision
from dure.respond.operations.desk import Approves, DeskDep, Handles, Reads
from dure.trust import audit, vault
from dure.trust.vault import Person

router = Router(prefix="/operations/{operation_id}", tags=["operations"])
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/html": {"schema": {"type": "string"}}}, "description": "a page to print"}
}


@router.post("/members", status_code=201)
async def seat(operation_id: UUID, form: forms.MemberForm, who: Handles, desk: DeskDep) -> dict[str, Any]:
    """Seat somebody of an agency or an association; who it is goes into the person vault."""
    person = None
    if form.person is not None:
        person = Person(name=form.person.name, phone=form.person.phone, email=form.person.email)
    held = vault.at(desk.context.settings.data)
    await members.seat(desk.tx, who, held, operation_id, form.side, form.organisation, form.agency, form.seat, person)
    return await desk.shown(who, operation_id)


@router.post("/members/{member_id}/leave")
async def leave(operation_id: UUID, member_id: UUID, who: Handles, desk: DeskDep) -> dict[str, Any]:
    """Somebody leaves their seat."""
    await members.leave(desk.tx, who, operation_id, member_id)
    return await desk.shown(who, operation_id)


@router.post("/meetings", status_code=201)
async def call(operation_id: UUID, form: forms.MeetingForm, who: Handles, desk: DeskDep) -> dict[str, Any]:
    """Call a meeting."""
    await meetings.call(desk.tx, who, operation_id, form.starts_at, form.place, form.agenda)
    return await desk.shown(who, operation_id)


@router.put("/meetings/{meeting_id}")
async def plan(
    operation_id: UUID, meeting_id: UUID, form: forms.MeetingForm, who: Handles, desk: DeskDep,
    expected: ExpectedVersion,
) -> dict[str, Any]:  # fmt: skip
    """Time, place and agenda anew."""
    await meetings.plan(desk.tx, who, operation_id, meeting_id, form.starts_at, form.place, form.agenda, expected)
    return await desk.shown(who, operation_id)


@router.post("/meetings/{meeting_id}/attendance")
async def attend(
    operation_id: UUID, meeting_id: UUID, form: forms.AttendanceForm, who: Handles, desk: DeskDep
) -> dict[str, Any]:
    """Who was there."""
    await meetings.attend(desk.tx, who, operation_id, meeting_id, form.attendance)
    return await desk.shown(who, operation_id)


@router.post("/meetings/{meeting_id}/hold")
async def hold(
    operation_id: UUID, meeting_id: UUID, who: Handles, desk: DeskDep, expected: ExpectedVersion
) -> dict[str, Any]:
    """It is held."""
    await meetings.act(desk.tx, who, operation_id, meeting_id, "hold", expected)
    return await desk.shown(who, operation_id)


@router.post("/meetings/{meeting_id}/cancel")
async def cancel(
    operation_id: UUID, meeting_id: UUID, who: Handles, desk: DeskDep, expected: ExpectedVersion
) -> dict[str, Any]:
    """It is not held."""
    await meetings.act(desk.tx, who, operation_id, meeting_id, "cancel", expected)
    return await desk.shown(who, operation_id)


@router.put("/meetings/{meeting_id}/minutes")
async def minutes(
    operation_id: UUID, meeting_id: UUID, form: forms.MinutesForm, who: Handles, desk: DeskDep,
    expected: ExpectedVersion,
) -> dict[str, Any]:  # fmt: skip
    """Write the minutes, or have them made."""
    writer = desk.writer(form.language)
    await meetings.minutes(desk.tx, who, operation_id, meeting_id, form.words, writer, expected)
    return await desk.shown(who, operation_id)


@router.post("/meetings/{meeting_id}/sign")
async def sign(
    operation_id: UUID, meeting_id: UUID, who: Approves, desk: DeskDep, expected: ExpectedVersion
) -> dict[str, Any]:
    """Sign the minutes: they are frozen with their hash."""
    await meetings.sign(desk.tx, who, operation_id, meeting_id, expected)
    return await desk.shown(who, operation_id)


@router.get("/meetings/{meeting_id}/print", response_class=Response, responses=_PAGE)
async def to_print(operation_id: UUID, meeting_id: UUID, who: Reads, desk: DeskDep) -> Response:
    """The minutes as a page to print."""
    operation = await queries.one(desk.tx, operation_id)
    row = await queries.part(desk.tx, "operation_meeting", "meeting", operation_id, meeting_id)
    await audit.record(desk.tx, who, "operation.minutes_print", "operation_meeting", meeting_id)
    page = paper.minutes_page(desk.writer(), operation, await meetings.whole(desk.tx, row))
    return Response(page, media_type="text/html; charset=utf-8")


@router.post("/decisions", status_code=201)
async def decide(operation_id: UUID, form: forms.DecisionForm, who: Handles, desk: DeskDep) -> dict[str, Any]:
    """Keep a decision. About one incident it becomes a task there; any other is a task here until it is ended."""
    decision = Decision(form.words, form.meeting, form.agency, form.member, form.incident, form.due_at)
    if form.meeting is not None:
        await meetings.standing(desk.tx, operation_id, form.meeting, None)
    await decisions.decide(desk.tx, who, operation_id, decision)
    return await desk.shown(who, operation_id)


@router.post("/decisions/{decision_id}/end")
async def end(
    operation_id: UUID, decision_id: UUID, form: forms.EndForm, who: Handles, desk: DeskDep
) -> dict[str, Any]:
    """A decision was carried out or dropped."""
    await decisions.end(desk.tx, who, operation_id, decision_id, form.state, form.outcome)
    return await desk.shown(who, operation_id)
