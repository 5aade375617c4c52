"""Every query of statutory reports."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx

_SHOWN = (
    'r.id, r.disease, r."class", r.kind, r.person_id, r.sex, r.age, r.district, r.onset_on, r.diagnosed_at, r.test, '
    "r.admitted_on, r.died_on, r.abroad, r.institution, r.institution_no, r.told_by, r.told_at, r.due_at, "
    "r.late, r.state, r.why, r.case_id, r.decided_by, r.decided_at, r.version, c.code as case_code"
)
_FROM = "from epidemic_statutory_report r left join epidemic_case c on c.id = r.case_id"
_LISTED = text(
    f"select {_SHOWN} {_FROM} where (cast(:office as text) is null or r.office = :office) "
    "and (cast(:state as text) is null or r.state = :state) "
    "and (cast(:at as timestamptz) is null or (r.told_at, r.id) < (:at, cast(:id as uuid))) "
    "order by r.told_at desc, r.id desc limit :limit"
)
_ONE = text(f"select {_SHOWN} {_FROM} where r.id = :id and (cast(:office as text) is null or r.office = :office)")
_LOCKED = text("select * from epidemic_statutory_report where id = :id for update")
_ALIKE = text(
    "select id from epidemic_statutory_report where disease = :disease and person_id = any(:people) "
    "and state <> 'returned' and diagnosed_at > :since order by told_at desc limit 1"
)
_DECIDED = text(
    "update epidemic_statutory_report set state = :state, why = :why, case_id = :case_id, decided_by = :by, "
    "decided_at = :now, updated_at = :now, version = version + 1 where id = :id"
)
_CASE = text("select * from epidemic_case where id = :id")
_CODED = text("select id from epidemic_case where disease = :disease and code = :code for update")
_CASES = text(
    "select * from epidemic_case where disease = :disease and (cast(:at as timestamptz) is null "
    "or (reported_at, id) < (:at, cast(:id as uuid))) order by reported_at desc, id desc limit :limit"
)


async def listed(
    tx: Tx, office: str | None, state: str | None, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[RowMapping]:
    """Reports, the latest first; only those of `office` where it is named."""
    at, id_ = after or (None, None)
    return await tx.rows(_LISTED, {"office": office, "state": state, "at": at, "id": id_, "limit": limit})


async def one(tx: Tx, id_: UUID, office: str | None) -> RowMapping | None:
    """One report; None where there is none, or where another office told it."""
    return await tx.row(_ONE, {"id": id_, "office": office})


async def locked(tx: Tx, id_: UUID) -> RowMapping | None:
    """The same, held until the end of the transaction."""
    return await tx.row(_LOCKED, {"id": id_})


async def alike(tx: Tx, disease: str, people: Sequence[UUID], since: datetime) -> UUID | None:
    """A report of the same disease of one of these people, diagnosed after `since`."""
    found: UUID | None = await tx.scalar(_ALIKE, {"disease": disease, "people": list(people), "since": since})
    return found


async def decide(tx: Tx, values: Mapping[str, Any]) -> None:
    """Write what became of one."""
    await tx.execute(_DECIDED, values)


async def case(tx: Tx, case_id: UUID) -> RowMapping | None:
    """A case as it is known now."""
    return await tx.row(_CASE, {"id": case_id})


async def coded(tx: Tx, disease: str, code: str) -> UUID | None:
    """The case of that number, held."""
    found: UUID | None = await tx.scalar(_CODED, {"disease": disease, "code": code})
    return found


async def cases(tx: Tx, disease: str, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[RowMapping]:
    """The whole rows of a line list, the latest reported first."""
    at, id_ = after or (None, None)
    return await tx.rows(_CASES, {"disease": disease, "at": at, "id": id_, "limit": limit})
