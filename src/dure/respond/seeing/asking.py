"""An officer asks to see: one press makes a view ticket of the five cameras around the place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, FieldError, Invalid
from dure.kernel.geometry import LonLat, distance_m
from dure.respond import queries, timeline
from dure.respond.changes import changed, taken
from dure.respond.model import Mode, Status
from dure.respond.pictures import chosen
from dure.respond.policy import desk_of
from dure.respond.timeline import Entry
from dure.trust.principal import Principal
from dure.video.tickets import rules, store
from dure.video.tickets.model import CENTRE, LONGEST_SPAN, MOST_CAMERAS, Kind, Span
from dure.video.tickets.rules import Asked, Rule
from dure.video.tickets.store import Wanted

_CAMERAS = text("select id, lon, lat from camera where id = any(:ids)")


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks for, as it was said."""

    purpose: str
    live: bool
    begin: datetime | None
    end: datetime | None
    export: bool
    camera_ids: tuple[str, ...] | None
    ground: str | None
    document: str | None
    lasts: timedelta


async def ask(tx: Tx, principal: Principal, incident_id: UUID, request: Request) -> list[RowMapping]:
    """The tickets for it: one for live, one for the past or its file, as far as each was asked for; asked for again,
    the one that stands. The centre's own people see live without one. Raises NotFound, Conflict for an incident that is
    closed or without cameras, Invalid for a span or a camera that is none.
    """
    row = await taken(tx, principal, incident_id)
    if row["status"] == Status.CLOSED:
        raise Conflict("respond.incident.closed")
    span = span_of(request, tx.now())
    kinds: list[Kind] = ["live"] if request.live and not principal.roles & CENTRE else []
    if span is not None:
        kinds.append("export" if request.export else "past")
    if not kinds:
        raise Conflict("video.ticket.not_needed")
    around = await chosen(tx, incident_id)
    cameras = tuple(request.camera_ids or around[:MOST_CAMERAS])
    places = await _places(tx, cameras)
    made = []
    for kind in kinds:
        live = kind == "live"
        wanted = Wanted(
            incident_id,
            row["receipt_no"],
            kind,
            cameras,
            set(cameras) <= set(around),
            request.purpose,
            request.lasts,
            None if live else span,
            request.ground,
            request.document,
        )
        rule = await _rule(tx, principal, row, places) if live else None
        ticket, new = await store.make(tx, principal, wanted, rule)
        made.append(ticket)
        if new:
            said = {"kind": kind, "n": len(cameras), "number": ticket["number"]}
            name = "video_opened" if rule else "video_requested"
            await timeline.add(tx, incident_id, Entry.CAMERA, name, said, actor=principal.name)
            await changed(tx, incident_id, "video")
    return made


def span_of(request: Request, now: datetime) -> Span | None:
    """The stretch of the past that is asked for, if any. Raises Invalid for one that is none."""
    begin, end = request.begin, request.end
    if begin is None and end is None:
        if request.export:
            raise _wrong("past_from")
        return None
    if begin is None or end is None or begin.tzinfo is None or end.tzinfo is None:
        raise _wrong("past_from" if begin is None or begin.tzinfo is None else "past_until")
    # A screen's clock may be a little ahead of ours.
    if not begin < end <= now + timedelta(minutes=1) or end - begin > LONGEST_SPAN:
        raise _wrong("past_until")
    return Span(begin, end)


def _wrong(field: str) -> Invalid:
    return Invalid("engine.fields.wrong", fields=[FieldError(field, "video.ticket.span")])


async def _places(tx: Tx, cameras: Sequence[str]) -> list[LonLat | None]:
    """Where these cameras are. Raises Conflict where there is none, Invalid for one that is not registered."""
    if not cameras:
        raise Conflict("video.ticket.no_cameras")
    known = {one["id"]: one for one in await tx.rows(_CAMERAS, {"ids": list(cameras)})}
    for id_ in cameras:
        if id_ not in known:
            wrong = FieldError("camera_ids", "video.ticket.camera_unknown", {"camera": id_})
            raise Invalid("engine.fields.wrong", fields=[wrong])
    rows = [known[id_] for id_ in cameras]
    return [None if row["lon"] is None else LonLat(row["lon"], row["lat"]) for row in rows]


async def _rule(tx: Tx, principal: Principal, incident: RowMapping, places: Sequence[LonLat | None]) -> Rule | None:
    """The rule by which live opens by itself for this officer."""
    desk = desk_of(principal)
    handed = await queries.handed_to(tx, incident["id"])
    farthest: float | None = None
    if incident["lon"] is not None and all(place is not None for place in places):
        at = LonLat(incident["lon"], incident["lat"])
        farthest = max(distance_m(at, place) for place in places if place is not None)
    asked = Asked(
        principal.roles,
        desk is not None and (desk in handed or desk == incident["reported_by_agency"]),
        principal.network is not None,
        incident["type"],
        incident["mode"] == Mode.REAL,
        farthest,
    )
    return rules.opens(asked, tx.now().date())
