"""Past pictures of an incident's cameras over HTTP: what there is and may be seen, the right to see a stretch of it,
and marked moments. Whoever looks back has a view ticket for it that somebody else approved (video/tickets).
"""

from datetime import datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from dure.engine.database import Tx
from dure.engine.web import ContextDep, LanguageDep, Model, Router, TxDep
from dure.kernel.errors import Conflict, FieldError, Invalid, Unavailable
from dure.respond import pictures, reading
from dure.respond.policy import scope_of
from dure.respond.types import TYPES
from dure.trust.principal import Principal
from dure.trust.web import require
from dure.video import openings
from dure.video.past import bookmarks, queries
from dure.video.past.bookmarks import Bookmark
from dure.video.past.door import PATH
from dure.video.past.model import DAYS, Span, at, ms, spans
from dure.video.tickets import rights
from dure.video.tickets.model import MOST_CAMERAS
from dure.video.tickets.model import Span as Stretch

router = Router(tags=["video"])
LONGEST = timedelta(hours=24)
"""So much of the time line is told at once."""
CameraId = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Purpose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=200)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


async def _seeing(
    incident_id: UUID, tx: TxDep, who: Annotated[Principal, Depends(require("video.footage"))]
) -> Principal:
    """Before the body is read: who may not know of an incident learns nothing about it."""
    await reading.one(tx, incident_id, scope_of(who, TYPES))
    return who


async def _opening(
    incident_id: UUID, tx: TxDep, who: Annotated[Principal, Depends(require("video.past"))]
) -> Principal:
    await reading.one(tx, incident_id, scope_of(who, TYPES))
    return who


Sees = Annotated[Principal, Depends(_seeing)]
Opens = Annotated[Principal, Depends(_opening)]


class SpanOut(BaseModel):
    """A stretch with pictures."""

    start: datetime
    end: datetime


class FootageCamera(BaseModel):
    """What of a camera is recorded: stretches, and what lies between them is a gap."""

    camera_id: str
    spans: list[SpanOut]


class RightOut(BaseModel):
    """A view ticket that opens something of the past."""

    ticket: int
    camera_ids: list[str]
    start: datetime
    end: datetime
    expires_at: datetime


class BookmarkOut(BaseModel):
    """A marked moment."""

    id: UUID
    camera_id: str | None
    at: datetime
    note: str | None
    made_at: datetime
    mine: bool


class Footage(BaseModel):
    """What a player offers."""

    cameras: list[FootageCamera]
    rights: list[RightOut]
    bookmarks: list[BookmarkOut]
    as_of: datetime


class StretchForm(Model):
    """A stretch of the past of some cameras, and why."""

    camera_ids: Annotated[list[CameraId], Field(min_length=1, max_length=MOST_CAMERAS)]
    start: AwareDatetime
    end: AwareDatetime
    purpose: Purpose

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.end <= self.start:
            raise ValueError("it ends before it begins")
        return self


class StretchTicket(BaseModel):
    """The ticket for a camera; none, and why, where none is given."""

    camera_id: str
    ticket: str | None
    expires_at: datetime | None
    refused: str | None


class StretchOut(BaseModel):
    """Where the pictures come from (a WebSocket), and the tickets to be said there first."""

    url: str
    items: list[StretchTicket]


class BookmarkForm(Model):
    """Which moment, of which camera (all, where none is named), and why it is marked."""

    at: AwareDatetime
    camera_id: CameraId | None = None
    note: Note


