"""A run's life: reading, ready, applying, applied, undoing, undone; or cancelled, failed, expired."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, insert, select, text, update

from dure.city import events
from dure.city.imports.things import kind_of
from dure.city.kept import IMPORT_STAGING
from dure.city.tables import import_run
from dure.engine.database import Tx
from dure.kernel.errors import Conflict, NotFound
from dure.kernel.ids import new_id
from dure.trust.retention import recording, unused
from dure.trust.retention.model import Thing

PREVIEW_KEPT = timedelta(days=1)
UNDO_WITHIN = timedelta(days=7)
OPTIONS = ("epsg", "market", "level", "columns")
LOCK = 0x6475_7265_0001
"""First half of the advisory lock that the process which works on a run holds (the second is from its id)."""


async def create_run(tx: Tx, kind: str, file_name: str, size: int, sha256: str, options: Mapping[str, str]) -> UUID:
    """A new run in state reading. Raises UnreadableFile for a kind that is not there."""
    kind_of(kind)
    id_ = new_id()
    await tx.execute(
        insert(import_run).values(
            id=id_,
            kind=kind,
            file_name=Path(file_name.replace("\\", "/")).name[:200] or "file",
            file_size=size,
            sha256=sha256,
            options=dict(options),
            state="reading",
            created_at=tx.now(),
            updated_at=tx.now(),
            expires_at=tx.now() + PREVIEW_KEPT,
        )
    )
    await events.run_moved(tx, str(id_), 1)
    return id_


async def run_of(tx: Tx, run_id: UUID, *, lock: bool = False) -> RowMapping:
    """The run. Raises NotFound."""
    statement = select(import_run).where(import_run.c.id == run_id)
    row = await tx.row(statement.with_for_update() if lock else statement)
    if row is None:
        raise NotFound("city.import.run.unknown")
    return row


async def progress_of(tx: Tx, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """How far runs are, for screens that follow them."""
    wanted = [UUID(one) for one in ids]
    rows = await tx.rows(select(import_run).where(import_run.c.id.in_(wanted)))
    names = ("kind", "file_name", "state", "done", "total", "version", "agency_id")
    return {str(row["id"]): {"id": str(row["id"]), **{name: row[name] for name in names}} for row in rows}


async def move(tx: Tx, run_id: UUID, **columns: Any) -> None:
    """Change a run and tell of it."""
    version = await tx.scalar(
        update(import_run)
        .where(import_run.c.id == run_id)
        .values(**columns, version=import_run.c.version + 1, updated_at=tx.now())
        .returning(import_run.c.version)
    )
    if version is not None:
        await events.run_moved(tx, str(run_id), int(version))


async def begin(tx: Tx, run_id: UUID, state: str, *, of: Sequence[str]) -> RowMapping:
    """Take a run from one of the states `of` into `state`. Raises Conflict where it is in another."""
    run = await run_of(tx, run_id, lock=True)
    if run["state"] not in of:
        raise Conflict("city.import.run.state", state=run["state"])
    if state == "undoing" and (run["undo_until"] is None or run["undo_until"] < tx.now()):
        raise Conflict("city.import.run.undo_over")
    await move(tx, run_id, state=state, done=0, cancel=False)
    return run


async def cancel(tx: Tx, run_id: UUID) -> None:
    """Ask the process that works on a run to stop, or drop a preview that waits. Raises Conflict for a finished run."""
    run = await run_of(tx, run_id, lock=True)
    match run["state"]:
        case "reading" | "applying":
            await move(tx, run_id, cancel=True)
        case "ready":
            await drop_rows(tx, [run_id])
            await move(tx, run_id, state="cancelled")
        case state:
            raise Conflict("city.import.run.state", state=state)


async def drop_rows(tx: Tx, run_ids: Sequence[UUID]) -> None:
    """Forget the rows of previews: what was sealed in them goes too."""
    await tx.execute(text("delete from import_row where run_id = any(:ids)"), {"ids": list(run_ids)})


async def count_rows(tx: Tx, run_id: UUID) -> dict[str, Any]:
    """Counts by status, and by reason and note."""
    statuses = await tx.rows(
        text("select status, count(*) as n from import_row where run_id = :run group by status"), {"run": run_id}
    )
    counts: dict[str, Any] = dict.fromkeys(("added", "changed", "same", "rejected"), 0)
    counts |= {row["status"]: row["n"] for row in statuses}
    counts["read"] = sum(counts.values())
    for name in ("reasons", "notes"):
        rows = await tx.rows(
            text(
                f"select one->>'key' as key, count(distinct r.row) as n from import_row r, "
                f"jsonb_array_elements(r.{name}) one where r.run_id = :run group by 1 order by 2 desc, 1"
            ),
            {"run": run_id},
        )
        counts[name] = {row["key"]: row["n"] for row in rows}
    return counts


async def hold(tx: Tx, run_id: UUID) -> bool:
    """Hold the run for the length of this transaction; false where another process does."""
    return bool(await tx.scalar(text("select pg_try_advisory_xact_lock(:key)"), {"key": _lock_key(run_id)}))


def _lock_key(run_id: UUID) -> int:
    return (LOCK ^ (run_id.int & (2**63 - 1))) & (2**63 - 1)


async def expire(tx: Tx, now: datetime) -> dict[str, int]:
    """Drop previews whose time is over, end runs whose process is gone, and forget what can no longer be undone."""
    stale = await tx.rows(
        text(
            "select id, state from import_run "
            "where state in ('reading', 'applying', 'undoing') and updated_at < :before"
        ),
        {"before": now - timedelta(minutes=2)},
    )
    ended = 0
    for run in stale:
        if not await hold(tx, run["id"]):
            continue
        if run["state"] == "reading":
            problem = {"key": "city.import.run.interrupted", "params": {}}
            await drop_rows(tx, [run["id"]])
            await move(tx, run["id"], state="failed", problem=problem)
        else:
            await move(tx, run["id"], state="ready" if run["state"] == "applying" else "applied")
        ended += 1
    old = await tx.rows(
        text("select id from import_run where state = 'ready' and expires_at < :now for update skip locked"),
        {"now": now},
    )
    going = await _ending(tx, old, now)
    await drop_rows(tx, going)
    for run_id in going:
        await move(tx, run_id, state="expired")
    over = await tx.rows(
        text("select id from import_run where state = 'applied' and undo_until < :now for update skip locked"),
        {"now": now},
    )
    settled = await _ending(tx, over, now)
    for run_id in settled:
        await forget_undo(tx, run_id)
        await move(tx, run_id, undo_until=None)
    undone = await tx.rows(
        text(
            "select id from import_run r where state = 'undone' and undone_at < :before "
            "and exists (select from import_row where run_id = r.id) for update skip locked"
        ),
        {"before": now - PREVIEW_KEPT},
    )
    await drop_rows(tx, await _ending(tx, undone, now))
    await tx.execute(text("delete from camera_mark where at < :before"), {"before": now - timedelta(days=1)})
    return {"ended": ended, "expired": len(going), "settled": len(settled)}


async def _ending(tx: Tx, runs: Sequence[RowMapping], now: datetime) -> list[UUID]:
    """Which of these runs' rows go now: what an investigation holds stays."""
    going = await recording.ending(tx, IMPORT_STAGING, [Thing(str(run["id"]), now) for run in runs])
    return [UUID(one.id) for one in going]


async def forget_undo(tx: Tx, run_id: UUID) -> None:
    """Remove the images from before and the people in them that nothing needs any more, and the run's rows."""
    params = {"run": run_id}
    named = await tx.rows(
        text(
            "select distinct (before->>'person_id')::uuid as id from import_change "
            "where run_id = :run and before->>'person_id' is not null"
        ),
        params,
    )
    await tx.execute(text("delete from import_change where run_id = :run"), params)
    await tx.execute(text("delete from import_row where run_id = :run"), params)
    await unused.take_out(tx, [row["id"] for row in named])
