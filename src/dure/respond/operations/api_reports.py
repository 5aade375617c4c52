"""Situation reports over HTTP. Thin."""

import asyncio
from typing import Any, Literal
from uuid import UUID

from fastapi import Response

from dure.engine.web import ExpectedVersion, Router
from dure.respond.operations import forms, paper, reports, views
from dure.respond.operations.desk import Approves, DeskDep, Handles, Reads
from dure.trust import audit

router = Router(prefix="/operations/{operation_id}/reports", tags=["operations"])
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            _XLSX: {"schema": {"type": "string", "format": "binary"}},
        },
        "description": "the report as a file",
    }
}
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/html": {"schema": {"type": "string"}}}, "description": "a page to print"}
}


@router.post("", status_code=201)
async def draft(operation_id: UUID, form: forms.ReportForm, who: Handles, desk: DeskDep) -> dict[str, Any]:
    """Begin a report from the facts."""
    made = await reports.draft(desk.tx, who, operation_id, form.kind, desk.writer(form.language))
    return await desk.report(operation_id, made)


@router.get("/{report_id}")
async def report(operation_id: UUID, report_id: UUID, _who: Reads, desk: DeskDep) -> dict[str, Any]:
    """One report; an approved one says whether it still has its hash."""
    return await desk.report(operation_id, report_id)


@router.put("/{report_id}")
async def write(
    operation_id: UUID, report_id: UUID, form: forms.SectionsForm, who: Handles, desk: DeskDep,
    expected: ExpectedVersion,
) -> dict[str, Any]:  # fmt: skip
    """Complete a draft."""
    await reports.write(desk.tx, who, operation_id, report_id, form.sections, expected)
    return await desk.report(operation_id, report_id)


@router.post("/{report_id}/refresh")
async def refresh(
    operation_id: UUID, report_id: UUID, who: Handles, desk: DeskDep, expected: ExpectedVersion
) -> dict[str, Any]:
    """Bring a draft's facts up to now; what only a person writes stays."""
    language = (await views.report(desk.tx, operation_id, report_id))["language"]
    await reports.refresh(desk.tx, who, operation_id, report_id, desk.writer(language), expected)
    return await desk.report(operation_id, report_id)


@router.post("/{report_id}/submit")
async def submit(
    operation_id: UUID, report_id: UUID, who: Handles, desk: DeskDep, expected: ExpectedVersion
) -> dict[str, Any]:
    """Ask for approval."""
    await reports.act(desk.tx, who, operation_id, report_id, "submit", expected=expected)
    return await desk.report(operation_id, report_id)


@router.post("/{report_id}/discard")
async def discard(
    operation_id: UUID, report_id: UUID, who: Handles, desk: DeskDep, expected: ExpectedVersion
) -> dict[str, Any]:
    """Throw a draft away."""
    await reports.act(desk.tx, who, operation_id, report_id, "discard", expected=expected)
    return await desk.report(operation_id, report_id)


@router.post("/{report_id}/return")
async def give_back(
    operation_id: UUID, report_id: UUID, form: forms.ReasonForm, who: Approves, desk: DeskDep,
    expected: ExpectedVersion,
) -> dict[str, Any]:  # fmt: skip
    """Send it back with a reason."""
    await reports.act(desk.tx, who, operation_id, report_id, "return", form.reason, expected)
    return await desk.report(operation_id, report_id)


@router.post("/{report_id}/approve")
async def approve(
    operation_id: UUID, report_id: UUID, who: Approves, desk: DeskDep, expected: ExpectedVersion
) -> dict[str, Any]:
    """Approve what somebody else wrote: it gets its number and its hash, and is frozen."""
    await reports.act(desk.tx, who, operation_id, report_id, "approve", expected=expected)
    return await desk.report(operation_id, report_id)


@router.get("/{report_id}/print", response_class=Response, responses=_PAGE)
async def to_print(operation_id: UUID, report_id: UUID, who: Reads, desk: DeskDep) -> Response:
    """The report as a page to print, in its own language."""
    found = await views.report(desk.tx, operation_id, report_id)
    await audit.record(desk.tx, who, "operation.report_print", "operation_report", report_id)
    page = paper.report_page(desk.writer(found["language"]), found)
    return Response(page, media_type="text/html; charset=utf-8")


@router.get("/{report_id}/file", response_class=Response, responses=_FILES)
async def to_file(
    operation_id: UUID, report_id: UUID, who: Reads, desk: DeskDep, form: Literal["csv", "xlsx"] = "csv"
) -> Response:
    """The report as a table for a spreadsheet."""
    found = await views.report(desk.tx, operation_id, report_id)
    await audit.record(desk.tx, who, "operation.report_export", "operation_report", report_id)
    writer = desk.writer(found["language"])
    made = await asyncio.to_thread(paper.as_xlsx if form == "xlsx" else paper.as_csv, writer, found)
    headers = {"Content-Disposition": f'attachment; filename="{found["number"] or "draft"}.{form}"'}
    return Response(made, media_type=_XLSX if form == "xlsx" else "text/csv; charset=utf-8", headers=headers)
