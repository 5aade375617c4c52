"""A whole import in one call: what `dure import` and the tests use."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import delete, text

from dure.city.imports import runs, work
from dure.city.tables import import_run
from dure.documents.limits import DEFAULT, Limits, UnreadableFile
from dure.engine.database import Database
from dure.trust.vault import Vault


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that did not go in: its number, the file's column, the catalogue key of the reason and its parameters."""

    row: int
    field: str
    key: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """Counts of rows: read = imported + updated + unchanged + rejected. `notes` counts remarks by key."""

    read: int
    imported: int
    updated: int
    unchanged: int
    rejected: list[Rejected] = field(default_factory=list)
    notes: Mapping[str, int] = field(default_factory=dict)
    run_id: UUID | None = None


async def run_import(
    database: Database,
    vault: Vault,
    kind: str,
    path: Path,
    *,
    dry_run: bool = False,
    options: Mapping[str, str] | None = None,
    limits: Limits = DEFAULT,
) -> Result:
    """Import a file, or with `dry_run` only say what would happen.

    Raises UnreadableFile where the file could not be read; then nothing has changed.
    """
    size, digest = await asyncio.to_thread(_measured, path)
    async with database.transaction() as tx:
        run_id = await runs.create_run(tx, kind, path.name, size, digest, options or {})
    await work.read(database, vault, run_id, path, limits)
    async with database.transaction() as tx:
        run = await runs.run_of(tx, run_id)
        if run["state"] != "ready":
            await tx.execute(delete(import_run).where(import_run.c.id == run_id))
        elif not dry_run:
            await runs.begin(tx, run_id, "applying", of=("ready",))
    if run["state"] != "ready":
        problem = run["problem"] or {"key": "city.import.run.interrupted", "params": {}}
        raise UnreadableFile(problem["key"], **problem["params"])
    if not dry_run:
        await work.apply(database, vault, run_id)
    result = await result_of(database, run_id)
    if dry_run:
        async with database.transaction() as tx:
            await tx.execute(delete(import_run).where(import_run.c.id == run_id))
    return result


async def result_of(database: Database, run_id: UUID) -> Result:
    """A run's counts and refused rows."""
    async with database.transaction() as tx:
        run = await runs.run_of(tx, run_id)
        header = work.header_of(run)
        rows = await tx.rows(
            text("select row, reasons from import_row where run_id = :run and status = 'rejected' order by row"),
            {"run": run_id},
        )
        counts = await runs.count_rows(tx, run_id)
    rejected = [
        Rejected(row["row"], header.name_of(one["field"]), one["key"], one["params"])
        for row in rows
        for one in row["reasons"][:1]
    ]
    return Result(counts["read"], counts["added"], counts["changed"], counts["same"], rejected, counts["notes"], run_id)


def _measured(path: Path) -> tuple[int, str]:
    return path.stat().st_size, sha256_of(path)


def sha256_of(path: Path) -> str:
    """The file's digest, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
