"""Deadlines that pass: each is noted once, on the timeline and on every screen. The manual notes its own."""

from typing import Final

from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.respond import timeline
from dure.respond.changes import changed
from dure.respond.tasks import reading
from dure.respond.timeline import Entry

EVERY_S: Final = 2.0
MOST: Final = 200
_PASSED = text(
    "select t.incident_id, array_agg(t.id) as ids from (select t.id, t.incident_id from incident_task t "
    "join incident i on i.id = t.incident_id where t.state in ('asked', 'taken') and t.late_at is null "
    "and t.due_at < :now and i.status <> 'closed' order by t.due_at limit :most) t group by t.incident_id"
)
_HELD = text("select 1 from incident where id = :id and status <> 'closed' for update skip locked")
_NOTE = text(
    "update incident_task set late_at = :now, version = version + 1 where id = any(:ids) and late_at is null "
    "and state in ('asked', 'taken') returning *"
)


async def run(context: Context) -> None:
    """Note what has passed by now."""
    async with context.database.transaction() as tx:
        passed = await tx.rows(_PASSED, {"now": tx.now(), "most": MOST})
    for each in passed:
        async with context.database.transaction() as tx:
            await _note(tx, each["incident_id"], each["ids"])


async def _note(tx: Tx, incident_id: object, ids: list[object]) -> None:
    """Whoever works on the incident at this moment goes first; the next look finds the rest."""
    if await tx.scalar(_HELD, {"id": incident_id}) is None:
        return
    rows = await tx.rows(_NOTE, {"now": tx.now(), "ids": ids})
    for row in rows:
        if row["kind"].startswith("playbook:"):
            continue
        params = {**await reading.named(tx, dict(row)), "task": reading.short_title(row), "kind": row["kind"]}
        await timeline.add(tx, row["incident_id"], Entry.TASK, "task_late", params)
    if rows:
        await changed(tx, rows[0]["incident_id"], "task_late")
