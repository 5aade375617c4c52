"""Doors over HTTP: setting them up, what waits for a person, messages, and what agencies' systems tell. Thin."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import Field, ValidationError

from dure.engine import paging
from dure.engine.paging import Cursor, Limit
from dure.engine.settings import city_zone
from dure.engine.web import (
    OPEN,
    ContextDep,
    ExpectedVersion,
    Flag,
    LanguageDep,
    Model,
    Passage,
    Router,
    TxDep,
    strict_json,
)
from dure.kernel.errors import FieldError, Invalid
from dure.respond import queries
from dure.respond.doors import envelope, hearing, letters, linked, setup, talk
from dure.respond.doors.hearing import Event
from dure.respond.doors.model import Said, Way
from dure.respond.model import HandoffKind, city_day
from dure.trust.principal import Principal
from dure.trust.web import client_address, require

router = Router(tags=["hand-offs"])
Reads = Annotated[Principal, Depends(require("door.read"))]
Resolves = Annotated[Principal, Depends(require("door.resolve"))]
Configures = Annotated[Principal, Depends(require("door.configure"))]
Answers = Annotated[Principal, Depends(require("incident.answer"))]
SeesIncidents = Annotated[Principal, Depends(require("incident.read"))]
Number = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9._:-]{1,64}$")]


class DoorForm(Model):
    """How an agency's system is reached, whether it is used, and whether drills and tests go out by it."""

    way: Way
    url: Annotated[str, Field(min_length=8, max_length=500)]
    is_on: Flag = True
    drills: Flag = False


class SayForm(Model):
    """What is said to the other side."""

    text: Passage


class ReasonForm(Model):
    """Why it is given up."""

    reason: Passage


class EventForm(Model):
    """What an agency's system tells of a hand-off. `id` is its own: told again it is the same thing."""

    id: Number
    handoff: UUID
    kind: Said
    at: datetime
    text: Annotated[str, Field(max_length=4000)] = ""
    reference: Annotated[str, Field(max_length=100)] | None = None


class Heard(Model):
    """What became of it: it moved the hand-off, was noted as old news, or contradicts what was said before."""

    verdict: Literal["taken", "noted", "contradicts"]


@router.get("/doors")
async def list_doors(tx: TxDep, _who: Reads) -> dict[str, Any]:
    """Agencies with a door of their own, and how it goes. Secrets are never shown again."""
    return {"items": await setup.listing(tx), "next": None}


@router.put("/doors/{agency_id}")
async def put_door(
    tx: TxDep, who: Configures, agency_id: str, form: DoorForm, response: Response, expected: ExpectedVersion
) -> dict[str, Any]:
    """Set a door. Where it is new, `secret` is shown this once."""
    made = await setup.put(tx, who, agency_id, setup.Door(form.way, form.url, form.is_on, form.drills), expected)
    if made is not None:
        response.headers["Cache-Control"] = "no-store"
    return {"secret": made}


@router.post("/doors/{agency_id}/rotate")
async def rotate(tx: TxDep, who: Configures, agency_id: str, response: Response) -> dict[str, Any]:
    """Make a new secret, shown this once; the earlier one counts for a day."""
    response.headers["Cache-Control"] = "no-store"
    return {"secret": await setup.rotate(tx, who, agency_id)}


@router.delete("/doors/{agency_id}", status_code=204)
async def drop_door(tx: TxDep, who: Configures, agency_id: str) -> None:
    """Take a door away; the agency keeps its screen in dure."""
    await setup.drop(tx, who, agency_id)


@router.post("/doors/{agency_id}/events", openapi_extra=OPEN)
async def take_event(tx: TxDep, request: Request, agency_id: str) -> Heard:
    """What an agency's system tells, as JSON or in an EDXL-DE envelope. The sender is known by its signature alone; see
    docs/en/handoff.md.
    """
    body = await request.body()
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        signed = await hearing.sender(tx, agency_id, headers, body)
    except hearing.NOT_SIGNED:
        request.app.state.rates.check_stranger(client_address(request))
        raise
    event = await _event(tx, agency_id, headers.get("content-type", ""), body)
    if event.id != signed.reference:
        raise Invalid("engine.fields.wrong", fields=[FieldError("id", "respond.door.reference")])
    return Heard(verdict=(await hearing.hear(tx, agency_id, event, body)).value)


