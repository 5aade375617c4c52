"""Quiet hours, back-off, rates: pure decisions."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from dure.notices import timing
from dure.notices.model import Absent, Doubt, Found, Report, Status, reported, settled
from dure.notices.timing import Rule

SEOUL = ZoneInfo("Asia/Seoul")
NIGHT = timing.USUAL[0]
TIMES = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


def seoul(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 12, 5, hour, minute, tzinfo=SEOUL).astimezone(UTC)


def test_the_night_is_quiet_until_the_morning_and_a_life_goes_through() -> None:
    assert timing.quiet_until(NIGHT, seoul(20, 59), SEOUL, life_safety=False) is None
    assert timing.quiet_until(NIGHT, seoul(21), SEOUL, life_safety=False) == seoul(8) + timedelta(days=1)
    assert timing.quiet_until(NIGHT, seoul(7, 59), SEOUL, life_safety=False) == seoul(8)
    assert timing.quiet_until(NIGHT, seoul(8), SEOUL, life_safety=False) is None
    assert timing.quiet_until(NIGHT, seoul(3), SEOUL, life_safety=True) is None


@given(TIMES, st.times(), st.times())
def test_quiet_hours_end_later_and_are_over_then(now: datetime, begin: time, end: time) -> None:
    rule = Rule(date(2026, 1, 1), begin, end, 1, 1, "")
    until = timing.quiet_until(rule, now, SEOUL, life_safety=False)
    if until is not None:
        assert now < until <= now + timedelta(days=1)
        assert timing.quiet_until(rule, until, SEOUL, life_safety=False) is None


@given(st.uuids(), st.integers(1, 5000), TIMES, st.booleans())
def test_waits_grow_to_a_longest_one_and_are_the_same_each_time(id_, tries: int, now: datetime, life: bool) -> None:  # type: ignore[no-untyped-def]
    at = timing.again_at(id_, tries, now, life_safety=life)
    assert at == timing.again_at(id_, tries, now, life_safety=life)
    longest = timing.LONGEST_WAIT_LIFE if life else timing.LONGEST_WAIT
    assert timedelta(seconds=1) < at - now <= longest * (1 + timing.JITTER)


def test_a_life_is_held_back_by_no_number_and_waits_a_second_for_the_city() -> None:
    rule = Rule(date(2026, 1, 1), time(0), time(0), 3, 100, "")
    assert timing.held_back(rule, 3, 0, life_safety=False) is not None
    assert timing.held_back(rule, 99, 0, life_safety=True) is None
    assert timing.held_back(rule, 0, 100, life_safety=True) == timedelta(seconds=1)


def test_the_rule_of_its_day_holds() -> None:
    later = Rule(date(2026, 12, 1), time(22), time(7), 5, 50, "")
    assert timing.rule_of((NIGHT, later), date(2026, 11, 30)) is NIGHT
    assert timing.rule_of((NIGHT, later), date(2026, 12, 1)) is later
    assert timing.rule_of((later,), date(2020, 1, 1)) is later


@given(st.sampled_from(Status), st.lists(st.sampled_from(Report), max_size=6))
def test_reports_in_any_order_and_twice_never_take_back_what_arrived(status: Status, reports: list[Report]) -> None:
    now = status
    for report in reports:
        after = reported(now, report)
        assert reported(after, report) is after
        if now is Status.DELIVERED:
            assert after is Status.DELIVERED
        now = after
    if Report.DELIVERED in reports:
        assert now is Status.DELIVERED


def test_where_the_gateway_cannot_say_a_life_goes_again_and_the_rest_waits_for_a_person() -> None:
    assert settled(Found("M", Report.UNDER_WAY), life_safety=True) is Doubt.WENT
    assert settled(Absent.SURELY, life_safety=False) is Doubt.AGAIN
    assert settled(Absent.CANNOT_SAY, life_safety=True) is Doubt.AGAIN_DOUBLED
    assert settled(Absent.CANNOT_SAY, life_safety=False) is Doubt.PERSON
