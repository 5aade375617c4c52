"""Many nights of a city's markets in memory, through the running system's own detection and stages.

Causes come as often as Gangseo's dispatches of 2020 over 449 stalls (43 faults, 14 steam, 4 other in a year), fires as
often as the fire service counts them (289 in five years over 139,048 stalls). A quiet stall makes no reading.
"""

import dataclasses
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from dure.detect.model import Rule
from dure.detect.rulefile import parse
from dure.services.market_fire import verification
from dure.services.market_fire.simulate import episodes
from dure.services.market_fire.simulate.judging import Heard, judged

STALLS: Final = 449
A_STALL_YEAR: Final = {"fault": 43 / STALLS, "steam": 14 / STALLS, "other": 4 / STALLS, "fire": 289 / 5 / 139_048}
_DAYS: Final = 365
_RULES: Final = Path(verification.__file__).with_name("rules.toml")


@dataclass(frozen=True, slots=True)
class Lived:
    """What became of it: causes, pre-alarms and reports by cause, fires and those that 119 was not told of."""

    nights: int
    stalls: int
    causes: dict[str, int]
    asked: int
    reports: dict[str, int]
    why: dict[str, int]
    fires: int
    missed: int

    @property
    def false(self) -> int:
        """Reports that told of no fire."""
        return sum(count for cause, count in self.reports.items() if cause != "fire")


def rules() -> list[Rule]:
    """The service's rules, all switched on."""
    return [dataclasses.replace(rule, enabled=True) for rule in parse(_RULES.read_text(encoding="utf-8"))]


def lived(nights: int, seed: int, stalls: int = STALLS) -> Lived:
    """So many days and nights of a city with so many stalls."""
    rng = np.random.default_rng([seed, nights, stalls])
    table, watched = verification.stages(), rules()
    causes, reports, why = Counter[str](), Counter[str](), Counter[str]()
    asked = fires = missed = 0
    for group, rate in A_STALL_YEAR.items():
        many = int(rng.poisson(rate * stalls * nights / _DAYS))
        for episode in episodes.drawn(group, many, seed):
            causes[episode.cause] += 1
            outcome = judged(Heard(episode, watched), table)
            asked += bool(outcome.acts)
            fires += episode.fire
            missed += episode.fire and outcome.reported_at is None
            if outcome.reported_at is not None:
                reports[episode.cause] += 1
                why[str(outcome.why)] += 1
    return Lived(nights, stalls, dict(causes), asked, dict(reports), dict(why), fires, missed)
