"""Somebody looked after a patient: by telephone, at the door, in the ward. What they found is judged at once."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.kernel.errors import Conflict
from dure.services.epidemic.care import queries
from dure.services.epidemic.care.follow import worsening
from dure.services.epidemic.care.triage import Found, Judgement, Level, Placement, judged, may_step_down
from dure.trust import audit
from dure.trust.principal import Principal

CALM_BELOW_C = 37.5
"""A fever, in the guideline's tables."""


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody reports. `found` None: nobody was reached. What is None of the rest stays as it was. `placement`
    is the doctor's own word, which stands above the table's.
    """

    way: str
    found: Found | None
    isolation: bool | None = None
    language: str | None = None
    household: str | None = None
    placement: Placement | None = None


def today(tx: Tx) -> date:
    """The day in the city."""
    return tx.now().astimezone(ZoneInfo(city_zone())).date()


async def look(tx: Tx, who: Principal, case_id: UUID, told: Look) -> None:
    """Keep it. Raises NotFound, Conflict for who was released or died."""
    row = await queries.one(tx, case_id, lock=True)
    if row["state"] in {"released", "died"}:
        raise Conflict("epidemic.care.over")
    await audit.record(tx, who, "epidemic.look", "epidemic_case", case_id, person_id=row["person_id"])
    seen = {"case_id": case_id, "by": who.name, "way": told.way}
    if told.found is None:
        await queries.add_look(tx, {**seen, "reached": False, "found": None, "level": None, "score": None})
        await queries.tried(tx, case_id)
        return
    found = told.found if told.found.age is not None else replace(told.found, age=row["age"])
    before = None if row["found"] is None else msgspec.convert(row["found"], Found)
    judgement = _kept_up(judged(found, today(tx)), row, tx.now(), today(tx))
    if told.placement is not None and told.placement is not judgement.placement:
        reasons = (*judgement.reasons, ("by_hand", told.placement.value))
        judgement = replace(judgement, placement=told.placement, reasons=reasons)
    signs = worsening(before, found, (row["score"], judgement.score), today(tx))
    plain = msgspec.to_builtins(found)
    level = judgement.level.word
    await queries.add_look(tx, {**seen, "reached": True, "found": plain, "level": level, "score": judgement.score})
    state = _state(row["state"], judgement.placement)
    values: dict[str, Any] = {
        **seen,
        "disease": row["disease"],
        "state": state,
        "level": level,
        "placement": judgement.placement.value,
        "score": judgement.score,
        "by_table": judgement.since,
        "reasons": judgement.reasons,
        "found": plain,
        "oxygen": found.oxygen.value,
        "isolation": told.isolation if told.isolation is not None else bool(row["isolation"]),
        "language": told.language or row["language"],
        "household": told.household or row["household"],
        "waiting_since": tx.now() if state == "waiting" and row["state"] == "home" else row["waiting_since"],
        "calm_since": (row["calm_since"] or tx.now()) if calm(found) else None,
        "worse_at": tx.now() if signs else None,
        "worse": signs,
    }
    await queries.keep(tx, values)


def calm(found: Found) -> bool:
    """Without fever, nothing taken against it, and breathing freely."""
    return not (
        found.dyspnoea
        or found.antipyretic
        or (found.temperature is not None and found.temperature >= CALM_BELOW_C)
        or found.consciousness not in {None, "alert"}
    )


def _kept_up(now_is: Judgement, row: Any, now: datetime, day: date) -> Judgement:
    """Who was severe goes down one step only once what put them there has been over for as long as the table asks."""
    if row["level"] is None or now_is.score is not None:
        return now_is
    before = Level[row["level"].upper()]
    if now_is.level >= before or may_step_down(before, row["calm_since"], now, day):
        return now_is
    kept = replace(now_is, level=before, reasons=(*now_is.reasons, ("kept_up", before.word)))
    order = list(Placement)
    there = Placement(row["placement"])
    return replace(kept, placement=max(kept.placement, there, key=order.index))


def _state(before: str | None, placement: Placement) -> str:
    if before == "placed":
        return before
    return "home" if placement is Placement.HOME else "waiting"
