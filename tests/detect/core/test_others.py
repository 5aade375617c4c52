"""Silence, neighbours, rise, count, and changes of rules and devices."""

from dure.detect.model import ClockSkew, Condition, Count, Device, Neighbours, Rise
from dure.kernel.geometry import LonLat, moved
from tests.detect.make import FIRE, HEAT, SILENT, SMOKE, T0, Run, devices, rule, seen


def beat(known, start: int, end: int, step: int = 60):
    """Every device reports every `step` seconds."""
    return [seen(at, 20.0, device=d.id) for at in range(start, end, step) for d in known]


def test_a_silent_device_raises_by_itself_and_clears_when_it_speaks() -> None:
    run = Run([SILENT]).feed(seen(0, 20.0)).wait(299)
    assert run.raised == []
    run.wait(300.3)
    assert [(a.subject, a.device) for a in run.raised] == [("d0", "d0")]
    run.feed(seen(400, 20.0))
    assert len(run.cleared) == 1
    assert run.wait(701).onsets == [0.05, 400.05]


def test_a_device_that_never_spoke_is_not_missed() -> None:
    assert Run([SILENT]).wait(9_999).raised == []


def test_a_dead_gateway_with_300_devices_is_one_alarm() -> None:
    known = devices(300, "gw1")
    run = Run([SILENT], known).feed(*beat(known, 0, 600))
    for at in range(600, 1_500, 5):
        run.wait(at)
    assert [(a.subject, a.device, len(a.members)) for a in run.raised] == [("group:gw1", None, 300)]
    run.feed(*beat(known, 1_500, 1_560))
    assert [end.subject for end in run.cleared] == ["group:gw1"]
    assert len(run.raised) == 1


def test_one_dead_device_behind_a_living_gateway_is_its_own_alarm() -> None:
    known = devices(10, "gw1")
    run = Run([SILENT], known).feed(*beat(known, 0, 60), *beat(known[1:], 60, 900)).wait(900)
    assert [a.subject for a in run.raised] == ["d0"]


def test_those_who_stay_silent_after_the_gateway_came_back_are_named() -> None:
    known = devices(10, "gw1")
    run = Run([SILENT], known).feed(*beat(known, 0, 60)).wait(400)
    run.feed(*beat(known[:8], 500, 1_200)).wait(1_200)
    assert [a.subject for a in run.raised] == ["group:gw1", "d8", "d9"]


def test_silence_while_nobody_listened_does_not_count() -> None:
    known = devices(5)
    run = Run([SILENT], known).feed(*beat(known, 0, 60))
    run.shard.listen(T0 + 10_000)
    assert run.wait(10_200).raised == []
    assert len(run.wait(10_301).raised) == 5


def test_neighbours_within_metres_raise_one_alarm() -> None:
    at = LonLat(128.6, 35.87)
    near, far = moved(at, 90, 20), moved(at, 90, 500)
    known = [Device(f"d{i}", "fire_detector", None, p.lon, p.lat) for i, p in enumerate((at, near, far))]
    two = rule(Neighbours(2, 10.0, metres=30.0), HEAT)
    run = Run([two], known).feed(seen(0, 61.0, device="d0"), seen(5, 61.0, device="d2"))
    assert run.raised == []
    run.feed(seen(8, 61.0, device="d1"), seen(9, 61.0, device="d0"), seen(9.5, 61.0, device="d1"))
    assert [(a.subject, a.members) for a in run.raised] == [("d0", ("d0", "d1"))]
    run.wait(29.4)
    assert run.cleared == []
    assert [end.subject for end in run.wait(30).cleared] == ["d0"]


def test_neighbours_of_a_group_and_too_far_apart_in_time() -> None:
    two = rule(Neighbours(2, 10.0), HEAT)
    known = devices(3, "m1")
    late = Run([two], known).feed(seen(0, 61.0), seen(10.5, 61.0, device="d1"))
    assert late.raised == []
    together = Run([two], known).feed(seen(0, 61.0), seen(10, 61.0, device="d1"))
    assert [a.subject for a in together.raised] == ["group:m1"]


def test_a_neighbour_with_a_wrong_clock_counts_once_that_is_known() -> None:
    two = rule(Neighbours(2, 10.0), HEAT)
    run = Run([two, rule(ClockSkew(), name="clock")], devices(2, "m1"))
    run.feed(*[seen(at - 900, 20.0, device="d1", received=at) for at in range(-10, 0)])
    run.feed(seen(0, 61.0), seen(1 - 900, 61.0, device="d1", received=1.0))
    assert "group:m1" in [a.subject for a in run.raised]


