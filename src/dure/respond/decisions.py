"""결정: what was decided, by whom, why, when, and what else was weighed. A decision is never edited: a correction is
a new one that points to the old.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, FieldError, Invalid, NotFound, PreconditionFailed
from dure.kernel.ids import new_id
from dure.respond import queries, timeline
from dure.respond.changes import changed, taken
from dure.respond.timeline import Entry
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.vault import texts

_COLUMNS = ("what", "why", "alternatives")
_OF = text(
    "select d.*, c.id as corrected_by_id, c.number as corrected_by_number, o.number as corrects_number "
    "from incident_decision d join incident i on i.id = d.incident_id "
    "left join incident_decision c on c.corrects = d.id left join incident_decision o on o.id = d.corrects "
    "where i.id = :id or i.merged_into = :id order by d.decided_at desc, d.number desc limit 500"
)
_NEXT = text("select coalesce(max(number), 0) + 1 from incident_decision where incident_id = :id")
_OLD = text("select * from incident_decision where id = :id and incident_id = :incident")
_AFTER = text("select * from incident_decision where corrects = :id")


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as it is told. `by` is an account (id, label) where somebody else decided than who writes it down;
    `at` None: now.
    """

    what: str
    why: str
    alternatives: str = ""
    at: datetime | None = None
    by: RowMapping | None = None
    corrects: UUID | None = None


async def record(tx: Tx, principal: Principal, incident_id: UUID, decided: Decided) -> UUID:
    """Write it down; its id. Raises Invalid for a time to come or before the incident, NotFound for a decision that
    cannot be corrected, PreconditionFailed where somebody has corrected it already.
    """
    incident = await taken(tx, principal, incident_id)
    at = decided.at or tx.now()
    if not incident["signal_at"] <= at <= tx.now():
        raise Invalid("engine.fields.wrong", fields=[FieldError("at", "respond.decision.at")])
    if decided.corrects is not None:
        await _check_corrects(tx, incident_id, decided.corrects)
    number, decision_id = int(await tx.scalar(_NEXT, {"id": incident_id})), new_id()
    by = principal.name if decided.by is None else decided.by["label"]
    row: dict[str, Any] = {
        "id": decision_id,
        "incident_id": incident_id,
        "number": number,
        "decided_at": at,
        "decided_by": by,
        "decided_by_id": principal.actor if decided.by is None else f"account:{decided.by['id']}",
        "recorded_at": tx.now(),
        "recorded_by": principal.name,
        "recorded_by_id": principal.actor,
        "corrects": decided.corrects,
    }
    for column in _COLUMNS:
        row[column] = await texts.sealed(tx, incident_id, f"incident_decision.{column}", getattr(decided, column))
    await queries.insert(tx, "incident_decision", [row])
    key = "decision" if decided.corrects is None else "decision_corrected"
    said: dict[str, str | int] = {"number": number, "by": by}
    await timeline.add(tx, incident_id, Entry.DECISION, key, said, actor=principal.name, words=decided.what)
    await changed(tx, incident_id, "decision")
    await audit.record(tx, principal, "incident.decide", "incident", incident_id, purpose=str(decision_id))
    return decision_id


async def _check_corrects(tx: Tx, incident_id: UUID, corrects: UUID) -> None:
    old = await tx.row(_OLD, {"id": corrects, "incident": incident_id})
    if old is None:
        raise NotFound("respond.decision.unknown")
    newer = await tx.row(_AFTER, {"id": corrects})
    if newer is not None:
        raise PreconditionFailed(
            "respond.decision.corrected", number=old["number"], newer=newer["number"], by=newer["recorded_by"]
        )


async def of_incident(tx: Tx, incident_id: UUID) -> list[dict[str, Any]]:
    """The decisions of an incident and of those merged into it, newest first, with their words."""
    rows = texts.opened(tx, "incident_decision", await tx.rows(_OF, {"id": incident_id}), *_COLUMNS)
    return [_shown(row) for row in rows]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("number", *_COLUMNS, "decided_at", "decided_by", "recorded_at", "recorded_by")},
        "id": str(row["id"]),
        "incident_id": str(row["incident_id"]),
        "corrects": None if row["corrects"] is None else str(row["corrects"]),
        "corrects_number": row["corrects_number"],
        "corrected_by": None if row["corrected_by_id"] is None else str(row["corrected_by_id"]),
        "corrected_by_number": row["corrected_by_number"],
    }


async def correct_note(tx: Tx, principal: Principal, incident_id: UUID, entry: int, words: str) -> None:
    """Correct a note: a new entry that points to the old one, which stays. Raises NotFound where there is no such
    note, Conflict where it was corrected already.
    """
    await taken(tx, principal, incident_id, merged_too=True)
    old = await tx.row(
        text("select seq, at, actor from timeline where seq = :seq and incident_id = :id and kind = 'note' for update"),
        {"seq": entry, "id": incident_id},
    )
    if old is None:
        raise NotFound("respond.note.unknown")
    known = await tx.scalar(
        text("select actor from timeline where incident_id = :id and kind = 'note' and params ->> 'corrects' = :seq"),
        {"id": incident_id, "seq": str(entry)},
    )
    if known is not None:
        raise Conflict("respond.note.corrected", by=known)
    said = {"corrects": str(entry), "by": old["actor"] or ""}
    await timeline.add(tx, incident_id, Entry.NOTE, "note_corrected", said, actor=principal.name, words=words)
    await changed(tx, incident_id, "note")
    await audit.record(tx, principal, "incident.note_correct", "incident", incident_id, purpose=str(entry))
