"""HTTP: imports. A file is read in a child into a run, which is a preview until it is applied."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, File, Form, Path, Query, Response, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from dure.city.imports import jobs, owning, repair, runs, views
from dure.city.imports.things import KINDS
from dure.documents.csvfile import written
from dure.documents.limits import DEFAULT
from dure.engine import paging
from dure.engine.context import Context
from dure.engine.paging import Cursor, Limit
from dure.engine.web import ContextDep, LanguageDep, Model, Router, TxDep, Whole
from dure.kernel.errors import FieldError, Invalid, NotFound, TooLarge
from dure.kernel.messages import Language
from dure.trust import audit, vault
from dure.trust.principal import Principal
from dure.trust.web import check, check_proven, require

router = Router(tags=["imports"])
Imports = Annotated[Principal, Depends(require("city.import"))]
UPLOAD_LIMIT = DEFAULT.file + (1 << 20)
_PIECE = 1 << 20


class RunShape(BaseModel):
    """A run; `rows` are the first of its preview."""

    id: str
    kind: str
    file_name: str
    file_size: int
    state: str
    done: int
    total: int | None
    reading: dict[str, Any]
    counts: dict[str, Any]
    problem: dict[str, Any] | None
    created_at: datetime
    applied_at: datetime | None
    undo_until: datetime | None
    undone_at: datetime | None
    expires_at: datetime
    version: int
    rows: list[dict[str, Any]] | None = None


class RunList(BaseModel):
    """A page of runs."""

    items: list[RunShape]
    next: str | None


class RowList(BaseModel):
    """A page of rows."""

    items: list[dict[str, Any]]
    next: str | None


class Suggested(Model):
    """Do what the reason `reason` suggests, for these rows or all."""

    reason: Annotated[str, Field(max_length=100)]
    rows: Annotated[list[Whole], Field(max_length=1_000)] | None = None


class Cell(Model):
    """Set one cell. `field` is a field of the kind or a column of the file."""

    row: Annotated[Whole, Field(ge=0, le=1_000_000)]
    field: Annotated[str, Field(min_length=1, max_length=200)]
    value: Annotated[str, Field(max_length=repair.LONGEST_CELL)]


class RepairAnswer(BaseModel):
    """How many rows now go in, and the run."""

    mended: int
    run: RunShape


async def _told(context: Context, run_id: UUID, language: Language, *, rows: bool = False) -> dict[str, Any]:
    """The run as it is now, read in a transaction of its own (a child has written it)."""
    async with context.database.transaction() as tx:
        run = await runs.run_of(tx, run_id)
        told = views.shown(run, context.catalogue, language)
        if rows and run["reading"]:
            first = await views.rows_of(tx, run, only=None, reason=None, after=None, limit=views.PREVIEWED)
            shown = [views.shown_row(row, run, context.catalogue, language) for row in first[: views.PREVIEWED]]
            told["rows"] = shown
        return told


@router.post("/imports", status_code=201, response_model=RunShape)
async def upload(
    by: Imports,
    context: ContextDep,
    language: LanguageDep,
    kind: Annotated[str, Form(max_length=40)],
    file: Annotated[UploadFile, File()],
    epsg: Annotated[str | None, Form(max_length=10)] = None,
    market: Annotated[str | None, Form(max_length=200)] = None,
    level: Annotated[Literal["city", "district", "dong"] | None, Form()] = None,
    columns: Annotated[str | None, Form(max_length=20_000)] = None,
) -> dict[str, Any]:
    """Give a file to read. The answer is the preview, or a run in state `reading` to ask after where the file is large.

    `columns` is JSON `{"field": "column of the file"}` where the header's names do not say it.
    """
    options = {
        name: value
        for name, value in {"epsg": epsg, "market": market, "level": level, "columns": columns}.items()
        if value
    }
    _check(options)
    owning.check_kind(by, kind)
    waiting = jobs.uploads(context.settings) / f"{id(file)}-{by.id}.part"
    size, digest = await _kept(file, waiting)
    try:
        async with context.database.transaction() as tx:
            run_id = await runs.create_run(tx, kind, file.filename or "", size, digest, options)
            await owning.own(tx, by, run_id)
            await audit.record(tx, by, "import.read", "import_run", run_id)
        path = waiting.with_name(str(run_id))
        await asyncio.to_thread(waiting.rename, path)
    except BaseException:
        await asyncio.to_thread(waiting.unlink, missing_ok=True)
        raise
    await jobs.start(context, "read", run_id, path)
    return await _told(context, run_id, language, rows=True)


def _check(options: Mapping[str, str]) -> None:
    for name, value in options.items():
        if not value.isprintable():
            raise Invalid("engine.fields.wrong", fields=[FieldError(name, "engine.value.refused")])


async def _kept(file: UploadFile, path: FilePath) -> tuple[int, str]:
    """Write the upload to disk piece by piece. Raises TooLarge."""
    digest, size = hashlib.sha256(), 0
    target = await asyncio.to_thread(path.open, "wb")
    try:
        while piece := await file.read(_PIECE):
            size += len(piece)
            if size > DEFAULT.file:
                raise TooLarge("documents.file.too_large", megabytes=DEFAULT.file >> 20)
            digest.update(piece)
            await asyncio.to_thread(target.write, piece)
    except BaseException:
        target.close()
        await asyncio.to_thread(path.unlink, missing_ok=True)
        raise
    target.close()
    return size, digest.hexdigest()


class FieldShape(BaseModel):
    """A column that a kind knows: its field, the names it goes by (the first is the standard's), and what it must
    be."""

    field: str
    names: list[str]
    required: bool
    personal: bool


class KindShape(BaseModel):
    """A kind of file. Of each of `groups` at least one field must be a column."""

    kind: str
    source: str
    fields: list[FieldShape]
    groups: list[list[str]]


class KindList(BaseModel):
    """All kinds."""

    items: list[KindShape]


@router.get("/imports/kinds", response_model=KindList)
async def list_kinds(by: Imports) -> dict[str, Any]:
    """What can be imported, and by which columns."""
    return {
        "items": [
            {
                "kind": kind.name,
                "source": kind.source,
                "fields": [
                    {"field": one.name, "names": list(one.names), "required": one.required, "personal": one.personal}
                    for one in kind.all_fields
                ],
                "groups": [list(group) for group in kind.groups],
            }
            for kind in KINDS.values()
            if owning.may_bring(by, kind.name)
        ]
    }


@router.get("/imports/kinds/{kind}/empty.csv", response_class=Response)
async def empty_file(_by: Imports, kind: Annotated[str, Path(max_length=40)]) -> Response:
    """An empty table with the standard's columns, to be filled in. Raises NotFound for what is no table."""
    found = KINDS.get(kind)
    if found is None or found.source != "table":
        raise NotFound("city.import.kind.unknown", kind=kind, kinds=", ".join(KINDS))
    left_out = {"x", "y", "update_kind", "updated", "modified"}
    header = [one.names[0] for one in found.all_fields if one.name not in left_out]
    headers = {"content-disposition": f'attachment; filename="{kind}.csv"'}
    return Response("".join(written([header])), 200, headers, "text/csv; charset=utf-8")


@router.get("/imports", response_model=RunList)
async def list_runs(
    tx: TxDep,
    by: Imports,
    context: ContextDep,
    language: LanguageDep,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Runs of one's own agency (the control room and administrators: all), the newest first."""
    found = await views.listed(tx, owning.reach_of(by), limit, paging.decode(cursor, datetime, UUID))
    page = paging.page(found, limit, lambda run: (run["created_at"], str(run["id"])))
    return {**page, "items": [views.shown(run, context.catalogue, language) for run in page["items"]]}


@router.get("/imports/{run_id}", response_model=RunShape)
async def read_run(tx: TxDep, by: Imports, context: ContextDep, language: LanguageDep, run_id: UUID) -> dict[str, Any]:
    """A run: its state, how far it is, its counts."""
    await owning.within(tx, by, run_id)
    return await _told(context, run_id, language)


@router.get("/imports/{run_id}/rows", response_model=RowList)
async def list_rows(
    tx: TxDep,
    by: Imports,
    context: ContextDep,
    language: LanguageDep,
    run_id: UUID,
    only: Literal["added", "changed", "same", "rejected", "moving", "rejected_around"] | None = None,
    reason: Annotated[str | None, Query(max_length=100)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """Rows of the file. `rejected_around` also brings the row before and after each refused one."""
    run = await owning.within(tx, by, run_id)
    key = paging.decode(cursor, int)
    found = await views.rows_of(tx, run, only=only, reason=reason, after=key[0] if key else None, limit=limit)
    page = paging.page(found, limit, lambda row: (row["row"],))
    return {**page, "items": [views.shown_row(row, run, context.catalogue, language) for row in page["items"]]}


@router.get("/imports/{run_id}/rejected.csv", response_class=StreamingResponse)
async def download_rejected(
    tx: TxDep, by: Imports, context: ContextDep, language: LanguageDep, run_id: UUID
) -> StreamingResponse:
    """The refused rows as they were in the file, with a column of reasons; mended, it can be given again.

    It discloses what the file says of people: to who gave the file, or may open records, with a line in the audit log.
    """
    run = await owning.within(tx, by, run_id)
    if KINDS[run["kind"]].personal and run["made_by"] != by.actor:
        check(by, "person.open")
    if KINDS[run["kind"]].personal:
        check_proven(by, tx.now())
    held = vault.at(context.settings.data)
    async with context.database.transaction() as own:
        await audit.record(own, by, "import.download", "import_run", run_id)
    name = f"rejected-{run['kind']}.csv"
    return StreamingResponse(
        views.rejected_csv(context.database, held, run_id, context.catalogue, language),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"},
    )


@router.post("/imports/{run_id}/apply", response_model=RunShape)
async def apply(by: Imports, context: ContextDep, language: LanguageDep, run_id: UUID) -> dict[str, Any]:
    """Put the preview's rows into the city, all or nothing; each is checked again. Ask after it where it is still
    `applying`."""
    async with context.database.transaction() as tx:
        await owning.within(tx, by, run_id)
        await runs.begin(tx, run_id, "applying", of=("ready",))
        await audit.record(tx, by, "import.apply", "import_run", run_id)
    await jobs.start(context, "apply", run_id)
    return await _told(context, run_id, language)


@router.post("/imports/{run_id}/undo", response_model=RunShape)
async def undo(by: Imports, context: ContextDep, language: LanguageDep, run_id: UUID) -> dict[str, Any]:
    """Take an applied import back, within seven days. `counts.undo` says which rows stay because they were changed
    since."""
    async with context.database.transaction() as tx:
        await owning.within(tx, by, run_id)
        await runs.begin(tx, run_id, "undoing", of=("applied",))
        await audit.record(tx, by, "import.undo", "import_run", run_id)
    await jobs.start(context, "undo", run_id)
    return await _told(context, run_id, language)


@router.post("/imports/{run_id}/repair", response_model=RepairAnswer)
async def mend(
    by: Imports, context: ContextDep, language: LanguageDep, run_id: UUID, body: Suggested | Cell
) -> dict[str, Any]:
    """Mend rows of a preview: set a cell, or do what a reason suggests."""
    held = vault.at(context.settings.data)
    async with context.database.transaction() as tx:
        await owning.within(tx, by, run_id)
        if isinstance(body, Cell):
            mended = await repair.set_cell(tx, held, run_id, body.row, body.field, body.value)
        else:
            mended = await repair.take_suggestions(tx, held, run_id, body.reason, body.rows)
        await audit.record(tx, by, "import.repair", "import_run", run_id)
    return {"mended": mended, "run": await _told(context, run_id, language)}


@router.delete("/imports/{run_id}", status_code=204)
async def cancel(tx: TxDep, by: Imports, run_id: UUID) -> Response:
    """Stop what is being read or applied, or drop a preview."""
    await owning.within(tx, by, run_id)
    await runs.cancel(tx, run_id)
    await audit.record(tx, by, "import.cancel", "import_run", run_id)
    return Response(status_code=204)
