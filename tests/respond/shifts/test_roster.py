"""Every moment covered exactly once, in any zone, over any change of clocks; who stands in; what is a gap."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.respond.shifts import calendar, patterns, roster
from dure.respond.shifts.model import (
    Absence,
    Days,
    Lack,
    Member,
    Pattern,
    Plan,
    Post,
    Replacement,
    Roster,
    Shift,
    Team,
)

SEOUL = ZoneInfo("Asia/Seoul")
ZONES = [SEOUL, *map(ZoneInfo, ("America/New_York", "Australia/Lord_Howe", "Europe/London", "UTC"))]
CLOCK = [one for one in patterns.PATTERNS.values() if patterns.round_the_clock(one)]
BEGAN = date(2024, 1, 1)


def person(number: int) -> UUID:
    return UUID(int=number + 1)


def planned(pattern: Pattern, since: date = BEGAN, anchor: date = BEGAN, each: int = 2) -> Plan:
    posts = (Post.LEAD, Post.DEPUTY, *[Post.MEMBER] * 8)
    teams = tuple(
        Team(f"{n + 1}조", tuple(Member(person(n * each + k), posts[k]) for k in range(each)))
        for n in range(pattern.teams)
    )
    return Plan(since, pattern, anchor, teams)


def of(*plans: Plan, **more: object) -> Roster:
    everybody = frozenset(one.account_id for plan in plans for team in plan.teams for one in team.members)
    given_: dict[str, object] = {"present": everybody | frozenset(map(person, range(90, 99))), **more}
    return Roster(plans, **given_)  # type: ignore[arg-type]


def own(shifts: tuple[Shift, ...], teams: int, cycle: tuple[str, ...] = (), step: int = 1) -> Pattern:
    return Pattern("own", "우리", "Ours", shifts, teams, cycle, step)


moments = st.integers(0, 2_500 * 86_400).map(lambda s: datetime(2024, 1, 3, tzinfo=UTC) + timedelta(seconds=s))
days = st.dates(date(2024, 1, 3), date(2030, 12, 31))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(CLOCK), st.sampled_from(ZONES), moments, st.integers(-400, 400))
def test_every_moment_is_somebodys_and_only_one_teams(
    pattern: Pattern, zone: ZoneInfo, at: datetime, turned: int
) -> None:
    whole = of(planned(pattern, anchor=BEGAN + timedelta(days=turned)))
    running = list(roster.slots(whole, at, at + timedelta(microseconds=1), zone))
    assert len(running) == 1
    assert running[0].begins <= at < running[0].ends
    there = roster.crew_at(whole, at, zone)
    assert there is not None
    assert {one.account_id for one in there.people} == {person(running[0].team * 2 + k) for k in range(2)}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(CLOCK), st.sampled_from(ZONES), days)
def test_shifts_follow_one_another_without_a_seam(pattern: Pattern, zone: ZoneInfo, day: date) -> None:
    since = roster.moment(day, time(0), zone)
    found = list(roster.slots(of(planned(pattern)), since, since + timedelta(days=16), zone))
    assert all(one.ends == other.begins for one, other in pairwise(found))
    assert all(one.begins < one.ends for one in found)
    assert roster.gaps(of(planned(pattern)), since, since + timedelta(days=16), zone) == []


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(CLOCK), st.integers(0, 30))
def test_turns_are_shared_alike(pattern: Pattern, late: int) -> None:
    """Over a whole number of cycles each team works each shift as often as any other."""
    length = len(pattern.cycle)
    worked: Counter[tuple[str, int]] = Counter()
    for n in range(late, late + length):
        worked.update(roster.turns(pattern, BEGAN, BEGAN + timedelta(days=n)).items())
    assert len(set(worked.values())) == 1
    assert len(worked) == len(pattern.shifts) * pattern.teams


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(CLOCK), days, st.integers(0, 7), moments)
def test_a_new_plan_changes_nothing_before_its_day(pattern: Pattern, since: date, turned: int, at: datetime) -> None:
    before = of(planned(pattern))
    later = planned(CLOCK[0], since=since, anchor=since + timedelta(days=turned), each=3)
    both = Roster((*before.plans, later), before.present)
    slot = roster.slot_at(both, at, SEOUL)
    assert slot is not None
    if at < roster.moment(since, time(0), SEOUL):
        assert slot == roster.slot_at(before, at, SEOUL)
    assert at < roster.moment(since, time(0), SEOUL) or slot.day >= since - timedelta(days=1)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 9), st.booleans()), max_size=8), st.data())
def test_who_stands_in_is_there_once_and_nobody_away_is(
    wanted: list[tuple[int, int, bool]], data: st.DataObject
) -> None:
    """Whatever is replaced in whatever order: nobody twice, nobody who is away or gone, and a lead never by chance."""
    day = date(2026, 3, 2)
    away = tuple(Absence(person(n), day, day) for n in data.draw(st.sets(st.integers(0, 9), max_size=4)))
    changes = tuple(Replacement(day, "D", person(out) if real else None, person(into)) for out, into, real in wanted)
    whole = of(planned(patterns.PATTERNS["4x3"]), absences=away, replacements=changes)
    slot = roster.slots_of(whole, day, SEOUL)[0]
    there = roster.crew(whole, slot)
    ids = [one.account_id for one in there.people]
    assert len(ids) == len(set(ids))
    assert not set(ids) & {one.account_id for one in away}
    assert not set(there.away) & set(ids)
    assert there.lead is None or there.lead.post in {Post.LEAD, Post.DEPUTY}


def test_the_control_centre_changes_at_six_two_and_ten() -> None:
    whole = of(planned(patterns.PATTERNS["4x3"], anchor=date(2026, 1, 1)))
    day = roster.slots_of(whole, date(2026, 1, 1), SEOUL)
    assert [(one.shift.id, one.begins.astimezone(SEOUL).hour, one.team) for one in day] == [
        ("D", 6, 0), ("E", 14, 1), ("N", 22, 2)]  # fmt: skip
    assert day[2].ends.astimezone(SEOUL) == datetime(2026, 1, 2, 6, tzinfo=SEOUL)
    assert roster.next_slot(whole, day[2], SEOUL) == roster.slots_of(whole, date(2026, 1, 2), SEOUL)[0]


def test_the_night_in_which_clocks_are_set_is_longer_or_shorter() -> None:
    new_york = ZoneInfo("America/New_York")
    whole = of(planned(patterns.PATTERNS["4x3"]))
    nights = [roster.slots_of(whole, day, new_york)[2] for day in (date(2026, 3, 7), date(2026, 10, 31))]
    assert [one.ends - one.begins for one in nights] == [timedelta(hours=7), timedelta(hours=9)]


def test_day_duty_rests_on_days_off_and_holiday_duty_works_then() -> None:
    off = frozenset(calendar.between(date(2026, 1, 1), date(2026, 12, 31)))
    by_day = of(planned(patterns.PATTERNS["day"]), holidays=off)
    in_turn = of(planned(patterns.PATTERNS["night"]), holidays=off)
    kinds = {
        day: ([one.shift.id for one in roster.slots_of(by_day, day, SEOUL)],
              [one.shift.id for one in roster.slots_of(in_turn, day, SEOUL)])
        for day in (date(2026, 9, 23), date(2026, 9, 25), date(2026, 9, 27), date(2026, 10, 5), date(2026, 6, 3))
    }  # fmt: skip
    assert kinds == {
        date(2026, 9, 23): (["W"], ["N"]),
        date(2026, 9, 25): ([], ["H", "N"]),  # 추석
        date(2026, 9, 27): ([], ["H", "N"]),  # a Sunday
        date(2026, 10, 5): ([], ["H", "N"]),  # 개천절 대체 휴일
        date(2026, 6, 3): ([], ["H", "N"]),  # 지방선거일
    }


def test_holidays_have_their_names_in_both_languages() -> None:
    assert calendar.of_year(2026, "ko")[date(2026, 10, 5)] == "개천절 대체 휴일"
    assert calendar.of_year(2026, "en")[date(2026, 2, 17)] == "Korean New Year"
    assert calendar.of_year(2026, "ko").keys() == calendar.of_year(2026, "en").keys()
    assert calendar.between(date(2026, 12, 25), date(2027, 1, 1)).keys() == {date(2026, 12, 25), date(2027, 1, 1)}
    assert not calendar.of_year(1700)


def test_nobody_and_no_lead_are_faults_for_just_that_stretch() -> None:
    whole = of(planned(patterns.PATTERNS["4x3"], anchor=date(2026, 1, 1)))
    day = date(2026, 1, 1)
    slots = roster.slots_of(whole, day, SEOUL)
    whole = replace(
        whole,
        absences=(Absence(person(0), day, day), Absence(person(1), day, day), Absence(person(2), day, day)),
        replacements=(Replacement(day, "E", person(3), person(90)),),
    )
    found = roster.gaps(whole, slots[0].begins + timedelta(hours=1), slots[2].ends, SEOUL)
    assert [(one.lack, one.begins, one.ends) for one in found] == [
        (Lack.NOBODY, slots[0].begins + timedelta(hours=1), slots[0].ends),
    ]
    assert roster.crew(whole, slots[1]).lead is not None  # the deputy's stand-in has the deputy's post
    whole = replace(whole, absences=(*whole.absences, Absence(person(90), day, day)))
    assert [one.lack for one in roster.gaps(whole, slots[0].begins, slots[2].ends, SEOUL)] == [
        Lack.NOBODY, Lack.NOBODY]  # fmt: skip


def test_before_anybody_was_put_in_nothing_is_lacking_and_an_emptied_plan_is() -> None:
    pattern = patterns.PATTERNS["4x3"]
    plans = (
        planned(pattern, each=0),
        planned(pattern, since=date(2026, 3, 2)),
        planned(pattern, date(2026, 3, 4), each=0),
    )
    whole = of(*plans)
    since = roster.moment(date(2026, 3, 1), time(6), SEOUL)
    found = roster.gaps(whole, since, since + timedelta(days=4), SEOUL)
    assert {one.lack for one in found} == {Lack.NOBODY}
    assert {one.slot.day for one in found if one.slot} == {date(2026, 3, 4)}
    assert roster.begun(of(planned(pattern, each=0))) is None


def test_a_stretch_between_two_plans_is_unplanned() -> None:
    night = of(planned(patterns.PATTERNS["4x3"]), planned(patterns.PATTERNS["3x2"], since=date(2026, 3, 2)))
    since = roster.moment(date(2026, 3, 1), time(6), SEOUL)
    found = roster.gaps(night, since, since + timedelta(days=3), SEOUL)
    assert [(one.lack, one.ends - one.begins) for one in found] == [(Lack.UNPLANNED, timedelta(hours=1))]


def test_who_was_assigned_by_name_stands_in_place_of_the_turn() -> None:
    day = date(2026, 1, 1)
    whole = of(planned(patterns.PATTERNS["4x3"]), assigned={(day, "D"): (Member(person(95), Post.LEAD),)})
    there = roster.crew(whole, roster.slots_of(whole, day, SEOUL)[0])
    assert [(one.account_id, one.post) for one in there.people] == [(person(95), Post.LEAD)]


def test_shifts_too_near_one_another_are_seen() -> None:
    day = date(2026, 1, 1)
    whole = of(planned(patterns.PATTERNS["4x3"], anchor=day), replacements=(Replacement(day, "E", None, person(0)),))
    slots = roster.slots_of(whole, day, SEOUL)
    near = roster.neighbours(whole, person(0), slots[1], SEOUL)
    assert [(one.day, one.shift.id) for one in near] == [(day, "D"), (date(2026, 1, 2), "D")]
    assert not roster.overlaps(near[0], slots[1])


@pytest.mark.parametrize(
    ("pattern", "key"),
    [
        (own((), 1), "shifts"),
        (own((Shift("A", "가", "A", time(6), time(7)),), 1), "short"),
        (own((Shift("A", "가", "A", time(6), time(6)),), 2, ("A", "B"), 1), "cycle"),
        (own((Shift("A", "가", "A", time(6), time(6)),), 2, ("A", "A", ""), 1), "turns"),
        (own((Shift("A", "가", "A", time(6), time(6)),), 2, ("A", ""), 1), None),
        (own((Shift("A", "가", "A", time(9), time(18), Days.WORK),), 2, ("A",), 1), None),
    ],
)
def test_a_pattern_of_ones_own_is_checked(pattern: Pattern, key: str | None) -> None:
    found = patterns.problem(pattern)
    assert (found and found.rsplit(".", 1)[-1]) == key


def test_the_table_of_patterns_is_sound_and_comes_back_as_it_was_kept() -> None:
    for one in patterns.PATTERNS.values():
        assert patterns.problem(one) is None, one.id
        assert patterns.from_json(patterns.to_json(one)) == one
    assert {one.id for one in CLOCK} == {"4x3", "4x3_5", "3x2", "4x2"}
