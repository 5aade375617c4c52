"""Wrong clocks never hide a fire; what is only old is late."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.detect.make import CLOCK, FIRE, T0, Run, seen


def skewed(start: int, end: int, value: float, skew: float):
    """1 Hz live readings by a device whose clock is `skew` seconds ahead."""
    return [seen(at + skew, value, received=at + 0.05) for at in range(start, end)]


@pytest.mark.parametrize("skew", [-86_400.0, -3_600.0, -31.0, -29.0, -5.0, 5.0, 29.0, 31.0, 3_600.0, 86_400.0])
def test_a_steadily_wrong_clock_raises_one_live_alarm_in_time(skew: float) -> None:
    run = Run().feed(*skewed(-60, 0, 20.0, skew), *skewed(0, 8, 61.0, skew)).wait(30)
    assert len(run.raised) == 1
    assert not run.raised[0].late


@pytest.mark.parametrize("skew", [-3_600.0, 3_600.0])
def test_the_timer_fires_with_a_wrong_clock_too(skew: float) -> None:
    run = Run().feed(*skewed(-20, 0, 20.0, skew), *skewed(0, 3, 61.0, skew)).wait(5.4)
    assert len(run.raised) == 1
    assert not run.raised[0].late


@settings(max_examples=150)
@given(st.lists(st.floats(-4_000, 4_000) | st.floats(-29, 29), min_size=20, max_size=20))
def test_a_jumping_clock_hides_no_fire(skews: list[float]) -> None:
    run = Run().feed(*skewed(-30, 0, 20.0, 0.0))
    for at, skew in enumerate(skews):
        run.feed(*skewed(at, at + 1, 61.0, skew))
    assert len([alarm for alarm in run.raised if not alarm.late]) == 1


@pytest.mark.parametrize("jump", [-3_600.0, -25.0, -3.0, 25.0, 3_600.0])
def test_a_jump_in_the_middle_of_a_fire_delays_it_by_seconds_at_most(jump: float) -> None:
    run = Run().feed(*skewed(-30, 0, 20.0, 0.0), *skewed(0, 3, 61.0, 0.0), *skewed(3, 15, 61.0, jump))
    assert len([alarm for alarm in run.raised if not alarm.late]) == 1


@pytest.mark.parametrize("jump", [-3_600.0, -25.0, 3_600.0])
def test_a_jump_while_open_still_lets_it_clear(jump: float) -> None:
    run = Run().feed(*skewed(-30, 0, 20.0, 0.0), *skewed(0, 8, 61.0, 0.0), *skewed(8, 30, 20.0, jump)).wait(60)
    assert len(run.raised) == 1
    assert len(run.cleared) == 1


def test_a_clock_mended_while_open_still_lets_it_clear() -> None:
    run = Run().feed(*skewed(-30, 0, 20.0, -900), *skewed(0, 8, 61.0, -900), *skewed(8, 120, 20.0, 0.0)).wait(200)
    assert len(run.raised) == 1
    assert len(run.cleared) == 1
    run.feed(*skewed(200, 210, 61.0, 0.0))
    assert len(run.raised) == 2


def backlog(start: int, end: int, value: float, at: float):
    """1 Hz readings that all come at `at`."""
    return [seen(moment, value, received=at) for moment in range(start, end)]


def test_a_backlog_raises_one_late_alarm() -> None:
    run = Run().feed(*skewed(-700, -600, 20.0, 0.0))
    run.burst(*backlog(-600, -500, 20.0, 0), *backlog(-500, -480, 61.0, 0), *backlog(-480, -40, 20.0, 0)).wait(60)
    assert (run.onsets, run.late) == ([], [-500.0])
    assert run.raised[0].delay > 400


def test_a_backlog_that_ends_hot_waits_for_the_received_lane_before_it_is_called_late() -> None:
    run = Run().burst(*backlog(-500, -480, 61.0, 0))
    assert run.raised == []
    assert run.wait(60).late == [-500.0]


def test_a_backlog_that_goes_on_live_raises_a_live_alarm_at_once() -> None:
    run = Run().feed(*skewed(-700, -600, 20.0, 0.0)).burst(*backlog(-600, 0, 61.0, 0.0))
    assert run.onsets == [-600.0]
    run.feed(*skewed(0, 10, 61.0, 0.0)).wait(10)
    assert len(run.onsets) == 1


def test_a_backlog_behind_live_readings_raises_late_only() -> None:
    run = Run().feed(*skewed(-100, 0, 20.0, 0.0))
    run.burst(*backlog(-5_000, -4_980, 61.0, 0.5), *backlog(-4_980, -4_900, 20.0, 0.5))
    run.feed(*skewed(1, 100, 20.0, 0.0)).wait(100)
    assert (run.onsets, run.late) == ([], [-5_000.0])


def test_a_log_sent_again_raises_nothing_twice() -> None:
    fire = [*skewed(-100, 0, 20.0, 0.0), *skewed(0, 10, 61.0, 0.0), *skewed(10, 100, 20.0, 0.0)]
    run = Run().feed(*fire)
    again = [reading._replace(received_at=T0 + 200.0) for reading in fire]
    run.burst(*again).feed(*skewed(201, 300, 20.0, 0.0)).wait(300)
    assert (run.onsets, run.late) == ([0.0], [])
    twice = [reading._replace(received_at=T0 + 300.5) for reading in fire]
    run.burst(*twice).feed(*skewed(301, 400, 20.0, 0.0)).wait(500)
    assert (run.onsets, run.late) == ([0.0], [])


def test_a_device_is_faulty_after_three_live_messages_with_a_steady_wrong_clock() -> None:
    run = Run([FIRE, CLOCK]).feed(*skewed(-10, 0, 20.0, 0.0), *skewed(0, 2, 20.0, -3_600))
    assert run.raised == []
    run.feed(*skewed(2, 20, 20.0, -3_600))
    assert [alarm.rule for alarm in run.raised] == ["clock"]
    run.feed(*skewed(20, 22, 20.0, 0.0))
    assert run.cleared == []
    run.feed(*skewed(22, 30, 20.0, 0.0))
    assert [end.rule for end in run.cleared] == ["clock"]


def test_a_backlog_makes_no_device_faulty() -> None:
    run = Run([FIRE, CLOCK]).feed(*skewed(-700, -600, 20.0, 0.0))
    run.burst(*backlog(-600, 0, 20.0, 0.0)).feed(*skewed(0, 10, 20.0, 0.0))
    assert run.raised == []
