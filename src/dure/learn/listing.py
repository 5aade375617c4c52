"""Lists of reviews, findings and drills, cut to what the reader may see in the database itself."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, RowMapping, Text, bindparam, text

from dure.engine.database import Tx
from dure.engine.paging import Key
from dure.respond.policy import Scope

_VISIBLE = """ and (i.type = any(:scope_types) or i.reported_by_agency = :scope_agency
    or exists (select from handoff h join incident m on m.id = h.incident_id
        where h.agency_id = :scope_agency and (m.id = i.id or m.merged_into = i.id)))
    and not exists (select from incident_practice p where p.incident_id = i.id
        and not coalesce(:scope_agency = any(p.agencies), false))"""
_INCIDENT = (
    "i.receipt_no, i.type, i.severity, i.mode, i.outcome, i.name as place, i.address, i.opened_at as incident_at"
)


def _scoped(statement: str, scope: Scope, rest: str, values: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    if scope.everything:
        return text(f"{statement} {rest}"), values
    made = text(f"{statement}{_VISIBLE} {rest}").bindparams(bindparam("scope_types", type_=ARRAY(Text)))
    return made, {**values, "scope_types": sorted(scope.types), "scope_agency": scope.agency_id}


async def reviews(
    tx: Tx, scope: Scope, states: Sequence[str], due_before: date | None, after: Key | None, limit: int
) -> Sequence[RowMapping]:
    """Reviews, the newest first, from after the sort key (opened_at, id)."""
    statement = (
        f"select r.*, {_INCIDENT}, a.label as owner, "
        "(select count(*) from finding f where f.incident_id = r.incident_id) as findings, "
        "(select count(*) from finding f where f.incident_id = r.incident_id and f.state <> 'closed') as standing "
        "from review r join incident i on i.id = r.incident_id left join account a on a.id = r.owner_id where true"
    )
    values: dict[str, Any] = {"limit": limit}
    if states:
        statement += " and r.state = any(:states)"
        values["states"] = list(states)
    if due_before is not None:
        statement += " and r.due_on < :due and r.state <> 'closed'"
        values["due"] = due_before
    if after is not None:
        statement += " and (r.opened_at, r.id) < (:after_at, :after_id)"
        values |= {"after_at": after[0], "after_id": after[1]}
    return await tx.rows(*_scoped(statement, scope, "order by r.opened_at desc, r.id desc limit :limit", values))


async def findings(
    tx: Tx, *, states: Sequence[str] = (), incident_id: UUID | None = None, kind: str | None = None,
    after: Key | None = None, limit: int = 200,
) -> Sequence[RowMapping]:  # fmt: skip
    """Findings, the newest first. They are about manuals, which their readers see whatever the incident was."""
    where, values = ["true"], dict[str, Any]()
    if states:
        where.append("f.state = any(:states)")
        values["states"] = list(states)
    if incident_id is not None:
        where.append("f.incident_id = :incident")
        values["incident"] = incident_id
    if kind is not None:
        where.append("f.kind = :kind")
        values["kind"] = kind
    if after is not None:
        where.append("(f.raised_at, f.id) < (:after_at, :after_id)")
        values |= {"after_at": after[0], "after_id": after[1]}
    statement = (
        "select f.*, i.receipt_no, i.type, i.mode, p.in_force from finding f join incident i on i.id = f.incident_id "
        f"left join playbook p on p.kind = f.kind where {' and '.join(where)} "
        "order by f.raised_at desc, f.id desc limit :limit"
    )
    return await tx.rows(text(statement), {**values, "limit": limit})


async def standing(tx: Tx) -> RowMapping:
    """How many findings and reviews are not closed, the oldest finding's time, and how many reviews are overdue."""
    row = await tx.row(
        text(
            "select (select count(*) from finding where state <> 'closed') as findings, "
            "(select min(raised_at) from finding where state <> 'closed') as oldest, "
            "(select count(*) from finding where state = 'proposed') as proposed, "
            "(select count(*) from review where state <> 'closed') as reviews, "
            "(select count(*) from review where state <> 'closed' and due_on < :today) as overdue"
        ),
        {"today": tx.now().date()},
    )
    assert row is not None
    return row


async def drills(tx: Tx, scope: Scope, after: Key | None, limit: int) -> Sequence[RowMapping]:
    """Drills, the newest first, from after the sort key (started_at, id)."""
    statement = (
        f"select d.*, i.status, {_INCIDENT}, f.title as finding from drill d join incident i on i.id = d.incident_id "
        "left join finding f on f.id = d.finding_id where true"
    )
    values: dict[str, Any] = {"limit": limit}
    if after is not None:
        statement += " and (d.started_at, d.id) < (:after_at, :after_id)"
        values |= {"after_at": after[0], "after_id": after[1]}
    return await tx.rows(*_scoped(statement, scope, "order by d.started_at desc, d.id desc limit :limit", values))


async def drill(tx: Tx, scope: Scope, drill_id: UUID) -> RowMapping | None:
    """One drill that the reader may know of."""
    statement = (
        f"select d.*, i.status, {_INCIDENT}, f.title as finding from drill d join incident i on i.id = d.incident_id "
        "left join finding f on f.id = d.finding_id where d.id = :id"
    )
    return await tx.row(*_scoped(statement, scope, "", {"id": drill_id}))


async def drills_of(tx: Tx, finding_id: UUID) -> Sequence[RowMapping]:
    """The drills that rehearsed a finding, the newest first."""
    return await tx.rows(
        text("select * from drill where finding_id = :id order by started_at desc, id desc limit 50"),
        {"id": finding_id},
    )