async def _event(tx: TxDep, agency_id: str, kind: str, body: bytes) -> Event:
    value: Any
    if "xml" in kind.partition(";")[0]:
        answer = envelope.read(body)
        if answer.event is None:
            assert answer.about is not None
            assert answer.at is not None
            about = await hearing.about(tx, agency_id, answer.about)
            return Event(answer.number[:64], about, Said(answer.kind), answer.at)
        value = answer.event
    else:
        value = strict_json(body)
    try:
        form = EventForm.model_validate(value)
    except ValidationError as error:
        fields = [
            FieldError(".".join(str(part) for part in one["loc"]), "respond.door.field") for one in error.errors()
        ]
        raise Invalid("engine.fields.wrong", fields=fields) from error
    if form.at.tzinfo is None:
        raise Invalid("engine.fields.wrong", fields=[FieldError("at", "respond.door.zone")])
    return Event(form.id, form.handoff, form.kind, form.at, form.text.strip(), form.reference)


@router.post("/incidents/{incident_id}/handoffs/{handoff_id}/messages", status_code=201)
async def say(tx: TxDep, who: Answers, incident_id: UUID, handoff_id: UUID, form: SayForm) -> dict[str, str]:
    """Say something to the other side of a hand-off."""
    return {"id": str(await talk.say(tx, who, incident_id, handoff_id, form.text))}


@router.get("/handoff-letters")
async def list_letters(
    tx: TxDep,
    _who: Reads,
    status: Annotated[
        Literal["open", "queued", "sending", "unknown", "sent", "dead", "given_up"] | None,
        Query(description="open: those that wait for a person"),
    ] = None,
    agency: Annotated[str | None, Query(max_length=64)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """What went out by doors, newest first: no words, only what became of it."""
    after = paging.decode(cursor, datetime, UUID)
    rows = await letters.listed(tx, status, agency, after, limit + 1)
    page = paging.page(rows, limit, lambda row: (row["created_at"], str(row["id"])))
    return {"items": [dict(row) for row in page["items"]], "next": page["next"]}


@router.post("/handoff-letters/{letter_id}/again")
async def again(tx: TxDep, who: Resolves, letter_id: UUID) -> dict[str, Any]:
    """Send a dead letter again, under the same reference."""
    await letters.again(tx, who, letter_id)
    return dict(await letters.one(tx, letter_id))


@router.post("/handoff-letters/{letter_id}/give-up")
async def give_up(tx: TxDep, who: Resolves, letter_id: UUID, form: ReasonForm) -> dict[str, Any]:
    """Give a dead letter up, with the reason."""
    await letters.give_up(tx, who, letter_id, form.reason)
    return dict(await letters.one(tx, letter_id))


@router.get("/linked-services")
async def list_services(
    tx: TxDep,
    context: ContextDep,
    language: LanguageDep,
    _who: SeesIncidents,
    agency: Annotated[str | None, Query(max_length=64)] = None,
    type: Annotated[str | None, Query(max_length=64)] = None,  # noqa: A002  # a kind of incident, as everywhere
    kind: HandoffKind = HandoffKind.TRANSFER,
) -> dict[str, Any]:
    """The linked services that hold today: what a hand-off may carry, to whom, on what ground. With `agency` and
    `type`: those by which such an incident would go there.
    """
    day = city_day(tx.now(), city_zone())
    if agency is not None and type is not None:
        found = linked.services((await queries.agency(tx, agency))["kind"], type, kind, day)
    else:
        found = tuple(linked.in_force(day))

    def shown(one: linked.Service) -> dict[str, Any]:
        return {
            "code": one.code,
            "title": context.catalogue.text(language, f"respond.linked.{one.code}"),
            "agencies": sorted(one.agencies),
            "types": sorted(one.types),
            "kinds": sorted(each.value for each in one.kinds),
            "data": sorted(each.value for each in one.data),
            "grounds": list(one.grounds),
            "source": one.source,
            "since": one.since,
            "until": one.until,
            "confirm": one.confirm,
        }

    return {"items": [shown(one) for one in found], "next": None}
