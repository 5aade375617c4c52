"""What counts as having been together, and what is told of it. Pure."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

MOST_CASES = 1_000
"""Cases of one trace."""


@dataclass(frozen=True, slots=True)
class Definition:
    """Together: at most `distance_m` apart, at most `seconds` apart in time, in all at least `minutes` long. A ping
    whose own error is larger than `error_m` says too little and is left out.
    """

    distance_m: float = 20.0
    seconds: int = 300
    minutes: int = 10
    error_m: float = 100.0

    def __post_init__(self) -> None:
        if not (1 <= self.distance_m <= 200 and 0 <= self.seconds <= 3600):
            raise ValueError("1 to 200 metres, up to an hour")
        if not (1 <= self.minutes <= 1440 and 1 <= self.error_m <= 5000):
            raise ValueError("1 to 1440 minutes, 1 to 5000 metres of error")


@dataclass(frozen=True, slots=True)
class Met:
    """Somebody who was near a case. `minutes` in tens; `days` and `places` (cells of 50 m) counted; `night`: minutes
    between midnight and five in the morning; `first` and `last` in Unix seconds; `score` ranks.
    """

    case: int
    who: int
    minutes: int
    nearest_m: float
    days: int
    places: int
    night: int
    first: int
    last: int
    score: float


def reasons(met: Met, cases: int) -> list[tuple[str, dict[str, Any]]]:
    """Why somebody stands where they stand, the weightiest first: keys of the catalogue with their parameters. `cases`
    counts the cases of this trace that they were near.
    """
    found: list[tuple[str, dict[str, Any]]] = [("epidemic.trace.why.minutes", {"n": met.minutes})]
    if cases > 1:
        found.insert(0, ("epidemic.trace.why.cases", {"n": cases}))
    if met.night >= 60 and met.days > 1:
        found.append(("epidemic.trace.why.night", {"n": met.night}))
    found.append(("epidemic.trace.why.near", {"m": round(met.nearest_m, 1)}))
    if met.days > 1:
        found.append(("epidemic.trace.why.days", {"n": met.days}))
    if met.places > 1:
        found.append(("epidemic.trace.why.places", {"n": met.places}))
    return found


@dataclass(frozen=True, slots=True)
class Profile:
    """How infectious on each day from onset, as a share of the most; the days from `first` on. With its source."""

    first: int
    shares: tuple[float, ...]
    source: str

    def share(self, day: int) -> float:
        """On that day; before and after the table, its smallest."""
        at = day - self.first
        return self.shares[at] if 0 <= at < len(self.shares) else min(self.shares)


@cache
def profile() -> Profile:
    """The profile that weighs meetings."""
    told = tomllib.loads(files(__package__).joinpath("tracing.toml").read_text("utf-8"))["infectiousness"]
    return Profile(told["first"], tuple(told["shares"]), told["source"])


def cases_met(mets: Sequence[Met]) -> dict[int, int]:
    """How many of the cases each was near."""
    seen: dict[int, set[int]] = {}
    for one in mets:
        seen.setdefault(one.who, set()).add(one.case)
    return {who: len(cases) for who, cases in seen.items()}
