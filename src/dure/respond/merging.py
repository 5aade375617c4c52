"""Duplicates become one incident and can be taken apart again. A merged incident keeps its number, rows and timeline;
it points to the one it went into, and that one shows both. Nothing is moved, so nothing can be lost.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict
from dure.kernel.ids import new_id
from dure.kernel.severity import Severity, graver
from dure.respond import clocks, queries, signals, timeline
from dure.respond.changes import changed, taken
from dure.respond.model import Status
from dure.respond.timeline import Entry
from dure.trust import audit
from dure.trust.principal import Principal
from dure.video import openings

# What was merged into the incident, and into that, and so on; and itself.
_TREE = text(
    "with recursive tree as (select cast(:id as uuid) as id union "
    "select m.incident_id from incident_merge m join tree t on m.into_id = t.id where m.unmerged_at is null) "
    "select id from tree"
)


@dataclass(frozen=True, slots=True)
class Merger:
    """Who merges: a desk's label, and whether it was the rule of `joining` that did it."""

    name: str
    by_rule: bool


async def merge(tx: Tx, principal: Principal, incident_id: UUID, into: UUID, expected: int | None = None) -> None:
    """Merge one incident into another, by hand.

    Raises NotFound, PreconditionFailed, and Conflict where it is the same one, either was merged or closed, or their
    modes differ.
    """
    if incident_id == into:
        raise Conflict("respond.merge.same")
    await queries.locked_pair(tx, incident_id, into)
    row = await taken(tx, principal, incident_id, expected)
    target = await taken(tx, principal, into)
    await join(tx, row, target, Merger(principal.name, by_rule=False))
    await audit.record(tx, principal, "incident.merge", "incident", incident_id, purpose=str(into))


async def join(tx: Tx, row: RowMapping, target: RowMapping, merger: Merger) -> None:
    """Merge `row` into `target`, both locked roots."""
    if Status.CLOSED in (row["status"], target["status"]):
        raise Conflict("respond.incident.closed")
    if row["mode"] != target["mode"]:
        raise Conflict("respond.merge.modes")
    now = tx.now()
    severity = graver(Severity(row["severity"]), Severity(target["severity"]))
    raised = severity.value != target["severity"]
    await queries.insert(
        tx,
        "incident_merge",
        [
            {
                "id": new_id(),
                "incident_id": row["id"],
                "into_id": target["id"],
                "by_rule": merger.by_rule,
                "status_before": row["status"],
                "severity_before": target["severity"] if raised else None,
                "merged_at": now,
                "merged_by": merger.name,
            }
        ],
    )
    reached = await queries.handed_to(tx, row["id"])
    tree = await _point(tx, row["id"], target["id"])
    await signals.move(tx, tree, target["id"])
    await clocks.rejoin(tx, target["id"])
    actor = None if merger.by_rule else merger.name
    suffix = "_by_rule" if merger.by_rule else ""
    await timeline.add(
        tx, row["id"], Entry.MERGE, f"merged_into{suffix}", {"receipt_no": target["receipt_no"]}, actor=actor
    )
    await timeline.add(
        tx, target["id"], Entry.MERGE, f"merged_from{suffix}", {"receipt_no": row["receipt_no"]}, actor=actor
    )
    if raised:
        await timeline.add(
            tx, target["id"], Entry.SEVERITY, "severity_raised", {"before": target["severity"], "after": severity.value}
        )
    await openings.end(tx, row["id"], "merged")
    closed: dict[str, Any] = {"status": Status.CLOSED.value, "merged_at": now, "closed_at": now}
    await changed(tx, row["id"], "merged", reached=reached, **closed)
    last = max(row["last_signal_at"], target["last_signal_at"])
    await changed(tx, target["id"], "merged", severity=severity.value, last_signal_at=last)


async def unmerge(
    tx: Tx, principal: Principal, incident_id: UUID, expected: int | None = None, *, out_of: UUID | None = None
) -> None:
    """Take a merged incident apart again, with all that had been merged into it before; `out_of` says where it must
    stand.

    Its state is what it was. Raises NotFound, PreconditionFailed (the version is that of `out_of`, where it is
    given), and Conflict where it is not merged.
    """
    if out_of is not None:
        await taken(tx, principal, out_of, expected)
        expected = None
    row = await taken(tx, principal, incident_id, expected, merged_too=True)
    merged = await tx.row(
        text("select * from incident_merge where incident_id = :id and unmerged_at is null for update"),
        {"id": incident_id},
    )
    if merged is None or row["merged_into"] is None or out_of not in (None, row["merged_into"]):
        raise Conflict("respond.merge.not_merged")
    root = await queries.locked(tx, row["merged_into"])
    now = tx.now()
    await tx.execute(
        text("update incident_merge set unmerged_at = :now, unmerged_by = :by where id = :id"),
        {"now": now, "by": principal.name, "id": merged["id"]},
    )
    reached = await queries.handed_to(tx, root["id"])
    tree = await _point(tx, incident_id, None)
    await signals.move(tx, tree, incident_id)
    await clocks.rejoin(tx, incident_id)
    await clocks.rejoin(tx, root["id"])
    await timeline.add(
        tx, incident_id, Entry.MERGE, "unmerged_from", {"receipt_no": root["receipt_no"]}, actor=principal.name
    )
    await timeline.add(tx, root["id"], Entry.MERGE, "unmerged", {"receipt_no": row["receipt_no"]}, actor=principal.name)
    await changed(tx, incident_id, "unmerged", status=merged["status_before"], merged_at=None, closed_at=None)
    await changed(tx, root["id"], "unmerged", reached=reached, **await _lighter(tx, root, merged))
    await audit.record(tx, principal, "incident.unmerge", "incident", incident_id, purpose=str(root["id"]))


async def _point(tx: Tx, incident_id: UUID, into: UUID | None) -> list[UUID]:
    """Let an incident and all that was merged into it point to `into`, or (None) the others to it; the ids of all."""
    tree = [each["id"] for each in await tx.rows(_TREE, {"id": incident_id})]
    await tx.execute(
        text("update incident set merged_into = nullif(:into, id) where id = any(:ids)"),
        {"into": into or incident_id, "ids": tree},
    )
    return tree


async def _lighter(tx: Tx, root: RowMapping, merged: RowMapping) -> dict[str, Any]:
    """Give the severity back that only the merge had raised, unless what else was merged, or a person since, asks for
    it.
    """
    if merged["severity_before"] is None:
        return {}
    weighed = await tx.scalar(
        text(
            "select exists (select from timeline where incident_id = :id and kind = 'severity' and at > :since "
            "and (actor is not null or params ->> 'after' <> :now))"
        ),
        {"id": root["id"], "since": merged["merged_at"], "now": root["severity"]},
    )
    if weighed:
        return {}
    others = await tx.rows(text("select severity from incident where merged_into = :id"), {"id": root["id"]})
    severity = Severity(merged["severity_before"])
    severity = graver(severity, Severity(root["severity_by_signals"]))
    for other in others:
        severity = graver(severity, Severity(other["severity"]))
    return {"severity": severity.value}
