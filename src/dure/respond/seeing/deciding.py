"""The centre decides on requests, takes approvals back, and ends those whose time is over."""

from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.kernel.errors import Conflict, NotFound
from dure.respond import queries, timeline
from dure.respond.changes import changed
from dure.respond.model import Status
from dure.respond.timeline import Entry
from dure.trust.principal import Principal
from dure.video import openings
from dure.video.tickets import store
from dure.video.tickets.model import Decision

EVERY_S = 2.0
_INCIDENT_OF = text("select incident_id from video_ticket where id = :id")


async def decide(tx: Tx, principal: Principal, ticket_id: UUID, decision: Decision, *, approve: bool) -> RowMapping:
    """Approve or refuse. Raises NotFound, and Conflict where the incident is closed or the decision cannot stand."""
    incident = await _held(tx, ticket_id)
    if incident["status"] == Status.CLOSED:
        raise Conflict("respond.incident.closed")
    row = await store.decide(tx, principal, ticket_id, decision, approve=approve)
    name = "video_approved" if approve else "video_refused"
    await _told(tx, row, name, actor=principal.name, words=decision.reason or None)
    return row


async def revoke(tx: Tx, principal: Principal, ticket_id: UUID, reason: str) -> RowMapping:
    """Take an approval back; its pictures stop within a second. Raises NotFound, and Conflict where it does not
    stand.
    """
    await _held(tx, ticket_id)
    row = await store.revoke(tx, principal, ticket_id, reason)
    await openings.end_under(tx, [ticket_id], "revoked")
    await _told(tx, row, "video_revoked", actor=principal.name, words=reason)
    return row


async def expire(context: Context) -> None:
    """End the tickets whose time is over, incident by incident."""
    async with context.database.transaction() as tx:
        incidents = await store.due(tx)
    for incident_id in incidents:
        async with context.database.transaction() as tx:
            await queries.locked(tx, incident_id)
            rows = await store.expire(tx, incident_id)
            await openings.end_under(tx, [row["id"] for row in rows], "expired")
            for row in rows:
                await _told(tx, row, "video_expired")


async def _held(tx: Tx, ticket_id: UUID) -> RowMapping:
    """The ticket's incident, locked before the ticket, as closing does. Raises NotFound."""
    incident_id = await tx.scalar(_INCIDENT_OF, {"id": ticket_id})
    if incident_id is None:
        raise NotFound("video.ticket.unknown")
    return await queries.locked(tx, incident_id)


async def _told(tx: Tx, ticket: RowMapping, name: str, *, actor: str | None = None, words: str | None = None) -> None:
    said = {"kind": ticket["kind"], "n": len(ticket["camera_ids"]), "number": ticket["number"]}
    said["officer"] = ticket["officer_name"]
    await timeline.add(tx, ticket["incident_id"], Entry.CAMERA, name, said, actor=actor, words=words)
    await changed(tx, ticket["incident_id"], "video")
