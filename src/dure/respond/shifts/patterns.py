"""The patterns that offices in Korea work by, and what is wrong with one of a city's own. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import time
from typing import Any, Final

from dure.respond.shifts.model import Days, Pattern, Shift

MORNING = Shift("D", "오전", "Morning", time(6), time(14))
AFTERNOON = Shift("E", "오후", "Afternoon", time(14), time(22))
NIGHT = Shift("N", "야간", "Night", time(22), time(6))
THREE = (MORNING, AFTERNOON, NIGHT)
TWO = (Shift("D", "주간", "Day", time(7), time(19)), Shift("N", "야간", "Night", time(19), time(7)))
_OFF = ""

PATTERNS: Final[Mapping[str, Pattern]] = {
    one.id: one
    for one in (
        # Two days of each and two free: nobody works one kind of shift for longer than two days.
        Pattern("4x3", "4조3교대 (2일씩)", "Four teams, three shifts (two days each)", THREE, 4,
                ("D", "D", "E", "E", "N", "N", _OFF, _OFF), 2),
        Pattern("4x3_5", "4조3교대 (5일씩)", "Four teams, three shifts (five days each)", THREE, 4,
                (*["D"] * 5, _OFF, *["E"] * 5, _OFF, _OFF, *["N"] * 5, _OFF, _OFF), 5),
        Pattern("3x2", "3조2교대", "Three teams, two shifts", TWO, 3, ("D", "N", _OFF), 1),
        Pattern("4x2", "4조2교대", "Four teams, two shifts", TWO, 4, ("D", "N", _OFF, _OFF), 1),
        Pattern("day", "일근 (평일 09–18)", "Day duty (working days 09–18)",
                (Shift("W", "일근", "Day duty", time(9), time(18), Days.WORK),), 1, ("W",), 1),
        Pattern("night", "당직 (숙직 18–09, 휴일 일직 09–18)", "Duty in turn (nights 18–09, days off 09–18)",
                (Shift("N", "숙직", "Night duty", time(18), time(9)),
                 Shift("H", "일직", "Holiday duty", time(9), time(18), Days.OFF)), 4),
    )
}  # fmt: skip
"""By id; the first is the control centre's own."""
USUAL: Final = "4x3"

_MOST_DAYS = 366
_MOST_SHIFTS = 6
_SHORTEST_MIN = 120


def with_teams(pattern: Pattern, teams: int) -> Pattern:
    """A pattern whose teams take turns, with so many of them."""
    return replace(pattern, teams=teams)


def minutes(shift: Shift) -> int:
    """How long a shift is by the clock, in minutes; one that ends when it begins lasts a day."""
    begins, ends = (one.hour * 60 + one.minute for one in (shift.begins, shift.ends))
    return (ends - begins) % 1440 or 1440


def round_the_clock(pattern: Pattern) -> bool:
    """Whether its shifts of every day follow one another without a gap or an overlap until a day is full."""
    every = sorted((one for one in pattern.shifts if one.days is Days.EVERY), key=lambda one: one.begins)
    if not every or sum(minutes(one) for one in every) != 1440:
        return False
    return all(one.ends == every[(n + 1) % len(every)].begins for n, one in enumerate(every))


def taken_once(pattern: Pattern) -> bool:
    """Whether on each day of the cycle exactly one team has each shift of every day."""
    if not pattern.cycle:
        return True
    every = {one.id for one in pattern.shifts if one.days is Days.EVERY}
    for day in range(len(pattern.cycle)):
        worked = [pattern.cycle[(day + team * pattern.step) % len(pattern.cycle)] for team in range(pattern.teams)]
        if any(worked.count(one) != 1 for one in every):
            return False
    return True


def problem(pattern: Pattern) -> str | None:
    """The catalogue key of what is wrong with a pattern; None where it can be worked."""
    ids = [one.id for one in pattern.shifts]
    if not 1 <= len(ids) <= _MOST_SHIFTS or len(set(ids)) != len(ids) or not all(ids):
        return "respond.shifts.pattern.shifts"
    if any(minutes(one) < _SHORTEST_MIN for one in pattern.shifts):
        return "respond.shifts.pattern.short"
    if not 1 <= pattern.teams <= 40 or len(pattern.cycle) > _MOST_DAYS or not 0 <= pattern.step <= _MOST_DAYS:
        return "respond.shifts.pattern.shifts"
    if any(one and one not in ids for one in pattern.cycle):
        return "respond.shifts.pattern.cycle"
    if not taken_once(pattern):
        return "respond.shifts.pattern.turns"
    return None


def to_json(pattern: Pattern) -> dict[str, Any]:
    """As it is kept with a plan, so that a later table changes no past."""
    return {
        "id": pattern.id, "ko": pattern.ko, "en": pattern.en, "teams": pattern.teams, "cycle": list(pattern.cycle),
        "step": pattern.step,
        "shifts": [{"id": one.id, "ko": one.ko, "en": one.en, "begins": one.begins.strftime("%H:%M"),
                    "ends": one.ends.strftime("%H:%M"), "days": one.days.value} for one in pattern.shifts],
    }  # fmt: skip


def from_json(kept: Mapping[str, Any]) -> Pattern:
    """A kept pattern. Raises ValueError for times that are none."""
    return Pattern(
        kept["id"],
        kept["ko"],
        kept["en"],
        tuple(_shift(one) for one in kept["shifts"]),
        kept["teams"],
        tuple(kept["cycle"]),
        kept["step"],
    )


def _shift(kept: Mapping[str, Any]) -> Shift:
    begins, ends = (time.fromisoformat(kept[name]) for name in ("begins", "ends"))
    return Shift(kept["id"], kept["ko"], kept["en"], begins, ends, Days(kept["days"]))


def listed() -> Sequence[dict[str, Any]]:
    """All patterns as screens offer them."""
    return [{**to_json(one), "round_the_clock": round_the_clock(one)} for one in PATTERNS.values()]
