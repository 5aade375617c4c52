"""Reports over HTTP: made for any moment, as figures, PDF or HWPX; kept, and listed. Thin."""

import asyncio
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Response
from pydantic import Field

from dure.engine.paging import Cursor, Limit, decode, page
from dure.engine.settings import city_zone
from dure.engine.web import ContextDep, LanguageDep, Model, Router, TxDep, Whole
from dure.kernel.errors import FieldError, Invalid
from dure.kernel.ids import new_id
from dure.services.epidemic.reports import making, paper, queries
from dure.services.epidemic.reports.figures import Cut
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(prefix="/epidemic", tags=["epidemic"])
Sees = Annotated[Principal, Depends(require("epidemic.situation"))]
Makes = Annotated[Principal, Depends(require("epidemic.report"))]
Disease = Annotated[str, Query(max_length=100)]
PDF, HWPX = "application/pdf", "application/hwp+zip"
_WRONG: dict[int | str, dict[str, Any]] = {422: {"description": "a moment without its zone"}}


class ReportForm(Model):
    """Make and keep a report, of now or of any moment."""

    disease: Annotated[str, Field(max_length=100)] = ""
    as_of: datetime | None = None
    cut: Cut = "none"


class TestsForm(Model):
    """How many were tested on a day, and how many of them positive."""

    disease: Annotated[str, Field(max_length=100)] = ""
    day: date
    tested: Annotated[int, Whole, Field(ge=0, le=10_000_000)]
    positive: Annotated[int, Whole, Field(ge=0, le=10_000_000)]


def _moment(tx: TxDep, as_of: datetime | None) -> datetime:
    if as_of is not None and as_of.tzinfo is None:
        raise Invalid("engine.fields.wrong", fields=[FieldError("as_of", "respond.since.wrong")])
    return as_of or tx.now()


@router.get("/report", responses=_WRONG)
async def read_report(
    tx: TxDep,
    _: Sees,
    context: ContextDep,
    language: LanguageDep,
    disease: Disease = "",
    as_of: datetime | None = None,
    cut: Cut = "none",
) -> dict[str, Any]:
    """The report of any moment (now), with the figures as they were known then; `paper` is how it is read."""
    report = await making.made(tx, disease, _moment(tx, as_of), cut)
    blocks = paper.blocks(report, context.catalogue, language, ZoneInfo(city_zone()))
    return report | {"paper": [asdict(one) for one in blocks]}


@router.get("/report.pdf", response_class=Response, responses={200: {"content": {PDF: {}}}, **_WRONG})
async def read_pdf(
    tx: TxDep,
    _: Sees,
    context: ContextDep,
    language: LanguageDep,
    disease: Disease = "",
    as_of: datetime | None = None,
    cut: Cut = "none",
) -> Response:
    """The same as PDF."""
    report = await making.made(tx, disease, _moment(tx, as_of), cut)
    blocks = paper.blocks(report, context.catalogue, language, ZoneInfo(city_zone()))
    content = await asyncio.to_thread(paper.as_pdf, blocks, context.settings.console)
    return Response(content, 200, _named(report["as_of"], "pdf"), PDF)


@router.get("/report.hwpx", response_class=Response, responses={200: {"content": {HWPX: {}}}, **_WRONG})
async def read_hwpx(
    tx: TxDep,
    _: Sees,
    context: ContextDep,
    language: LanguageDep,
    disease: Disease = "",
    as_of: datetime | None = None,
    cut: Cut = "none",
) -> Response:
    """The same as HWPX."""
    report = await making.made(tx, disease, _moment(tx, as_of), cut)
    blocks = paper.blocks(report, context.catalogue, language, ZoneInfo(city_zone()))
    return Response(await asyncio.to_thread(paper.as_hwpx, blocks), 200, _named(report["as_of"], "hwpx"), HWPX)


def _named(as_of: datetime, ending: str) -> dict[str, str]:
    told = as_of.astimezone(ZoneInfo(city_zone())).strftime("%Y%m%d-%H%M")
    return {"content-disposition": f'attachment; filename="epidemic-{told}.{ending}"'}


@router.get("/reports")
async def list_reports(
    tx: TxDep, _: Sees, disease: Disease = "", cursor: Cursor = None, limit: Limit = 50
) -> dict[str, Any]:
    """Reports that were kept, the latest night first."""
    after = decode(cursor, datetime, UUID)
    rows = await queries.listed(tx, disease, None if after is None else (after[0], after[1]), limit + 1)
    return page([dict(row) for row in rows], limit, lambda row: (row["as_of"], str(row["id"])))


@router.post("/reports", status_code=201, responses=_WRONG)
async def keep_report(tx: TxDep, who: Makes, form: ReportForm) -> dict[str, Any]:
    """Make a report and keep it as it is read now."""
    id_ = await making.keep(tx, who, form.disease, _moment(tx, form.as_of), form.cut)
    assert id_ is not None  # only the night's own is there once
    return _shown(dict(await queries.one(tx, id_)))


@router.get("/reports/{report_id}", responses={404: {"description": "no such report"}})
async def read_kept(tx: TxDep, _: Sees, report_id: UUID) -> dict[str, Any]:
    """A report as it was read then, and whether making it again gives the same."""
    row = dict(await queries.one(tx, report_id))
    again = await making.made(tx, row["disease"], row["as_of"], row["content"]["cut"])
    return _shown(row) | {"same": making.digest_of(again) == row["digest"]}


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: row[name] for name in ("id", "disease", "as_of", "scheduled", "made_at", "made_by", "digest", "content")
    }


@router.post("/tests", status_code=201, responses={422: {"description": "more positive than tested"}})
async def tell_tests(tx: TxDep, who: Makes, form: TestsForm) -> dict[str, Any]:
    """Tell a day's tests; told again, the later word counts from now on."""
    if form.positive > form.tested:
        raise Invalid("engine.fields.wrong", fields=[FieldError("positive", "epidemic.tests.more")])
    values = {**form.model_dump(), "id": new_id(), "known_at": tx.now(), "told_by": who.name}
    await queries.add_tests(tx, values)
    await audit.record(tx, who, "epidemic.tests", "disease", form.disease or "-")
    return values
