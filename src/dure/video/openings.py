"""The right to see one camera: given for an incident and a purpose, good for a short time, for the session (or token)
and the address that asked, and ended with the incident and with the view ticket that it hangs on. Whoever calls has
decided that the asker may (respond/pictures.py). Each is a line of the disclosure register before it is used.
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
from dure.video.tickets import register, store
from dure.video.tickets.model import Kind, Right, Span
from dure.video.tickets.register import Shown

LASTS = timedelta(minutes=5)
"""A screen that goes on watching asks again before that, and leaves another line in the audit log."""
PURPOSE = "video_opening.purpose"
"""Why somebody looked: sealed under the incident's key, as other words about it are (`vault.texts`)."""
CHANNEL = "dure_video"
TICKET = "durev"
Ended = Literal["closed", "merged", "cameras"]
"""What happened to the incident. Closing and merging end its view ticket, too; other cameras do not."""

_GRANT = text(
    "insert into video_opening (id, ticket_hash, camera_id, incident_id, purpose, actor_kind, actor_id, actor_name, "
    "agency_id, session_id, roles, shared, address, rights_end_at, opened_at, expires_at, ticket_id, disclosure_id, "
    "bound, span_from, span_until) values (:id, :digest, :camera, :incident, :purpose, :kind, :actor, :name, :agency, "
    ":session, :roles, :shared, :address, :rights_end, :now, :until, :right, :line, :bound, :span_from, :span_until)"
)
_HAS_STREAM = text("select stream_url is not null as has, state from camera where id = :id")
_END = text(
    "update video_opening set ended_at = :now, ended_by = :by where incident_id = :incident and ended_at is null "
    "and (bound or not :cameras_only) and camera_id <> all(:kept) returning disclosure_id"
)
_END_UNDER = text(
    "update video_opening set ended_at = :now, ended_by = :by where ticket_id = any(:tickets) and ended_at is null "
    "returning disclosure_id"
)
_STANDS = (
    "o.ended_at is null and o.expires_at > :now and (o.ticket_id is null or exists (select from video_ticket t "
    "where t.id = o.ticket_id and t.state = 'approved' and t.expires_at > :now))"
)
_BY_TICKET = text(f"select o.* from video_opening o where o.ticket_hash = :digest and {_STANDS}")
_STANDING = text(f"select o.id from video_opening o where o.id = any(:ids) and {_STANDS}")


@dataclass(frozen=True, slots=True)
class Given:
    """A ticket, which nobody can read again, and until when it is good."""

    ticket: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Opening:
    """A right that stands: for whom, which camera, for which incident (None: the centre's own watch), from where,
    until when; `bound`: only while the incident has this camera. `span` of the past, None where it is live.
    """

    id: UUID
    camera_id: str
    incident_id: UUID | None
    principal: Principal
    expires_at: datetime
    bound: bool = True
    span: Span | None = None


async def grant(
    tx: Tx,
    principal: Principal,
    camera_id: str,
    incident_id: UUID | None,
    purpose: str,
    *,
    receipt_no: str | None = None,
    right: Right | None = None,
    span: Span | None = None,
    bound: bool = True,
) -> Given:
    """Give the right and leave its lines in the register and in the audit log; all stand before anything is shown,
    because the picture comes by the ticket only. `right` is the view ticket that it hangs on, `span` the stretch of the
    past that it is for. Raises Conflict where nobody has said where the camera's picture comes from.
    """
    known = await tx.row(_HAS_STREAM, {"id": camera_id})
    if known is None or (span is None and not known["has"]):
        raise Conflict("video.camera.no_stream", camera=camera_id)
    now = tx.now()
    ends = (now + LASTS, principal.expires_at, None if right is None else right.expires_at)
    until = min(filter(None, ends))
    kind: Kind = "live" if span is None else "past"
    line = await register.write(
        tx, principal, Shown(camera_id, kind, purpose, until, incident_id, receipt_no, right, span)
    )
    ticket = secret.new(TICKET)
    why = await reasons.sealed(tx, principal, purpose, incident_id=incident_id)
    kept = why if incident_id is None else await texts.sealed_line(tx, incident_id, PURPOSE, purpose)
    values = {
        "id": new_id(),
        "digest": secret.digest(ticket),
        "camera": camera_id,
        "incident": incident_id,
        "purpose": kept,
        "right": None if right is None else right.id,
        "line": line,
        "bound": bound,
        "span_from": None if span is None else span.begin,
        "span_until": None if span is None else span.end,
        "now": now,
        "until": until,
    }
    await tx.execute(_GRANT, {**values, **_asker(principal)})
    action = "video.past" if span is not None else "video.open" if incident_id is not None else "video.watch"
    await audit.record(tx, principal, action, "camera", camera_id, purpose=why, case=incident_id)
    return Given(ticket, until)


def _asker(principal: Principal) -> dict[str, object]:
    """Who asks, as they stand now."""
    return {
        "kind": principal.kind,
        "actor": principal.id,
        "name": principal.name,
        "agency": principal.agency_id,
        "session": principal.session_id,
        "roles": sorted(role.value for role in principal.roles),
        "shared": principal.shared,
        "address": principal.address,
        "rights_end": principal.expires_at,
    }


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
    span = None if row["span_from"] is None else Span(row["span_from"], row["span_until"])
    return Opening(row["id"], row["camera_id"], row["incident_id"], principal, row["expires_at"], row["bound"], span)


async def end(tx: Tx, incident_id: UUID, by: Ended, *, kept: Collection[str] = ()) -> None:
    """End the rights that an incident gave, but for these cameras; pictures stop within a second of the commit. Closing
    and merging end its view tickets, too: they open nothing any more, whatever becomes of the incident.
    """
    values = {"incident": incident_id, "now": tx.now(), "by": by, "kept": list(kept), "cameras_only": by == "cameras"}
    done = await tx.rows(_END, values)
    tickets = [] if by == "cameras" else await store.end_of_incident(tx, incident_id, by)
    await register.over(tx, [row["disclosure_id"] for row in done if row["disclosure_id"]])
    if done or tickets:
        await look_again(tx)


async def end_under(tx: Tx, tickets: Collection[UUID], by: Literal["revoked", "expired"]) -> None:
    """End the rights that hang on view tickets that have ended; pictures stop within a second of the commit."""
    done = await tx.rows(_END_UNDER, {"tickets": list(tickets), "now": tx.now(), "by": by})
    await register.over(tx, [row["disclosure_id"] for row in done if row["disclosure_id"]])
    await look_again(tx)


async def look_again(tx: Tx) -> None:
    """Have the relay judge all pictures as soon as this transaction has committed."""
    tx.ring(CHANNEL)


async def standing(tx: Tx, ids: Iterable[UUID]) -> set[UUID]:
    """Those of these rights that still stand."""
    return {row["id"] for row in await tx.rows(_STANDING, {"ids": list(ids), "now": tx.now()})}
