"""Who is on duty when. Pure.

A shift begins and ends by the city's clock. The end of one and the beginning of the next are the same wall-clock time
and so the same moment, also in the night in which clocks are set: a shift is then an hour longer or shorter, and no
moment is left out or covered twice.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from dure.respond.shifts import patterns
from dure.respond.shifts.model import Crew, Days, Gap, Lack, Member, Pattern, Person, Plan, Roster, Shift, Slot

_DAY = timedelta(days=1)


def moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """When the city's clock shows `at` on `day`, in UTC; the first time where it shows it twice."""
    return datetime.combine(day, at, zone).astimezone(UTC)


def span(day: date, shift: Shift, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From when until when a shift of `day` runs."""
    last = day if shift.ends > shift.begins else day + _DAY
    return moment(day, shift.begins, zone), moment(last, shift.ends, zone)


def plan_of(roster: Roster, day: date) -> Plan | None:
    """The plan in force on a day."""
    return next((one for one in reversed(roster.plans) if one.since <= day), None)


def is_off(day: date, roster: Roster) -> bool:
    """Saturday, Sunday or a public holiday."""
    return day.weekday() >= 5 or day in roster.holidays


def turns(pattern: Pattern, anchor: date, day: date) -> dict[str, int]:
    """Which team has which shift on a day, by the cycle or in turn."""
    n = (day - anchor).days
    if not pattern.cycle:
        apart = max(1, pattern.teams // 2)
        return {one.id: (n + k * apart) % pattern.teams for k, one in enumerate(pattern.shifts)}
    length = len(pattern.cycle)
    worked = {pattern.cycle[(n + team * pattern.step) % length]: team for team in reversed(range(pattern.teams))}
    return {shift: team for shift, team in worked.items() if shift}


def slots_of(roster: Roster, day: date, zone: ZoneInfo) -> tuple[Slot, ...]:
    """The shifts that begin on a day, by their beginning."""
    plan = plan_of(roster, day)
    if plan is None:
        return ()
    off = is_off(day, roster)
    having = turns(plan.pattern, plan.anchor, day)
    found = [
        Slot(day, shift, *span(day, shift, zone), having[shift.id])
        for shift in plan.pattern.shifts
        if shift.id in having and shift.days is not (Days.WORK if off else Days.OFF)
    ]
    return tuple(sorted(found, key=lambda slot: slot.begins))


def slots(roster: Roster, since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[Slot]:
    """All that run at some time of [since, until), by their beginning."""
    day = since.astimezone(zone).date() - _DAY
    last = until.astimezone(zone).date()
    while day <= last:
        yield from (slot for slot in slots_of(roster, day, zone) if slot.begins < until and slot.ends > since)
        day += _DAY


def slot_at(roster: Roster, at: datetime, zone: ZoneInfo) -> Slot | None:
    """The shift that runs at a moment; where a new plan overlaps the old one's last shift, the one that began last."""
    running = list(slots(roster, at, at + timedelta(microseconds=1), zone))
    return max(running, key=lambda slot: slot.begins, default=None)


def next_slot(roster: Roster, after: Slot, zone: ZoneInfo) -> Slot | None:
    """The next shift that begins after `after` begins, within two weeks."""
    day = after.day
    for _ in range(15):
        for slot in slots_of(roster, day, zone):
            if slot.begins > after.begins:
                return slot
        day += _DAY
    return None


def crew(roster: Roster, slot: Slot) -> Crew:
    """Who is on duty in a slot: the team whose turn it is or who was assigned, without those who are away, with those
    who stand in.
    """
    plan = plan_of(roster, slot.day)
    team: tuple[Member, ...] = ()
    if plan is not None and slot.team < len(plan.teams):
        team = plan.teams[slot.team].members
    planned = roster.assigned.get((slot.day, slot.shift.id), team)
    people: dict[UUID, Person] = {one.account_id: Person(one.account_id, one.post) for one in planned}
    away = [one for one in people if not _comes(roster, one, slot.day)]
    for change in roster.replacements:
        if (change.day, change.shift) != (slot.day, slot.shift.id):
            continue
        before = people.pop(change.out, None) if change.out is not None else None
        if change.out is not None and before is None:
            continue  # whom it was for is not in this shift any more
        if change.out is not None and change.out not in away:
            away.append(change.out)
        post = before.post if before is not None else Member(change.into).post
        standing = people.get(change.into)
        people[change.into] = standing or Person(change.into, post, change.out)
    there = tuple(one for one in people.values() if _comes(roster, one.account_id, slot.day))
    return Crew(slot, there, tuple(one for one in away if all(one != each.account_id for each in there)))


def crew_at(roster: Roster, at: datetime, zone: ZoneInfo) -> Crew | None:
    """Who is on duty at a moment; None where no shift runs."""
    slot = slot_at(roster, at, zone)
    return None if slot is None else crew(roster, slot)


def _comes(roster: Roster, account: UUID, day: date) -> bool:
    return account in roster.present and not any(
        one.account_id == account and one.first <= day <= one.last for one in roster.absences
    )


def begun(roster: Roster) -> date | None:
    """The first day for which anybody was put into a roster; None where nobody ever was."""
    days = [plan.since for plan in roster.plans if any(team.members for team in plan.teams)]
    return min([*days, *(day for day, _shift in roster.assigned)], default=None)


def gaps(roster: Roster, since: datetime, until: datetime, zone: ZoneInfo) -> list[Gap]:
    """Stretches of [since, until) without anybody, without a lead, or (around the clock) without a shift. Before the
    first day that anybody was put into, nothing is lacking; a plan that was emptied since then is.
    """
    first = begun(roster)
    found: list[Gap] = []
    seen = since
    for slot in slots(roster, since, until, zone):
        plan = plan_of(roster, slot.day)
        if slot.begins > seen and plan is not None and patterns.round_the_clock(plan.pattern):
            found.append(Gap(seen, slot.begins, Lack.UNPLANNED))
        seen = max(seen, slot.ends)
        there = crew(roster, slot)
        if not there.people:
            if first is None or slot.day < first:
                continue
            found.append(Gap(max(slot.begins, since), min(slot.ends, until), Lack.NOBODY, slot))
        elif there.lead is None:
            found.append(Gap(max(slot.begins, since), min(slot.ends, until), Lack.NO_LEAD, slot))
    return found


REST = timedelta(hours=11)
"""Between two shifts of one person; less is shown, not refused (근로기준법 제59조 제2항, the rest it asks for)."""


def neighbours(roster: Roster, account: UUID, slot: Slot, zone: ZoneInfo) -> list[Slot]:
    """The other shifts of somebody that overlap a slot or leave less than `REST` before or after it."""
    return [
        other
        for other in slots(roster, slot.begins - REST, slot.ends + REST, zone)
        if (other.day, other.shift.id) != (slot.day, slot.shift.id)
        and any(one.account_id == account for one in crew(roster, other).people)
    ]


def overlaps(one: Slot, other: Slot) -> bool:
    """Whether two slots run at one time."""
    return one.begins < other.ends and other.begins < one.ends
