"""Runs over HTTP: how the manual is being carried out, and what people say to it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Request
from pydantic import StringConstraints

from dure.engine.web import OPEN, Model, Passage, Router, tag
from dure.respond import reading, views
from dure.respond.api import Answers, Desk, DeskDep, Handles, Reads
from dure.respond.playbooks.model import Happening
from dure.respond.policy import scope_of
from dure.respond.runs import replies, telling
from dure.respond.runs.state import Say
from dure.respond.runs.views import whole
from dure.respond.types import TYPES
from dure.trust.principal import Principal
from dure.trust.web import check_same_origin

router = Router(tags=["runs"])
Item = Annotated[str, Path(max_length=40, pattern=r"^[0-9]+(\.[elg]?[0-9]+)*$")]
AnswerId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]


class DoneForm(Model):
    """What is to be said about it."""

    note: Note = ""


class GivenForm(Model):
    """The answer by its id, and why."""

    answer: AnswerId
    reason: Note = ""


class WhyForm(Model):
    """Why."""

    reason: Passage


class OverrideForm(Model):
    """Why it counts as done all the same; for what was asked, the answer that holds."""

    reason: Passage
    answer: AnswerId | None = None


class LinkForm(Model):
    """The secret of a link that came with a notice. It stands in a body, so that no log of addresses has it."""

    link: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class ReplyForm(LinkForm):
    """And the answer by its id."""

    answer: AnswerId


class MomentForm(Model):
    """What has happened."""

    moment: Happening
    note: Note = ""


async def _shown(desk: Desk, who: Principal, incident_id: UUID) -> dict[str, Any]:
    await reading.one(desk.tx, incident_id, scope_of(who, TYPES))
    reader = views.Reader(desk.context.catalogue, desk.language, desk.tx.now())
    value = await whole(desk.tx, incident_id, desk.language, reader)
    await telling.cut(desk.tx, who, incident_id, value)
    tag(desk.response, value["version"])
    return value


async def _said(
    desk: Desk, who: Principal, incident_id: UUID, what: Say, of: str, value: str | None, reason: str | None
) -> dict[str, Any]:
    await telling.say(desk.tx, who, incident_id, what, of, value=value, reason=reason or None)
    return await _shown(desk, who, incident_id)


@router.get("/incidents/{incident_id}/run")
async def run(incident_id: UUID, who: Reads, desk: DeskDep) -> dict[str, Any]:
    """The run of the incident's playbook. 404 where its kind has no manual."""
    return await _shown(desk, who, incident_id)


@router.post("/incidents/{incident_id}/run/items/{item}/done")
async def done(
    incident_id: UUID, item: Item, who: Answers, desk: DeskDep, form: DoneForm | None = None
) -> dict[str, Any]:
    """An act is done: by the control room, or by the agency that was asked."""
    return await _said(desk, who, incident_id, Say.DONE, item, None, form.note if form else None)


@router.post("/incidents/{incident_id}/run/items/{item}/answer")
async def answer(incident_id: UUID, item: Item, form: GivenForm, who: Answers, desk: DeskDep) -> dict[str, Any]:
    """Answer what an act asks."""
    return await _said(desk, who, incident_id, Say.ANSWER, item, form.answer, form.reason)


@router.post("/incidents/{incident_id}/run/items/{item}/skip")
async def skip(incident_id: UUID, item: Item, form: WhyForm, who: Handles, desk: DeskDep) -> dict[str, Any]:
    """Leave a step or an act out, with the reason."""
    return await _said(desk, who, incident_id, Say.SKIP, item, None, form.reason)


@router.post("/incidents/{incident_id}/run/items/{item}/redo")
async def redo(incident_id: UUID, item: Item, form: WhyForm, who: Handles, desk: DeskDep) -> dict[str, Any]:
    """Do a step or an act once more, with the reason: a new attempt."""
    return await _said(desk, who, incident_id, Say.REDO, item, None, form.reason)


@router.post("/incidents/{incident_id}/run/items/{item}/override")
async def override(incident_id: UUID, item: Item, form: OverrideForm, who: Handles, desk: DeskDep) -> dict[str, Any]:
    """Count a step or an act as done, or put another answer in the place of one, with the reason."""
    return await _said(desk, who, incident_id, Say.OVERRIDE, item, form.answer, form.reason)


@router.post("/incidents/{incident_id}/run/moments")
async def moment(incident_id: UUID, form: MomentForm, who: Handles, desk: DeskDep) -> dict[str, Any]:
    """Something has happened that steps wait for: crews ordered out, the first there, somebody found."""
    return await _said(desk, who, incident_id, Say.MOMENT, "", form.moment.value, form.note)


@router.post("/incidents/{incident_id}/run/abort")
async def abort(incident_id: UUID, form: WhyForm, who: Handles, desk: DeskDep) -> dict[str, Any]:
    """Stop the run for good, with the reason. The incident goes on by hand."""
    return await _said(desk, who, incident_id, Say.ABORT, "", None, form.reason)


def _unkept(request: Request, desk: Desk) -> views.Reader:
    check_same_origin(request, needs_proof=False)
    desk.response.headers["Cache-Control"] = "no-store"
    return views.Reader(desk.context.catalogue, desk.language, desk.tx.now())


@router.post("/answers/open", openapi_extra=OPEN)
async def open_link(request: Request, desk: DeskDep, form: LinkForm) -> dict[str, Any]:
    """What a notice's link asks, and how things stand: for whoever got the notice."""
    return dict(await replies.opened(desk.tx, form.link, _unkept(request, desk)))


@router.post("/answers", openapi_extra=OPEN)
async def reply(request: Request, desk: DeskDep, form: ReplyForm) -> dict[str, Any]:
    """Answer by a notice's link."""
    return dict(await replies.give(desk.tx, form.link, form.answer, _unkept(request, desk)))
