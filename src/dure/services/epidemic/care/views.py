"""Patients, wards and plans as screens get them: numbers and masked names."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping

from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.services.epidemic.care import queries, watch
from dure.services.epidemic.care.beds import GRADES
from dure.services.epidemic.care.dated import in_force
from dure.services.epidemic.care.follow import LIMITS, due, worst_first
from dure.services.epidemic.care.looking import today
from dure.services.epidemic.care.placing import release_of
from dure.trust import vault

USUAL_STAY = timedelta(days=14)
"""Until enough have been released to know better."""
ENOUGH = 20
AHEAD = 7


def listed_since(tx: Tx) -> datetime:
    """Cases reported before that are on no list of mine."""
    return tx.now() - timedelta(days=in_force(LIMITS, today(tx))["listed_days"])


async def waiting(tx: Tx, disease: str, offset: int, limit: int) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The home waiting list, worst first: `limit` of them from `offset`, and how many there are, late, untriaged,
    getting worse.
    """
    now, day = tx.now(), today(tx)
    rows = {str(row["case_id"]): row for row in await queries.waiting(tx, disease, listed_since(tx))}
    ordered = worst_first([watch.waiting_of(row) for row in rows.values()], now, day)
    counts = {
        "waiting": sum(row["state"] == "waiting" for row in rows.values()),
        "home": sum(row["state"] == "home" for row in rows.values()),
        "untriaged": sum(row["state"] is None for row in rows.values()),
        "worse": sum(one.worse for one in ordered),
        "unseen": sum(due(one, day) < now for one in ordered),
    }
    part = ordered[offset : offset + limit]
    people = await masked(tx, [rows[one.id] for one in part])
    shown = []
    for one in part:
        row = rows[one.id]
        until = due(one, day)
        shown.append({**patient(row, people), "due_at": until, "overdue": until < now})
    return shown, counts


async def masked(tx: Tx, rows: Iterable[RowMapping]) -> Mapping[UUID, vault.Person]:
    """The masked form of people, by id."""
    return await vault.of(tx).masked(tx, [row["person_id"] for row in rows if row["person_id"] is not None])


def patient(row: RowMapping, people: Mapping[UUID, vault.Person]) -> dict[str, Any]:
    """A patient."""
    plain = ("code", "sex", "age", "district", "reported_at", "onset_on", "state", "level", "placement", "score")
    more = ("by_table", "oxygen", "isolation", "language", "household", "seen_at", "seen_by", "tried_at", "worse_at")
    person = people.get(row["person_id"]) if row["person_id"] is not None else None
    return {
        "case_id": str(row["case_id"]),
        **{name: row[name] for name in (*plain, *more, "waiting_since")},
        "reasons": row["reasons"] or [],
        "worse": row["worse"] or [],
        "found": row["found"],
        "person": None
        if person is None
        else {"id": str(row["person_id"]), "name": person.name or None, "phone": person.phone or None},
        "version": row["version"] or 0,
    }


async def whole(tx: Tx, case_id: UUID) -> dict[str, Any]:
    """A patient with every look, every bed, and whether they may be released now. Raises NotFound."""
    row = await queries.one(tx, case_id)
    judged = await release_of(tx, row) if row["state"] is not None else None
    return {
        **patient(row, await masked(tx, [row])),
        "looks": [dict(one) for one in await queries.looks(tx, case_id)],
        "stays": [dict(one) for one in await queries.stays(tx, case_id)],
        "release": None
        if judged is None
        else {"allowed": judged.allowed, "since": judged.since, "missing": list(judged.missing)},
    }


async def wards(tx: Tx) -> dict[str, Any]:
    """All wards, what is free by grade, and which beds become free in the next days."""
    rows = [ward(row) for row in await queries.wards(tx)]
    grades = []
    for grade in GRADES:
        of = [one for one in rows if one["kind"] == grade.value]
        beds, taken = sum(one["capacity"] for one in of if one["open"]), sum(one["taken"] for one in of)
        grades.append({"kind": grade.value, "beds": beds, "taken": taken, "free": sum(one["free"] for one in of)})
    return {"items": rows, "next": None, "grades": grades, "ahead": await ahead(tx)}


def ward(row: RowMapping) -> dict[str, Any]:
    """A ward."""
    names = ("facility", "code", "kind", "capacity", "sex", "isolation", "oxygen", "languages", "address", "lon", "lat")
    free = max(row["capacity"] - row["taken"], 0) if row["open"] else 0
    shown = {name: row[name] for name in (*names, "open", "taken", "version")}
    return {"id": str(row["id"]), **shown, "free": free}


async def ahead(tx: Tx) -> dict[str, Any]:
    """How many beds become free on each of the next days, if stays last as long as they lately did (median)."""
    now, zone = tx.now(), ZoneInfo(city_zone())
    median, ended, begun = await queries.turnover(tx, now - timedelta(days=30))
    stay = timedelta(seconds=median) if median is not None and ended >= ENOUGH else USUAL_STAY
    first = now.astimezone(zone).date()
    days = [first + timedelta(days=n) for n in range(AHEAD)]
    ends = Counter(max((at + stay).astimezone(zone).date(), first) for at in begun)
    return {
        "median_days": round(stay / timedelta(days=1), 1),
        "counted": ended,
        "days": [{"day": day, "free": ends[day]} for day in days],
    }


def plan(row: RowMapping) -> dict[str, Any]:
    """A plan without its rows."""
    return {
        "id": str(row["id"]),
        **{name: row[name] for name in ("disease", "made_at", "made_by", "figures", "applied_at", "version")},
    }


def plan_rows(rows: Sequence[dict[str, Any]], offset: int, limit: int) -> list[dict[str, Any]]:
    """A page of a plan's rows: who gets none first, then the most ill."""
    order = ("critical", "severe", "moderate", "mild", "asymptomatic")
    sorted_ = sorted(rows, key=lambda one: (one["ward_id"] is not None, order.index(one["level"]), one["code"]))
    return sorted_[offset : offset + limit]
