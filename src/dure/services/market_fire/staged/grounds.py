"""On what grounds a stall is judged at this hour: does the market trade, is steam usual, were works announced. Pure
but for the rows it is given; what shifts a threshold is said to people.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Any, Final

from dure.services.market_fire import verification
from dure.services.market_fire.learning.settings import Setting, judged_by
from dure.services.market_fire.verification import Stages, Terms, Why

_FILE: Final = Path(verification.__file__).with_name("stages.toml")
_HOURS: Final = re.compile(r"(\d{1,2})(?:[:시](\d{2})?분?)?\s*[~\-–]\s*(\d{1,2})(?:[:시](\d{2})?분?)?")
_DAY: Final = 1_440


@dataclass(frozen=True, slots=True)
class Hours:
    """Minutes of the city's day from when until when people trade; over midnight where the end is the smaller."""

    opens: int
    closes: int

    def hold(self, minute: int) -> bool:
        """Whether people trade at this minute of the day."""
        if self.opens <= self.closes:
            return self.opens <= minute < self.closes
        return minute >= self.opens or minute < self.closes


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why a stall is judged as it is, as it is kept and shown. `announced` is the id of what was announced, with its
    kind, end and by whom; `steam` minutes of the day.
    """

    stall: str | None = None
    trades: bool = False
    steam: tuple[int, int] | None = None
    steamy: bool = False
    announced: str | None = None
    works: str | None = None
    until: datetime | None = None
    announced_by: str | None = None
    answer_s: float = 0.0
    step: int = 0
    shifted: Why | None = None


def usual(path: Path = _FILE) -> Hours:
    """The hours of a market that has told none. Raises ValueError where they lack a source."""
    part: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))["hours"]
    if not str(part.get("source", "")).strip():
        raise ValueError("hours needs a source")
    opens, closes = (time.fromisoformat(part[name]) for name in ("opens", "closes"))
    return Hours(opens.hour * 60 + opens.minute, closes.hour * 60 + closes.minute)


def hours_of(words: str | None, otherwise: Hours) -> Hours:
    """Hours as a file of stalls writes them ("09:00~19:00", "9시-20시"); what cannot be read is as usual."""
    found = _HOURS.search(words or "")
    if found is None:
        return otherwise
    opens, closes = (int(found[n]) * 60 + int(found[n + 1] or 0) for n in (1, 3))
    return Hours(opens % _DAY, closes % _DAY) if opens <= _DAY and closes <= _DAY and opens != closes else otherwise


def judged(
    table: Stages, otherwise: Hours, place: Mapping[Any, Any] | None, works: Iterable[Mapping[Any, Any]], now: datetime
) -> tuple[Stages, Terms, Grounds]:
    """The stages, terms and grounds of a stall `now` (in the city's zone). A detector in no market is judged as in one
    that is closed: nothing explains its smoke.
    """
    if place is None or place["market_id"] is None:
        terms = verification.terms(table, trades=False, steamy=False, announced=False)
        return table, terms, Grounds(answer_s=table.answer_s, step=terms.step)
    minute = now.hour * 60 + now.minute
    trades = hours_of(place["hours"], otherwise).hold(minute)
    steam = None if place["steam_from"] is None else (int(place["steam_from"]), int(place["steam_until"]))
    setting = Setting(steam, place["answer_s"])
    here = [one for one in works if not one["stalls"] or place["stall_id"] in one["stalls"]]
    own, terms = judged_by(table, setting, minute=minute, trades=trades, announced=bool(here))
    first = here[0] if here else None
    return (
        own,
        terms,
        Grounds(
            stall=place["stall"],
            trades=trades,
            steam=steam,
            steamy=trades and setting.steams_at(minute),
            announced=None if first is None else str(first["id"]),
            works=None if first is None else first["kind"],
            until=None if first is None else first["ends_at"],
            announced_by=None if first is None else first["announced_by"],
            answer_s=own.answer_s,
            step=terms.step,
            shifted=terms.why,
        ),
    )
