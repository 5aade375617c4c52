"""View tickets over HTTP: ask, see what was asked, decide, take back; and the centre's own watch."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from dure.engine import paging
from dure.engine.paging import Cursor, Limit
from dure.engine.web import LanguageDep, Router, TxDep
from dure.respond import reading
from dure.respond.policy import scope_of
from dure.respond.seeing import asking, deciding, listing, tracking
from dure.respond.seeing.asking import Request
from dure.respond.seeing.shapes import (
    ApproveForm,
    GroundOut,
    MarkForm,
    NextOut,
    RequestForm,
    RuleOut,
    State,
    Tables,
    TicketOut,
    Tickets,
    Track,
    WhyForm,
)
from dure.respond.seeing.tracking import Mark
from dure.respond.types import TYPES
from dure.trust.principal import Principal
from dure.trust.web import require
from dure.video.tickets import rules
from dure.video.tickets.model import Decision

router = Router(tags=["video"])
Requests = Annotated[Principal, Depends(require("video.request"))]
Reads = Annotated[Principal, Depends(require("ticket.read"))]
Tracks = Annotated[Principal, Depends(require("video.track"))]
Decides = Annotated[Principal, Depends(require("video.approve"))]


async def _asking(incident_id: UUID, tx: TxDep, who: Requests) -> Principal:
    """Before the body is read: who may not know of an incident learns nothing about it."""
    await reading.one(tx, incident_id, scope_of(who, TYPES))
    return who


async def _reading(incident_id: UUID, tx: TxDep, who: Reads) -> Principal:
    await reading.one(tx, incident_id, scope_of(who, TYPES))
    return who


async def _tracking(incident_id: UUID, tx: TxDep, who: Tracks) -> Principal:
    await reading.one(tx, incident_id, scope_of(who, TYPES))
    return who


@router.post("/incidents/{incident_id}/video-tickets", status_code=201)
async def request_video(
    incident_id: UUID,
    form: RequestForm,
    tx: TxDep,
    who: Annotated[Principal, Depends(_asking)],
    language: LanguageDep,
    response: Response,
) -> Tickets:
    """Ask for the incident's pictures (영상 요청). Live opens at once where a rule of the dated table matches; all else
    waits for the centre. Who asks for the same again gets the ticket that stands. 409 where the incident is closed.
    """
    response.headers["Cache-Control"] = "no-store"
    request = Request(
        form.purpose,
        form.live,
        form.past_from,
        form.past_until,
        form.export,
        None if form.camera_ids is None else tuple(dict.fromkeys(form.camera_ids)),
        form.ground,
        form.document,
        timedelta(hours=form.hours),
    )
    made = await asking.ask(tx, who, incident_id, request)
    return Tickets(items=await listing.shown(tx, who, made, language))


@router.post("/incidents/{incident_id}/video-track")
async def track(incident_id: UUID, form: MarkForm, tx: TxDep, who: Annotated[Principal, Depends(_tracking)]) -> Track:
    """Mark somebody on a picture: it stands in the timeline, and the answer names the cameras that they may pass next
    along the roads, with the times between which. It opens no picture.
    """
    marked = Mark(form.camera_id, form.at, form.mover, form.x, form.y)
    return Track(
        items=[
            NextOut(
                id=one.next.id,
                name=one.name,
                has_stream=one.has_stream,
                metres=one.next.metres,
                from_at=form.at + timedelta(seconds=one.next.earliest_s),
                until_at=form.at + timedelta(seconds=one.next.latest_s),
                by_road=one.next.by_road,
                first=one.next.first,
            )
            for one in await tracking.mark(tx, who, incident_id, marked, form.n)
        ]
    )


@router.get("/incidents/{incident_id}/video-tickets")
async def incident_tickets(
    incident_id: UUID, tx: TxDep, who: Annotated[Principal, Depends(_reading)], language: LanguageDep
) -> Tickets:
    """The incident's tickets: all for the centre, for an agency its own."""
    rows = await listing.listed(tx, who, incident_id=incident_id)
    return Tickets(items=await listing.shown(tx, who, rows, language))


@router.get("/video/tickets")
async def list_tickets(
    tx: TxDep,
    who: Reads,
    language: LanguageDep,
    state: Annotated[State | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Tickets:
    """Tickets and requests, the newest first: all for the centre and auditors, for an agency its own."""
    after = paging.decode(cursor, int)
    rows = await listing.listed(tx, who, state=state, before=None if after is None else after[0], most=limit + 1)
    page = paging.page(rows, limit, lambda row: (row["number"],))
    return Tickets(items=await listing.shown(tx, who, page["items"], language), next=page["next"])


@router.get("/video/tickets/tables")
async def tables(tx: TxDep, _who: Reads) -> Tables:
    """Legal grounds that may be named today, and the rules by which live opens by itself."""
    today = tx.now().date()
    articles = {one.code: one.article for one in rules.in_force(today)}
    return Tables(
        grounds=[GroundOut(code=code, article=article) for code, article in articles.items()],
        rules=[
            RuleOut(
                id=rule.id,
                role=rule.role.value,
                types=sorted(rule.types),
                ground=rule.ground,
                article=articles.get(rule.ground, rule.ground),
                within_m=rule.within_m,
                hours=rule.hours,
                since=rule.since.isoformat(),
                until=None if rule.until is None else rule.until.isoformat(),
            )
            for rule in rules.TABLE
        ],
    )


@router.post("/video/tickets/{ticket_id}/approve")
async def approve(ticket_id: UUID, form: ApproveForm, tx: TxDep, who: Decides, language: LanguageDep) -> TicketOut:
    """Approve a request that somebody else made. 409 where it is not waiting, one's own, or lacks the ground and the
    document that past pictures and files need.
    """
    decision = Decision(form.ground, form.document, form.reason)
    row = await deciding.decide(tx, who, ticket_id, decision, approve=True)
    return (await listing.shown(tx, who, [row], language))[0]


@router.post("/video/tickets/{ticket_id}/refuse")
async def refuse(ticket_id: UUID, form: WhyForm, tx: TxDep, who: Decides, language: LanguageDep) -> TicketOut:
    """Refuse a request, with the reason."""
    row = await deciding.decide(tx, who, ticket_id, Decision(reason=form.reason), approve=False)
    return (await listing.shown(tx, who, [row], language))[0]


@router.post("/video/tickets/{ticket_id}/revoke")
async def revoke(ticket_id: UUID, form: WhyForm, tx: TxDep, who: Decides, language: LanguageDep) -> TicketOut:
    """Take an approval back, with the reason: whatever it shows stops within a second."""
    row = await deciding.revoke(tx, who, ticket_id, form.reason)
    return (await listing.shown(tx, who, [row], language))[0]
