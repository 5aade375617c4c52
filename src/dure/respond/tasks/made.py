"""Tasks that dure asks by itself or by a manual, and what ends them without a person's word on the task."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.ids import new_id
from dure.respond import queries, timeline
from dure.respond.timeline import Entry

_DONE = text(
    "update incident_task set state = 'done', done_at = :now, done_by = :by, version = version + 1 "
    "where incident_id = :id and kind = :kind and state in ('asked', 'taken')"
)
_ENDED = text(
    "update incident_task set state = 'done', done_at = :now, done_by = :by, version = version + 1 "
    "where state in ('asked', 'taken') and incident_id = :incident and id::text = any(:ids)"
)
_GONE = text(
    "update incident_task set state = 'cancelled', cancelled_at = :now, cancelled_by = :by, version = version + 1 "
    "where state in ('asked', 'taken') and incident_id = :incident and id::text = any(:ids)"
)


async def ask(
    tx: Tx,
    incident_id: UUID,
    kind: str,
    due_at: datetime | None,
    *,
    role: str,
    agency_id: str | None = None,
    title: str | None = None,
    holder: str | None = None,
    answers: bool = False,
) -> UUID:
    """Ask it; its id. `kind` once in an incident; `role` is whose it is where the agency cannot be asked by dure.
    `answers`: it ends by an answer to the manual.
    """
    task_id = new_id()
    row = {
        "id": task_id,
        "incident_id": incident_id,
        "kind": kind,
        "role": role,
        "agency_id": agency_id,
        "created_at": tx.now(),
        "due_at": due_at,
        "title": title,
        "holder": holder,
        "wants": "answer" if answers else "done",
    }
    await queries.insert(tx, "incident_task", [row])
    return task_id


async def done(tx: Tx, incident_id: UUID, kind: str, by: str | None) -> None:
    """The task of this kind is done, by a desk or (None) by what happened; nothing where there is none waiting."""
    result = await tx.execute(_DONE, {"now": tx.now(), "by": by, "id": incident_id, "kind": kind})
    if result.rowcount:
        await timeline.add(tx, incident_id, Entry.TASK, f"{kind}_done", actor=by)


async def ended(tx: Tx, incident_id: UUID, ids: list[str], by: str | None) -> None:
    """These are done, since the manual's act that asked them is."""
    await tx.execute(_ENDED, {"now": tx.now(), "by": by, "incident": incident_id, "ids": ids})


async def withdrawn(tx: Tx, incident_id: UUID, ids: list[str], by: str | None) -> None:
    """These are wanted no more, since the manual's act that asked them is not."""
    await tx.execute(_GONE, {"now": tx.now(), "by": by, "incident": incident_id, "ids": ids})
