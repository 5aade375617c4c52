"""Giving beds: a plan for all who wait, carried out when the bed manager says so; moving, releasing."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import RowMapping

from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.kernel.errors import Conflict
from dure.kernel.geometry import LonLat
from dure.services.epidemic.care import beds, queries, solving
from dure.services.epidemic.care.beds import Given, Patient, Ward
from dure.services.epidemic.care.dated import in_force
from dure.services.epidemic.care.follow import LIMITS
from dure.services.epidemic.care.looking import today
from dure.services.epidemic.care.release import Course, Release, released
from dure.services.epidemic.care.transport import Plan, proved
from dure.services.epidemic.care.triage import Level, Oxygen, Placement
from dure.trust import audit
from dure.trust.principal import Principal

KEEP_PLANS = timedelta(days=30)


def _at(row: RowMapping) -> LonLat | None:
    return None if row["lon"] is None or row["lat"] is None else LonLat(row["lon"], row["lat"])


def ward_of(row: RowMapping) -> Ward:
    """A ward with its free beds; closed ones have none."""
    return Ward(
        id=str(row["id"]),
        facility=row["facility"],
        code=row["code"],
        kind=Placement(row["kind"]),
        free=max(row["capacity"] - row["taken"], 0) if row["open"] else 0,
        sex=row["sex"],
        isolation=row["isolation"],
        oxygen=Oxygen(row["oxygen"]),
        languages=frozenset(row["languages"]),
        at=_at(row),
    )


def patient_of(row: RowMapping, households: Mapping[str, str], now: Any) -> Patient:
    """Who waits, as the plan weighs them."""
    words = {word for word, _ in row["reasons"]}
    return Patient(
        id=str(row["case_id"]),
        level=Level[row["level"].upper()],
        placement=Placement(row["placement"]),
        sex=row["sex"],
        score=row["score"],
        oxygen=Oxygen(row["oxygen"]),
        isolation=row["isolation"],
        high_risk=bool(words & {"age", "risk"}),
        worse=row["worse_at"] is not None,
        waiting_h=max((now - row["waiting_since"]).total_seconds() / 3600, 0.0),
        language=row["language"],
        household=households.get(row["household"] or ""),
        at=_at(row),
    )


async def propose(tx: Tx, who: Principal, disease: str) -> UUID:
    """Plan a bed for everybody who waits for one; the plan's id. Raises Unavailable where it takes too long."""
    day, now = today(tx), tx.now()
    since = now - timedelta(days=in_force(LIMITS, day)["listed_days"])
    rows = await queries.waiting(tx, disease, since)
    known = {str(row["case_id"]): row for row in rows if row["state"] == "waiting"}
    households = await queries.households(tx)
    patients = [patient_of(row, households, now) for row in known.values()]
    wards = [ward_of(row) for row in await queries.wards(tx)]
    weights = beds.weights_of(day)
    table = beds.costs(patients, wards, weights)
    capacity = np.array([*(one.free for one in wards), len(patients)], dtype=np.int64)
    plan = await solving.plan(table, capacity)
    given = beds.explained(patients, wards, table, plan, weights)
    named = {one.id: one for one in wards}
    told = [_told(one, known[one.patient], named) for one in given]
    figures = _figures(given, plan, wards, proved=proved(plan, table, capacity))
    figures["untriaged"] = sum(row["state"] is None for row in rows)
    await queries.forget_plans(tx, now - KEEP_PLANS)
    plan_id = await queries.add_plan(tx, disease, who.name, figures, told)
    await audit.record(tx, who, "epidemic.bed_plan", "epidemic_bed_plan", plan_id)
    return plan_id


def _told(one: Given, row: RowMapping, wards: Mapping[str, Ward]) -> dict[str, Any]:
    ward = None if one.ward is None else wards[one.ward]
    return {
        "case_id": one.patient,
        "code": row["code"],
        "level": row["level"],
        "score": row["score"],
        "placement": row["placement"],
        "ward_id": one.ward,
        "facility": None if ward is None else ward.facility,
        "ward": None if ward is None else ward.code,
        "word": one.word,
        "counted": dict(one.counted),
        "others": [
            {"facility": wards[other.ward].facility, "ward": wards[other.ward].code, "word": other.word, "by": other.by}
            for other in one.others
        ],
    }


def _figures(given: Sequence[Given], plan: Plan, wards: Sequence[Ward], *, proved: bool) -> dict[str, Any]:
    return {
        "patients": len(given),
        "placed": sum(one.ward is not None for one in given),
        "best": sum(one.word == "best" for one in given),
        "full": sum(one.word == "full" for one in given),
        "unfit": sum(one.word == "unfit" for one in given),
        "beds": sum(one.free for one in wards),
        "distance_m": sum(one.counted.get("distance", 0) for one in given),
        "wanted": [
            {"facility": ward.facility, "ward": ward.code, "worth": int(plan.price[n])}
            for n, ward in sorted(enumerate(wards), key=lambda one: -int(plan.price[one[0]]))
            if plan.price[n] > 0
        ][:20],
        "proved": proved,
    }


