"""The simulator's parts that need no city: the fire's physics, who plays what, what is published."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from dure.cli import main
from dure.commands.simulate import SCENARIOS, market_night
from dure.commands.simulate.crew import senml
from dure.commands.simulate.fire import AMBIENT_CEL, Fire, Steam
from dure.commands.simulate.market_fire import chosen
from dure.engine.texts import catalogue
from dure.kernel.messages import LANGUAGES


def test_a_fire_grows_and_is_hottest_above_itself() -> None:
    fire = Fire(began=10)
    assert fire.heat_cel(5, 0) == AMBIENT_CEL
    temperatures = [fire.heat_cel(at, 0) for at in range(10, 60)]
    assert all(a <= b for a, b in pairwise(temperatures))
    assert fire.heat_cel(60, 0) > fire.heat_cel(60, 3) > fire.heat_cel(60, 9)
    reached = next(at for at in range(10, 200) if fire.heat_cel(at, 0) >= 60)
    assert 30 < reached - 10 < 50
    assert fire.smoke(22, 0)
    assert not fire.smoke(12, 0)


def test_it_goes_faster_by_speed_and_cools_when_put_out() -> None:
    assert Fire(0, speed=4).heat_cel(10, 0) == pytest.approx(Fire(0).heat_cel(40, 0))
    out = Fire(0, out=60)
    assert out.heat_cel(74, 0) < out.heat_cel(60, 0)
    assert not out.smoke(90, 0)


def test_steam_is_warm_and_never_lasts() -> None:
    steam = Steam(((0, 3.4), (5, 6.2)))
    assert steam.smoke(3.3)
    assert not steam.smoke(3.5)
    assert all(end - start < 5 for start, end in steam.puffs)
    assert steam.heat_cel(1) < 60


def _hall(count: int, group: str = "HBC-GW-N") -> list[dict[str, object]]:
    return [
        {"id": f"HBC-N-{n:03d}", "group": group, "lon": 127.43 + n * 3e-5, "lat": 36.63, "name": f"{n}호"}
        for n in range(1, count + 1)
    ]


def test_parts_are_given_once_and_the_weak_stand_nearest() -> None:
    cast = chosen(_hall(75), set(), None)
    assert cast.fire["id"] == "HBC-N-017"
    assert {device["id"] for device in cast.weak} == {"HBC-N-016", "HBC-N-018"}
    ids = [device["id"] for device in cast.everybody]
    assert len(ids) == len(set(ids)) == 75
    assert chosen(_hall(75), set(), 4).fire == chosen(_hall(75), set(), 4).fire


def test_a_stall_with_a_standing_alarm_is_not_set_on_fire_again() -> None:
    assert chosen(_hall(75), {"HBC-N-017"}, None).fire["id"] != "HBC-N-017"


def test_reports_are_senml() -> None:
    records = json.loads(senml({"heat": 61.239, "smoke": True}, 1_700_000_000.1234))
    assert records == [
        {"bt": 1_700_000_000.123, "n": "heat", "v": 61.24, "u": "Cel"},
        {"n": "smoke", "vb": True},
    ]


def test_without_a_city_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "market-fire", "--data", str(tmp_path)]) == 2
    assert "dure up --sample" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["nonsense"], ["market-fire", "--speed", "0"], ["market-fire", "--seed", "x"]])
def test_wrong_words_are_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["simulate", *words])
    assert ended.value.code == 2


def test_every_line_has_both_languages() -> None:
    keys = {
        language: {key for key in catalogue().keys(language) if key.startswith("simulate.")} for language in LANGUAGES
    }
    assert keys["ko"] == keys["en"]
    assert len(keys["ko"]) > 20
    assert len(SCENARIOS) >= 8


def test_a_night_of_any_cause_is_drawn_and_played_from_shortly_before() -> None:
    assert {"fire", "steam", "stuck", "sun"} <= set(market_night.CAUSES)
    stuck = market_night.drawn("stuck", 3)
    assert (stuck.cause, stuck.fire) == ("stuck", False)
    played = list(market_night.course(stuck.traces[0], 60.0))
    assert 0 <= played[0][0] < 10
    assert played[-1][0] <= 80
    assert {"heat", "smoke"} <= set(played[0][1])
    assert played[-1][1]["smoke"] is True
    assert json.loads(senml({"heat": 20.0, "smoke_obscuration": 1.5}, 0.0))[1]["u"] == "%/m"
