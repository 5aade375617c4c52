"""Writing rows into the city, with what was there before, so that it can be undone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import update

from dure.city import streams, tables
from dure.city.imports.compare import Change
from dure.city.imports.stage import Outcome
from dure.city.imports.things import THINGS
from dure.engine.bulk import copy_rows
from dure.engine.database import Tx
from dure.trust.vault import Person, Vault


@dataclass(slots=True)
class Written:
    """What a run has written so far: a count of changes, and the devices and cameras to tell of, by new version."""

    count: int = 0
    devices: list[tuple[str, int]] = field(default_factory=list)
    cameras: list[tuple[str, int]] = field(default_factory=list)


async def write_outcomes(tx: Tx, vault: Vault, run_id: UUID, outcomes: Sequence[Outcome], written: Written) -> None:
    """Write what these rows need, and a line of `import_change` for each thing written."""
    needed = [(outcome.parsed.row, change) for outcome in outcomes for change in outcome.changes if change.needed]
    people = await _put_people(tx, vault, [change for _, change in needed])
    made: dict[str, list[dict[str, Any]]] = {}
    lines: list[dict[str, Any]] = []
    asset_ids: dict[tuple[str, ...], UUID] = {}
    updates: list[tuple[str, Any, dict[str, Any]]] = []
    for row, change in needed:
        entity, columns = change.entity, dict(change.columns)
        if "stream_url" in columns:
            columns |= streams.columns(vault, entity.key[0], columns["stream_url"])
        if change.person is not None:
            columns["person_id"] = people[id(change)]
        columns = {name: asset_ids.get(value) if isinstance(value, tuple) else value for name, value in columns.items()}
        if change.current is None:
            thing = THINGS[entity.table]
            id_: Any = thing.make_id() if thing.make_id is not None else entity.key[0]
            if entity.table == "asset":
                asset_ids[entity.key] = id_
            keys = dict(zip(thing.key, entity.key, strict=True))
            now = tx.now()
            full = {"created_at": now, "updated_at": now, **columns, **keys, "id": id_}
            made.setdefault(entity.table, []).append(full)
            version = 1
        else:
            id_, version = change.current["id"], change.current["version"] + 1
            updates.append((entity.table, id_, columns))
        lines.append(_line(run_id, row, change, id_, version, written))
    for name, one in THINGS.items():
        for group in _alike(made.get(name, [])):
            await copy_rows(tx, one.table, list(group[0]), [tuple(row.values()) for row in group])
    for name, id_, columns in updates:
        table = THINGS[name].table
        await tx.execute(
            update(table).where(table.c.id == id_).values(**columns, version=table.c.version + 1, updated_at=tx.now())
        )
    if lines:
        await copy_rows(tx, tables.import_change, list(lines[0]), [tuple(line.values()) for line in lines])


async def _put_people(tx: Tx, vault: Vault, changes: Sequence[Change]) -> dict[int, UUID | None]:
    """New records in the vault for the people that change; the old ones stay until the time to undo has passed."""
    given = [(change, change.person) for change in changes if change.person is not None]
    real = [(change, person) for change, person in given if person != Person()]
    ids = await vault.put_all(tx, [(None, person) for _, person in real]) if real else []
    placed: dict[int, UUID | None] = {id(change): None for change, _ in given}
    placed.update({id(change): one[0] for (change, _), one in zip(real, ids, strict=True)})
    return placed


def _line(run_id: UUID, row: int, change: Change, id_: Any, version: int, written: Written) -> dict[str, Any]:
    written.count += 1
    if change.entity.table == "device":
        written.devices.append((str(id_), version))
    elif change.entity.table == "camera":
        written.cameras.append((str(id_), version))
    return {
        "run_id": run_id,
        "number": written.count,
        "row": row,
        "entity": change.entity.table,
        "entity_id": str(id_),
        "before": None if change.current is None else change.current["image"],
        "version": version,
    }


def _alike(rows: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Rows by the columns they give: one statement for each set, so that what is not given keeps its default."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(sorted(row)), []).append(dict(sorted(row.items())))
    return list(groups.values())