async def carry_out(tx: Tx, who: Principal, plan_id: UUID, cases: Sequence[UUID] | None = None) -> dict[str, Any]:
    """Give the beds of a plan, to all or to these patients, as far as they are still free and wanted; how many, and who
    is left with why (moved_on, full). Raises NotFound, and Conflict for a plan that was carried out.
    """
    plan = await queries.plan(tx, plan_id, lock=True)
    if plan["applied_at"] is not None:
        raise Conflict("epidemic.plan.applied")
    chosen = None if cases is None else {str(one) for one in cases}
    rows = [one for one in plan["rows"] if one["ward_id"] and (chosen is None or one["case_id"] in chosen)]
    states = await queries.states(tx, [UUID(one["case_id"]) for one in rows])
    free: dict[str, list[int]] = {}
    for ward_id in sorted({one["ward_id"] for one in rows}):
        ward = await queries.ward(tx, UUID(ward_id))
        taken = await queries.beds(tx, ward["id"])
        numbers = range(1, ward["capacity"] + 1) if ward["open"] else range(0)
        free[ward_id] = [bed for bed in reversed(numbers) if bed not in taken]
    given: list[dict[str, Any]] = []
    left: list[dict[str, str]] = []
    for one in rows:
        case_id = UUID(one["case_id"])
        why = "moved_on" if states.get(case_id) != "waiting" else "full" if not free[one["ward_id"]] else None
        if why is not None:
            left.append({"case_id": one["case_id"], "code": one["code"], "why": why})
            continue
        bed, ward_id = free[one["ward_id"]].pop(), UUID(one["ward_id"])
        reason = {name: one[name] for name in ("word", "counted", "others")}
        given.append({"case_id": case_id, "ward_id": ward_id, "bed": bed, "why": reason, "by": who.name})
    await queries.give(tx, given)
    await queries.placed(tx, [one["case_id"] for one in given], today(tx))
    await queries.applied(tx, plan_id)
    await audit.record(tx, who, "epidemic.beds_given", "epidemic_bed_plan", plan_id)
    return {"given": len(given), "left": left}


async def move(tx: Tx, who: Principal, case_id: UUID, ward_id: UUID, why: str) -> None:
    """Give one patient a bed there, or move them. Raises NotFound; Conflict where it does not fit, nothing is free, or
    nobody has judged them yet.
    """
    row = await queries.one(tx, case_id, lock=True)
    if row["state"] is None:
        raise Conflict("epidemic.care.untriaged")
    if row["state"] in {"released", "died"}:
        raise Conflict("epidemic.care.over")
    await queries.states(tx, [case_id])  # in the order of a plan that is carried out
    ward = await queries.ward(tx, ward_id)
    taken = await queries.beds(tx, ward_id)
    wrong = beds.unfit(patient_of(row, {}, tx.now()), ward_of_locked(ward, len(taken)))
    if wrong is not None:
        raise Conflict(f"epidemic.unfit.{wrong}")
    bed = next((one for one in range(1, ward["capacity"] + 1) if one not in taken), None)
    if bed is None or not ward["open"]:
        raise Conflict("epidemic.ward.full")
    await queries.end_stay(tx, case_id, "moved")
    reason = {"word": "by_hand", "counted": {}, "others": [], "reason": why}
    given = {"case_id": case_id, "ward_id": ward_id, "bed": bed, "why": reason, "by": who.name}
    await queries.give(tx, [given])
    await queries.placed(tx, [case_id], today(tx))
    await audit.record(tx, who, "epidemic.bed_moved", "epidemic_case", case_id, person_id=row["person_id"])


def ward_of_locked(row: RowMapping, taken: int) -> Ward:
    """A ward that was read without its count."""
    return ward_of({**row, "taken": taken})  # type: ignore[arg-type]


async def release_of(tx: Tx, row: RowMapping) -> Release:
    """Whether a patient may be released now."""
    found = row["found"] or {}
    course = Course(
        begun_on=row["onset_on"] or row["confirmed_on"] or row["reported_at"].date(),
        calm_since=row["calm_since"],
        symptoms=row["onset_on"] is not None or bool(found.get("dyspnoea")) or row["calm_since"] is None,
        tests=await queries.tests(tx, row["disease"], row["code"]),
    )
    return released(course, tx.now(), ZoneInfo(city_zone()))


async def end(tx: Tx, who: Principal, case_id: UUID, outcome: str) -> None:
    """Released by the rule of the day, or died. Raises NotFound; Conflict where the rule does not allow a release."""
    row = await queries.one(tx, case_id, lock=True)
    if row["state"] is None:
        raise Conflict("epidemic.care.untriaged")
    if row["state"] in {"released", "died"}:
        raise Conflict("epidemic.care.over")
    if outcome == "recovered":
        judged = await release_of(tx, row)
        if not judged.allowed:
            raise Conflict(f"epidemic.release.missing.{judged.missing[0]}")
    await queries.end_stay(tx, case_id, "died" if outcome == "died" else "released")
    await queries.over(tx, case_id, outcome, today(tx))
    action = "epidemic.died" if outcome == "died" else "epidemic.released"
    await audit.record(tx, who, action, "epidemic_case", case_id, person_id=row["person_id"])
