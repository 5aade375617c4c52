"""Incidents over HTTP. Thin: forms in, use cases, views out."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response

from dure.engine import paging
from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.paging import Limit
from dure.engine.web import ContextDep, ExpectedVersion, LanguageDep, Router, TxDep, tag
from dure.kernel.errors import FieldError, Invalid
from dure.kernel.messages import Language
from dure.kernel.severity import Severity
from dure.respond import (
    decisions,
    details,
    export,
    forms,
    handling,
    handoffs,
    intake,
    merging,
    places,
    queries,
    reading,
    splitting,
    together,
    views,
)
from dure.respond.forms import position
from dure.respond.intake import Report
from dure.respond.model import HandoffStatus, Status
from dure.respond.opening import Candidate, Place
from dure.respond.policy import scope_of
from dure.respond.reading import Filter
from dure.respond.types import TYPES
from dure.trust import vault
from dure.trust.principal import Principal
from dure.trust.vault import Person
from dure.trust.web import require

router = Router(tags=["incidents"])
Reads = Annotated[Principal, Depends(require("incident.read"))]
Reports = Annotated[Principal, Depends(require("incident.report"))]
Handles = Annotated[Principal, Depends(require("incident.handle"))]
Answers = Annotated[Principal, Depends(require("incident.answer"))]
Configures = Annotated[Principal, Depends(require("incident.configure"))]


def filter_of(
    status: Annotated[list[Status] | None, Query()] = None,
    severity: Annotated[list[Severity] | None, Query()] = None,
    type: Annotated[list[str] | None, Query()] = None,  # noqa: A002  # the parameter's name in the contract
    q: Annotated[str | None, Query(max_length=100)] = None,
    since: Annotated[datetime | None, Query(description="Opened at or after this time, with its zone.")] = None,
    bbox: Annotated[str | None, Query(max_length=200, description="west,south,east,north")] = None,
    merged: Annotated[bool, Query(description="Also those that were merged into others.")] = False,
) -> Filter:
    """Dependency: what a list asks for. Raises Invalid."""
    if since is not None and since.tzinfo is None:
        raise Invalid("engine.fields.wrong", fields=[FieldError("since", "respond.since.wrong")])
    return Filter(
        statuses=tuple(status or ()),
        severities=tuple(severity or ()),
        types=tuple(type or ()),
        words=(q or "").strip() or None,
        since=since,
        bbox=_bbox(bbox),
        merged=merged,
    )


def _bbox(given: str | None) -> tuple[float, float, float, float] | None:
    if given is None:
        return None
    try:
        west, south, east, north = (float(part) for part in given.split(","))
    except ValueError:
        west = south = east = north = float("nan")
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise Invalid("engine.fields.wrong", fields=[FieldError("bbox", "respond.bbox.wrong")])
    return west, south, east, north


Wanted = Annotated[Filter, Depends(filter_of)]


class Desk:
    """What every answer about an incident needs; a dependency."""

    def __init__(self, tx: TxDep, context: ContextDep, language: LanguageDep, response: Response) -> None:
        self.tx: Tx = tx
        self.context: Context = context
        self.language: Language = language
        self.response = response

    async def shown(self, principal: Principal, incident_id: UUID) -> dict[str, Any]:
        """The incident as `principal` reads it now, with its ETag."""
        reader = views.Reader(self.context.catalogue, self.language, self.tx.now())
        people = vault.at(self.context.settings.data)
        value = await details.whole(self.tx, incident_id, scope_of(principal, TYPES), reader, people)
        value |= await together.parts(self.tx, principal, incident_id, reader)
        tag(self.response, value["version"])
        return value


DeskDep = Annotated[Desk, Depends(Desk)]


@router.get("/incidents")
async def list_incidents(
    tx: TxDep,
    who: Reads,
    wanted: Wanted,
    cursor: str | None = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Incidents, newest first. Without `q` and `merged`, those that were merged into others are left out."""
    after = paging.decode(cursor, datetime, UUID)
    rows = await reading.listed(tx, wanted, scope_of(who, TYPES), after, limit + 1)
    page = paging.page(rows, limit, lambda row: (row["opened_at"], str(row["id"])))
    return {"items": [views.with_time(row, tx.now()) for row in page["items"]], "next": page["next"]}


@router.get("/incidents/summary")
async def summary(tx: TxDep, who: Reads) -> dict[str, Any]:
    """Counts of what is not closed, as of now: by severity, status and type, and how many wait beyond their time."""
    row = await reading.counts(tx, scope_of(who, TYPES))
    severities = {each.value: row["by_severity"].get(each.value, 0) for each in Severity}
    return {
        "as_of": tx.now(),
        "open": row["open"],
        "overdue": row["overdue"],
        "by_severity": severities,
        "by_status": {each.value: row["by_status"].get(each.value, 0) for each in Status if each is not Status.CLOSED},
        "by_type": row["by_type"],
    }


