"""Every query of triage and beds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import NotFound
from dure.kernel.ids import new_id

_json = msgspec.json.Encoder()
_WHO = (
    "c.id as case_id, c.code, c.disease, c.sex, c.age, c.district, c.lon, c.lat, c.person_id, c.onset_on, "
    "c.confirmed_on, c.reported_at, coalesce(k.waiting_since, c.reported_at) as waiting_since, "
    "coalesce(k.seen_at, least(c.reported_at, c.created_at)) as seen_at, k.seen_by, k.tried_at, k.state, k.level, "
    "k.placement, k.score, k.by_table, k.reasons, k.found, k.oxygen, k.isolation, k.language, k.household, "
    "k.calm_since, k.worse_at, k.worse, k.version"
)
_WAITING = text(
    f"select {_WHO} from epidemic_case c left join epidemic_care k on k.case_id = c.id "
    "where (cast(:disease as text) is null or c.disease = :disease) and c.status = 'confirmed' and c.outcome is null "
    "and c.released_on is null and (k.state in ('waiting', 'home') or (k.case_id is null and c.hospital is null "
    "and c.admitted_on is null and c.reported_at > :since)) limit 50000"
)
_ONE = text(
    f"select {_WHO} from epidemic_case c left join epidemic_care k on k.case_id = c.id "
    "where c.id = :id and c.status <> 'ruled_out'"
)
_LOCK = text("select id from epidemic_case where id = :id for update")
_KEEP = text(
    "insert into epidemic_care (case_id, disease, state, level, placement, score, by_table, reasons, found, oxygen, "
    "isolation, language, household, waiting_since, seen_at, seen_by, calm_since, worse_at, worse, updated_at) values "
    "(:case_id, :disease, :state, :level, :placement, :score, :by_table, cast(:reasons as jsonb), "
    "cast(:found as jsonb), :oxygen, :isolation, :language, :household, :waiting_since, :now, :by, :calm_since, "
    ":worse_at, cast(:worse as jsonb), :now) on conflict (case_id) do update set state = excluded.state, "
    "level = excluded.level, placement = excluded.placement, score = excluded.score, by_table = excluded.by_table, "
    "reasons = excluded.reasons, found = excluded.found, oxygen = excluded.oxygen, isolation = excluded.isolation, "
    "language = excluded.language, household = excluded.household, waiting_since = excluded.waiting_since, "
    "seen_at = excluded.seen_at, seen_by = excluded.seen_by, tried_at = null, calm_since = excluded.calm_since, "
    "worse_at = excluded.worse_at, worse = excluded.worse, version = epidemic_care.version + 1, "
    "updated_at = excluded.updated_at"
)
_TRIED = text(
    "update epidemic_care set tried_at = :now, version = version + 1, updated_at = :now where case_id = :case_id"
)
_LOOK = text(
    "insert into epidemic_look (id, case_id, at, by, way, reached, found, level, score) "
    "values (:id, :case_id, :now, :by, :way, :reached, cast(:found as jsonb), :level, :score)"
)
_LOOKS = text(
    "select at, by, way, reached, found, level, score from epidemic_look where case_id = :id "
    "order by at desc, id desc limit 100"
)
_WARDS = text(
    "select w.*, (select count(*) from epidemic_stay s where s.ward_id = w.id and s.until_at is null) as taken "
    "from epidemic_ward w order by w.facility, w.code limit 2000"
)
_WARD = text("select * from epidemic_ward where id = :id for update")
_SET_WARD = text(
    "update epidemic_ward set capacity = :capacity, open = :open, version = version + 1, updated_at = :now "
    "where id = :id"
)
_BEDS = text("select bed from epidemic_stay where ward_id = :id and until_at is null")
_HOUSEHOLDS = text(
    "select k.household, min(w.facility) as facility from epidemic_stay s "
    "join epidemic_care k on k.case_id = s.case_id join epidemic_ward w on w.id = s.ward_id "
    "where s.until_at is null and k.household is not null group by k.household"
)
_STAY = text(
    "select s.id, s.ward_id, s.bed, s.from_at, s.why, w.facility, w.code as ward from epidemic_stay s "
    "join epidemic_ward w on w.id = s.ward_id where s.case_id = :id and s.until_at is null"
)
_STAYS = text(
    "select s.bed, s.from_at, s.until_at, s.ended, s.why, s.by, w.facility, w.code as ward from epidemic_stay s "
    "join epidemic_ward w on w.id = s.ward_id where s.case_id = :id order by s.from_at desc limit 50"
)
_GIVE = text(
    "insert into epidemic_stay (id, case_id, ward_id, bed, from_at, why, by) "
    "values (:id, :case_id, :ward_id, :bed, :now, cast(:why as jsonb), :by)"
)
_END = text("update epidemic_stay set until_at = :now, ended = :ended where case_id = :id and until_at is null")
_PLACED = text(
    "update epidemic_care set state = 'placed', version = version + 1, updated_at = :now where case_id = any(:ids)"
)
_ADMITTED = text(
    "update epidemic_case c set hospital = s.facility, admitted_on = coalesce(c.admitted_on, :day), "
    "version = c.version + 1, updated_at = :now from (select s.case_id, w.facility from epidemic_stay s "
    "join epidemic_ward w on w.id = s.ward_id where s.until_at is null and s.case_id = any(:ids)) s "
    "where c.id = s.case_id"
)
_OVER = text(
    "update epidemic_care set state = :state, ended_at = :now, worse_at = null, worse = '[]', version = version + 1, "
    "updated_at = :now where case_id = :id"
)
_OUTCOME = text(
    "update epidemic_case set outcome = :outcome, "
    "released_on = case when cast(:outcome as text) = 'recovered' then cast(:day as date) else released_on end, "
    "died_on = case when cast(:outcome as text) = 'died' then cast(:day as date) else died_on end, "
    "version = version + 1, updated_at = :now where id = :id"
)
_LISTED_OVER = (
    text(
        "update epidemic_stay s set until_at = :now, ended = case when c.outcome = 'died' then 'died' "
        "when c.outcome is not null then 'released' when c.released_on is not null then 'released' "
        "else 'withdrawn' end "
        "from epidemic_case c where c.id = s.case_id "
        "and s.until_at is null and (c.outcome is not null or c.released_on is not null or c.status = 'ruled_out')"
    ),
    text(
        "update epidemic_care k set state = case when c.outcome = 'died' then 'died' else 'released' end, "
        "ended_at = :now, worse_at = null, worse = '[]', version = k.version + 1, updated_at = :now "
        "from epidemic_case c where c.id = k.case_id and k.ended_at is null "
        "and (c.outcome is not null or c.released_on is not null or c.status = 'ruled_out')"
    ),
)
_TESTS = text(
    "select taken_at, result from epidemic_test where disease = :disease and code = :code "
    "and result in ('negative', 'positive') order by taken_at limit 200"
)
_ADD_PLAN = text(
    "insert into epidemic_bed_plan (id, disease, made_at, made_by, figures, rows) "
    "values (:id, :disease, :now, :by, cast(:figures as jsonb), cast(:rows as jsonb))"
)
_FORGET_PLANS = text("delete from epidemic_bed_plan where made_at < :before")
_PLANS = text(
    "select id, disease, made_at, made_by, figures, applied_at, version from epidemic_bed_plan "
    "where disease = :disease order by made_at desc limit 20"
)
_PLAN = text("select * from epidemic_bed_plan where id = :id")
_PLAN_LOCKED = text("select * from epidemic_bed_plan where id = :id for update")
_APPLIED = text("update epidemic_bed_plan set applied_at = :now, version = version + 1 where id = :id")
_STATES = text("select case_id, state from epidemic_care where case_id = any(:ids) order by case_id for update")
_TURNOVER = text(
    "select percentile_cont(0.5) within group (order by extract(epoch from until_at - from_at)) as median_s, "
    "count(*) as ended from epidemic_stay where ended = 'released' and until_at > :since"
)
_FROM = text("select from_at from epidemic_stay where until_at is null order by from_at limit 20000")


async def waiting(tx: Tx, disease: str | None, since: datetime) -> Sequence[RowMapping]:
    """Everybody at home: who waits for a bed, who is treated there, and whom nobody has judged (reported after
    `since`). None: of all diseases.
    """
    return await tx.rows(_WAITING, {"disease": disease, "since": since})


async def one(tx: Tx, case_id: UUID, *, lock: bool = False) -> RowMapping:
    """A patient. Raises NotFound."""
    if lock:
        await tx.rows(_LOCK, {"id": case_id})
    row = await tx.row(_ONE, {"id": case_id})
    if row is None:
        raise NotFound("epidemic.case.unknown")
    return row


async def keep(tx: Tx, values: dict[str, Any]) -> None:
    """How a patient is now."""
    plain = {name: _json.encode(values[name]).decode() for name in ("reasons", "found", "worse")}
    await tx.execute(_KEEP, {**values, **plain, "now": tx.now()})


async def tried(tx: Tx, case_id: UUID) -> None:
    """Nobody took the call."""
    await tx.execute(_TRIED, {"case_id": case_id, "now": tx.now()})


async def add_look(tx: Tx, values: dict[str, Any]) -> None:
    """Somebody looked."""
    found = None if values["found"] is None else _json.encode(values["found"]).decode()
    await tx.execute(_LOOK, {**values, "id": new_id(), "found": found, "now": tx.now()})


async def looks(tx: Tx, case_id: UUID) -> Sequence[RowMapping]:
    """The last looks, newest first."""
    return await tx.rows(_LOOKS, {"id": case_id})


async def wards(tx: Tx) -> Sequence[RowMapping]:
    """All wards with how many of their beds are taken."""
    return await tx.rows(_WARDS)


async def ward(tx: Tx, ward_id: UUID) -> RowMapping:
    """A ward, locked. Raises NotFound."""
    row = await tx.row(_WARD, {"id": ward_id})
    if row is None:
        raise NotFound("epidemic.ward.unknown")
    return row


async def set_ward(tx: Tx, ward_id: UUID, capacity: int, *, open_: bool) -> None:
    """How many beds there are, and whether anybody new comes."""
    await tx.execute(_SET_WARD, {"id": ward_id, "capacity": capacity, "open": open_, "now": tx.now()})


async def beds(tx: Tx, ward_id: UUID) -> set[int]:
    """The beds of a ward that are taken."""
    return {row["bed"] for row in await tx.rows(_BEDS, {"id": ward_id})}


async def households(tx: Tx) -> dict[str, str]:
    """In which facility somebody of a household lies."""
    return {row["household"]: row["facility"] for row in await tx.rows(_HOUSEHOLDS)}


async def stay(tx: Tx, case_id: UUID) -> RowMapping | None:
    """Which bed somebody has."""
    return await tx.row(_STAY, {"id": case_id})


async def stays(tx: Tx, case_id: UUID) -> Sequence[RowMapping]:
    """Which beds they had, the latest first."""
    return await tx.rows(_STAYS, {"id": case_id})


async def give(tx: Tx, given: Sequence[dict[str, Any]]) -> None:
    """Beds to people: case_id, ward_id, bed, why, by."""
    if given:
        now = tx.now()
        rows = [{**one, "id": new_id(), "now": now, "why": _json.encode(one["why"]).decode()} for one in given]
        await tx.execute(_GIVE, rows)


async def end_stay(tx: Tx, case_id: UUID, ended: str) -> None:
    """The bed is free again."""
    await tx.execute(_END, {"id": case_id, "ended": ended, "now": tx.now()})


async def placed(tx: Tx, ids: Sequence[UUID], day: Any) -> None:
    """They lie where their stays say, in the line list as well."""
    await tx.execute(_PLACED, {"ids": list(ids), "now": tx.now()})
    await tx.execute(_ADMITTED, {"ids": list(ids), "day": day, "now": tx.now()})


async def over(tx: Tx, case_id: UUID, outcome: str, day: Any) -> None:
    """Released or died."""
    state = "died" if outcome == "died" else "released"
    await tx.execute(_OVER, {"id": case_id, "state": state, "now": tx.now()})
    await tx.execute(_OUTCOME, {"id": case_id, "outcome": outcome, "day": day, "now": tx.now()})


async def follow_the_list(tx: Tx) -> None:
    """Whom the line list says to be released, dead or no case has no bed and waits for none."""
    for statement in _LISTED_OVER:
        await tx.execute(statement, {"now": tx.now()})


async def tests(tx: Tx, disease: str, code: str) -> list[tuple[datetime, bool]]:
    """Results by when the specimen was taken: whether negative."""
    rows = await tx.rows(_TESTS, {"disease": disease, "code": code})
    return [(row["taken_at"], row["result"] == "negative") for row in rows]


async def add_plan(tx: Tx, disease: str, by: str, figures: dict[str, Any], rows: list[dict[str, Any]]) -> UUID:
    """Keep a plan."""
    id_ = new_id()
    told = {"figures": _json.encode(figures).decode(), "rows": _json.encode(rows).decode()}
    await tx.execute(_ADD_PLAN, {"id": id_, "disease": disease, "now": tx.now(), "by": by, **told})
    return id_


async def forget_plans(tx: Tx, before: datetime) -> None:
    """Plans of days long gone."""
    await tx.execute(_FORGET_PLANS, {"before": before})


async def plans(tx: Tx, disease: str) -> Sequence[RowMapping]:
    """The last plans without their rows."""
    return await tx.rows(_PLANS, {"disease": disease})


async def plan(tx: Tx, plan_id: UUID, *, lock: bool = False) -> RowMapping:
    """A plan. Raises NotFound."""
    row = await tx.row(_PLAN_LOCKED if lock else _PLAN, {"id": plan_id})
    if row is None:
        raise NotFound("epidemic.plan.unknown")
    return row


async def applied(tx: Tx, plan_id: UUID) -> None:
    """It was carried out."""
    await tx.execute(_APPLIED, {"id": plan_id, "now": tx.now()})


async def states(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Where patients are, locked."""
    return {row["case_id"]: row["state"] for row in await tx.rows(_STATES, {"ids": list(ids)})}


async def turnover(tx: Tx, since: datetime) -> tuple[float | None, int, list[datetime]]:
    """The median stay that ended with a release after `since` (seconds), of how many, and when those who lie now
    came.
    """
    row = await tx.row(_TURNOVER, {"since": since})
    assert row is not None
    return row["median_s"], row["ended"], [one["from_at"] for one in await tx.rows(_FROM)]
