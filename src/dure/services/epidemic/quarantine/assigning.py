"""Giving people to officers, all at once, and ending quarantines."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import RowMapping

from dure.engine.database import Tx
from dure.kernel.errors import Conflict
from dure.kernel.geometry import LonLat
from dure.services.epidemic.care import solving
from dure.services.epidemic.care.looking import today
from dure.services.epidemic.care.transport import proved
from dure.services.epidemic.quarantine import officers, queries
from dure.services.epidemic.quarantine.officers import Given, Officer, Person
from dure.trust import audit
from dure.trust.principal import Principal


def _at(row: RowMapping) -> LonLat | None:
    return None if row["lon"] is None or row["lat"] is None else LonLat(row["lon"], row["lat"])


async def assign(tx: Tx, who: Principal, disease: str, *, rebalance: bool, keep: bool = True) -> dict[str, Any]:
    """Give everybody without an officer one; with `rebalance` weigh everybody anew, each change having to be worth it.
    Without `keep` only say what would be. The figures. Raises Conflict where officers on duty have no room for all.
    """
    day = today(tx)
    duty = [row for row in await queries.officers(tx) if row["on_duty"]]
    everybody = await queries.people(tx, disease)
    on_duty = {row["id"] for row in duty}
    chosen = [row for row in everybody if rebalance or row["officer_id"] not in on_duty]
    taken = {row["id"]: row["load"] for row in duty}
    for row in chosen:
        if row["officer_id"] in taken:
            taken[row["officer_id"]] -= 1
    known = [
        Officer(str(row["id"]), row["capacity"], frozenset(row["languages"]), _at(row), row["district"]) for row in duty
    ]
    people = [
        Person(str(row["id"]), row["language"], _at(row), row["district"], str(row["officer_id"] or "") or None)
        for row in chosen
    ]
    room = np.array([max(row["capacity"] - taken[row["id"]], 0) for row in duty], dtype=np.int64)
    if int(room.sum()) < len(people):
        raise Conflict("epidemic.officers.few", people=len(people), room=int(room.sum()))
    weights = officers.weights_of(day)
    slope = np.full(len(known), weights["load"], dtype=np.int64)
    table = officers.costs(people, known, weights)
    table = table + slope * np.array([taken[row["id"]] for row in duty], dtype=np.int64)
    plan = await solving.plan(table, room, slope)
    given = officers.explained(people, known, table, plan, weights)
    codes = {str(row["id"]): row["code"] for row in duty}
    changed = [one for one, row in zip(given, chosen, strict=True) if one.officer != str(row["officer_id"])]
    if keep:
        await queries.assign(tx, [(UUID(one.person), UUID(one.officer), _why(one, codes)) for one in changed])
        await audit.record(tx, who, "epidemic.officers", "disease", disease or "-")
    loads = plan.load + np.array([taken[row["id"]] for row in duty], dtype=np.int64)
    return {
        "people": len(people),
        "changed": len(changed),
        "unspoken": sum("language" in one.counted for one in given),
        "distance_m": sum(one.counted.get("distance", 0) for one in given),
        "load": {"least": int(loads.min()), "most": int(loads.max())} if loads.size else {"least": 0, "most": 0},
        "proved": proved(plan, table, room, slope),
        "kept": keep,
    }


def _why(one: Given, codes: dict[str, str]) -> dict[str, Any]:
    others = [{"officer": codes[id_], "word": word, "by": by} for id_, word, by in one.others]
    return {"counted": dict(one.counted), "others": others}


async def end(tx: Tx, who: Principal, quarantine_id: UUID, state: str) -> None:
    """It ends before its day: they are a case, or it should not have been. Raises NotFound, Conflict."""
    row = await queries.one(tx, quarantine_id)
    if not await queries.end(tx, quarantine_id, state):
        raise Conflict("epidemic.quarantine.over")
    action = "epidemic.quarantine_end"
    await audit.record(tx, who, action, "epidemic_quarantine", quarantine_id, person_id=row["person_id"])


async def seen(tx: Tx, who: Principal, quarantine_id: UUID) -> None:
    """Their officer spoke with them: what stood against them is settled. Raises NotFound, Conflict."""
    row = await queries.one(tx, quarantine_id)
    if not await queries.seen(tx, quarantine_id):
        raise Conflict("epidemic.quarantine.over")
    action = "epidemic.quarantine_seen"
    await audit.record(tx, who, action, "epidemic_quarantine", quarantine_id, person_id=row["person_id"])


def counted(rows: Sequence[RowMapping]) -> dict[str, int]:
    """How many people officers have together, and for how many there is room."""
    duty = [row for row in rows if row["on_duty"]]
    return {"officers": len(duty), "load": sum(row["load"] for row in rows), "room": sum(r["capacity"] for r in duty)}
