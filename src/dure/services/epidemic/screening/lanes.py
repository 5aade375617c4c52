"""How many lanes and people a forecast day needs: the day is played with so many comers, and again with one lane less.
Pure; the same numbers give the same day.
"""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import numpy as np

from dure.services.epidemic.care.dated import in_force, rows

TABLE = rows(Path(__file__).with_name("lanes.toml"), "lanes")
Kind = Literal["walk", "drive"]
MOST_LANES = 50
PLAYED = 5
"""Days of one forecast; a number is the mean of them."""


@dataclass(frozen=True, slots=True)
class Day:
    """How a day went with so many lanes: minutes that the middle one and ninety-five of a hundred waited at most, how
    long after closing the last was done, and the people that it took.
    """

    lanes: int
    staff: int
    wait_median: float
    wait_most: float
    overtime: float
    an_hour: float


def rule_of(day: date) -> Mapping[str, Any]:
    """The row that holds on `day`."""
    return in_force(TABLE, day)


def played(kind: Kind, people: int, hours: float, lanes: int, rule: Mapping[str, Any], seed: int = 0) -> Day:
    """A day of `hours` with `people` comers, who come at any time but the last half hour."""
    minutes, spread = rule[f"{kind}_minutes"], rule["spread"]
    shape = 1 / spread**2
    waits, overtime = [], []
    for turn in range(PLAYED):
        rng = np.random.default_rng((seed, turn))
        come = np.sort(rng.uniform(0, max(hours * 60 - 30, 1), people))
        takes = rng.gamma(shape, minutes / shape, people)
        free = [0.0] * lanes
        ends = 0.0
        for at, long in zip(come, takes, strict=True):
            begin = max(heapq.heappop(free), float(at))
            waits.append(begin - float(at))
            ends = begin + float(long)
            heapq.heappush(free, ends)
        overtime.append(max(max(free) - hours * 60, 0.0) if people else 0.0)
    told = np.array(waits or [0.0])
    return Day(
        lanes,
        lanes * rule[f"{kind}_staff"],
        float(np.median(told)),
        float(np.percentile(told, 95)),
        float(np.mean(overtime)),
        60 / minutes,
    )


def needed(kind: Kind, people: int, hours: float, rule: Mapping[str, Any], seed: int = 0) -> tuple[Day, ...]:
    """The days around the fewest lanes with which ninety-five of a hundred wait no longer than the rule asks: with one
    less, with so many, with one more. The last there are where even MOST_LANES do not suffice.
    """
    low, high = 1, MOST_LANES
    while low < high:
        middle = (low + high) // 2
        if played(kind, people, hours, middle, rule, seed).wait_most <= rule["patient_minutes"]:
            high = middle
        else:
            low = middle + 1
    around = range(max(low - 1, 1), min(low + 1, MOST_LANES) + 1)
    return tuple(played(kind, people, hours, lanes, rule, seed) for lanes in around)
