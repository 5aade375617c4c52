"""The right to see one camera: given for an incident and a purpose, good for a short time, for the session (or token)
and the address that asked, and ended with the incident. Whoever calls has decided that the asker may
(respond/pictures.py).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict
from dure.kernel.ids import new_id
from dure.trust import audit, secret
from dure.trust.principal import Principal
from dure.trust.roles import Role
from dure.trust.vault import reasons, texts

LASTS = timedelta(minutes=5)
"""A screen that goes on watching asks again before that, and leaves another line in the audit log."""
PURPOSE = "video_opening.purpose"
"""Why somebody looked: sealed under the incident's key, as other words about it are (`vault.texts`)."""
CHANNEL = "dure_video"
TICKET = "durev"
Ended = Literal["closed", "merged", "cameras"]

_GRANT = text(
    "insert into video_opening (id, ticket_hash, camera_id, incident_id, purpose, actor_kind, actor_id, actor_name, "
    "agency_id, session_id, roles, shared, address, rights_end_at, opened_at, expires_at) values (:id, :digest, "
    ":camera, :incident, :purpose, :kind, :actor, :name, :agency, :session, :roles, :shared, :address, :rights_end, "
    ":now, :until)"
)
_HAS_STREAM = text("select stream_url is not null as has, state from camera where id = :id")
_END = text(
    "update video_opening set ended_at = :now, ended_by = :by where incident_id = :incident and ended_at is null "
    "and camera_id <> all(:kept)"
)
_BY_TICKET = text("select * from video_opening where ticket_hash = :digest and ended_at is null and expires_at > :now")
_STANDING = text("select id from video_opening where id = any(:ids) and ended_at is null and expires_at > :now")


@dataclass(frozen=True, slots=True)
class Given:
    """A ticket, which nobody can read again, and until when it is good."""

    ticket: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Opening:
    """A right that stands: for whom, which camera, for which incident, from where, until when."""

    id: UUID
    camera_id: str
    incident_id: UUID
    principal: Principal
    expires_at: datetime


async def grant(tx: Tx, principal: Principal, camera_id: str, incident_id: UUID, purpose: str) -> Given:
    """Give the right and leave its line in the audit log; both stand before anything is shown, because the picture
    comes by the ticket only. Raises Conflict where nobody has said where the camera's picture comes from.
    """
    known = await tx.row(_HAS_STREAM, {"id": camera_id})
    if known is None or not known["has"]:
        raise Conflict("video.camera.no_stream", camera=camera_id)
    now = tx.now()
    until = min(filter(None, (now + LASTS, principal.expires_at)))
    ticket = secret.new(TICKET)
    await tx.execute(
        _GRANT,
        {
            "id": new_id(),
            "digest": secret.digest(ticket),
            "camera": camera_id,
            "incident": incident_id,
            "purpose": await texts.sealed_line(tx, incident_id, PURPOSE, purpose),
            "kind": principal.kind,
            "actor": principal.id,
            "name": principal.name,
            "agency": principal.agency_id,
            "session": principal.session_id,
            "roles": sorted(role.value for role in principal.roles),
            "shared": principal.shared,
            "address": principal.address,
            "rights_end": principal.expires_at,
            "now": now,
            "until": until,
        },
    )
    why = await reasons.sealed(tx, principal, purpose, incident_id=incident_id)
    await audit.record(tx, principal, "video.open", "camera", camera_id, purpose=why, case=incident_id)
    return Given(ticket, until)


async def redeem(tx: Tx, ticket: str, address: str | None) -> Opening | None:
    """The right that a ticket carries; None for one that is forged, over, ended, or shown from another address."""
    row = await tx.row(_BY_TICKET, {"digest": secret.digest(ticket), "now": tx.now()})
    if row is None or row["address"] != address:
        return None
    return _opening(row)


def _opening(row: RowMapping) -> Opening:
    principal = Principal(
        row["actor_kind"],
        row["actor_id"],
        row["actor_name"],
        frozenset(Role(role) for role in row["roles"]),
        agency_id=row["agency_id"],
        session_id=row["session_id"],
        address=row["address"],
        expires_at=row["rights_end_at"],
        shared=row["shared"],
    )
    return Opening(row["id"], row["camera_id"], row["incident_id"], principal, row["expires_at"])


async def end(tx: Tx, incident_id: UUID, by: Ended, *, kept: Collection[str] = ()) -> None:
    """End the rights that an incident gave, but for these cameras; pictures stop within a second of the commit."""
    done = await tx.execute(_END, {"incident": incident_id, "now": tx.now(), "by": by, "kept": list(kept)})
    if done.rowcount:
        await look_again(tx)


async def look_again(tx: Tx) -> None:
    """Have the relay judge all pictures as soon as this transaction has committed."""
    await tx.execute(text(f"notify {CHANNEL}"))


async def standing(tx: Tx, ids: Iterable[UUID]) -> set[UUID]:
    """Those of these rights that still stand."""
    return {row["id"] for row in await tx.rows(_STANDING, {"ids": list(ids), "now": tx.now()})}
