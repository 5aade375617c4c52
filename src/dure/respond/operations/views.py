"""An operation as the API shows it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.respond.operations import decisions, facts, meetings, model, queries, reports
from dure.respond.operations.handling import TOLL
from dure.respond.policy import Scope
from dure.trust.vault import Vault

_LIST = ("number", "name", "kind", "mode", "place", "status", "level", "level_since", "opened_at", "opened_by",
         "closed_at", "closed_by", "version", "updated_at", "incidents")  # fmt: skip
_HANDED = text(
    "select coalesce(i.merged_into, i.id) as id, array_agg(distinct h.agency_id) as agencies from handoff h "
    "join incident i on i.id = h.incident_id where coalesce(i.merged_into, i.id) = any(:ids) group by 1"
)
_REPORT = ("kind", "ordinal", "number", "language", "state", "as_of", "written_by", "created_at", "updated_at",
           "approved_at", "approved_by", "digest", "version")  # fmt: skip


def list_form(row: RowMapping) -> dict[str, Any]:
    """For lists and the live flow: it says nothing that a person wrote but the name and the place."""
    return {"id": str(row["id"]), **{name: row[name] for name in _LIST}}


def plain(row: Any, *names: str) -> dict[str, Any]:
    """These columns; ids as text."""
    return {name: str(row[name]) if isinstance(row[name], UUID) else row[name] for name in names}


async def whole(tx: Tx, operation_id: UUID, scope: Scope, vault: Vault) -> dict[str, Any]:
    """One operation with all its parts; of its incidents those that the reader may see. Raises NotFound."""
    row = await queries.one(tx, operation_id)
    (operation,) = queries.opened(tx, "operation", [row], "summary", "close_reason", by="id")
    grouped = await facts.incidents(tx, operation_id)
    levels = queries.opened(
        tx, "operation_level", await queries.parts(tx, "operation_level", operation_id, "seq desc"), "reason"
    )
    entries = queries.opened(
        tx,
        "operation_entry",
        await queries.parts(tx, "operation_entry", operation_id, "at desc, id"),
        "words",
        "answer",
    )
    made = await decisions.listed(tx, operation_id)
    return {
        **list_form(row),
        "as_of": tx.now(),
        "summary": operation["summary"],
        "close_reason": operation["close_reason"],
        "counts": facts.counts(grouped),
        "grouped": await _visible(tx, grouped, scope),
        "levels": [
            plain(one, "id", "seq", "change", "before", "after", "at", "issued_by", "ground", "reason", "consulted",
                  "consulted_at", "told_at", "told_by")
            for one in levels
        ],
        "tolls": [
            plain(one, "id", "as_of", *TOLL, "source", "told_at", "told_by")
            for one in await queries.parts(tx, "operation_toll", operation_id, "as_of desc, told_at desc", 50)
        ],
        "entries": [
            plain(one, "id", "kind", "agency_id", "words", "state", "at", "told_by", "answer", "answered_at",
                  "answered_by")
            for one in entries
        ],
        "reports": await _reports(tx, operation_id),
        "members": await _members(tx, operation_id, vault),
        "meetings": await _meetings(tx, operation_id),
        "decisions": [decision(one) for one in made],
        "overdue": sum(one["overdue"] for one in made),
    }  # fmt: skip


async def _visible(tx: Tx, rows: Sequence[RowMapping], scope: Scope) -> list[dict[str, Any]]:
    handed: dict[UUID, list[str]] = {}
    if not scope.everything and rows:
        found = await tx.rows(_HANDED, {"ids": [row["id"] for row in rows]})
        handed = {row["id"]: list(row["agencies"]) for row in found}
    return [
        {
            **plain(row, "id", "receipt_no", "type", "severity", "status", "opened_at", "closed_at"),
            "place": row["name"] or row["address"] or "",
        }
        for row in rows
        if scope.covers(row["type"], handed.get(row["id"], ()), row["reported_by_agency"])
    ]


async def _reports(tx: Tx, operation_id: UUID) -> list[dict[str, Any]]:
    rows = await queries.parts(tx, "operation_report", operation_id, "created_at desc, id")
    return [plain(row, "id", *_REPORT) for row in rows if row["state"] != "discarded"]


async def report(tx: Tx, operation_id: UUID, report_id: UUID) -> dict[str, Any]:
    """One report with its facts and sections, and whether it still has the hash it was frozen with. Raises NotFound."""
    row = await queries.part(tx, "operation_report", "report", operation_id, report_id)
    found = reports.opened(tx, row)
    whole = reports.is_whole(found) if row["state"] == "approved" else None
    return {**plain(found, "id", *_REPORT, "facts", "sections", "returned"), "whole": whole}


async def _members(tx: Tx, operation_id: UUID, vault: Vault) -> list[dict[str, Any]]:
    rows = await queries.parts(tx, "operation_member", operation_id, "side desc, joined_at, id")
    people = await vault.masked(tx, {row["person_id"] for row in rows if row["person_id"] is not None})
    found = []
    for row in rows:
        person = people.get(row["person_id"])
        told = {"name": person.name, "phone": person.phone, "email": person.email} if person else None
        found.append(
            {
                **plain(row, "id", "side", "organisation", "agency_id", "seat", "person_id", "joined_at", "left_at"),
                "person": told,
            }
        )
    return found


async def _meetings(tx: Tx, operation_id: UUID) -> list[dict[str, Any]]:
    rows = await queries.parts(tx, "operation_meeting", operation_id, "ordinal desc", 100)
    return [meeting(await meetings.whole(tx, row)) for row in rows]


def meeting(found: dict[str, Any]) -> dict[str, Any]:
    """A meeting, whole."""
    names = ("id", "ordinal", "state", "starts_at", "place", "agenda", "minutes", "digest", "made_by", "held_at",
             "signed_at", "signed_by", "version")  # fmt: skip
    came = [plain(one, "member_id", "state", "organisation", "seat", "side") for one in found["attendance"]]
    whole = None if found["digest"] is None else model.digest(meetings.frozen_form(found)) == found["digest"]
    return {
        **plain(found, *names),
        "whole": whole,
        "attendance": came,
        "decisions": [str(one["id"]) for one in found["decisions"]],
    }


def decision(found: dict[str, Any]) -> dict[str, Any]:
    """A decision with who holds it and whether it is overdue."""
    return plain(
        found, "id", "ordinal", "meeting_id", "words", "agency_id", "member_id", "incident_id", "receipt_no", "task_id",
        "holder", "due_at", "state", "task_state", "overdue", "outcome", "made_at", "made_by", "ended_at", "ended_by",
    )  # fmt: skip
