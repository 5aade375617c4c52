"""Letters as people see them: what waits, what is dead and why; to send one again, or to give it up with a reason."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.paging import Key
from dure.kernel.errors import Conflict, NotFound
from dure.respond import handoffs, queries, timeline
from dure.respond.changes import changed
from dure.respond.doors import sending
from dure.respond.doors.model import Sending
from dure.respond.timeline import Entry
from dure.trust import audit
from dure.trust.principal import Principal

_COLUMNS = (
    "s.id, s.handoff_id, s.agency_id, a.name as agency_name, a.name_en as agency_name_en, s.what, s.life_safety, "
    "s.status, s.reason, s.tries, s.doubled, s.again, s.next_at, s.created_at, s.sent_at, s.ended_at, s.ended_by, "
    "s.version, h.kind, h.incident_id, i.receipt_no, i.type from handoff_send s join handoff h on h.id = s.handoff_id "
    "join incident i on i.id = h.incident_id left join agency a on a.id = s.agency_id"
)
_LISTED = text(
    f"select {_COLUMNS} where (cast(:status as text) is null or s.status = :status "
    "or (:status = 'open' and (s.status = 'dead' or (s.status = 'unknown' and s.next_at is null)))) "
    "and (cast(:agency as text) is null or s.agency_id = :agency) "
    "and (cast(:at as timestamptz) is null or (s.created_at, s.id) < (:at, :id)) "
    "order by s.created_at desc, s.id desc limit :limit"
)
_ONE = text(f"select {_COLUMNS} where s.id = :id")
_LOCKED = text("select * from handoff_send where id = :id for update")
_AGAIN = text(
    "update handoff_send set status = 'queued', reason = null, tries = 0, again = again + 1, next_at = :now, "
    "ended_at = null, ended_by = :by, version = version + 1 where id = :id"
)
_GIVEN_UP = text(
    "update handoff_send set status = 'given_up', next_at = null, ended_at = :now, ended_by = :by, "
    "version = version + 1 where id = :id or (handoff_id = :handoff and :whole and status in ('queued', 'dead'))"
)


async def listed(tx: Tx, status: str | None, agency: str | None, after: Key | None, limit: int) -> Sequence[RowMapping]:
    """Letters, newest first; status `open`: those that wait for a person."""
    at, id_ = after or (None, None)
    values = {"status": status, "agency": agency, "at": at, "id": id_, "limit": limit}
    return await tx.rows(_LISTED, values)


async def one(tx: Tx, letter_id: UUID) -> RowMapping:
    """One letter. Raises NotFound."""
    row = await tx.row(_ONE, {"id": letter_id})
    if row is None:
        raise NotFound("respond.letter.unknown")
    return row


async def again(tx: Tx, principal: Principal, letter_id: UUID) -> None:
    """Send it again, under the same reference: the other side takes it once. Raises NotFound, Conflict."""
    row = await _waiting(tx, letter_id)
    await tx.execute(_AGAIN, {"id": letter_id, "now": tx.now(), "by": principal.name})
    await sending.ring(tx)
    await _told(tx, principal, row, "letter_again", None)


async def give_up(tx: Tx, principal: Principal, letter_id: UUID, reason: str) -> None:
    """Give it up, with the reason; with a hand-off's letter what was said about it afterwards goes, too. Raises
    NotFound, Conflict.
    """
    row = await _waiting(tx, letter_id)
    await tx.execute(
        _GIVEN_UP,
        {
            "id": letter_id,
            "handoff": row["handoff_id"],
            "whole": row["what"] == "handoff",
            "now": tx.now(),
            "by": principal.name,
        },
    )
    await _told(tx, principal, row, "letter_given_up", reason)


async def _waiting(tx: Tx, letter_id: UUID) -> RowMapping:
    shown = await one(tx, letter_id)
    await queries.locked_with_root(tx, shown["incident_id"])
    row = await tx.row(_LOCKED, {"id": letter_id})
    assert row is not None
    if row["status"] != Sending.DEAD and not (row["status"] == Sending.UNKNOWN and row["next_at"] is None):
        raise Conflict("respond.letter.not_waiting")
    return shown


async def _told(tx: Tx, principal: Principal, row: RowMapping, name: str, reason: str | None) -> None:
    agency = await queries.agency(tx, row["agency_id"])
    params = {"what": row["what"], **handoffs.names(agency)}
    await timeline.add(tx, row["incident_id"], Entry.HANDOFF, name, params, actor=principal.name, words=reason)
    await changed(tx, row["incident_id"], "handoff")
    await audit.record(tx, principal, f"handoff.{name}", "incident", row["incident_id"], purpose=row["agency_id"])
