"""The past year replayed: readings as they were, people as they answered, two settings."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from dure.sense.packs import Observation
from dure.services.market_fire.learning import replay, replay_child
from dure.services.market_fire.learning.replay import Window
from dure.services.market_fire.learning.replay_child import Columns, Past, Question
from dure.services.market_fire.learning.settings import AS_CITY, Setting
from dure.services.market_fire.simulate import episodes
from dure.services.market_fire.simulate.episodes import Episode

ONSET = 1_800_000_000.0
LUNCH = Setting((660, 840))


def readings(episode: Episode) -> Iterator[Observation]:
    """An episode as the city's history keeps it."""
    for one in episode.traces:
        for at, heat, smoke in zip(one.at.tolist(), one.heat.tolist(), one.smoke.tolist(), strict=True):
            if -replay.BEFORE_S <= at < replay.AFTER_S:
                yield Observation(one.id, "heat", heat, ONSET + at, ONSET + at, False, 0)
                yield Observation(one.id, "smoke", bool(smoke), ONSET + at, ONSET + at, False, 0)


def asked(episode: Episode, *, cause: str, answered_s: float | None = None, fires: int = 0) -> dict[str, Any]:
    """What the child says of one alarm at noon, as it is and with steam at lunch."""
    window = Window("a", "2026-11-01T03:00:00+00:00", 720, cause, True, False, answered_s, cause == "fire")
    places = {one.id: one.x_m for one in episode.traces}
    every: dict[str, float | None] = {one.id: one.every_s for one in episode.traces}
    past = Past(window, ONSET, Columns.of(readings(episode)))
    question = Question(AS_CITY, LUNCH, places, every, [past], fires)
    sent = msgspec.msgpack.decode(msgspec.msgpack.encode(question), type=Question)
    found = json.loads(replay_child.answered(sent))
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def steam() -> Episode:
    """Steam in a stall that the city does not know for it, which 119 is told of where nobody answers."""
    for episode in episodes.drawn("steam", 100, 1):
        found = asked(episode, cause="steam")
        if found["now"]["reports"]:
            return episode
    raise AssertionError("no steam is told of")


def test_readings_become_the_traces_they_came_from() -> None:
    episode = next(iter(episodes.drawn("fire", 1, 7)))
    made = replay.traces(readings(episode), ONSET, {"d0": 0.0}, {"d0": None})
    own = episode.traces[0]
    kept = (own.at >= -replay.BEFORE_S) & (own.at < replay.AFTER_S)
    assert made[0].at == pytest.approx(own.at[kept], abs=1e-5)
    assert made[0].heat.tolist() == own.heat[kept].tolist()
    assert made[0].smoke.tolist() == own.smoke[kept].tolist()
    assert made[0].obscuration is None
    assert made[0].every_s == pytest.approx(own.every_s, rel=0.2)


def test_steam_is_told_of_later_or_not_at_all_and_an_answer_ends_it(steam: Episode) -> None:
    found = asked(steam, cause="steam")
    (line,) = found["windows"]
    assert found["now"] == {"reports": 1, "false": 1, "missed": 0}
    then = line["then"]["reported_s"]
    assert then is None or then >= line["now"]["reported_s"]
    denied = asked(steam, cause="steam", answered_s=6.0)
    assert denied["then"] == {"reports": 0, "false": 0, "missed": 0}


def test_a_fire_is_told_of_under_both_and_simulated_ones_say_what_it_costs() -> None:
    fire = next(one for one in episodes.drawn("fire", 100, 1) if one.trades)
    found = asked(fire, cause="fire", fires=3)
    for way in ("now", "then"):
        assert found[way] == {"reports": 1, "false": 0, "missed": 0}
    cost = found["fires"]
    assert (cost["fires"], cost["missed_now"], cost["missed_then"]) == (3, 0, 0)
    assert cost["later_most_s"] >= 0
