"""Messages of a hand-off between the control room and an agency: on the agency's screen in dure, and by its door."""

from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.errors import Forbidden, NotFound
from dure.respond import handoffs, queries, timeline
from dure.respond.changes import changed, taken
from dure.respond.doors import sending
from dure.respond.doors.hearing import keep_message
from dure.respond.doors.model import What
from dure.respond.policy import desk_of, may_answer
from dure.respond.timeline import Entry
from dure.trust import audit
from dure.trust.principal import Principal

_ROW = text(
    "select h.id, h.incident_id, h.agency_id from handoff h join incident i on i.id = h.incident_id "
    "where h.id = :id and (i.id = :incident or i.merged_into = :incident)"
)


async def say(tx: Tx, principal: Principal, incident_id: UUID, handoff_id: UUID, words: str) -> UUID:
    """Say something to the other side of a hand-off; the message's id. The control room's goes out by the agency's door
    where it has one; an agency's own desk speaks to the control room.

    Raises NotFound, and Forbidden for another agency's hand-off.
    """
    await taken(tx, principal, incident_id, merged_too=True)
    row = await tx.row(_ROW, {"id": handoff_id, "incident": incident_id})
    if row is None:
        raise NotFound("respond.handoff.unknown")
    if not may_answer(principal, row["agency_id"]):
        raise Forbidden("respond.handoff.not_yours")
    side = "agency" if desk_of(principal) == row["agency_id"] else "city"
    message = await keep_message(tx, row, side, principal.name, words, tx.now())
    if side == "city":
        await sending.post(tx, handoff_id, What.MESSAGE, message)
    agency = await queries.agency(tx, row["agency_id"])
    params = {"side": side, **handoffs.names(agency)}
    await timeline.add(
        tx, row["incident_id"], Entry.HANDOFF, "handoff_said", params, actor=principal.name, words=words
    )  # fmt: skip
    await changed(tx, row["incident_id"], "handoff")
    await audit.record(tx, principal, "handoff.say", "incident", row["incident_id"], purpose=row["agency_id"])
    return message
