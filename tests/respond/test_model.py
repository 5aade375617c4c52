"""States, severity, clocks and receipt numbers, without any engine."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.kernel.errors import Conflict
from dure.kernel.severity import Severity
from dure.respond.model import (
    Act,
    ClockState,
    ClockTimes,
    HandoffKind,
    Status,
    Weight,
    after,
    by_spread,
    city_day,
    clock_state,
    heavier,
    is_overdue,
    joined_clocks,
    moves_to_agency,
    receipt_no,
)

NOON = datetime(2026, 12, 5, 12, 0, tzinfo=UTC)
severities = st.sampled_from(list(Severity))
times = st.integers(0, 10_000).map(lambda seconds: NOON + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("status", "act", "then"),
    [
        (Status.OPEN, Act.ACKNOWLEDGE, Status.ACKNOWLEDGED),
        (Status.OPEN, Act.HAND_OFF, Status.HANDED_OFF),
        (Status.ACKNOWLEDGED, Act.HAND_OFF, Status.HANDED_OFF),
        (Status.HANDED_OFF, Act.TAKE_BACK, Status.ACKNOWLEDGED),
        (Status.HANDED_OFF, Act.CLOSE, Status.CLOSED),
        (Status.CLOSED, Act.REOPEN, Status.ACKNOWLEDGED),
    ],
)
def test_states_follow(status: Status, act: Act, then: Status) -> None:
    assert after(status, act) is then


@pytest.mark.parametrize("act", [Act.ACKNOWLEDGE, Act.HAND_OFF, Act.CLOSE, Act.TAKE_BACK])
def test_what_is_closed_is_only_reopened(act: Act) -> None:
    with pytest.raises(Conflict):
        after(Status.CLOSED, act)


@pytest.mark.parametrize("status", [Status.OPEN, Status.ACKNOWLEDGED, Status.HANDED_OFF])
def test_what_is_open_is_not_reopened(status: Status) -> None:
    with pytest.raises(Conflict):
        after(status, Act.REOPEN)


def test_telling_an_agency_leaves_the_incident_where_it_is() -> None:
    assert [moves_to_agency(kind) for kind in HandoffKind] == [True, True, False]


@given(st.lists(severities), severities)
def test_signals_only_make_it_graver(signals: list[Severity], first: Severity) -> None:
    weight = Weight(first, first)
    for signal in signals:
        following = heavier(weight, signal)
        assert following.shown.rank <= weight.shown.rank
        weight = following
    assert weight.shown is min([first, *signals], key=lambda each: each.rank)


def test_a_person_who_lowered_it_is_not_overruled_by_more_of_the_same() -> None:
    lowered = Weight(shown=Severity.NOTICE, by_signals=Severity.SERIOUS)
    assert heavier(lowered, Severity.SERIOUS) == lowered
    assert heavier(lowered, Severity.CRITICAL) == Weight(Severity.CRITICAL, Severity.CRITICAL)


def test_spread_weighs_by_the_number_of_devices() -> None:
    steps = ((3, Severity.SERIOUS), (10, Severity.CRITICAL))
    assert [by_spread(steps, n) for n in (1, 3, 9, 10, 300)] == [
        Severity.NOTICE,
        Severity.SERIOUS,
        Severity.SERIOUS,
        Severity.CRITICAL,
        Severity.CRITICAL,
    ]


@pytest.mark.parametrize(
    ("elapsed", "state"),
    [(0, "in_time"), (47.9, "in_time"), (48, "near"), (60, "near"), (60.1, "over"), (9_999, "over")],
)
def test_a_running_clock_turns_near_at_80_percent_and_over_beyond_its_target(elapsed: float, state: str) -> None:
    assert clock_state(NOON, None, 60, NOON + timedelta(seconds=elapsed)) == state


@given(st.floats(0, 200), st.floats(0, 200), st.floats(1, 100))
def test_a_stopped_clock_no_longer_moves(stop: float, later: float, target: float) -> None:
    stopped = NOON + timedelta(seconds=stop)
    state = clock_state(NOON, stopped, target, stopped + timedelta(seconds=later))
    elapsed = (stopped - NOON).total_seconds()
    assert state is (ClockState.OVER if elapsed > target else ClockState.IN_TIME)


clocks = st.builds(
    lambda name, start, stop, target: ClockTimes(
        name, start, None if stop is None else start + timedelta(seconds=stop), target
    ),
    st.sampled_from("abc"),
    times,
    st.none() | st.integers(0, 100),
    st.sampled_from([60.0, 120.0]),
)


@given(st.lists(clocks), st.randoms())
def test_merged_clocks_keep_the_earliest_start_and_stop_in_any_order(own: list[ClockTimes], random) -> None:  # type: ignore[no-untyped-def]
    joined = joined_clocks(own)
    shuffled = list(own)
    random.shuffle(shuffled)
    assert joined_clocks(shuffled) == joined
    for name, clock in joined.items():
        same = [each for each in own if each.name == name]
        assert clock.started_at == min(each.started_at for each in same)
        assert clock.stopped_at == min((each.stopped_at for each in same if each.stopped_at), default=None)
        assert joined_clocks([*joined.values(), *own]) == joined


def test_the_day_turns_at_the_citys_midnight() -> None:
    before = datetime(2026, 12, 5, 14, 59, 59, tzinfo=UTC)
    assert city_day(before, "Asia/Seoul").isoformat() == "2026-12-05"
    assert city_day(before + timedelta(seconds=1), "Asia/Seoul").isoformat() == "2026-12-06"


def test_receipt_numbers_read_as_people_read_them_out() -> None:
    day = city_day(NOON, "Asia/Seoul")
    assert receipt_no("HB", day, 31) == "HB20261205-0031"
    assert receipt_no("HB", day, 12_345) == "HB20261205-12345"


def test_only_what_nobody_took_up_is_overdue() -> None:
    late = NOON + timedelta(seconds=1)
    assert is_overdue(Status.OPEN, NOON, late)
    assert not is_overdue(Status.OPEN, NOON, NOON)
    assert not is_overdue(Status.ACKNOWLEDGED, NOON, late)
