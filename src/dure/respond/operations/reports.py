"""Situation reports (상황보고): drafted from the facts, completed by a person, approved by another, frozen.

A report is kept as facts (counts, no people) and sections (sealed words). When it is approved it gets its number and
the SHA-256 of its canonical form, which also stands in the audit log; the database refuses any later change.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.web import check_version
from dure.kernel.errors import Conflict, FieldError, Forbidden, Invalid
from dure.kernel.ids import new_id
from dure.respond.operations import drafting, facts, model, queries
from dure.respond.operations.drafting import SECTIONS, Writer
from dure.respond.operations.model import ReportKind, ReportState
from dure.trust import audit
from dure.trust.principal import Principal

_APPROVED = text(
    "select kind from operation_report where operation_id = :id and state = 'approved' order by approved_at"
)
_WAITING = text("select 1 from operation_report where operation_id = :id and state in ('draft', 'submitted')")
_json = msgspec.json


async def draft(tx: Tx, principal: Principal, operation_id: UUID, kind: ReportKind, writer: Writer) -> UUID:
    """Begin a report with what the facts say now. Raises Conflict out of turn, or while another one waits."""
    row = await queries.taken(tx, operation_id, closed_too=True)
    model.next_report(kind, await _approved(tx, operation_id), closed=row["status"] == "closed")
    if await tx.scalar(_WAITING, {"id": operation_id}):
        raise Conflict("respond.operations.report.waiting")
    id_ = new_id()
    await audit.record(tx, principal, "operation.report_draft", "operation_report", id_)
    found, sections = await _generated(tx, operation_id, writer)
    await queries.insert(
        tx, "operation_report",
        id=id_, operation_id=operation_id, kind=kind.value, language=writer.language, state=ReportState.DRAFT.value,
        as_of=tx.now(), facts=model.canonical(found).decode(), sections=await _sealed(tx, operation_id, sections),
        writers=_json.encode([principal.actor]).decode(), written_by=principal.name, created_at=tx.now(),
        updated_at=tx.now(),
    )  # fmt: skip
    await queries.touched(tx, operation_id, "report")
    return id_


async def write(
    tx: Tx, principal: Principal, operation_id: UUID, report_id: UUID, sections: Mapping[str, str], expected: int | None
) -> None:
    """Complete a draft. Raises Conflict once it is submitted, Invalid for a section that no report has."""
    row = await _drafted(tx, operation_id, report_id, expected)
    if unknown := set(sections) - set(SECTIONS):
        fields = [FieldError(f"sections.{name}", "engine.field.extra_forbidden") for name in sorted(unknown)]
        raise Invalid("engine.fields.wrong", fields=fields)
    await audit.record(tx, principal, "operation.report_write", "operation_report", report_id)
    kept = {**opened(tx, row)["sections"], **sections}
    await _change(tx, principal, row, sections=await _sealed(tx, operation_id, kept))


async def refresh(
    tx: Tx, principal: Principal, operation_id: UUID, report_id: UUID, writer: Writer, expected: int | None
) -> None:
    """Bring a draft's facts up to now; the sections that only a person writes stay, the others are written anew."""
    row = await _drafted(tx, operation_id, report_id, expected)
    await audit.record(tx, principal, "operation.report_refresh", "operation_report", report_id)
    found, sections = await _generated(tx, operation_id, writer)
    before = opened(tx, row)["sections"]
    sections |= {name: before[name] for name in drafting.PERSONS}
    kept = await _sealed(tx, operation_id, sections)
    await _change(tx, principal, row, sections=kept, facts=model.canonical(found).decode(), as_of=tx.now())


