"""How a stall may be judged otherwise than the city, within bounds; and what its alarms say it should be. Pure."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from dure.services.market_fire import verification
from dure.services.market_fire.verification import Stages, Terms

_FILE: Final = Path(__file__).with_name("bounds.toml")
DAY: Final = 1_440


class Cause(StrEnum):
    """What an alarm turned out to be."""

    FIRE = "fire"
    STEAM = "steam"
    COOKING = "cooking"
    WELDING = "welding"
    DUST = "dust"
    DISINFECTION = "disinfection"
    SUN = "sun"
    DEW = "dew"
    FAULT = "fault"
    DYING = "dying"
    TEST = "test"
    OTHER = "other"
    UNKNOWN = "unknown"


USUAL: Final = frozenset({Cause.STEAM, Cause.COOKING})
"""Causes that come back at the hours of a stall's trade."""
_NOT_FALSE: Final = frozenset({Cause.FIRE, Cause.TEST, Cause.UNKNOWN})


def is_false(cause: Cause | None) -> bool:
    """Whether an alarm of this cause told of a fire that was none; what nobody knows is not counted."""
    return cause is not None and cause not in _NOT_FALSE


@dataclass(frozen=True, slots=True)
class Setting:
    """`steam`: minutes of the city's day from when until when the stall steams or cooks; `answer_s` seconds that people
    have to answer. None: as the city.
    """

    steam: tuple[int, int] | None = None
    answer_s: float | None = None

    def steams_at(self, minute: int) -> bool:
        """Whether steam is usual at this minute of the day."""
        return self.steam is not None and self.steam[0] <= minute < self.steam[1]


AS_CITY: Final = Setting()


@dataclass(frozen=True, slots=True)
class Bounds:
    """bounds.toml: minutes of the day, minutes, seconds, days, counts and a share."""

    earliest: int
    latest: int
    longest: int
    least_s: float
    most_s: float
    days: int
    alarms: int
    share: float
    margin: int
    quiet_days: int
    answers: int


def bounds(path: Path = _FILE) -> Bounds:
    """The table of bounds. Raises ValueError for a part without its source."""
    parts: Mapping[str, Mapping[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))
    values: dict[str, Any] = {}
    for name in ("steam", "answer", "evidence"):
        part = dict(parts[name])
        if not str(part.pop("source", "")).strip():
            raise ValueError(f"{name} needs a source")
        values |= part
    return Bounds(**values)


def wrong(limits: Bounds, setting: Setting) -> str | None:
    """The field of a setting that is out of bounds; None where it may be."""
    if setting.steam is not None:
        begin, end = setting.steam
        if not limits.earliest <= begin < end <= limits.latest or end - begin > limits.longest:
            return "steam"
    if setting.answer_s is not None and not limits.least_s <= setting.answer_s <= limits.most_s:
        return "answer_s"
    return None


def judged_by(
    table: Stages, setting: Setting, *, minute: int, trades: bool, announced: bool = False
) -> tuple[Stages, Terms]:
    """The stages and terms of a stall with this setting at a minute of the day."""
    own = with_answer(verification.at_hour(table, trades=trades), setting)
    steamy = setting.steams_at(minute)
    return own, verification.terms(own, trades=trades, steamy=steamy, announced=announced)


def with_answer(table: Stages, setting: Setting) -> Stages:
    """The table with the setting's time to answer, whatever the hour."""
    if setting.answer_s is None:
        return table
    return replace(table, answer_s=setting.answer_s, trading_s=setting.answer_s)


# What a stall's alarms say


@dataclass(frozen=True, slots=True)
class Known:
    """One alarm of a stall: when (aware, in the city's zone), what it was, and after how many seconds somebody said
    that it was no fire (None: nobody did).
    """

    at: datetime
    cause: Cause | None
    denied_s: float | None = None

    @property
    def minute(self) -> int:
        """Of the day."""
        return self.at.hour * 60 + self.at.minute


@dataclass(frozen=True, slots=True)
class Wish:
    """A setting that a stall's alarms speak for, the reason's name and how many alarms speak for it."""

    setting: Setting
    why: str
    alarms: int


def wished(limits: Bounds, table: Stages, current: Setting, known: Iterable[Known], now: datetime) -> Wish | None:
    """What is to be proposed, if anything. Nothing is loosened for a stall that burnt within the time looked at."""
    lately = [one for one in known if (now - one.at).days < max(limits.days, limits.quiet_days)]
    burnt = any(one.cause is Cause.FIRE for one in lately)
    usual = [one for one in lately if one.cause in USUAL and limits.earliest <= one.minute < limits.latest]
    if current.steam is not None and (burnt or not usual):
        return Wish(replace(current, steam=None), "burnt" if burnt else "no_more_steam", len(lately))
    if burnt:
        return None
    outside = [one for one in usual if not current.steams_at(one.minute)]
    if len(outside) >= limits.alarms:
        steam = _hours(limits, [one.minute for one in usual])
        if steam is not None and steam != current.steam:
            return Wish(replace(current, steam=steam), "steam", len(usual))
    waits = table.trading_s if current.answer_s is None else current.answer_s
    by_day = [one for one in lately if limits.earliest <= one.minute < limits.latest]
    later = [one for one in by_day if one.denied_s is not None and waits < one.denied_s <= limits.most_s]
    if waits < limits.most_s and len(later) >= limits.answers and all(is_false(one.cause) for one in later):
        return Wish(replace(current, answer_s=limits.most_s), "answers", len(later))
    return None


def _hours(limits: Bounds, minutes: Sequence[int]) -> tuple[int, int] | None:
    """The shortest span that covers the share of `minutes`, with a margin to the half hour; None beyond the bounds."""
    ordered = sorted(minutes)
    needed = max(limits.alarms, -(-int(len(ordered) * limits.share * 100) // 100))
    if len(ordered) < needed:
        return None
    spans = ((ordered[at + needed - 1] - ordered[at], at) for at in range(len(ordered) - needed + 1))
    _, at = min(spans)
    begin = max(limits.earliest, (ordered[at] - limits.margin) // 30 * 30)
    end = min(limits.latest, -(-(ordered[at + needed - 1] + limits.margin) // 30) * 30)
    return (begin, end) if begin < end and end - begin <= limits.longest else None
