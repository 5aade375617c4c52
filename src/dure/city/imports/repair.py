"""Mending rows of a preview: one cell by hand, or what a reason suggests, for all rows that have it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, text, update

from dure.city.imports import runs, work
from dure.city.imports.model import number_of
from dure.city.imports.stage import CHUNK, Outcome, Reader, opened, row_values
from dure.city.tables import import_row
from dure.documents.header import Header
from dure.documents.table import Row, cleaned
from dure.engine.database import Tx
from dure.kernel.errors import Conflict, FieldError, Invalid, NotFound
from dure.trust.vault import Vault

LONGEST_CELL = 2_000


async def set_cell(tx: Tx, vault: Vault, run_id: UUID, row: int, field: str, value: str) -> int:
    """Set one cell (`field` is a field or a column of the file) and check the row again; 1 where it now goes in.

    Raises NotFound for a row that is not there, Invalid for an unknown column, Conflict where the run is no preview.
    """
    run = await _preview(tx, run_id)
    header = work.header_of(run)
    index = header.fields.get(field, header.names.index(field) if field in header.names else None)
    if index is None:
        raise Invalid("engine.fields.wrong", fields=[FieldError("field", "city.import.column_unknown")])
    kept = await tx.row(select(import_row).where(import_row.c.run_id == run_id, import_row.c.row == row))
    if kept is None:
        raise NotFound("city.import.row.unknown", row=row)
    return await _mend(tx, vault, run, [kept], lambda _row: {index: cleaned(value[:LONGEST_CELL])})


async def take_suggestions(tx: Tx, vault: Vault, run_id: UUID, key: str, rows: Sequence[int] | None = None) -> int:
    """Do what the reason or note `key` suggests, for these rows or for all that have it; how many now go in."""
    run = await _preview(tx, run_id)
    header = work.header_of(run)
    mended, after = 0, -1
    while True:
        statement = (
            select(import_row)
            .where(
                import_row.c.run_id == run_id,
                import_row.c.row > after,
                import_row.c.reasons.contains([{"key": key}]) | import_row.c.notes.contains([{"key": key}]),
            )
            .order_by(import_row.c.row)
            .limit(CHUNK)
        )
        if rows is not None:
            statement = statement.where(import_row.c.row.in_(list(rows)))
        found = await tx.rows(statement)
        if not found:
            return mended
        after = found[-1]["row"]
        fitting = [row for row in found if _suggestion(row, key) is not None]
        if fitting:
            mended += await _mend(tx, vault, run, fitting, lambda row: _suggested(row, key, header))


def _suggestion(row: Mapping[str, Any] | RowMapping, key: str) -> dict[str, Any] | None:
    remarks = [*row["reasons"], *row["notes"]]
    return next((one["repair"] for one in remarks if one["key"] == key and "repair" in one), None)


def _suggested(row: Mapping[str, Any], key: str, header: Header) -> dict[int, str]:
    """Which cells get which text."""
    repair = _suggestion(row, key)
    assert repair is not None
    if repair["kind"] == "swap":
        one, other = (header.fields[name] for name in repair["fields"])
        cells = row["raw"]
        return {one: cells[other], other: cells[one]}
    if repair["kind"] == "place":
        return {header.fields[name]: str(repair[name]) for name in repair["fields"]}
    return {header.fields[repair["field"]]: str(repair["value"])}


async def _preview(tx: Tx, run_id: UUID) -> RowMapping:
    run = await runs.run_of(tx, run_id, lock=True)
    if run["state"] != "ready":
        raise Conflict("city.import.run.state", state=run["state"])
    return run


async def _mend(tx: Tx, vault: Vault, run: RowMapping, kept: Sequence[RowMapping], cells_of: Any) -> int:
    reader = await work.reader_of(tx, run, vault)
    await _remember(tx, run["id"], reader, [row["row"] for row in kept])
    rows = []
    for one in kept:
        raw = opened(vault, run["id"], one["row"], one["cells"], one["sealed"])
        raw += [""] * (len(reader.header.names) - len(raw))
        for index, value in cells_of({**one, "raw": list(raw)}).items():
            raw[index] = value
        rows.append(Row(one["row"], raw))
    outcomes = await reader.judge(tx, [reader.parse(row) for row in rows])
    for row, outcome, before in zip(rows, outcomes, kept, strict=True):
        _keep_offers(outcome, before)
        await tx.execute(
            update(import_row)
            .where(import_row.c.run_id == run["id"], import_row.c.row == row.number)
            .values(**row_values(run["id"], reader, row, outcome))
        )
    await runs.move(tx, run["id"], counts=await runs.count_rows(tx, run["id"]))
    return sum(outcome.status != "rejected" for outcome in outcomes)


def _keep_offers(outcome: Outcome, before: Mapping[str, Any] | RowMapping) -> None:
    """A place that the registry of addresses offered stays on offer: only the reading of a file asks the registry."""
    for index, reason in enumerate(outcome.parsed.reasons):
        offer = _suggestion(before, reason.key)
        if reason.repair is None and offer is not None and offer["kind"] == "place":
            outcome.parsed.reasons[index] = reason._replace(repair=offer)


async def _remember(tx: Tx, run_id: UUID, reader: Reader, but: Sequence[int]) -> None:
    """Let the reader know the keys of the run's other good rows."""
    rows = await tx.rows(
        text(
            "select row, key from import_row where run_id = :run and status <> 'rejected' "
            "and row <> all(:but) order by row"
        ),
        {"run": run_id, "but": list(but)},
    )
    for one in rows:
        base, n = number_of(one["key"])
        reader.tally[base] = max(reader.tally.get(base, 0), n)
        reader.seen.setdefault(base, one["row"])
