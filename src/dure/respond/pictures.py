"""Seeing an incident's cameras: only for an open incident that the asker may read, only those chosen for it, only with
a purpose that is written down first. What takes the reason away ends the pictures in the same transaction.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response
from pydantic import BaseModel, StringConstraints
from sqlalchemy import text

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

router = Router(tags=["video"])
Opens = Annotated[Principal, Depends(require("video.open"))]
_HOLD = text("select 1 from incident where id = :id for share")
"""Who closes it at this moment comes before or after: no picture is given to a case that is over."""
_CHOSEN = text("select camera_id from incident_camera where incident_id = :incident")


class OpeningForm(Model):
    """Which camera, for which incident, and why."""

    camera_id: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    incident_id: UUID
    purpose: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=200)]


class OpeningOut(BaseModel):
    """Where the picture comes from (a WebSocket), and the ticket to be said there first."""

    url: str
    ticket: str
    expires_at: datetime


@router.post("/video/openings", status_code=201)
async def open_camera(tx: TxDep, form: OpeningForm, who: Opens, context: ContextDep, response: Response) -> OpeningOut:
    """The right to see one camera for a few minutes, for this session (or token) and address alone. It is in the audit
    log before the ticket leaves. 403 where the camera is not one of the incident's, 409 where the incident is closed.
    """
    response.headers["Cache-Control"] = "no-store"
    if context.settings.video_url is None:
        raise Unavailable("video.relay.away")
    given = await grant(tx, who, form.camera_id, form.incident_id, form.purpose)
    return OpeningOut(
        url=context.settings.video_url.rstrip("/") + PATH, ticket=given.ticket, expires_at=given.expires_at
    )


async def grant(tx: Tx, principal: Principal, camera_id: str, incident_id: UUID, purpose: str) -> openings.Given:
    """Decide, and give. Raises NotFound for an incident that they may not know of, Conflict for one that is closed or
    was merged (its root has the cameras then) and for a camera without an address, Forbidden for any other camera.
    """
    await tx.execute(_HOLD, {"id": incident_id})
    row = await reading.one(tx, incident_id, scope_of(principal, TYPES))
    if row["status"] == Status.CLOSED or row["merged_into"] is not None:
        raise Conflict("respond.incident.closed")
    if camera_id not in await chosen(tx, row["id"]):
        raise Forbidden("video.camera.not_chosen")
    return await openings.grant(tx, principal, camera_id, row["id"], purpose)


async def chosen(tx: Tx, incident_id: UUID) -> list[str]:
    """The cameras that were chosen for an incident."""
    return [row["camera_id"] for row in await tx.rows(_CHOSEN, {"incident": incident_id})]
