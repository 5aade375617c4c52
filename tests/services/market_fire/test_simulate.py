"""The simulated nights: physics against worked numbers, the same from a seed, and the running system's own core."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from benchmarks import fire_curve, fire_policy

from dure.services.market_fire import signs, verification
from dure.services.market_fire.signs import Readings, Sign
from dure.services.market_fire.simulate import episodes, judging, nights, physics
from dure.services.market_fire.simulate.episodes import Episode, Trace

TABLE = verification.stages()
RULES = nights.rules()


def some(group: str, many: int = 12) -> list[Episode]:
    return list(episodes.drawn(group, many, 7))


FIRES, STEAM, FAULTS = some("fire"), some("steam", 6), some("fault")


def test_growth_and_ceiling_jet_are_those_of_the_books() -> None:
    since = np.array([0.0, 150.0, 600.0])
    power = physics.heat_release(since, np.array(physics.ALPHA["fast"]), np.array(1e4), np.array(1e4))
    assert power[1] == pytest.approx(1_055, rel=0.01), "a fast fire reaches 1,055 kW in 150 s (NFPA 72)"
    warm, speed = physics.ceiling_jet(np.array([1_000.0]), np.array([0.1]), np.array([3.0]))
    assert warm[0] == pytest.approx(16.9 * 100 / 3 ** (5 / 3))
    assert speed[0] == pytest.approx(0.96 * (1_000 / 3) ** (1 / 3))
    beside, slower = physics.ceiling_jet(np.array([1_000.0]), np.array([3.0]), np.array([3.0]))
    assert beside[0] == pytest.approx(5.38 * (1_000 / 3) ** (2 / 3) / 3)
    assert slower[0] < speed[0]
    thick = physics.obscuration_of(physics.density_of(np.array([5.0, 10.0])))
    assert thick == pytest.approx([5.0, 10.0])


def test_an_element_lags_by_its_time_constant() -> None:
    gas, speed = np.full((1, 1, 400), 50.0), np.full((1, 1, 400), 1.0)
    felt = physics.felt_heat(gas, speed, np.array([[50.0]]))[0, 0]
    assert felt[49] == pytest.approx(50 * (1 - np.exp(-1)), rel=0.02), "63 % after RTI / sqrt(u) seconds"


def test_the_same_seed_gives_the_same_night_and_another_another() -> None:
    again = some("fire", 3)
    assert all(np.array_equal(a.traces[0].heat, b.traces[0].heat) for a, b in zip(FIRES, again, strict=False))
    other = next(episodes.drawn("fire", 1, 8))
    assert not np.array_equal(other.traces[0].heat[:50], FIRES[0].traces[0].heat[:50])


def test_leaving_out_the_quiet_readings_changes_no_alarm() -> None:
    for episode in [*FIRES[:3], *STEAM[:2], *FAULTS[:6]]:
        thin = judging.detected(episode, RULES)
        whole = judging.detected(episode, RULES, whole=True)
        assert [(a.kind, a.device, round(a.at, 3)) for a in thin] == [(a.kind, a.device, round(a.at, 3)) for a in whole]


def test_every_fire_is_told_of_with_and_without_people() -> None:
    for episode in FIRES:
        heard = judging.Heard(episode, RULES)
        for answered in (True, False):
            told = judging.judged(heard, TABLE, answered=answered).reported_at
            assert told is not None
            assert told >= 0


def test_nights_are_written_and_read_back(tmp_path: Path) -> None:
    file = tmp_path / "nights.jsonl"
    file.write_text("\n".join(episodes.written(one) for one in [FIRES[0], STEAM[0]]), encoding="utf-8")
    read = episodes.read(file)
    assert [one.fire for one in read] == [True, False]
    rows = fire_policy.rows(read, TABLE, RULES)
    first = fire_policy.rows([FIRES[0]], TABLE, RULES)[0]
    assert rows[0].told[fire_policy.ORIGINAL] == pytest.approx(first.told[fire_policy.ORIGINAL], abs=0.01)
    assert {one.claim.split(" ")[0].rstrip(",") for one in fire_policy.of_nights(file)} == {"missed", "false", "delay"}
    for wrong in ('{"id": 1}', "[]", '{"id": "x", "fire": true, "detectors": []}'):
        file.write_text(wrong, encoding="utf-8")
        with pytest.raises(ValueError, match="line 1"):
            episodes.read(file)


def trace(*said: bool, at: list[float] | None = None, heat: float = 20.0, name: str = "d0") -> Trace:
    moments = np.arange(len(said), dtype=float) if at is None else np.array(at)
    return Trace(name, 0.0, 1.0, moments, np.full(len(said), heat), np.array(said), None, None)


def test_a_thousand_nights_of_the_markets_miss_no_fire() -> None:
    found = nights.lived(40, 5)
    again = nights.lived(40, 5)
    assert found == again
    assert sum(found.causes.values()) >= sum(found.reports.values()) >= found.false
    assert (found.nights, found.missed) == (40, 0)


def night(*traces: Trace) -> Episode:
    return Episode("n", "other", False, False, False, False, traces, ())


def test_the_peers_are_what_their_names_say() -> None:
    steady = night(trace(*[True] * 40))
    assert fire_policy.single(steady) == 5.0
    assert fire_policy.held_over(steady) == 5.0
    assert fire_policy.duration(steady) == 5.0
    assert fire_policy.two_of_n(steady) is None
    assert fire_policy.field_rule(steady) is None
    gaps = night(trace(*[True] * 4, at=[0.0, 3.0, 6.0, 9.0]))
    assert fire_policy.single(gaps) is None, "a missing report starts it anew"
    assert fire_policy.held_over(gaps) == 6.0
    assert fire_policy.duration(gaps) == 5.0, "a timer of its own"
    puffs = night(trace(*([True] * 4 + [False]) * 4))
    assert fire_policy.single(puffs) == fire_policy.held_over(puffs) == fire_policy.duration(puffs) is None
    both = night(trace(*[True] * 40, heat=61.0), trace(*[True] * 3, name="d1"))
    assert fire_policy.field_rule(both) == 24.0
    assert fire_policy.two_of_n(both) == 0.0


def test_the_original_is_what_false_causes_are_calibrated_by() -> None:
    rows = [
        fire_policy.Row(
            str(n), "steam", False, {fire_policy.OURS: 1.0 if n < 1 else None, fire_policy.ORIGINAL: told}, True
        )
        for n, told in enumerate([1.0, 1.0, None, None])
    ]
    assert fire_policy.shares(rows) == {fire_policy.OURS: 0.5, fire_policy.ORIGINAL: 1.0}
    with pytest.raises(ValueError, match="calibrated"):
        fire_policy.shares([replace(row, told={fire_policy.ORIGINAL: None}) for row in rows])


def test_the_curve_is_drawn_with_every_policy_that_tells() -> None:
    found = [
        fire_curve.Point("dure, 60 s", 0.04, 60.0, 400.0),
        fire_curve.Point(fire_policy.ORIGINAL, 0.4, 59.0, 300.0),
        fire_curve.Point("never", 0.0, float("inf"), float("inf")),
    ]
    drawn = ET.fromstring(fire_curve.drawing(found))
    words = {each.text for each in drawn.iter("{http://www.w3.org/2000/svg}text")}
    assert {"dure, 60 s", fire_policy.ORIGINAL} <= words
    assert "never" not in words


def readings(thick: np.ndarray, heat: np.ndarray | None = None, battery: float | None = None) -> Readings:
    at = np.arange(thick.size, dtype=float)
    return Readings(at, np.full(thick.size, 20.0) if heat is None else heat, thick >= 10.0, thick, battery)


def test_signs_of_a_fault_and_what_takes_them_away() -> None:
    rng = np.random.default_rng(1)
    quiet = 0.2 * rng.random(600)
    limits, onset = TABLE.signs, 600.0
    stuck = np.concatenate((quiet, np.full(400, 20.0)))
    assert signs.signs(limits, readings(stuck), onset, 660.0) == {Sign.FLAT, Sign.JUMP}
    assert Sign.FROZEN in signs.signs(limits, readings(stuck), onset, 960.0)
    smoke = 10 + 0.4 * np.arange(60) * rng.normal(1.0, 0.1, 60)
    fire = np.concatenate((quiet, smoke))
    assert signs.signs(limits, readings(fire), onset, 659.0) == frozenset()
    warm = np.full(1_000, 20.0)
    warm[620:] += np.minimum(np.arange(380) * 0.2, 30.0)
    assert signs.signs(limits, readings(stuck, warm), onset, 660.0) == frozenset(), "warmth takes every sign away"
    assert signs.signs(limits, readings(stuck[:640]), onset, 700.0) == frozenset(), "a detector that fell silent too"
    jumped = np.full(1_000, 20.0)
    jumped[600:] = 120.0
    assert Sign.HEAT_JUMP in signs.signs(limits, readings(np.zeros(1_000), jumped), onset, 660.0)
    roof = 40.0 + np.minimum(np.arange(1_000) * 0.02, 25.0)
    assert signs.signs(limits, readings(np.zeros(1_000), roof), onset, 990.0) == {Sign.SLOW_HEAT}
    assert Sign.BATTERY in signs.signs(limits, readings(stuck, battery=5.0), onset, 660.0)
    haze = np.clip(5.0 + rng.normal(0, 0.05, 1_000), 0, None)
    assert Sign.DIRTY in signs.signs(limits, readings(haze), 990.0, 995.0)
    grown = np.concatenate((quiet, 0.2 * np.arange(40)))
    assert Sign.DIRTY not in signs.signs(limits, readings(grown), 620.0, 635.0)
    dirty = np.clip(9.0 + 0.002 * np.arange(1_800) + rng.normal(0, 0.05, 1_800), 0, None)
    assert Sign.DRIFT in signs.signs(limits, readings(dirty), 600.0, 660.0)
