"""Rosters as screens show them: a month day by day, who is on duty, what is missing."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.messages import Language
from dure.respond.shifts import calendar, patterns, roster
from dure.respond.shifts.keeping import Kept
from dure.respond.shifts.model import Crew, Gap, Slot
from dure.respond.shifts.policy import sees, sets
from dure.trust.principal import Principal

Value = dict[str, Any]
AHEAD = timedelta(days=7)
"""So far ahead gaps are shown as faults: time enough to find somebody."""
_ALL = text("select * from roster order by agency_id nulls first, created_at, id limit 200")
_PLANS = text("select * from roster_plan where roster_id = :id order by since")
_PEOPLE = text(
    "select a.id, a.label, a.agency_id from account a where a.state = 'active' "
    "and (cast(:agency as text) is null or a.agency_id = :agency) "
    "and exists (select from grant_role g where g.account_id = a.id and g.role <> 'citizen') "
    "order by a.label, a.id limit 1000"
)


async def all_seen(tx: Tx, who: Principal) -> Sequence[RowMapping]:
    """The rows of all rosters within reach."""
    return [row for row in await tx.rows(_ALL) if sees(who, row["agency_id"])]


def brief(row: RowMapping, who: Principal, language: Language) -> Value:
    """A roster in a list."""
    return {
        "id": str(row["id"]),
        "agency_id": row["agency_id"],
        "name": row["name"],
        "name_en": row["name_en"],
        "title": row["name_en"] if language == "en" else row["name"],
        "answers_to": row["answers_to"],
        "keeps_log": row["keeps_log"],
        "may_set": sets(who, row["agency_id"]) and who.may("roster.manage"),
        "version": row["version"],
    }


async def whole(tx: Tx, row: RowMapping, who: Principal, language: Language) -> Value:
    """A roster with its plans, ladder and who may stand in it."""
    plans = await tx.rows(_PLANS, {"id": row["id"]})
    people = await tx.rows(_PEOPLE, {"agency": row["agency_id"]})
    return {
        **brief(row, who, language),
        "ladder": row["ladder"],
        "plans": [
            {name: one[name] for name in ("since", "pattern", "anchor", "teams", "made_at")}
            | {"round_the_clock": patterns.round_the_clock(patterns.from_json(one["pattern"]))}
            for one in plans
        ],
        "people": [{"id": str(one["id"]), "label": one["label"]} for one in people],
    }


def slot_value(slot: Slot, language: Language) -> Value:
    """A shift of a day."""
    return {
        "day": slot.day,
        "shift": slot.shift.id,
        "title": slot.shift.en if language == "en" else slot.shift.ko,
        "begins_at": slot.begins,
        "ends_at": slot.ends,
    }


def crew_value(kept: Kept, crew: Crew, language: Language) -> Value:
    """A shift with its people."""
    plan = roster.plan_of(kept.roster, crew.slot.day)
    team = plan.teams[crew.slot.team].name if plan is not None and crew.slot.team < len(plan.teams) else ""
    lead = crew.lead
    return {
        **slot_value(crew.slot, language),
        "team": team,
        "assigned": (crew.slot.day, crew.slot.shift.id) in kept.roster.assigned,
        "people": [
            {
                "account_id": str(one.account_id),
                "label": kept.label(one.account_id),
                "post": one.post.value,
                "instead_of": None if one.instead_of is None else kept.label(one.instead_of),
            }
            for one in crew.people
        ],
        "away": [kept.label(one) for one in crew.away],
        "lead": None if lead is None else kept.label(lead.account_id),
    }


def gap_value(gap: Gap, language: Language) -> Value:
    """A stretch that lacks something."""
    slot = None if gap.slot is None else slot_value(gap.slot, language)
    return {"begins_at": gap.begins, "ends_at": gap.ends, "lack": gap.lack.value, "slot": slot}


def days_of(kept: Kept, first: date, last: date, language: Language) -> list[Value]:
    """Each day with its shifts."""
    names: Mapping[date, str] = calendar.between(first, last, language)
    found = []
    day = first
    while day <= last:
        found.append(
            {
                "day": day,
                "weekday": day.isoweekday(),
                "holiday": names.get(day),
                "off": roster.is_off(day, kept.roster),
                "shifts": [
                    crew_value(kept, roster.crew(kept.roster, slot), language)
                    for slot in roster.slots_of(kept.roster, day, kept.zone)
                ],
            }
        )
        day += timedelta(days=1)
    return found


def month_of(first: date) -> tuple[date, date]:
    """The first and last day of a month."""
    begins = first.replace(day=1)
    return begins, (begins + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def gaps_ahead(kept: Kept, now: datetime) -> list[Gap]:
    """What is missing from now on; nothing for a roster that nobody has been put into yet."""
    return roster.gaps(kept.roster, now, now + AHEAD, kept.zone) if kept.manned else []


def gaps_of(kept: Kept, first: date, last: date) -> list[Gap]:
    """What is missing on some days."""
    if not kept.manned:
        return []
    begins = roster.moment(first, time(0), kept.zone)
    return roster.gaps(kept.roster, begins, roster.moment(last + timedelta(days=1), time(0), kept.zone), kept.zone)
