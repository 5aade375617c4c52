"""Writing how far letters have come. Whoever writes holds the incident first, as everybody who changes one does."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.respond import queries, timeline
from dure.respond.changes import changed
from dure.respond.doors import model
from dure.respond.doors.model import (
    Doubt,
    Lookup,
    NotNow,
    Outcome,
    Refused,
    Sending,
    Taken,
    Unheard,
    What,
    again_at,
    settled,
    spent,
)
from dure.respond.timeline import Entry

_INCIDENT = text("select h.incident_id from handoff_send s join handoff h on h.id = s.handoff_id where s.id = :id")
_ROW = text(
    "select s.*, h.incident_id, h.kind, a.name, a.name_en from handoff_send s join handoff h on h.id = s.handoff_id "
    "join agency a on a.id = s.agency_id where s.id = :id for update of s"
)
_NUMBER = text("update handoff set outside_ref = coalesce(outside_ref, :number) where id = :id")
_WELL = text("update handoff_door set last_ok_at = :now, last_fault = null where agency_id = :agency")
_ILL = text("update handoff_door set last_fault = :why, last_fault_at = :now where agency_id = :agency")
_COME = text(
    "update handoff_send set next_at = :now where agency_id = :agency and status in ('queued', 'unknown') "
    "and next_at > :now"
)
_STAND = text(
    "update handoff_send set status = :status, reason = :reason, next_at = :next_at, version = version + 1, "
    "sent_at = case when :status = 'sent' then cast(:now as timestamptz) else sent_at end, "
    "ended_at = case when :status in ('sent', 'dead', 'given_up') then cast(:now as timestamptz) else null end, "
    "doubled = doubled + :doubled where id = :id"
)


async def stand(
    tx: Tx, send_id: UUID, status: Sending, *, reason: str | None = None, next_at: datetime | None = None,
    doubled: int = 0,
) -> None:  # fmt: skip
    """Write how far a letter has come."""
    values = {
        "id": send_id,
        "status": status.value,
        "reason": None if reason is None else reason[:80],
        "next_at": next_at,
        "now": tx.now(),
        "doubled": doubled,
    }
    await tx.execute(_STAND, values)


async def ended(tx: Tx, reference: UUID, outcome: Outcome) -> None:
    """Write how an attempt ended. What was settled otherwise meanwhile stays."""
    row = await _locked(tx, reference)
    if row is None or row["status"] != Sending.SENDING:
        return
    match outcome:
        case Taken(number):
            await _arrived(tx, row, number)
            return
        case Refused(code):
            await _die(tx, row, code)
        case NotNow(code, after):
            await _later(tx, row, code, after)
        case Unheard(code):
            if spent(row["tries"], life_safety=row["life_safety"]):
                await _die(tx, row, code)
            else:
                await stand(tx, row["id"], Sending.UNKNOWN, reason=code, next_at=tx.now() + model.ASK_AFTER)
    await tx.execute(_ILL, {"agency": row["agency_id"], "why": outcome.code[:80], "now": tx.now()})


async def answered(tx: Tx, reference: UUID, found: Lookup) -> None:
    """Write what came of having asked."""
    row = await _locked(tx, reference)
    if row is None or row["status"] != Sending.UNKNOWN:
        return
    life = bool(row["life_safety"])
    match settled(found, life_safety=life):
        case Doubt.ARRIVED:
            await _arrived(tx, row, None)
        case Doubt.AGAIN:
            await stand(tx, row["id"], Sending.QUEUED, reason="not_taken", next_at=tx.now())
        case Doubt.AGAIN_DOUBLED:
            await stand(tx, row["id"], Sending.QUEUED, reason="maybe_doubled", next_at=tx.now(), doubled=1)
        case Doubt.PERSON:
            await stand(tx, row["id"], Sending.UNKNOWN, reason="person_needed")
            await changed(tx, row["incident_id"], "handoff")
        case Doubt.LATER:
            at = again_at(row["id"], row["tries"] + 3, tx.now(), life_safety=life)
            await stand(tx, row["id"], Sending.UNKNOWN, reason=row["reason"], next_at=at)


async def _arrived(tx: Tx, row: RowMapping, number: str | None) -> None:
    now = tx.now()
    await stand(tx, row["id"], Sending.SENT)
    await tx.execute(_WELL, {"agency": row["agency_id"], "now": now})
    await tx.execute(_COME, {"agency": row["agency_id"], "now": now})
    if row["what"] == What.HANDOFF:
        if number is not None:
            await tx.execute(_NUMBER, {"id": row["handoff_id"], "number": number})
        seconds = round((now - row["created_at"]).total_seconds())
        await timeline.add(tx, row["incident_id"], Entry.HANDOFF, "handoff_taken", {**_names(row), "seconds": seconds})
    await changed(tx, row["incident_id"], "handoff")


async def _later(tx: Tx, row: RowMapping, code: str, after: timedelta | None) -> None:
    life = bool(row["life_safety"])
    if spent(row["tries"], life_safety=life):
        await _die(tx, row, code)
        return
    now = tx.now()
    at = again_at(row["id"], row["tries"], now, life_safety=life)
    if after is not None:
        at = max(at, now + after)
    await stand(tx, row["id"], Sending.QUEUED, reason=code, next_at=at)
    if row["tries"] == 1 and row["what"] == What.HANDOFF:  # said once: somebody may want to telephone meanwhile
        await timeline.add(tx, row["incident_id"], Entry.HANDOFF, "handoff_waits", _names(row))
        await changed(tx, row["incident_id"], "handoff")


async def dead(tx: Tx, reference: UUID, code: str) -> None:
    """A letter does not go by itself any more, and the timeline says so."""
    row = await _locked(tx, reference)
    if row is not None:
        await _die(tx, row, code)


async def _locked(tx: Tx, reference: UUID) -> RowMapping | None:
    incident = await tx.scalar(_INCIDENT, {"id": reference})
    if incident is None:
        return None
    await queries.locked_with_root(tx, incident)
    return await tx.row(_ROW, {"id": reference})


async def _die(tx: Tx, row: RowMapping, code: str) -> None:
    await stand(tx, row["id"], Sending.DEAD, reason=code)
    await timeline.add(tx, row["incident_id"], Entry.HANDOFF, "handoff_dead", {**_names(row), "code": code})
    await changed(tx, row["incident_id"], "handoff")


def _names(row: RowMapping) -> dict[str, str]:
    return {"agency_id": row["agency_id"], "agency_ko": row["name"], "agency_en": row["name_en"], "what": row["what"]}
