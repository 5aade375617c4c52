"""The heavy parts of an import, each run by one process that holds the run: read, apply, undo."""

from collections.abc import Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, select, text

from dure.city import events
from dure.city.imports import runs
from dure.city.imports.draft import rebuilt
from dure.city.imports.model import Kind
from dure.city.imports.setting import addresses_of, restored, setting_of, survey
from dure.city.imports.source import Sheet, open_sheet
from dure.city.imports.stage import CHUNK, Outcome, Reader, chunks, keep_rows, opened, remark
from dure.city.imports.things import kind_of
from dure.city.imports.write import Written, write_outcomes
from dure.city.tables import import_row
from dure.documents.header import Header
from dure.documents.limits import DEFAULT, Limits
from dure.documents.table import Row
from dure.engine.database import Database, Tx
from dure.kernel.errors import DureError
from dure.trust.vault import Vault


class Cancelled(Exception):
    """Somebody asked to stop."""


def columns_option(options: Mapping[str, str]) -> dict[str, str]:
    """The field-to-column table that a person chose; nothing where it cannot be read."""
    try:
        return msgspec.json.decode(options.get("columns", "{}"), type=dict[str, str])
    except (msgspec.DecodeError, RecursionError):
        return {}


@asynccontextmanager
async def _holding(database: Database, run_id: UUID):  # type: ignore[no-untyped-def]
    """Hold the run by a transaction of its own, so that others see when this process is gone."""
    async with database.transaction() as tx:
        if not await runs.hold(tx, run_id):
            raise Cancelled
        yield


async def _progress(database: Database, run_id: UUID, done: int) -> None:
    """Show how far it is. Raises Cancelled where somebody asked for it."""
    async with database.transaction() as tx:
        if await tx.scalar(text("select cancel from import_run where id = :id"), {"id": run_id}):
            raise Cancelled
        await runs.move(tx, run_id, done=done)


async def read(database: Database, vault: Vault, run_id: UUID, path: Path, limits: Limits = DEFAULT) -> None:
    """Read a file into its run. Whatever is wrong with the file becomes the run's problem."""
    async with _holding(database, run_id):
        try:
            await _read(database, vault, run_id, path, limits)
        except Cancelled:
            await _ended(database, run_id, state="cancelled")
        except DureError as error:
            await _ended(database, run_id, state="failed", problem={"key": error.key, "params": error.params})
        except BaseException:
            problem = {"key": "city.import.run.interrupted", "params": {}}
            await _ended(database, run_id, state="failed", problem=problem)
            raise


async def _ended(database: Database, run_id: UUID, **columns: Any) -> None:
    async with database.transaction() as tx:
        await runs.drop_rows(tx, [run_id])
        await runs.move(tx, run_id, **columns)


async def _read(database: Database, vault: Vault, run_id: UUID, path: Path, limits: Limits) -> None:
    async with database.transaction() as tx:
        run = await runs.run_of(tx, run_id)
        kind = kind_of(run["kind"])
        setting = await setting_of(tx, kind, run["options"], run["file_name"])
        setting.addresses = await addresses_of(tx, kind)
    sheet = open_sheet(kind, path, columns_option(run["options"]), limits)
    try:
        found = survey(kind, setting, sheet)
        async with database.transaction() as tx:
            await runs.move(tx, run_id, reading=_reading(kind, sheet, found))
        reader = Reader(kind, setting, sheet.header, vault)
        done = 0
        for chunk in chunks(sheet.rows()):
            rows = [reader.parse(row) for row in chunk]
            async with database.transaction() as tx:
                outcomes = await reader.judge(tx, rows)
                await keep_rows(tx, run_id, reader, chunk, outcomes)
            done += len(chunk)
            await _progress(database, run_id, done)
    finally:
        sheet.close()
    async with database.transaction() as tx:
        await runs.move(tx, run_id, state="ready", total=done, done=done, counts=await runs.count_rows(tx, run_id))


