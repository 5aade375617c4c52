"""Undoing an applied import: what it made goes, what it changed is as it was. Rows that were changed since stay."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.exc import IntegrityError

from dure.city import events
from dure.city.imports import runs
from dure.city.imports.things import THINGS
from dure.engine.database import Database, Tx
from dure.kernel.errors import DureError
from dure.trust import vault

_KEPT = frozenset({"id", "version", "created_at", "search", "last_seen", "latest", "fault", "key_hash", "key_at"}) | {
    "old_key_hash",
    "old_key_until",
}
"""Columns that undoing leaves: they change on their own."""

MOST_NAMED = 200


async def undo(database: Database, run_id: UUID) -> dict[str, Any]:
    """Take a run's changes back, the newest first; `{"undone": rows, "refused": [{"row", "entity", "id"}]}`.

    A row is undone whole or not at all. The run must be in state undoing.
    """
    try:
        async with database.transaction() as tx:
            return await _undo(tx, run_id)
    except BaseException:
        async with database.transaction() as tx:
            await runs.move(tx, run_id, state="applied")
        raise


async def _undo(tx: Tx, run_id: UUID) -> dict[str, Any]:
    run = await runs.run_of(tx, run_id, lock=True)
    changes = await tx.rows(
        text(
            "select number, row, entity, entity_id, before, version from import_change where run_id = :run "
            "order by number desc"
        ),
        {"run": run_id},
    )
    versions = await _versions(tx, changes)
    refused = [one for one in changes if versions.get((one["entity"], one["entity_id"])) != one["version"]]
    refused_rows = {one["row"] for one in refused}
    devices: list[tuple[str, int]] = []
    cameras: list[tuple[str, int]] = []
    people: list[UUID] = []
    for change in changes:
        if change["row"] in refused_rows:
            continue
        try:
            people += await _take_back_safely(tx, change)
        except IntegrityError:  # something else stands on it now
            refused.append(change)
            refused_rows.add(change["row"])
            continue
        told = (change["entity_id"], change["version"] + 1)
        if change["entity"] == "device":
            devices.append(told)
        elif change["entity"] == "camera":
            cameras.append(told)
    if people:
        await vault.of(tx).remove(tx, people, "import_undone")
    await events.device_changed(tx, devices)
    if len(cameras) <= events.EACH:
        await events.camera_changed(tx, cameras)
    answer = {
        "undone": len({one["row"] for one in changes} - refused_rows),
        "refused": [
            {"row": one["row"], "entity": one["entity"], "id": one["entity_id"]}
            for one in sorted(refused, key=lambda one: one["row"])[:MOST_NAMED]
        ],
    }
    counts = {
        **run["counts"],
        "undo": {"undone": answer["undone"], "kept": len(refused_rows), "refused": answer["refused"]},
    }
    await tx.execute(text("delete from import_change where run_id = :run"), {"run": run_id})
    await runs.move(tx, run_id, state="undone", undone_at=tx.now(), undo_until=None, counts=counts)
    await events.imported(tx, str(run_id), run["version"] + 1, run["kind"])
    return answer


async def _versions(tx: Tx, changes: Any) -> dict[tuple[str, str], int]:
    """The present version of each entity, locked."""
    found: dict[tuple[str, str], int] = {}
    by_table: dict[str, list[str]] = {}
    for one in changes:
        by_table.setdefault(one["entity"], []).append(one["entity_id"])
    for table, ids in by_table.items():
        rows = await tx.rows(
            text(f"select id::text as id, version from {table} where id::text = any(:ids) for update"),
            {"ids": ids},
        )
        found |= {(table, row["id"]): row["version"] for row in rows}
    return found


async def _take_back_safely(tx: Tx, change: RowMapping) -> list[UUID]:
    """Within a savepoint where another row may hold on to this one: only assets have others below them."""
    if change["entity"] != "asset" or change["before"] is not None:
        return await _take_back(tx, change)
    async with tx.nested():
        return await _take_back(tx, change)


async def _take_back(tx: Tx, change: RowMapping) -> list[UUID]:
    """Undo one change; the vault's records that nothing names any more."""
    table = THINGS[change["entity"]].table
    params: dict[str, Any] = {"id": change["entity_id"], "now": tx.now()}
    with_person = "person_id" in table.c
    present = (
        await tx.scalar(text(f"select person_id from {table.name} where id::text = :id"), params)
        if with_person
        else None
    )
    if change["before"] is None:
        gone = await tx.execute(text(f"delete from {table.name} where id::text = :id"), params)
        if gone.rowcount != 1:
            raise DureError("city.import.run.undo_lost")
        return [present] if present else []
    columns = [column.name for column in table.c if column.name not in _KEPT]
    names = ", ".join(columns)
    chosen = ", ".join("now_" if name == "updated_at" else f"old.{name}" for name in columns)
    await tx.execute(
        text(
            f"update {table.name} t set ({names}, version) = (select {chosen}, t.version + 1 "
            f"from jsonb_populate_record(null::{table.name}, cast(:before as jsonb)) old, "
            "cast(:now as timestamptz) now_) "
            "where t.id::text = :id"
        ),
        {**params, "before": _json(change["before"])},
    )
    before = change["before"].get("person_id")
    return [present] if present and str(present) != str(before) else []


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
