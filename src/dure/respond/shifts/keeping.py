"""Rosters between the rows and the plain values that decide who is on duty."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.kernel.errors import NotFound
from dure.respond.shifts import calendar, patterns, roster, tables  # noqa: F401  # the room's tables are known
from dure.respond.shifts.model import Absence, Crew, Member, Plan, Post, Replacement, Roster, Team
from dure.respond.shifts.policy import sees
from dure.trust.principal import Principal

_ONE = "select * from roster where id = :id"
_PLANS = text("select * from roster_plan where roster_id = :id and since <= :last order by since")
_ASSIGNED = text(
    "select day, shift, account_id, post from roster_assignment where roster_id = :id and day between :first and :last "
    "order by day, shift, rank"
)
_CHANGES = text(
    "select * from roster_change where roster_id = :id and status = 'approved' "
    "and ((kind = 'absence' and day <= :last and last_day >= :first) "
    "or (kind <> 'absence' and (day between :first and :last or other_day between :first and :last))) "
    "order by decided_at, id"
)
_LABELS = text("select id, label, state from account where id = any(:ids)")


@dataclass(frozen=True, slots=True)
class Kept:
    """A roster with its row, as far as some days go, and the labels of everybody in it."""

    row: RowMapping
    roster: Roster
    labels: Mapping[UUID, str]
    zone: ZoneInfo

    @property
    def id(self) -> UUID:
        """Its id."""
        found: UUID = self.row["id"]
        return found

    def crew_at(self, at: datetime) -> Crew | None:
        """Who is on duty at a moment within the days it was loaded for."""
        return roster.crew_at(self.roster, at, self.zone)

    def label(self, account: UUID) -> str:
        """A desk's label; empty for an account that is gone."""
        return self.labels.get(account, "")

    @property
    def manned(self) -> bool:
        """Whether anybody was ever put into it: a roster without people is not set up."""
        return roster.begun(self.roster) is not None


def zone() -> ZoneInfo:
    """The city's."""
    return ZoneInfo(city_zone())


async def row(tx: Tx, roster_id: UUID, who: Principal | None = None, *, lock: bool = False) -> RowMapping:
    """A roster's row, for `who` where they may know of it. Raises NotFound."""
    found = await tx.row(text(_ONE + (" for update" if lock else "")), {"id": roster_id})
    if found is None or (who is not None and not sees(who, found["agency_id"])):
        raise NotFound("respond.shifts.roster.unknown")
    return found


async def centre(tx: Tx) -> RowMapping | None:
    """The control centre's own roster: the city's first that keeps a log."""
    return await tx.row(
        text("select * from roster where agency_id is null order by keeps_log desc, created_at, id limit 1")
    )


async def load(tx: Tx, kept: RowMapping, first: date, last: date) -> Kept:
    """A roster as it stands for shifts that begin on these days and those before and after."""
    days = {"id": kept["id"], "first": first - timedelta(days=2), "last": last + timedelta(days=2)}
    plans = tuple(plan_of(one) for one in await tx.rows(_PLANS, days))
    assigned: dict[tuple[date, str], tuple[Member, ...]] = {}
    for one in await tx.rows(_ASSIGNED, days):
        key = (one["day"], one["shift"])
        assigned[key] = (*assigned.get(key, ()), Member(one["account_id"], Post(one["post"])))
    changes = await tx.rows(_CHANGES, days)
    named = {member.account_id for plan in plans for team in plan.teams for member in team.members}
    named |= {member.account_id for members in assigned.values() for member in members}
    named |= {one[side] for one in changes for side in ("out_account", "in_account")} - {None}
    people = await tx.rows(_LABELS, {"ids": list(named)})
    return Kept(
        kept,
        Roster(
            plans,
            frozenset(one["id"] for one in people if one["state"] == "active"),
            assigned,
            tuple(_absences(changes)),
            tuple(_replacements(changes)),
            frozenset(calendar.between(days["first"], days["last"])),
        ),
        {one["id"]: one["label"] for one in people},
        zone(),
    )


async def at(tx: Tx, kept: RowMapping, moment: datetime) -> Kept:
    """A roster around a moment."""
    day = moment.astimezone(zone()).date()
    return await load(tx, kept, day, day)


def plan_of(kept: Mapping[Any, Any]) -> Plan:
    """A kept plan."""
    teams = tuple(
        Team(one["name"], tuple(Member(UUID(each["account_id"]), Post(each["post"])) for each in one["members"]))
        for one in kept["teams"]
    )
    return Plan(kept["since"], patterns.from_json(kept["pattern"]), kept["anchor"], teams)


def _absences(changes: Sequence[RowMapping]) -> list[Absence]:
    return [Absence(one["out_account"], one["day"], one["last_day"]) for one in changes if one["kind"] == "absence"]


def _replacements(changes: Sequence[RowMapping]) -> list[Replacement]:
    found: list[Replacement] = []
    for one in changes:
        if one["kind"] == "absence":
            continue
        found.append(Replacement(one["day"], one["shift"], one["out_account"], one["in_account"]))
        if one["kind"] == "swap":
            found.append(Replacement(one["other_day"], one["other_shift"], one["in_account"], one["out_account"]))
    return found
