"""Operations over HTTP. Thin."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from dure.engine import paging
from dure.engine.web import ExpectedVersion, Router, TxDep
from dure.respond.operations import forms, handling, queries, situation, views
from dure.respond.operations.desk import DeskDep, Directs, Handles, Reads
from dure.respond.operations.handling import LevelWanted, Wanted

router = Router(tags=["operations"])


@router.get("/operations")
async def list_operations(
    tx: TxDep, _who: Reads, status: Literal["open", "closed"] | None = None, cursor: paging.Cursor = None,
    limit: paging.Limit = 50,
) -> dict[str, Any]:  # fmt: skip
    """Operations, newest first."""
    rows = await queries.listed(tx, status, paging.decode(cursor, datetime, UUID), limit + 1)
    page = paging.page(rows, limit, lambda row: (row["opened_at"], str(row["id"])))
    return {"items": [views.list_form(row) for row in page["items"]], "next": page["next"]}


@router.post("/operations", status_code=201)
async def begin(form: forms.OperationForm, who: Handles, desk: DeskDep) -> dict[str, Any]:
    """Open an operation, maybe with its first incidents."""
    wanted = Wanted(form.name, form.kind, form.mode, form.place, form.summary, tuple(form.incidents))
    return await desk.shown(who, await handling.begin(desk.tx, who, wanted))


@router.get("/operations/{operation_id}")
async def operation(operation_id: UUID, who: Reads, desk: DeskDep) -> dict[str, Any]:
    """One operation, whole."""
    return await desk.shown(who, operation_id)


@router.get("/operations/{operation_id}/situation")
async def on_the_wall(operation_id: UUID, _who: Reads, tx: TxDep) -> dict[str, Any]:
    """What a wall shows of it: counts and times, nobody's name, no place nearer than a street."""
    return await situation.shown(tx, operation_id)


@router.put("/operations/{operation_id}")
async def describe(
    operation_id: UUID, form: forms.DescribeForm, who: Handles, desk: DeskDep, expected: ExpectedVersion
) -> dict[str, Any]:
    """Name and describe it anew."""
    await handling.describe(desk.tx, who, operation_id, form.name, form.place, form.summary, expected)
    return await desk.shown(who, operation_id)


@router.post("/operations/{operation_id}/incidents")
async def group(operation_id: UUID, form: forms.IncidentsForm, who: Handles, desk: DeskDep) -> dict[str, Any]:
    """Group incidents under it."""
    await handling.add(desk.tx, who, operation_id, tuple(form.incidents))
    return await desk.shown(who, operation_id)


@router.delete("/operations/{operation_id}/incidents/{incident_id}")
async def ungroup(operation_id: UUID, incident_id: UUID, who: Handles, desk: DeskDep) -> dict[str, Any]:
    """Take an incident out."""
    await handling.remove(desk.tx, who, operation_id, incident_id)
    return await desk.shown(who, operation_id)


@router.post("/operations/{operation_id}/levels", status_code=201)
async def level(operation_id: UUID, form: forms.LevelForm, who: Directs, desk: DeskDep) -> dict[str, Any]:
    """Issue, raise, lower or lift the crisis level, with reason and ground."""
    wanted = LevelWanted(form.level, form.reason, form.ground, form.issued_by, form.at, form.consulted)
    await handling.level(desk.tx, who, operation_id, wanted)
    return await desk.shown(who, operation_id)


@router.post("/operations/{operation_id}/levels/{level_id}/consulted")
async def consulted(operation_id: UUID, level_id: UUID, who: Directs, desk: DeskDep) -> dict[str, Any]:
    """The ministry was consulted after an urgent change."""
    await handling.consulted(desk.tx, who, operation_id, level_id)
    return await desk.shown(who, operation_id)


@router.post("/operations/{operation_id}/tolls", status_code=201)
async def toll(operation_id: UUID, form: forms.TollForm, who: Handles, desk: DeskDep) -> dict[str, Any]:
    """Tell casualties, as of a time and by a source."""
    figures = {name: getattr(form, name) for name in handling.TOLL}
    await handling.toll(desk.tx, who, operation_id, figures, form.as_of, form.source)
    return await desk.shown(who, operation_id)


@router.post("/operations/{operation_id}/entries", status_code=201)
async def entry(operation_id: UUID, form: forms.EntryForm, who: Handles, desk: DeskDep) -> dict[str, Any]:
    """Tell a measure taken, or a request made."""
    await handling.entry(desk.tx, who, operation_id, form.kind, form.words, form.agency, form.at)
    return await desk.shown(who, operation_id)


@router.post("/operations/{operation_id}/entries/{entry_id}/answer")
async def answer(
    operation_id: UUID, entry_id: UUID, form: forms.AnswerForm, who: Handles, desk: DeskDep
) -> dict[str, Any]:
    """What became of a request."""
    await handling.answer(desk.tx, who, operation_id, entry_id, form.state, form.words)
    return await desk.shown(who, operation_id)


@router.post("/operations/{operation_id}/close")
async def close(
    operation_id: UUID, form: forms.ReasonForm, who: Directs, desk: DeskDep, expected: ExpectedVersion
) -> dict[str, Any]:
    """End it. A crisis level that stands is lifted first."""
    await handling.close(desk.tx, who, operation_id, form.reason, expected)
    return await desk.shown(who, operation_id)


@router.post("/operations/{operation_id}/reopen")
async def reopen(operation_id: UUID, who: Directs, desk: DeskDep, expected: ExpectedVersion) -> dict[str, Any]:
    """Go on with it."""
    await handling.reopen(desk.tx, who, operation_id, expected)
    return await desk.shown(who, operation_id)
