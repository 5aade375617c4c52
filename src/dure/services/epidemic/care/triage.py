"""How ill somebody is, and where they belong, by the table of the day. Pure.

Two ways, as the guideline of 2 March 2020 has them: points for five vital signs (an early warning score), or four steps
where nobody can measure them. Whoever is at high risk belongs into a hospital whatever the points say.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

from dure.services.epidemic.care.dated import in_force, rows

TABLES = rows(Path(__file__).with_name("triage.toml"), "table")
VITALS = ("pulse", "systolic", "breaths", "temperature", "consciousness")


class Level(IntEnum):
    """중증도, the mildest first."""

    ASYMPTOMATIC = 0
    MILD = 1
    MODERATE = 2
    SEVERE = 3
    CRITICAL = 4

    @property
    def word(self) -> str:
        """As tables and clients write it."""
        return self.name.lower()


class Placement(StrEnum):
    """Where somebody belongs."""

    HOME = "home"
    CENTRE = "centre"  # 생활치료센터
    HOSPITAL = "hospital"
    INTENSIVE = "intensive"


class Oxygen(StrEnum):
    """What somebody needs to breathe."""

    NONE = "none"
    OXYGEN = "oxygen"
    VENTILATOR = "ventilator"


class Risk(StrEnum):
    """What makes the course of the illness worse, beside age."""

    CHRONIC = "chronic"  # 만성 기저질환, 암, 면역저하
    PREGNANT = "pregnant"
    DIALYSIS = "dialysis"
    TRANSPLANT = "transplant"
    OBESITY = "obesity"


@dataclass(frozen=True, slots=True)
class Found:
    """What was found at one look or call. None: not measured, not asked.

    pulse and breaths a minute, systolic in mmHg, temperature in degrees Celsius; consciousness one of alert, voice,
    pain, none. `antipyretic`: the temperature stands although something was taken against it.
    """

    age: int | None = None
    pulse: float | None = None
    systolic: float | None = None
    breaths: float | None = None
    temperature: float | None = None
    consciousness: str | None = None
    dyspnoea: bool = False
    antipyretic: bool = False
    smoker: bool = False
    care_facility: bool = False
    oxygen: Oxygen = Oxygen.NONE
    risks: frozenset[Risk] = frozenset()


@dataclass(frozen=True, slots=True)
class Judgement:
    """How ill, where to, by which table and why: `reasons` are (word, value) in the order in which they counted."""

    level: Level
    placement: Placement
    score: int | None
    since: date
    reasons: tuple[tuple[str, str], ...]


def judged(found: Found, day: date, tables: Sequence[Mapping[str, Any]] = TABLES) -> Judgement:
    """By the table in force on `day`: by points where all five vital signs are there, else by what is known."""
    table = in_force(tables, day)
    points = score(found, table)
    if points is not None:
        level, reasons = _by_points(points, table), [("score", str(points))]
    else:
        level, reasons = _unmeasured(found, table)
    if found.oxygen is Oxygen.VENTILATOR:
        level = Level.CRITICAL
        reasons.append(("oxygen", found.oxygen.value))
    placement = Placement(table["placements"][level.word])
    high = high_risk(found, table)
    if found.oxygen is Oxygen.OXYGEN:
        high = [*high, ("oxygen", found.oxygen.value)]
    if high and placement in {Placement.HOME, Placement.CENTRE}:
        placement = Placement.HOSPITAL
    return Judgement(level, placement, points, table["since"], (*reasons, *high))


def score(found: Found, table: Mapping[str, Any]) -> int | None:
    """The sum of the points of the five vital signs; None where one of them is missing."""
    total = 0
    for name in VITALS:
        value = getattr(found, name)
        if value is None:
            return None
        bands = table["score"][name]
        total += bands[value] if name == "consciousness" else _points(bands, value)
    return total


def _points(bands: Sequence[Sequence[float]], value: float) -> int:
    at = bisect_right([begin for begin, _ in bands], value) - 1
    return int(bands[max(at, 0)][1])


def _by_points(points: int, table: Mapping[str, Any]) -> Level:
    if points <= table["mild_at_most"]:
        return Level.MILD
    return Level.MODERATE if points <= table["moderate_at_most"] else Level.SEVERE


def _unmeasured(found: Found, table: Mapping[str, Any]) -> tuple[Level, list[tuple[str, str]]]:
    """The four steps; who lives in a care facility counts one step up. What nobody asked counts as well."""
    limits = table["unmeasured"]
    heat = found.temperature
    reasons: list[tuple[str, str]] = []
    if found.consciousness not in {None, "alert"}:
        level = Level.CRITICAL
        reasons.append(("consciousness", str(found.consciousness)))
    elif found.dyspnoea or (found.antipyretic and heat is not None and heat > limits["severe_above_c"]):
        level = Level.SEVERE
        reasons.append(("dyspnoea", "") if found.dyspnoea else ("fever", f"{heat:.1f}"))
    elif (
        (found.age is not None and found.age < limits["young_below"])
        and not (found.risks or found.smoker or found.antipyretic)
        and (heat is None or heat < limits["calm_below_c"])
    ):
        level = Level.ASYMPTOMATIC
        reasons.append(("calm", ""))
    else:
        level = Level.MILD
        reasons.append(("symptoms", ""))
    if found.care_facility and level < Level.CRITICAL:
        level = Level.SEVERE if level is Level.MILD else Level(level + 1)  # these steps have no moderate one
        reasons.append(("care_facility", ""))
    return level, reasons


def high_risk(found: Found, table: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Why somebody belongs into a hospital whatever their points; empty: nothing of that."""
    reasons = []
    if found.age is not None and found.age >= table["hospital_from_age"]:
        reasons.append(("age", str(found.age)))
    return [*reasons, *(("risk", one.value) for one in sorted(found.risks))]


def may_step_down(level: Level, calm_since: datetime | None, now: datetime, day: date) -> bool:
    """Whether somebody may go one step down: what put them there has been over for as long as the table asks."""
    hours = in_force(TABLES, day)["step_down_after_h"]
    return level > Level.ASYMPTOMATIC and calm_since is not None and now - calm_since >= timedelta(hours=hours)
