"""Seeing an incident's cameras: only for an open incident that the asker may read, only with a purpose that is written
down first. The control centre sees those chosen for it as its own work; other agencies see those of a view ticket that
stands for them. What takes the reason away ends the pictures in the same transaction.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.web import ContextDep, Model, Router, TxDep
from dure.kernel.errors import Conflict, Forbidden, Unavailable
from dure.respond import reading
from dure.respond.model import Status
from dure.respond.policy import scope_of
from dure.respond.types import TYPES
from dure.trust.principal import Principal
from dure.trust.web import require
from dure.video import openings
from dure.video.doors import PATH
from dure.video.tickets import rights
from dure.video.tickets.model import CENTRE, MOST_CAMERAS

router = Router(tags=["video"])
Opens = Annotated[Principal, Depends(require("video.open"))]
Watches = Annotated[Principal, Depends(require("video.watch"))]
_HOLD = text("select 1 from incident where id = :id for share")
"""Who closes it at this moment comes before or after: no picture is given to a case that is over."""
_CHOSEN = text("select camera_id from incident_camera where incident_id = :incident")
_REASONS = text(
    "select i.id, i.type, i.reported_by_agency, "
    "array(select distinct h.agency_id from handoff h join incident m on m.id = h.incident_id "
    "where m.id = i.id or m.merged_into = i.id) as handed_to, "
    "array(select c.camera_id from incident_camera c where c.incident_id = i.id) as cameras "
    "from incident i where i.id = any(:ids) and i.status <> 'closed' and i.merged_into is null"
)


CameraId = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Purpose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=200)]
Beside = Annotated[
    list[CameraId],
    Field(
        default_factory=list,
        max_length=MOST_CAMERAS - 1,
        description="Further cameras of the same screen: all are given, or none.",
    ),
]


class OpeningForm(Model):
    """Which camera, for which incident, and why."""

    camera_id: CameraId
    beside: Beside
    incident_id: UUID
    purpose: Purpose


class WatchForm(Model):
    """Which camera, and why; for which incident, where it is for one."""

    camera_id: CameraId
    beside: Beside
    incident_id: UUID | None = None
    purpose: Purpose


class BesideOut(BaseModel):
    """The ticket for a further camera."""

    camera_id: str
    ticket: str
    expires_at: datetime


class OpeningOut(BaseModel):
    """Where the picture comes from (a WebSocket), and the ticket to be said there first; each further camera has its
    own connection and ticket.
    """

    url: str
    ticket: str
    expires_at: datetime
    beside: list[BesideOut]


@router.post("/video/openings", status_code=201)
async def open_camera(tx: TxDep, form: OpeningForm, who: Opens, context: ContextDep, response: Response) -> OpeningOut:
    """The right to see one camera (and those `beside` it) for a few minutes, for this session (or token) and address
    alone. Each is in the audit log before its ticket leaves. 403 where a camera is not one of the incident's, 409 where
    the incident is closed.
    """
    response.headers["Cache-Control"] = "no-store"
    if context.settings.video_url is None:
        raise Unavailable("video.relay.away")
    row = await held_open(tx, who, form.incident_id)
    cameras = list(dict.fromkeys([form.camera_id, *form.beside]))
    return _out(context.settings.video_url, {one: await _grant(tx, who, one, row, form.purpose) for one in cameras})


@router.post("/video/watch", status_code=201)
async def watch(tx: TxDep, form: WatchForm, who: Watches, context: ContextDep, response: Response) -> OpeningOut:
    """The right to see any camera for a few minutes, as the centre's own work: the wall, and who is followed from
    camera to camera. With an incident it ends with that. Each is a line of the register and of the audit log.
    """
    response.headers["Cache-Control"] = "no-store"
    if context.settings.video_url is None:
        raise Unavailable("video.relay.away")
    receipt_no = None
    if form.incident_id is not None:
        receipt_no = (await held_open(tx, who, form.incident_id))["receipt_no"]
    given = {
        one: await openings.grant(tx, who, one, form.incident_id, form.purpose, receipt_no=receipt_no, bound=False)
        for one in dict.fromkeys([form.camera_id, *form.beside])
    }
    return _out(context.settings.video_url, given)


def _out(video_url: str, given: dict[str, openings.Given]) -> OpeningOut:
    first, *rest = given.items()
    return OpeningOut(
        url=video_url.rstrip("/") + PATH,
        ticket=first[1].ticket,
        expires_at=first[1].expires_at,
        beside=[BesideOut(camera_id=id_, ticket=one.ticket, expires_at=one.expires_at) for id_, one in rest],
    )


async def _grant(tx: Tx, principal: Principal, camera_id: str, row: RowMapping, purpose: str) -> openings.Given:
    """Decide for an open incident, and give. Raises Conflict for a camera without an address and where another agency's
    officer has no view ticket that stands, Forbidden for a camera that is not the incident's.
    """
    right = None
    if not principal.roles & CENTRE:
        right = await rights.live(tx, principal, row["id"], camera_id)
        if right is None:
            raise Conflict("video.ticket.needed")
    bound = right is None or right.around
    if bound and camera_id not in await chosen(tx, row["id"]):
        raise Forbidden("video.camera.not_chosen")
    return await openings.grant(
        tx, principal, camera_id, row["id"], purpose, receipt_no=row["receipt_no"], right=right, bound=bound
    )


async def held_open(tx: Tx, principal: Principal, incident_id: UUID) -> RowMapping:
    """An open incident that `principal` may read, held against its closing until this transaction ends. Raises NotFound
    and Conflict.
    """
    await tx.execute(_HOLD, {"id": incident_id})
    row = await reading.one(tx, incident_id, scope_of(principal, TYPES))
    if row["status"] == Status.CLOSED or row["merged_into"] is not None:
        raise Conflict("respond.incident.closed")
    return row


async def chosen(tx: Tx, incident_id: UUID) -> list[str]:
    """The cameras that were chosen for an incident."""
    return [row["camera_id"] for row in await tx.rows(_CHOSEN, {"incident": incident_id})]


async def standing(tx: Tx, given: Collection[openings.Opening]) -> set[UUID]:
    """Those of these rights that would be given again now: the incident is open, within the asker's reach, and the
    camera is one of its. One read for all; the relay asks each second and whenever something was taken away.
    """
    rows = await tx.rows(_REASONS, {"ids": list({one.incident_id for one in given if one.incident_id is not None})})
    reasons = {row["id"]: row for row in rows}
    good = set()
    for one in given:
        if one.incident_id is None:
            good |= {one.id} if one.principal.roles & CENTRE else set()
            continue
        row = reasons.get(one.incident_id)
        if row is None or (one.bound and one.camera_id not in row["cameras"]):
            continue
        if scope_of(one.principal, TYPES).covers(row["type"], row["handed_to"], row["reported_by_agency"]):
            good.add(one.id)
    return good
