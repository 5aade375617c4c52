"""The past year of a stall under another setting: the readings around each of its alarms, judged once more. Pure.

No setting within the bounds makes an alarm where there was none, so half an hour before and a quarter after each alarm
is all that could be reported. People answer as they did then. What a fire in those hours would be like is taken from
simulated ones, for a stall hardly ever burns.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from dure.detect.model import Rule
from dure.sense.packs import Observation
from dure.services.market_fire.learning.settings import Setting, with_answer
from dure.services.market_fire.simulate import episodes
from dure.services.market_fire.simulate.episodes import Episode, Trace
from dure.services.market_fire.simulate.judging import Heard, Outcome, judged
from dure.services.market_fire.simulate.people import Reply
from dure.services.market_fire.verification import Says, Stages, Who

BEFORE_S: Final = 1_800.0
AFTER_S: Final = 900.0
MOST_WINDOWS: Final = 40
FIRES: Final = 40
"""Simulated fires in the hours of trade, from the seed that nothing was chosen on."""
SEED: Final = 46
_ROOM_CEL: Final = 20.0
PROPERTIES: Final = ("heat", "smoke", "smoke_obscuration", "battery")


@dataclass(frozen=True, slots=True)
class Window:
    """One alarm: `minute` of the city's day; the truth where somebody told it; whether the market traded, works were
    announced; `answered_s` after the alarm somebody said fire (True) or not (False).
    """

    id: str
    at: str
    minute: int
    cause: str | None
    trades: bool
    announced: bool
    answered_s: float | None
    says_fire: bool


def traces(
    readings: Iterable[Observation], onset: float, places: Mapping[str, float], every: Mapping[str, float | None]
) -> tuple[Trace, ...]:
    """Readings as traces around `onset` (Unix seconds); `places` in metres along the row, the stall's own first."""
    rows: dict[str, dict[float, dict[str, float]]] = {name: {} for name in places}
    battery: dict[str, float] = {}
    for one in readings:
        if one.property == "battery":
            battery[one.device] = float(one.value)
        elif one.device in rows:
            rows[one.device].setdefault(one.observed_at, {})[one.property] = float(one.value)
    found = (_trace(name, rows[name], onset, places[name], every.get(name), battery.get(name)) for name in places)
    return tuple(one for one in found if one.at.size)


def _trace(
    name: str,
    rows: dict[float, dict[str, float]],
    onset: float,
    x_m: float,
    every: float | None,
    battery: float | None,
) -> Trace:
    """One device's; what a report left out is as it was."""
    times = sorted(rows)
    heat, smoke, thick = [], [], []
    last = {"heat": _ROOM_CEL, "smoke": 0.0, "smoke_obscuration": 0.0}
    for at in times:
        last = {**last, **rows[at]}
        heat.append(last["heat"])
        smoke.append(last["smoke"] > 0)
        thick.append(last["smoke_obscuration"])
    tells = any("smoke_obscuration" in row for row in rows.values())
    gaps = np.diff(times)
    usual = every or (float(np.median(gaps)) if gaps.size else 1.0)
    return Trace(
        name,
        x_m,
        usual,
        np.array(times) - onset,
        np.array(heat, dtype=np.float64),
        np.array(smoke, dtype=np.bool_),
        np.array(thick, dtype=np.float64) if tells else None,
        battery,
    )


def episode(window: Window, found: tuple[Trace, ...]) -> Episode:
    """A window as the simulation's own form, with the answer that was given."""
    replies: tuple[Reply, ...] = ()
    if window.answered_s is not None:
        says = Says.FIRE if window.says_fire else Says.NOT_FIRE
        replies = tuple(Reply(who, window.answered_s, says) for who in (Who.OPERATOR, Who.SENT))
    cause = window.cause or "unknown"
    return Episode(
        window.id, cause, cause == "fire", window.trades, False, window.announced, found, replies, began=-BEFORE_S
    )


def compared(
    table: Stages,
    rules: Sequence[Rule],
    now: Setting,
    then: Setting,
    windows: Sequence[tuple[Window, Episode]],
    fires: Sequence[Episode],
) -> dict[str, Any]:
    """What was and what would have been reported, missed, and how much later."""
    lines = []
    for window, one in windows:
        heard = Heard(one, rules)
        ways = [_judged(heard, table, setting, window.minute) for setting in (now, then)]
        lines.append(
            {
                "alarm_id": window.id,
                "at": window.at,
                "cause": window.cause,
                "now": _shown(ways[0]),
                "then": _shown(ways[1]),
            }
        )
    return {
        "windows": lines,
        "now": _counted(lines, "now"),
        "then": _counted(lines, "then"),
        "fires": _burnt(table, rules, now, then, fires),
    }


def _judged(heard: Heard, table: Stages, setting: Setting, minute: int) -> Outcome:
    return judged(heard.told(steamy=setting.steams_at(minute)), with_answer(table, setting))


def _shown(outcome: Outcome) -> dict[str, Any]:
    return {
        "reported_s": None if outcome.reported_at is None else round(outcome.reported_at, 1),
        "why": None if outcome.why is None else outcome.why.value,
    }


def _counted(lines: Sequence[Mapping[str, Any]], way: str) -> dict[str, int]:
    told = [(line["cause"], line[way]["reported_s"] is not None) for line in lines]
    return {
        "reports": sum(reported for _, reported in told),
        "false": sum(reported and cause not in {"fire", "unknown", "test", None} for cause, reported in told),
        "missed": sum(not reported and cause == "fire" for cause, reported in told),
    }


def _burnt(
    table: Stages, rules: Sequence[Rule], now: Setting, then: Setting, fires: Sequence[Episode]
) -> dict[str, Any]:
    """Simulated fires while the market trades, at the worst hour of either setting, with nobody to answer."""
    later: list[float] = []
    missed = {"now": 0, "then": 0}
    for one in fires:
        heard = Heard(one.unanswered(), rules)
        told: dict[str, float | None] = {}
        for way, setting in (("now", now), ("then", then)):
            own = heard.told(steamy=setting.steam is not None)
            told[way] = judged(own, with_answer(table, setting)).reported_at
            missed[way] += told[way] is None
        if told["now"] is not None and told["then"] is not None:
            later.append(told["then"] - told["now"])
    return {
        "fires": len(fires),
        "missed_now": missed["now"],
        "missed_then": missed["then"],
        "later_median_s": round(float(np.median(later)), 1) if later else None,
        "later_most_s": round(max(later), 1) if later else None,
    }


def simulated(many: int = FIRES, seed: int = SEED) -> list[Episode]:
    """Fires in markets that trade."""
    found: list[Episode] = []
    number = 0
    while len(found) < many:
        found += [one for one in episodes.batch("fire", number, seed) if one.trades]
        number += 1
    return found[:many]
