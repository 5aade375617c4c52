"""Putting letters into the way out: a row of the transaction that wants it, and a bell for who sends."""

from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.ids import new_id
from dure.kernel.severity import Severity
from dure.respond.doors.model import What
from dure.respond.model import Mode

CHANNEL = "dure_door"
GRAVE = frozenset({Severity.CRITICAL, Severity.SERIOUS})
"""심각 and 경계: what goes first, and again where nobody can say whether it arrived."""

_ABOUT = text(
    "select h.agency_id, i.severity, i.mode from handoff h join incident i on i.id = h.incident_id "
    "join handoff_door d on d.agency_id = h.agency_id where h.id = :id and d.is_on and (i.mode = 'real' or d.drills)"
)
_INSERT = text(
    "insert into handoff_send (id, handoff_id, agency_id, what, message_id, life_safety, status, next_at, created_at) "
    "values (:id, :handoff, :agency, :what, :message, :life, 'queued', :now, :now)"
)
_WENT = text("select 1 from handoff_send where handoff_id = :id and what = 'handoff'")
_CLOSING = text(
    "select s.handoff_id from handoff_send s join handoff h on h.id = s.handoff_id "
    "where h.incident_id = :incident and s.what = 'handoff' and s.status <> 'given_up' and h.status <> 'declined' "
    "and not exists (select from handoff_send c where c.handoff_id = s.handoff_id and c.what = 'closed')"
)


async def post(tx: Tx, handoff_id: UUID, what: What, message_id: UUID | None = None) -> UUID | None:
    """Have a letter go out by the agency's door; its reference. None where the agency has no door for it: its screen in
    dure is all there is. A message goes only where its hand-off went.
    """
    about = await tx.row(_ABOUT, {"id": handoff_id})
    if about is None:
        return None
    if what is not What.HANDOFF and await tx.scalar(_WENT, {"id": handoff_id}) is None:
        return None
    reference = new_id()
    tx.later(
        _INSERT,
        {
            "id": reference,
            "handoff": handoff_id,
            "agency": about["agency_id"],
            "what": what.value,
            "message": message_id,
            "life": Mode(about["mode"]) is Mode.REAL and Severity(about["severity"]) in GRAVE,
            "now": tx.now(),
        },
    )
    await ring(tx)
    return reference


async def closed(tx: Tx, incident_id: UUID) -> None:
    """Tell the agencies that an incident went out to that the control room has closed it."""
    for row in await tx.rows(_CLOSING, {"incident": incident_id}):
        await post(tx, row["handoff_id"], What.CLOSED)


async def ring(tx: Tx) -> None:
    """Wake who sends, once this transaction has committed."""
    tx.ring(CHANNEL)