def test_rise_within_a_window() -> None:
    fast = rule(Rise("heat", 10.0, 60.0), clear_for_s=30.0)
    slow_warming = Run([fast]).feed(*[seen(at, 20 + at / 10) for at in range(0, 600, 5)])
    assert slow_warming.raised == []
    run = Run([fast]).feed(*[seen(at, 20.0) for at in range(0, 100, 5)], seen(100, 25.0), seen(105, 30.0))
    assert run.onsets == [95.0]
    run.feed(*[seen(at, 30.0) for at in range(110, 250, 5)])
    assert len(run.cleared) == 1


def test_a_rise_counts_only_beside_its_companion() -> None:
    warm = rule(Rise("heat", 4.0, 60.0), SMOKE, match="all", clear_for_s=30.0)
    cold = Run([warm]).feed(*[seen(at, 20.0 + at) for at in range(20)])
    assert cold.raised == []
    cold.feed(seen(19.5, True, prop="smoke"))
    assert [(a.property, a.value, a.at - T0) for a in cold.raised] == [("heat", 39.0, 19.5)]
    run = Run([warm]).feed(seen(0, 20.0), seen(1, True, prop="smoke"), seen(2, 23.0), seen(3, False, prop="smoke"))
    run.feed(seen(4, 25.0), seen(9, True, prop="smoke"))
    assert run.raised == [], "what rose is older than a lost report bridges"
    run.feed(seen(10, 25.0)).restart().feed(seen(200, 25.0))
    assert run.onsets == [0.0]
    run.feed(seen(300, False, prop="smoke"), seen(331, 25.0))
    assert len(run.cleared) == 1


def test_a_restart_forgets_neither_companion_nor_rise() -> None:
    warm = rule(Rise("heat", 4.0, 60.0), SMOKE, match="all")
    smoky = Run([warm]).feed(seen(0, 20.0), seen(1, True, prop="smoke")).restart().feed(seen(2, 30.0))
    assert smoky.onsets == [0.0]
    risen = Run([warm]).feed(seen(0, 20.0), seen(1, 30.0)).restart().feed(seen(2, True, prop="smoke"))
    assert risen.onsets == [0.0]


def test_a_fall_and_a_floor() -> None:
    drop = rule(Rise("pressure", -70_000.0, 60.0), Condition("pressure", "<", 250_000.0))
    run = Run([drop]).feed(seen(0, 310_000.0, prop="pressure"), seen(30, 260_000.0, prop="pressure"))
    assert run.raised == []
    assert len(run.feed(seen(40, 240_000.0, prop="pressure")).raised) == 1


def test_count_in_a_window() -> None:
    presses = rule(Count(3, 60.0), Condition("button", "=", True), clear_for_s=0.0)
    run = Run([presses]).feed(*[seen(at, True, prop="button") for at in (0, 40, 80, 90)])
    assert run.onsets == [40.0]
    run.wait(149)
    assert run.cleared == []
    assert len(run.wait(151).cleared) == 1


def test_count_of_edges_takes_changes_only() -> None:
    opened = rule(Count(3, 600.0, edges=True), Condition("contact", "=", True))
    held = Run([opened]).feed(*[seen(at, True, prop="contact") for at in range(20)])
    assert held.raised == []
    toggled = Run([opened]).feed(*[seen(at, at % 2 == 0, prop="contact") for at in range(6)])
    assert toggled.onsets == [0.0]


def test_a_changed_rule_starts_anew_and_the_others_keep_their_state() -> None:
    other = rule(FIRE.pattern, HEAT, name="other")
    run = Run([FIRE, other]).feed(*[seen(at, 61.0) for at in range(4)])
    stricter = rule(FIRE.pattern, Condition("heat", ">=", 61.0), name="other")
    run.shard.set_rules([FIRE, stricter])
    run.wait(6)
    assert [a.rule for a in run.raised] == ["fire"]


def test_a_removed_rule_or_device_fires_no_timer() -> None:
    run = Run().feed(*[seen(at, 61.0) for at in range(4)])
    run.shard.set_rules([])
    assert run.wait(60).raised == []
    gone = Run([FIRE, SILENT]).feed(*[seen(at, 61.0) for at in range(4)])
    gone.shard.set_devices([])
    assert gone.wait(900).raised == []


def test_an_adopted_alarm_is_watched_to_its_end() -> None:
    run = Run([FIRE, SILENT])
    run.shard.adopt("fire", "d0", T0 - 100, T0)
    run.shard.adopt("silent", "d0", T0 - 100, T0)
    run.feed(*[seen(at, 61.0) for at in range(8)])
    assert run.raised == []
    assert [end.rule for end in run.feed(*[seen(at, 20.0) for at in range(8, 20)]).cleared] == ["silent", "fire"]


def test_readings_at_or_below_the_mark_are_dropped() -> None:
    run = Run().burst(*[seen(at, 61.0, seq=at + 1) for at in range(3)])
    run.restart().burst(*[seen(at + 10, 61.0, seq=at + 1) for at in range(3)])
    assert run.shard.mark == 3
    assert run.shard.sources["d0"].channels["heat"].last == T0 + 2