async def act(
    tx: Tx, principal: Principal, operation_id: UUID, report_id: UUID, what: str, reason: str = "",
    expected: int | None = None,
) -> None:  # fmt: skip
    """Submit, return (with a reason), discard or approve. Raises Conflict out of turn, Invalid where a section that it
    cannot be without is empty, Forbidden where somebody approves what they wrote.
    """
    operation = await queries.taken(tx, operation_id, closed_too=True)
    row = await queries.part(tx, "operation_report", "report", operation_id, report_id, lock=True)
    check_version(expected, row["version"])
    after = model.after(model.REPORT_ACTS, ReportState(row["state"]), what, "respond.operations.report.state")
    report = opened(tx, row)
    if what in {"submit", "approve"} and not report["sections"]["occurrence"].strip():
        raise Invalid("engine.fields.wrong", fields=[FieldError("sections.occurrence", "respond.operations.empty")])
    if what == "approve" and principal.actor in row["writers"]:
        raise Forbidden("respond.operations.report.own")
    values: dict[str, Any] = {"state": after.value, "returned": None}
    purpose = None
    if what == "return":
        values["returned"] = await queries.sealed(tx, operation_id, "operation_report.returned", reason)
    if what == "approve":
        values |= await _frozen(tx, principal, operation, report)
        purpose = f"sha256:{values['digest']}"
    await audit.record(tx, principal, f"operation.report_{what}", "operation_report", report_id, purpose=purpose)
    await queries.update(tx, "operation_report", report_id, **values, version=row["version"] + 1, updated_at=tx.now())
    await queries.touched(tx, operation_id, "report")


def opened(tx: Tx, row: RowMapping) -> dict[str, Any]:
    """A report with its words."""
    (found,) = queries.opened(tx, "operation_report", [row], "sections", "returned")
    found["sections"] = {
        **dict.fromkeys(SECTIONS, ""),
        **(_json.decode(found["sections"]) if found["sections"] else {}),
    }
    return found


def frozen_form(number: str, ordinal: int, report: Mapping[str, Any]) -> dict[str, Any]:
    """What the hash of an approved report is taken of."""
    names = ("kind", "language", "facts", "sections", "approved_by")
    times = {name: report[name].isoformat() for name in ("as_of", "approved_at")}
    return {"number": number, "ordinal": ordinal, **times, **{name: report[name] for name in names}}


def is_whole(report: Mapping[str, Any]) -> bool:
    """Whether an approved report still has the hash that it was frozen with."""
    return bool(model.digest(frozen_form(report["number"], report["ordinal"], report)) == report["digest"])


async def _frozen(tx: Tx, principal: Principal, operation: RowMapping, report: dict[str, Any]) -> dict[str, Any]:
    approved = await _approved(tx, operation["id"])
    ordinal = model.next_report(ReportKind(report["kind"]), approved, closed=operation["status"] == "closed")
    number = f"{operation['number']}-{len(approved) + 1:02d}"
    said = {"approved_at": tx.now(), "approved_by": principal.name}
    form = frozen_form(number, ordinal, {**report, **said})
    return {**said, "number": number, "ordinal": ordinal, "digest": model.digest(form)}


async def _approved(tx: Tx, operation_id: UUID) -> list[ReportKind]:
    return [ReportKind(row["kind"]) for row in await tx.rows(_APPROVED, {"id": operation_id})]


async def _drafted(tx: Tx, operation_id: UUID, report_id: UUID, expected: int | None) -> RowMapping:
    await queries.taken(tx, operation_id, closed_too=True)
    row = await queries.part(tx, "operation_report", "report", operation_id, report_id, lock=True)
    check_version(expected, row["version"])
    if row["state"] != ReportState.DRAFT:
        raise Conflict("respond.operations.report.state")
    return row


async def _change(tx: Tx, principal: Principal, row: RowMapping, **values: Any) -> None:
    writers = _json.encode(sorted({*row["writers"], principal.actor})).decode()
    said = {"writers": writers, "written_by": principal.name, "version": row["version"] + 1, "updated_at": tx.now()}
    await queries.update(tx, "operation_report", row["id"], **values, **said)
    await queries.touched(tx, row["operation_id"], "report")


async def _generated(tx: Tx, operation_id: UUID, writer: Writer) -> tuple[dict[str, Any], dict[str, str]]:
    found = await facts.gathered(tx, operation_id)
    signal_at = facts.earliest(await facts.incidents(tx, operation_id))
    rows = await queries.parts(tx, "operation_entry", operation_id, "at, id")
    entries = queries.opened(tx, "operation_entry", rows, "words")
    measures = [one for one in entries if one["kind"] == "measure"]
    requests = [one for one in entries if one["kind"] == "request"]
    return found, drafting.sections(writer, found, signal_at, measures, requests)


async def _sealed(tx: Tx, operation_id: UUID, sections: Mapping[str, str]) -> bytes | None:
    return await queries.sealed(tx, operation_id, "operation_report.sections", _json.encode(dict(sections)).decode())