@router.get("/incidents/types")
async def list_types(_who: Reads, context: ContextDep, language: LanguageDep) -> dict[str, Any]:
    """The kinds of incidents that are switched on."""
    return {
        "items": [
            {
                "id": kind.id,
                "title": kind.title,
                "title_text": context.catalogue.text(language, kind.title),
                "severity": kind.severity.value,
                "agencies": list(kind.agencies),
                "clocks": [{"name": clock.name, "target_s": clock.target_s} for clock in kind.clocks],
            }
            for kind in TYPES
        ],
        "next": None,
    }


@router.get(
    "/incidents.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "the list as a file"}},
)
async def export_csv(tx: TxDep, who: Reads, wanted: Wanted, context: ContextDep, language: LanguageDep) -> Response:
    """The list as CSV (UTF-8 with BOM, the city's time), at most 10,000 rows."""
    reader = views.Reader(context.catalogue, language, tx.now())
    body = await export.csv_of(tx, who, wanted, reader, context.settings.city_zone)
    headers = {"Content-Disposition": 'attachment; filename="incidents.csv"'}
    return Response(body, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/incidents", status_code=201, responses={200: {"description": "the call was known already"}})
async def report(form: forms.ReportForm, who: Reports, desk: DeskDep) -> dict[str, Any]:
    """Take a report in. The same source and external reference is the same incident, also when it is told again.

    A type that nobody here has named is no reason to turn a call for help away: it goes by the rules of `other`.
    """
    caller = None
    if form.caller is not None and (form.caller.name or form.caller.phone):
        caller = Person(name=form.caller.name, phone=form.caller.phone)
    told = Report(
        kind=TYPES.kept(form.type),
        source=form.source,
        description=form.description,
        mode=form.mode,
        severity=form.severity,
        external_ref=form.external_ref,
        at=position(form.lon, form.lat),
        address=form.address,
        caller=caller,
    )
    received = await intake.receive(desk.tx, who, told, vault.at(desk.context.settings.data))
    value = await desk.shown(who, received.incident_id)
    desk.response.status_code = 201 if received.opened else 200
    desk.response.headers["Location"] = f"/api/v1/incidents/{received.incident_id}"
    return value


@router.get("/incidents/{incident_id}")
async def incident(incident_id: UUID, who: Reads, desk: DeskDep) -> dict[str, Any]:
    """One incident, whole."""
    return await desk.shown(who, incident_id)


@router.patch("/incidents/{incident_id}/place")
async def locate(
    incident_id: UUID, form: forms.PlaceForm, who: Handles, desk: DeskDep, expected: ExpectedVersion
) -> dict[str, Any]:
    """Say where it is; cameras are chosen for the new place."""
    place = await _place(desk.tx, incident_id, form)
    await intake.locate(desk.tx, who, incident_id, place, expected)
    return await desk.shown(who, incident_id)


async def _place(tx: Tx, incident_id: UUID, form: forms.PlaceForm) -> Place:
    at = position(form.lon, form.lat)
    if at is not None:
        return Place(at, form.name, form.address)
    if form.candidate is not None:
        known = (await queries.locked(tx, incident_id))["candidates"]
        if not 0 <= form.candidate < len(known):
            raise Invalid("engine.fields.wrong", fields=[FieldError("candidate", "respond.place.candidate")])
        return await places.chosen(tx, Candidate(**known[form.candidate]))
    if form.address is None:
        raise Invalid("engine.fields.wrong", fields=[FieldError("lon", "respond.place.empty")])
    place = await places.resolve(tx, None, form.address)
    if place.at is None:
        raise Invalid("engine.fields.wrong", fields=[FieldError("address", "respond.place.unclear")])
    return place


@router.post("/incidents/{incident_id}/acknowledge")
async def acknowledge(incident_id: UUID, who: Handles, desk: DeskDep, expected: ExpectedVersion) -> dict[str, Any]:
    """Take it up. Where somebody has, nothing changes."""
    await handling.acknowledge(desk.tx, who, incident_id, expected)
    return await desk.shown(who, incident_id)


@router.post("/incidents/{incident_id}/notes", status_code=201)
async def note(incident_id: UUID, form: forms.NoteForm, who: Answers, desk: DeskDep) -> dict[str, Any]:
    """Write a line into the timeline; with `corrects` one that corrects an earlier note, which stays."""
    if form.corrects is not None:
        await decisions.correct_note(desk.tx, who, incident_id, form.corrects, form.text)
    else:
        await handling.note(desk.tx, who, incident_id, form.text)
    return await desk.shown(who, incident_id)


@router.post("/incidents/{incident_id}/severity")
async def weigh(
    incident_id: UUID, form: forms.SeverityForm, who: Handles, desk: DeskDep, expected: ExpectedVersion
) -> dict[str, Any]:
    """Set how grave it is, with the reason."""
    await handling.weigh(desk.tx, who, incident_id, form.severity, form.reason, expected)
    return await desk.shown(who, incident_id)


@router.post("/incidents/{incident_id}/cameras")
async def choose_cameras(incident_id: UUID, who: Handles, desk: DeskDep, expected: ExpectedVersion) -> dict[str, Any]:
    """Choose the cameras around it anew."""
    await handling.choose_cameras(desk.tx, who, incident_id, expected)
    return await desk.shown(who, incident_id)


@router.post("/incidents/{incident_id}/handoffs", status_code=201)
async def hand_off(
    incident_id: UUID, form: forms.HandoffForm, who: Handles, desk: DeskDep, expected: ExpectedVersion
) -> dict[str, Any]:
    """Hand it to an agency's screen: passed on, asked to act together, or told."""
    await handoffs.hand_off(desk.tx, who, incident_id, form.agency, form.kind, form.note, expected)
    return await desk.shown(who, incident_id)


@router.post("/incidents/{incident_id}/handoffs/{handoff_id}/acknowledge")
async def acknowledge_handoff(
    incident_id: UUID, handoff_id: UUID, who: Answers, desk: DeskDep, form: forms.AnswerForm | None = None
) -> dict[str, Any]:
    """The agency has it."""
    words = form.note if form else ""
    await handoffs.answer(desk.tx, who, incident_id, handoff_id, HandoffStatus.ACKNOWLEDGED, words)
    return await desk.shown(who, incident_id)


@router.post("/incidents/{incident_id}/handoffs/{handoff_id}/decline")
async def decline_handoff(
    incident_id: UUID, handoff_id: UUID, form: forms.ReasonForm, who: Answers, desk: DeskDep
) -> dict[str, Any]:
    """The agency does not take it, and says why."""
    await handoffs.answer(desk.tx, who, incident_id, handoff_id, HandoffStatus.DECLINED, form.reason)
    return await desk.shown(who, incident_id)


@router.post("/incidents/{incident_id}/close")
async def close(
    incident_id: UUID, form: forms.CloseForm, who: Handles, desk: DeskDep, expected: ExpectedVersion
) -> dict[str, Any]:
    """Close it as real, false or a drill."""
    await handling.close(desk.tx, who, incident_id, form.outcome, form.reason, expected)
    return await desk.shown(who, incident_id)


@router.post("/incidents/{incident_id}/reopen")
async def reopen(
    incident_id: UUID, form: forms.ReasonForm, who: Handles, desk: DeskDep, expected: ExpectedVersion
) -> dict[str, Any]:
    """Open it again."""
    await handling.reopen(desk.tx, who, incident_id, form.reason, expected)
    return await desk.shown(who, incident_id)


@router.post("/incidents/{incident_id}/merge")
async def merge(
    incident_id: UUID, form: forms.MergeForm, who: Handles, desk: DeskDep, expected: ExpectedVersion
) -> dict[str, Any]:
    """Merge it into another; that one is the answer."""
    await merging.merge(desk.tx, who, incident_id, form.into, expected)
    return await desk.shown(who, form.into)


@router.post("/incidents/{incident_id}/unmerge")
async def unmerge(
    incident_id: UUID,
    who: Handles,
    desk: DeskDep,
    expected: ExpectedVersion,
    form: forms.UnmergeForm | None = None,
) -> dict[str, Any]:
    """Take a merged incident apart again; the separated one is the answer."""
    apart = form.incident if form is not None and form.incident is not None else incident_id
    await merging.unmerge(desk.tx, who, apart, expected, out_of=None if apart == incident_id else incident_id)
    return await desk.shown(who, apart)


@router.post("/incidents/{incident_id}/alarms/{alarm_id}/split")
async def split(
    incident_id: UUID,
    alarm_id: UUID,
    form: forms.SplitForm,
    who: Handles,
    desk: DeskDep,
    expected: ExpectedVersion,
) -> dict[str, Any]:
    """Take an alarm out that joined wrongly: into an incident of its own, which is the answer, or none."""
    own = form.into == "new"
    into = await splitting.split(desk.tx, who, incident_id, alarm_id, form.reason, own_incident=own, expected=expected)
    return await desk.shown(who, into or incident_id)


@router.post("/incidents/{incident_id}/alarms/{alarm_id}/join")
async def join(
    incident_id: UUID, alarm_id: UUID, who: Handles, desk: DeskDep, expected: ExpectedVersion
) -> dict[str, Any]:
    """Put an alarm that no incident has into this one."""
    await splitting.join(desk.tx, who, incident_id, alarm_id, expected)
    return await desk.shown(who, incident_id)


@router.get("/incident-settings")
async def settings(tx: TxDep, _who: Reads, response: Response) -> dict[str, Any]:
    """The city's code in receipt numbers, and how many cameras are chosen within how many metres."""
    row = dict(await queries.settings(tx))
    tag(response, row["version"])
    return row


@router.put("/incident-settings")
async def change_settings(
    tx: TxDep, form: forms.SettingsForm, who: Configures, response: Response, expected: ExpectedVersion
) -> dict[str, Any]:
    """Change them. Numbers already given stay as they are."""
    row = await handling.configure(tx, who, form.city_code, form.cameras, form.camera_radius_m, expected)
    tag(response, row["version"])
    return row
