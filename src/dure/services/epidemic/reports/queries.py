"""Queries of the report: cases as they were known at a moment, tests by day, what was kept."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, insert, select, text

from dure.engine.database import Tx
from dure.kernel.errors import NotFound
from dure.services.epidemic.tables_tracing import epidemic_report, epidemic_tested

_KNOWN = text(
    """
    with known as (
        select distinct on (case_id) facts from epidemic_case_version
        where disease = :disease and known_at <= :as_of order by case_id, number desc
    )
    select (facts->>'reported_at')::timestamptz as reported_at,
        ((facts->>'reported_at')::timestamptz at time zone :zone)::date as reported_on,
        (facts->>'onset_on')::date as onset_on, (facts->>'died_on')::date as died_on, facts->>'outcome' as outcome,
        (facts->>'released_on')::date as released_on, (facts->>'age')::integer as age, facts->>'district' as district,
        facts->>'source' as source, facts->>'cluster' as cluster, (facts->>'imported')::boolean as imported
    from known where facts->>'status' = 'confirmed'
    """
)
_TESTS = text(
    "select distinct on (day) day, tested, positive from epidemic_tested "
    "where disease = :disease and known_at <= :as_of order by day, known_at desc, id desc"
)
_REPORTS = text(
    "select id, disease, as_of, scheduled, made_at, made_by, digest, (content->'totals'->>'cases')::integer as cases, "
    "(content->'totals'->>'fresh')::integer as fresh from epidemic_report where disease = :disease "
    "and (cast(:at as timestamptz) is null or (as_of, id) < (:at, cast(:id as uuid))) "
    "order by as_of desc, id desc limit :limit"
)
_LIVE = text(
    "select disease from epidemic_case where status = 'confirmed' group by disease having max(reported_at) > :since "
    "limit 50"
)


async def known(tx: Tx, disease: str, as_of: datetime, zone: str) -> Sequence[RowMapping]:
    """Confirmed cases as they were known at `as_of`."""
    return await tx.rows(_KNOWN, {"disease": disease, "as_of": as_of, "zone": zone})


async def tests(tx: Tx, disease: str, as_of: datetime) -> Sequence[RowMapping]:
    """Tests by day as they were known at `as_of`."""
    return await tx.rows(_TESTS, {"disease": disease, "as_of": as_of})


async def add_tests(tx: Tx, values: Mapping[str, Any]) -> None:
    """The tests of a day, as they are told now."""
    await tx.execute(insert(epidemic_tested).values(**values))


async def own_districts(tx: Tx) -> frozenset[str]:
    """The names of the city's districts; none where it has no boundaries."""
    return frozenset(
        row["name"] for row in await tx.rows(text("select name from boundary where level = 'district' limit 200"))
    )


async def add(tx: Tx, values: Mapping[str, Any]) -> bool:
    """Keep a report; whether it was not there already (of a night there is one by schedule)."""
    found = await tx.scalar(
        text(
            "insert into epidemic_report (id, disease, as_of, scheduled, made_at, made_by, content, digest) values "
            "(:id, :disease, :as_of, :scheduled, :made_at, :made_by, cast(:content as jsonb), :digest) "
            "on conflict do nothing returning id"
        ),
        {**values, "content": msgspec.json.encode(values["content"]).decode()},
    )
    return found is not None


async def one(tx: Tx, id_: UUID) -> RowMapping:
    """A kept report. Raises NotFound."""
    row = await tx.row(select(epidemic_report).where(epidemic_report.c.id == id_))
    if row is None:
        raise NotFound("epidemic.report.unknown")
    return row


async def listed(tx: Tx, disease: str, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[RowMapping]:
    """Kept reports behind `after` (as_of, id), the latest first."""
    at, id_ = after or (None, None)
    return await tx.rows(_REPORTS, {"disease": disease, "at": at, "id": id_, "limit": limit})


async def live(tx: Tx, since: datetime) -> list[str]:
    """The diseases with a case since then."""
    return [row["disease"] for row in await tx.rows(_LIVE, {"since": since})]


async def is_made(tx: Tx, disease: str, as_of: datetime) -> bool:
    """Whether the night's own report stands."""
    statement = text(
        "select exists (select from epidemic_report where disease = :disease and as_of = :as_of and scheduled)"
    )
    return bool(await tx.scalar(statement, {"disease": disease, "as_of": as_of}))
