"""Runs and their rows as people see them: with the file's own column names and reasons in the reader's language."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, text

from dure.city.imports import runs, work
from dure.city.imports.owning import Reach
from dure.city.imports.stage import opened
from dure.city.tables import import_row, import_run
from dure.documents.csvfile import written
from dure.engine.database import Database, Tx
from dure.kernel.messages import Catalogue, Language
from dure.trust.vault import Vault

PREVIEWED = 20
REASON_COLUMN = "제외 이유"


def shown(run: RowMapping, catalogue: Catalogue, language: Language) -> dict[str, Any]:
    """A run. `counts.reasons` and `counts.notes` are lists with texts."""
    counts = dict(run["counts"])
    for name in ("reasons", "notes"):
        counts[name] = [
            {"key": key, "text": catalogue.text(language, f"{key}.short"), "count": n}
            for key, n in sorted(counts.get(name, {}).items(), key=lambda one: (-one[1], one[0]))
        ]
    problem = run["problem"]
    return {
        "id": str(run["id"]),
        "kind": run["kind"],
        "file_name": run["file_name"],
        "file_size": run["file_size"],
        "state": run["state"],
        "done": run["done"],
        "total": run["total"],
        "reading": run["reading"],
        "counts": counts,
        "problem": None
        if problem is None
        else {"key": problem["key"], "text": catalogue.text(language, problem["key"], problem["params"])},
        "created_at": run["created_at"],
        "applied_at": run["applied_at"],
        "undo_until": run["undo_until"],
        "undone_at": run["undone_at"],
        "expires_at": run["expires_at"],
        "version": run["version"],
    }


async def listed(tx: Tx, reach: Reach, limit: int, after: tuple[Any, ...] | None) -> Sequence[RowMapping]:
    """Runs within reach, the newest first, `limit` + 1 of them."""
    newest = (import_run.c.created_at.desc(), import_run.c.id.desc())
    statement = select(import_run).where(reach.clause()).order_by(*newest).limit(limit + 1)
    if after is not None:
        at, id_ = after
        statement = statement.where(
            (import_run.c.created_at < at) | ((import_run.c.created_at == at) & (import_run.c.id < id_))
        )
    return await tx.rows(statement)


async def rows_of(
    tx: Tx, run: RowMapping, *, only: str | None, reason: str | None, after: int | None, limit: int
) -> Sequence[RowMapping]:
    """Rows of a run in the file's order, `limit` + 1 of them.

    `only`: a status; `moving` (added and changed); `rejected_around` (rejected ones with a row before and after each).
    """
    statement = select(import_row).where(import_row.c.run_id == run["id"]).order_by(import_row.c.row).limit(limit + 1)
    if after is not None:
        statement = statement.where(import_row.c.row > after)
    match only:
        case None:
            pass
        case "moving":
            statement = statement.where(import_row.c.status.in_(("added", "changed")))
        case "rejected_around":
            near = text(
                "exists (select from import_row near where near.run_id = import_row.run_id "
                "and near.status = 'rejected' and near.row between import_row.row - 1 and import_row.row + 1)"
            )
            statement = statement.where(near)
        case status:
            statement = statement.where(import_row.c.status == status)
    if reason is not None:
        statement = statement.where(
            import_row.c.reasons.contains([{"key": reason}]) | import_row.c.notes.contains([{"key": reason}])
        )
    return await tx.rows(statement)


def shown_row(row: RowMapping, run: RowMapping, catalogue: Catalogue, language: Language) -> dict[str, Any]:
    """A row: its cells as read (personal ones masked), what would change, and why it was refused."""
    header = work.header_of(run)

    def told(one: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "field": one["field"],
            "column": header.name_of(one["field"]) if one["field"] else None,
            "key": one["key"],
            "text": catalogue.text(language, one["key"], one["params"]),
            "repair": one.get("repair"),
        }

    return {
        "row": row["row"],
        "status": row["status"],
        "key": row["key"],
        "cells": row["cells"],
        "diff": row["diff"],
        "reasons": [told(one) for one in row["reasons"]],
        "notes": [told(one) for one in row["notes"]],
    }


async def rejected_csv(
    database: Database, vault: Vault, run_id: UUID, catalogue: Catalogue, language: Language
) -> AsyncIterator[str]:
    """The refused rows as they were in the file, with a column of reasons: to be mended and given again."""
    async with database.transaction() as tx:
        run = await runs.run_of(tx, run_id)
    header = work.header_of(run)
    names = [name for name in header.names if name != REASON_COLUMN]
    kept = [index for index, name in enumerate(header.names) if name != REASON_COLUMN]
    lines: list[list[str]] = [[*names, REASON_COLUMN]]
    first, after = True, -1
    while True:
        async with database.transaction() as tx:
            rows = await rows_of(tx, run, only="rejected", reason=None, after=after, limit=500)
        for row in rows:
            cells = opened(vault, run_id, row["row"], row["cells"], row["sealed"])
            reason = "; ".join(_reason(one, header.name_of, catalogue, language) for one in row["reasons"])
            lines.append([*(cells[i] if i < len(cells) else "" for i in kept), reason])
            after = row["row"]
        text_ = "".join(written(lines))
        yield text_ if first else text_.removeprefix("\ufeff")
        if len(rows) <= 500:
            return
        first, lines = False, []


def _reason(one: Mapping[str, Any], name_of: Any, catalogue: Catalogue, language: Language) -> str:
    told = catalogue.text(language, one["key"], one["params"])
    return f"{name_of(one['field'])}: {told}" if one["field"] else told
