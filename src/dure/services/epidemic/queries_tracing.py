"""Queries of tracing: requests, visits, whose numbers are cases."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, insert, select, text, update

from dure.engine.database import Tx
from dure.kernel.errors import NotFound
from dure.services.epidemic.tables_tracing import epidemic_request, epidemic_subject, epidemic_visit

_REQUESTS = text(
    "select * from epidemic_request where disease = :disease and (cast(:at as timestamptz) is null "
    "or (asked_at, id) < (:at, cast(:id as uuid))) order by asked_at desc, id desc limit :limit"
)
_COURSES = text(
    "select code, onset_on, specimen_on, confirmed_on, reported_at, admitted_on "
    "from epidemic_case where disease = :disease and code = any(:codes)"
)
_VISITS = text(
    "select v.*, r.mark_id, r.source from epidemic_visit v join epidemic_request r on r.id = v.request_id "
    "where v.disease = :disease and (cast(:codes as text[]) is null or v.code = any(:codes)) "
    "and r.destroyed_at is null order by v.code, v.from_at, v.id limit :most"
)
_SUBJECTS = text(
    "select s.request_id, s.number, s.code from epidemic_subject s join epidemic_request r on r.id = s.request_id "
    "where r.disease = :disease and s.code = any(:codes) and r.destroyed_at is null"
)
_GIVEN = text(
    "select id from epidemic_request where disease = :disease and source = 'telecom' and status = 'given' "
    "and from_at <= :last and to_at >= :first order by from_at, id limit 50"
)
_DUE = text(
    "select id, mark_id, asked_at, destroy_at, purpose from epidemic_request "
    "where destroyed_at is null and destroy_at <= :now order by destroy_at, id limit 100 for update skip locked"
)
_PEOPLE = text(
    "select code, person_id from epidemic_case "
    "where disease = :disease and code = any(:codes) and person_id is not null"
)
_CASES_OF = text("select code, person_id from epidemic_case where disease = :disease and person_id = any(:people)")


async def add_request(tx: Tx, values: Mapping[str, Any]) -> None:
    """A new request."""
    await tx.execute(insert(epidemic_request).values(**values))


async def request(tx: Tx, id_: UUID, *, lock: bool = False) -> RowMapping:
    """A request. Raises NotFound."""
    statement = select(epidemic_request).where(epidemic_request.c.id == id_)
    row = await tx.row(statement.with_for_update() if lock else statement)
    if row is None:
        raise NotFound("epidemic.request.unknown")
    return row


async def move(tx: Tx, id_: UUID, **columns: Any) -> None:
    """Change a request."""
    await tx.execute(
        update(epidemic_request)
        .where(epidemic_request.c.id == id_)
        .values(**columns, version=epidemic_request.c.version + 1)
    )


async def requests(tx: Tx, disease: str, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[RowMapping]:
    """The requests behind `after` (asked_at, id), the latest first."""
    at, id_ = after or (None, None)
    return await tx.rows(_REQUESTS, {"disease": disease, "at": at, "id": id_, "limit": limit})


async def courses(tx: Tx, disease: str, codes: Sequence[str]) -> dict[str, RowMapping]:
    """The days of these cases, by code."""
    return {row["code"]: row for row in await tx.rows(_COURSES, {"disease": disease, "codes": list(codes)})}


async def add_visits(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Where cases were."""
    if rows:
        await tx.execute(insert(epidemic_visit), list(rows))


async def visits(tx: Tx, disease: str, codes: Sequence[str] | None, most: int) -> Sequence[RowMapping]:
    """Visits of these cases (of all), with the key's name and the source; not of what was destroyed."""
    wanted = None if codes is None else list(codes)
    return await tx.rows(_VISITS, {"disease": disease, "codes": wanted, "most": most})


async def visit(tx: Tx, id_: UUID) -> RowMapping:
    """One visit, with its request's status. Raises NotFound."""
    row = await tx.row(
        text(
            "select v.*, r.mark_id, r.source from epidemic_visit v join epidemic_request r on r.id = v.request_id "
            "where v.id = :id and r.destroyed_at is null for update of v"
        ),
        {"id": id_},
    )
    if row is None:
        raise NotFound("epidemic.visit.unknown")
    return row


async def mark_visit(tx: Tx, id_: UUID, contacts_known: bool, many_exposed: bool) -> None:
    """Say what is known of who was there."""
    await tx.execute(
        update(epidemic_visit)
        .where(epidemic_visit.c.id == id_)
        .values(contacts_known=contacts_known, many_exposed=many_exposed, version=epidemic_visit.c.version + 1)
    )


async def add_subjects(tx: Tx, request_id: UUID, numbers: Mapping[int, str]) -> None:
    """Which numbers are which cases."""
    rows = [{"request_id": request_id, "number": number, "code": code} for number, code in numbers.items()]
    if rows:
        await tx.execute(insert(epidemic_subject), rows)


async def subjects(tx: Tx, disease: str, codes: Sequence[str]) -> Sequence[RowMapping]:
    """The numbers of these cases in each file."""
    return await tx.rows(_SUBJECTS, {"disease": disease, "codes": list(codes)})


async def given(tx: Tx, disease: str, first: datetime, last: datetime) -> list[UUID]:
    """The files of pings that reach into these times."""
    return [row["id"] for row in await tx.rows(_GIVEN, {"disease": disease, "first": first, "last": last})]


async def cases_of(tx: Tx, disease: str, people: Sequence[UUID]) -> dict[UUID, str]:
    """Which of these people are cases: their codes."""
    rows = await tx.rows(_CASES_OF, {"disease": disease, "people": list(people)})
    return {row["person_id"]: row["code"] for row in rows}


async def people(tx: Tx, disease: str, codes: Sequence[str]) -> dict[UUID, str]:
    """Who these cases are in the vault: person to code."""
    rows = await tx.rows(_PEOPLE, {"disease": disease, "codes": list(codes)})
    return {row["person_id"]: row["code"] for row in rows}


async def due(tx: Tx, now: datetime) -> Sequence[RowMapping]:
    """What is to be destroyed now."""
    return await tx.rows(_DUE, {"now": now})


async def clear(tx: Tx, request_id: UUID) -> None:
    """Take out the rows of what was given."""
    await tx.execute(text("delete from epidemic_visit where request_id = :id"), {"id": request_id})
    await tx.execute(text("delete from epidemic_subject where request_id = :id"), {"id": request_id})
