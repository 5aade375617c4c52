"""Tasks of this first form: the operator checks a pre-alarm within its time. Steps of playbooks will add theirs."""

from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.respond import timeline
from dure.respond.timeline import Entry

_DONE = text(
    "update incident_task set done_at = :now, done_by = :by "
    "where incident_id = :id and kind = :kind and done_at is null"
)


async def done(tx: Tx, incident_id: UUID, kind: str, by: str | None) -> None:
    """The task is done, by a desk or (None) by what happened; nothing where there is none waiting."""
    result = await tx.execute(_DONE, {"now": tx.now(), "by": by, "id": incident_id, "kind": kind})
    if result.rowcount:
        await timeline.add(tx, incident_id, Entry.TASK, f"{kind}_done", actor=by)
