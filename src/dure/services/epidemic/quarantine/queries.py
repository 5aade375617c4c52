"""Every query of quarantine."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import NotFound

_json = msgspec.json.Encoder()
_COUNTS = text(
    "select count(*) filter (where state = 'under') as under, "
    "count(*) filter (where state = 'under' and officer_id is null) as unassigned, "
    "count(*) filter (where state = 'under' and step = 1) as silent, "
    "count(*) filter (where state = 'under' and step >= 2) as visit, "
    "count(*) filter (where state = 'under' and worse_at is not null) as worse, "
    "count(*) filter (where state = 'under' and until_at < :tomorrow) as ending, "
    "count(*) filter (where state = 'released') as released, count(*) filter (where state = 'case') as cases "
    "from epidemic_quarantine where disease = :disease"
)
_COLUMNS = (
    "q.id, q.disease, q.code, q.person_id, q.source_code, q.reason, q.language, q.district, q.lon, q.lat, "
    "q.last_contact_on, q.from_at, q.until_at, q.state, q.officer_id, o.code as officer, q.why, q.missed, q.step, "
    "q.answered_at, q.worse_at, q.worse, q.ended_at, q.version"
)
_RANK = (
    "(case when q.worse_at is not null then 0 when q.step >= 2 then 1 when q.step = 1 then 2 "
    "when q.officer_id is null then 3 else 4 end)"
)
_LIST = text(
    f"select {_COLUMNS}, {_RANK} as rank from epidemic_quarantine q "
    "left join epidemic_officer o on o.id = q.officer_id "
    "where q.disease = :disease and q.state = 'under' "
    "and (cast(:officer as uuid) is null or q.officer_id = :officer) "
    f"and (cast(:rank as bigint) is null or ({_RANK}, q.until_at, q.id) > (:rank, :until, cast(:id as uuid))) "
    f"order by {_RANK}, q.until_at, q.id limit :limit"
)
_ONE = text(
    f"select {_COLUMNS} from epidemic_quarantine q left join epidemic_officer o on o.id = q.officer_id where q.id = :id"
)
_CHECKS = text(
    "select due_at, reminded_at, answered_at, missed_at, answers from epidemic_self_check where quarantine_id = :id "
    "order by due_at desc limit 60"
)
_OFFICERS = text(
    "select o.*, (select count(*) from epidemic_quarantine q where q.officer_id = o.id and q.state = 'under') as load "
    "from epidemic_officer o order by o.code limit 5000"
)
_DUTY = text(
    "update epidemic_officer set on_duty = :on_duty, version = version + 1, updated_at = :now "
    "where id = :id returning id"
)
_PEOPLE = text(
    "select id, language, lon, lat, district, officer_id from epidemic_quarantine where disease = :disease "
    "and state = 'under' order by id limit 50000 for update"
)
_ASSIGN = text(
    "update epidemic_quarantine q set officer_id = one.officer_id, why = one.why, version = q.version + 1, "
    "updated_at = :now from unnest(cast(:ids as uuid[]), cast(:officers as uuid[]), cast(:whys as jsonb[])) "
    "as one (id, officer_id, why) where q.id = one.id"
)
_END = text(
    "update epidemic_quarantine set state = :state, ended_at = :now, step = 0, version = version + 1, "
    "updated_at = :now where id = :id and state = 'under'"
)
_SEEN = text(
    "update epidemic_quarantine set missed = 0, step = 0, worse_at = null, worse = '[]', version = version + 1, "
    "updated_at = :now where id = :id and state = 'under'"
)


async def counts(tx: Tx, disease: str, tomorrow: datetime) -> RowMapping:
    """How many are under quarantine, without officer, silent, to be visited, with signs; and how many ended."""
    row = await tx.row(_COUNTS, {"disease": disease, "tomorrow": tomorrow})
    assert row is not None
    return row


async def listed(
    tx: Tx, disease: str, officer: UUID | None, after: tuple[int, datetime, UUID] | None, limit: int
) -> Sequence[RowMapping]:
    """Who is under quarantine: those with signs first, then who must be visited, then who is silent."""
    rank, until, id_ = after or (None, None, None)
    values = {"disease": disease, "officer": officer, "rank": rank, "until": until, "id": id_, "limit": limit}
    return await tx.rows(_LIST, values)


async def one(tx: Tx, quarantine_id: UUID) -> RowMapping:
    """Somebody's quarantine. Raises NotFound."""
    row = await tx.row(_ONE, {"id": quarantine_id})
    if row is None:
        raise NotFound("epidemic.quarantine.unknown")
    return row


async def checks(tx: Tx, quarantine_id: UUID) -> Sequence[RowMapping]:
    """Their self-checks, the latest first."""
    return await tx.rows(_CHECKS, {"id": quarantine_id})


async def officers(tx: Tx) -> Sequence[RowMapping]:
    """All officers with how many they look after."""
    return await tx.rows(_OFFICERS)


async def set_duty(tx: Tx, officer_id: UUID, *, on_duty: bool) -> None:
    """Whether an officer takes people. Raises NotFound."""
    if await tx.row(_DUTY, {"id": officer_id, "on_duty": on_duty, "now": tx.now()}) is None:
        raise NotFound("epidemic.officer.unknown")


async def people(tx: Tx, disease: str) -> Sequence[RowMapping]:
    """Everybody under quarantine, locked, as they are given to officers."""
    return await tx.rows(_PEOPLE, {"disease": disease})


async def assign(tx: Tx, given: Sequence[tuple[UUID, UUID, dict[str, Any]]]) -> None:
    """Officers to people, with why."""
    if given:
        values = {
            "ids": [person for person, _, _ in given],
            "officers": [officer for _, officer, _ in given],
            "whys": [_json.encode(why).decode() for _, _, why in given],
        }
        await tx.execute(_ASSIGN, {**values, "now": tx.now()})


async def end(tx: Tx, quarantine_id: UUID, state: str) -> bool:
    """It is over; whether it was not before."""
    return bool((await tx.execute(_END, {"id": quarantine_id, "state": state, "now": tx.now()})).rowcount)


async def seen(tx: Tx, quarantine_id: UUID) -> bool:
    """Their officer spoke with them; whether they are still under quarantine."""
    return bool((await tx.execute(_SEEN, {"id": quarantine_id, "now": tx.now()})).rowcount)
