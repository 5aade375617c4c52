"""Every query of the service. Figures are counted from versions, so that they can be asked as of any moment."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx

_DISEASES = text(
    "select disease, count(*) as cases, min(reported_at) as first_at, max(reported_at) as last_at "
    "from epidemic_case where status = 'confirmed' group by disease order by max(reported_at) desc, disease limit 200"
)
_KNOWN = """
with known as (
    select distinct on (case_id) facts from epidemic_case_version
    where disease = :disease and known_at <= :as_of order by case_id, number desc
), confirmed as (
    select
        ((facts->>'reported_at')::timestamptz at time zone :zone)::date as reported_on,
        (facts->>'reported_at')::timestamptz as reported_at,
        (facts->>'onset_on')::date as onset_on,
        (facts->>'died_on')::date as died_on,
        facts->>'outcome' as outcome,
        facts->>'sex' as sex,
        (facts->>'age')::integer as age,
        facts->>'district' as district,
        (facts->>'imported')::boolean as imported
    from known where facts->>'status' = 'confirmed'
)
"""
_TOTALS = text(
    _KNOWN
    + """
    select count(*) as cases, count(*) filter (where imported) as imported,
        count(*) filter (where outcome = 'died') as died, count(*) filter (where outcome = 'recovered') as recovered,
        count(*) filter (where reported_at > :since) as fresh
    from confirmed
    """
)
_DAYS = text(
    _KNOWN
    + """
    , counted as (
        select reported_on as day, count(*) as reported, count(*) filter (where imported) as imported,
            0 as begun, 0 as died from confirmed group by 1
        union all select onset_on, 0, 0, count(*), 0 from confirmed where onset_on is not null group by 1
        union all select died_on, 0, 0, 0, count(*) from confirmed where died_on is not null group by 1
    )
    select day, sum(reported)::int as reported, sum(imported)::int as imported, sum(begun)::int as begun,
        sum(died)::int as died
    from counted group by day order by day
    """
)
_DISTRICTS = text(
    _KNOWN
    + """
    select district, count(*) as cases, count(*) filter (where reported_at > :since) as fresh,
        count(*) filter (where outcome = 'died') as died
    from confirmed group by district order by count(*) desc, district nulls last limit 300
    """
)
_AGES = text(
    _KNOWN
    + """
    select least(age / 10, 8) * 10 as age, count(*) as cases, count(*) filter (where outcome = 'died') as died
    from confirmed where age is not null group by 1 order by 1
    """
)
_CASES = text(
    "select id, code, status, sex, age, age_band, district, infected_on, onset_on, specimen_on, confirmed_on, "
    "reported_at, admitted_on, released_on, died_on, outcome, hospital, source, cluster, imported, version "
    "from epidemic_case where disease = :disease and (cast(:at as timestamptz) is null "
    "or (reported_at, id) < (:at, cast(:id as uuid))) order by reported_at desc, id desc limit :limit"
)
_NODES = text(
    "select code, onset_on, (reported_at at time zone :zone)::date as reported_on, cluster, outcome "
    "from epidemic_case where disease = :disease and status <> 'ruled_out' order by reported_at, code limit :most"
)
_LINKS = text(
    "select source, target from epidemic_link where disease = :disease order by created_at, source, target limit :most"
)


async def diseases(tx: Tx) -> Sequence[RowMapping]:
    """The diseases of which there are cases, the latest first."""
    return await tx.rows(_DISEASES)


async def totals(tx: Tx, disease: str, as_of: datetime, since: datetime, zone: str) -> RowMapping:
    """Counts as they were known at `as_of`; `fresh` were reported after `since`."""
    row = await tx.row(_TOTALS, {"disease": disease, "as_of": as_of, "since": since, "zone": zone})
    assert row is not None
    return row


async def days(tx: Tx, disease: str, as_of: datetime, zone: str) -> Sequence[RowMapping]:
    """Counts by day: reported (of these imported), fallen ill, died; days without any are left out."""
    return await tx.rows(_DAYS, {"disease": disease, "as_of": as_of, "zone": zone})


async def districts(tx: Tx, disease: str, as_of: datetime, since: datetime, zone: str) -> Sequence[RowMapping]:
    """Counts by district, the most first; None: nobody told."""
    return await tx.rows(_DISTRICTS, {"disease": disease, "as_of": as_of, "since": since, "zone": zone})


async def ages(tx: Tx, disease: str, as_of: datetime, zone: str) -> Sequence[RowMapping]:
    """Counts by decade of age, 80 for all above."""
    return await tx.rows(_AGES, {"disease": disease, "as_of": as_of, "zone": zone})


async def cases(tx: Tx, disease: str, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[RowMapping]:
    """The line list behind `after` (reported_at, id), the latest reported first."""
    at, id_ = after or (None, None)
    return await tx.rows(_CASES, {"disease": disease, "at": at, "id": id_, "limit": limit})


async def nodes(tx: Tx, disease: str, zone: str, most: int) -> Sequence[RowMapping]:
    """The cases of the chains."""
    return await tx.rows(_NODES, {"disease": disease, "zone": zone, "most": most})


async def links(tx: Tx, disease: str, most: int) -> Sequence[RowMapping]:
    """Who was exposed to whom."""
    return await tx.rows(_LINKS, {"disease": disease, "most": most})