def _reading(kind: Kind, sheet: Sheet, found: Mapping[str, Any]) -> dict[str, Any]:
    named = {index: field for field, index in sheet.header.fields.items()}
    columns = [
        {"name": name, "field": named.get(index), "personal": bool(kind.personal) and named.get(index) in kind.personal}
        for index, name in enumerate(sheet.header.names)
    ]
    form = sheet.form
    return {
        "format": form.format,
        "encoding": form.encoding,
        "delimiter": form.delimiter,
        "sheet": form.sheet,
        "header_row": sheet.header.row,
        "columns": columns,
        "crs": found["epsg"],
        **found,
    }


def header_of(run: RowMapping) -> Header:
    """The header that a run was read with."""
    columns = run["reading"]["columns"]
    fields = {one["field"]: index for index, one in enumerate(columns) if one["field"]}
    return Header(run["reading"]["header_row"], tuple(one["name"] for one in columns), fields)


async def reader_of(tx: Tx, run: RowMapping, vault: Vault) -> Reader:
    """A reader in the setting of a run: its file's findings, the city as it is now."""
    kind = kind_of(run["kind"])
    setting = await setting_of(tx, kind, run["options"], run["file_name"])
    restored(setting, run["reading"])
    return Reader(kind, setting, header_of(run), vault)


async def apply(database: Database, vault: Vault, run_id: UUID) -> None:
    """Write a run's rows into the city, all in one transaction; each is checked again first.

    The run must be in state applying. When cancelled or failed it is ready again, and nothing has changed.
    """
    async with _holding(database, run_id):
        try:
            async with database.transaction() as tx:
                await _apply(database, tx, vault, run_id)
        except Cancelled:
            async with database.transaction() as tx:
                await runs.move(tx, run_id, state="ready", done=0, cancel=False)
        except BaseException:
            async with database.transaction() as tx:
                await runs.move(tx, run_id, state="ready", done=0)
            raise


async def _apply(database: Database, tx: Tx, vault: Vault, run_id: UUID) -> None:
    run = await runs.run_of(tx, run_id)
    reader = await reader_of(tx, run, vault)
    written = Written()
    after, done = -1, 0
    while rows := await _waiting(tx, run_id, after):
        parsed = [_again(reader, vault, run_id, row) for row in rows]
        outcomes = await reader.judge(tx, parsed, lock=True)
        await write_outcomes(tx, vault, run_id, outcomes, written)
        for kept, outcome in zip(rows, outcomes, strict=True):
            if outcome.status != kept["status"]:
                await _restate(tx, run_id, outcome)
        after, done = rows[-1]["row"], done + len(rows)
        await _progress(database, run_id, done)
    await events.device_changed(tx, written.devices)
    if len(written.cameras) <= events.EACH:
        await events.camera_changed(tx, written.cameras)
    # What went in stands in the vault now: a second copy here would outlive somebody's erasing.
    await tx.execute(_FORGET_CELLS, {"run": run_id})
    now = tx.now()
    await runs.move(
        tx,
        run_id,
        state="applied",
        applied_at=now,
        undo_until=now + runs.UNDO_WITHIN,
        counts=await runs.count_rows(tx, run_id),
    )
    await events.imported(tx, str(run_id), run["version"] + 1, run["kind"])


_FORGET_CELLS = text(
    "update import_row set sealed = null where run_id = :run and status <> 'rejected' and sealed is not null"
)


async def _waiting(tx: Tx, run_id: UUID, after: int) -> list[RowMapping]:
    statement = (
        select(import_row)
        .where(import_row.c.run_id == run_id, import_row.c.row > after, import_row.c.status.in_(("added", "changed")))
        .order_by(import_row.c.row)
        .limit(CHUNK)
    )
    return list(await tx.rows(statement))


def _again(reader: Reader, vault: Vault, run_id: UUID, kept: RowMapping) -> Any:
    cells = opened(vault, run_id, kept["row"], kept["cells"], kept["sealed"])
    return rebuilt(reader.kind, reader.setting, reader.header, Row(kept["row"], cells), kept["key"])


async def _restate(tx: Tx, run_id: UUID, outcome: Outcome) -> None:
    """The city has changed since the preview: the row is now something else."""
    await tx.execute(
        import_row.update()
        .where(import_row.c.run_id == run_id, import_row.c.row == outcome.parsed.row)
        .values(status=outcome.status, reasons=[remark(one) for one in outcome.parsed.reasons])
    )
