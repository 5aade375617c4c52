"""Heat or smoke for 5.0 s: runs, hold-over, timers, clearing."""

import random
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dure.detect.model import Condition, Device, Sustained, Threshold
from tests.detect.make import FIRE, HEAT, SMOKE, Run, rule, seen


def hot(*times: float, value: float = 61.0, **more: object):
    return [seen(at, value, **more) for at in times]  # type: ignore[arg-type]


@given(st.lists(st.floats(0.05, 4.85), max_size=60), st.floats(5.0, 5.09))
def test_heat_for_4_9_s_raises_nothing(between: list[float], cool_at: float) -> None:
    run = Run().feed(*hot(*sorted({0.0, 4.9, *between})), seen(cool_at, 20.0)).wait(60)
    assert run.raised == []


@given(st.lists(st.floats(0.05, 4.95), max_size=60))
def test_heat_for_5_0_s_raises_once(between: list[float]) -> None:
    times = sorted({0.0, 5.0, *between})
    assume(len(times) == 2 or all(b - a <= 4.0 for a, b in pairwise(times)))  # a longer silence ends the run
    run = Run().feed(*hot(*times), seen(5.5, 20.0)).wait(60)
    assert run.onsets == [0.0]
    assert run.raised[0].at == pytest.approx(hot(5.0)[0].observed_at)


def test_two_reports_5_s_apart_are_enough_on_a_new_device() -> None:
    assert Run().feed(*hot(0, 5.0)).onsets == [0.0]


def test_a_known_fast_reporter_that_is_silent_beyond_the_hold_over_starts_again() -> None:
    run = Run().feed(*[seen(at, 20.0) for at in range(-10, 0)], *hot(0, 5.0)).wait(8)
    assert run.raised == []


def test_a_slow_reporter_bridges_its_own_interval() -> None:
    run = Run().feed(*[seen(at, 20.0) for at in range(-600, 0, 60)], *hot(0, 60.0))
    assert run.onsets == [0.0]


def test_the_timer_fires_without_a_message() -> None:
    run = Run().feed(*hot(0, 1, 2)).wait(5.1)
    assert run.raised == []
    assert run.wait(5.3).onsets == [0.0]


def test_a_cool_report_just_after_the_moment_still_counts_against_it() -> None:
    assert Run().feed(*hot(0, 1, 2, 3, 4, 4.9), seen(5.02, 20.0)).wait(60).raised == []


def test_two_reports_do_not_mature_by_timer() -> None:
    assert Run().feed(*hot(0, 4.9), seen(5.5, 20.0)).wait(60).raised == []


def test_silence_beyond_the_hold_over_stops_the_timer() -> None:
    run = Run().feed(*[seen(at / 10, 20.0) for at in range(-100, 0)], *hot(0, 0.3, 0.6)).wait(60)
    assert run.raised == []


def test_smoke_alone_matures_beside_cool_heat() -> None:
    readings = [reading for at in range(6) for reading in (seen(at, 20.0), seen(at, True, prop="smoke"))]
    assert Run().feed(*readings).onsets == [0.0]


def test_a_false_report_of_the_only_true_property_ends_the_run() -> None:
    run = Run().feed(*[seen(at, True, prop="smoke") for at in range(5)], seen(4.9, False, prop="smoke")).wait(60)
    assert run.raised == []


def test_all_conditions_must_hold_together() -> None:
    both = rule(Sustained(5.0), HEAT, SMOKE, match="all")
    only_heat = Run([both]).feed(*hot(*range(8))).wait(60)
    assert only_heat.raised == []
    together = [reading for at in range(7) for reading in (seen(at, 61.0), seen(at, True, prop="smoke"))]
    assert Run([both]).feed(*together).onsets == [0.0]


def test_an_open_alarm_is_not_raised_again_and_clears_with_hysteresis() -> None:
    run = Run().feed(*hot(*range(30)))
    assert run.onsets == [0.0]
    run.feed(*[seen(at, 58.0) for at in range(30, 60)])  # below 60, not below 55
    assert run.cleared == []
    run.feed(*[seen(at, 50.0) for at in range(60, 72)])
    assert [round(end.at - run.raised[0].onset, 3) for end in run.cleared] == [70.0]
    assert run.feed(*hot(*range(80, 90))).onsets == [0.0, 80.0]


def test_one_clear_report_and_then_silence_clears_by_timer_but_silence_alone_never() -> None:
    run = Run().feed(*hot(*range(8))).wait(3_000)
    assert run.cleared == []
    assert len(run.feed(seen(3_000, 20.0)).wait(3_010.3).cleared) == 1


def test_a_threshold_raises_at_once() -> None:
    low = rule(Threshold(), Condition("battery", "<", 15.0, 20.0), clear_for_s=0.0)
    run = Run([low]).feed(seen(0, 14.0, prop="battery"), seen(60, 14.0, prop="battery"))
    assert run.onsets == [0.0]
    assert run.feed(seen(120, 18.0, prop="battery")).cleared == []
    assert len(run.feed(seen(180, 21.0, prop="battery")).cleared) == 1


def test_a_group_rule_takes_any_device_of_the_group() -> None:
    wide = rule(Sustained(5.0), HEAT, subject="group")
    known = [Device("d0", "fire_detector", "m1"), Device("d1", "fire_detector", "m1")]
    readings = [seen(at, 61.0, device=f"d{at % 2}") for at in range(6)]
    run = Run([wide], known).feed(*readings)
    assert [(alarm.subject, alarm.group) for alarm in run.raised] == [("group:m1", "m1")]


def test_a_thousand_fires_at_40_percent_loss_are_all_seen_within_60_s() -> None:
    missed, waits = 0, []
    for seed in range(1_000):
        chance = random.Random(seed)
        run = Run()
        before = [seen(at, 20.0) for at in range(-120, 0) if chance.random() > 0.4]
        run.feed(*before, *[seen(at, 75.0) for at in range(60) if chance.random() > 0.4])
        if run.raised:
            waits.append(run.raised[0].at - hot(0)[0].observed_at)
        else:
            missed += 1
    assert missed == 0
    assert max(waits) < 60


@settings(max_examples=200)
@given(st.data())
def test_repeats_by_the_network_change_nothing(data: st.DataObject) -> None:
    values = data.draw(st.lists(st.sampled_from([20.0, 58.0, 61.0]), min_size=5, max_size=40))
    plain = [seen(at, value) for at, value in enumerate(values)]
    doubled = []
    for index, reading in enumerate(plain):
        doubled.append(reading)
        for back in data.draw(st.lists(st.integers(0, 20), max_size=2)):
            repeat = plain[max(index - back, 0)]
            doubled.append(repeat._replace(received_at=reading.received_at + 0.01))
    end = len(values) + 60.0
    assert Run().feed(*doubled).wait(end).outcomes == Run().feed(*plain).wait(end).outcomes


def test_the_picture_holds_the_run_up() -> None:
    run = Run([FIRE]).feed(*[seen(at, 10.0 + at) for at in range(56)])
    times, values = zip(*run.raised[0].recent, strict=True)
    assert list(times) == sorted(times)
    assert list(values) == [float(value) for value in range(34, 66)]
    assert run.onsets == [50.0]


def test_a_timer_that_fires_after_a_restart_tells_what_was_read() -> None:
    run = Run().feed(*hot(0, 1, 2)).restart().wait(6)
    assert [(alarm.device, alarm.property, alarm.value) for alarm in run.raised] == [("d0", "heat", 61.0)]