@router.get("/incidents/{incident_id}/footage")
async def footage(
    incident_id: UUID,
    tx: TxDep,
    who: Sees,
    since: Annotated[AwareDatetime, Query(description="With its zone.")],
    until: Annotated[AwareDatetime, Query(description="With its zone; a day after `since` at most.")],
    response: Response,
) -> Footage:
    """What was recorded of the incident's cameras, what of it this person may see, and the moments that were marked."""
    response.headers["Cache-Control"] = "no-store"
    if not since < until <= since + LONGEST:
        raise Invalid("engine.fields.wrong", fields=[FieldError("until", "video.footage.long")])
    allowed = await rights.past_spans(tx, who, incident_id)
    wanted = dict.fromkeys(
        [*await pictures.chosen(tx, incident_id), *(id_ for one in allowed for id_ in one.camera_ids)]
    )
    marks = await bookmarks.of(tx, incident_id)
    return Footage(
        cameras=await _recorded(tx, list(wanted), since, until),
        rights=[
            RightOut(
                ticket=one.number,
                camera_ids=list(one.camera_ids),
                start=one.span.begin,
                end=one.span.end,
                expires_at=one.expires_at,
            )
            for one in allowed
            if one.span is not None
        ],
        bookmarks=[_mark(one, who) for one in marks],
        as_of=tx.now(),
    )


async def _recorded(tx: Tx, cameras: list[str], since: datetime, until: datetime) -> list[FootageCamera]:
    values = {"cameras": cameras, "since": since, "until": until, "now": tx.now(), "days": DAYS}
    found: dict[str, list[Span]] = {id_: [] for id_ in cameras}
    for row in await tx.rows(queries.SPANS, values):
        start, end = max(row["started_at"], since), min(row["ended_at"], until)
        found[row["camera_id"]].append(Span(ms(start), ms(end)))
    return [
        FootageCamera(
            camera_id=id_,
            spans=[SpanOut(start=at(one.start_ms), end=at(one.end_ms)) for one in spans(parts)],
        )
        for id_, parts in found.items()
    ]


@router.post("/incidents/{incident_id}/footage", status_code=201)
async def open_footage(
    incident_id: UUID,
    form: StretchForm,
    tx: TxDep,
    who: Opens,
    context: ContextDep,
    language: LanguageDep,
    response: Response,
) -> StretchOut:
    """The right to see a stretch of the past of some cameras for a few minutes, under the view ticket that allows it.
    Each is a line of the disclosure register and of the audit log before its ticket leaves. A camera that no view
    ticket opens says why; 409 where none is opened, and where the incident is closed.
    """
    response.headers["Cache-Control"] = "no-store"
    if context.settings.video_url is None:
        raise Unavailable("video.relay.away")
    row = await pictures.held_open(tx, who, incident_id)
    span = Stretch(form.start, form.end)
    items: list[StretchTicket] = []
    refused: Conflict | None = None
    for id_ in dict.fromkeys(form.camera_ids):
        try:
            right = await rights.past(tx, who, id_, span, row["id"])
        except Conflict as error:
            refused = error
            why = context.catalogue.text(language, error.key, dict(error.params))
            items.append(StretchTicket(camera_id=id_, ticket=None, expires_at=None, refused=why))
            continue
        given = await openings.grant(
            tx, who, id_, row["id"], form.purpose, receipt_no=row["receipt_no"], right=right, span=span, bound=False
        )
        items.append(StretchTicket(camera_id=id_, ticket=given.ticket, expires_at=given.expires_at, refused=None))
    if refused is not None and not any(one.ticket for one in items):
        raise refused
    return StretchOut(url=context.settings.video_url.rstrip("/") + PATH, items=items)


@router.post("/incidents/{incident_id}/bookmarks", status_code=201)
async def add_bookmark(incident_id: UUID, form: BookmarkForm, tx: TxDep, who: Sees) -> BookmarkOut:
    """Mark a moment of the past for the incident, with a note."""
    return _mark(await bookmarks.add(tx, who, incident_id, form.camera_id, form.at, form.note), who)


@router.delete("/incidents/{incident_id}/bookmarks/{bookmark_id}", status_code=204)
async def drop_bookmark(incident_id: UUID, bookmark_id: UUID, tx: TxDep, who: Sees) -> None:
    """Take back a mark of one's own."""
    await bookmarks.drop(tx, who, incident_id, bookmark_id)


def _mark(one: Bookmark, who: Principal) -> BookmarkOut:
    return BookmarkOut(
        id=one.id,
        camera_id=one.camera_id,
        at=one.at,
        note=one.note,
        made_at=one.made_at,
        mine=one.made_by == who.actor,
    )
