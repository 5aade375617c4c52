"""The next days by the renewal equation: each day's cases are Poisson about Rt times the infectivity of those before,
and Rt is drawn from its posterior. Pure, and the same for the same figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from dure.services.epidemic.reproduction import Prior, infectivity, serial_interval

DRAWS = 1_000
_MOST = 1e6


@dataclass(frozen=True, slots=True)
class Expected:
    """Cases of a day to come: the middle, and the bounds of 80 % of the draws."""

    day: date
    median: float
    low: float
    high: float


def expected(
    counts: Sequence[int], last: date, serial: tuple[float, float], days: int = 7, window: int = 7
) -> list[Expected]:
    """The `days` behind `last`, from the daily counts that end with it. Nothing where the window has fewer cases than
    say anything (Cori et al. 2013: eleven).
    """
    known = np.asarray(counts, dtype=np.float64)
    if len(known) <= window or known[-window:].sum() < 11:
        return []
    weights = serial_interval(*serial)
    pressure = infectivity(known, weights)[-window:].sum()
    prior = Prior()
    chance = np.random.default_rng(int(known.sum()) * 100_003 + last.toordinal())
    rt = chance.gamma(prior.shape + known[-window:].sum(), 1 / (1 / prior.scale + pressure), DRAWS)
    past = np.repeat(known[None, -len(weights) :], DRAWS, axis=0)
    found = []
    for ahead in range(1, days + 1):
        reach = min(len(weights) - 1, past.shape[1])
        force = past[:, -reach:] @ weights[reach:0:-1]
        fresh = chance.poisson(np.minimum(rt * force, _MOST)).astype(np.float64)
        past = np.concatenate([past, fresh[:, None]], axis=1)
        low, median, high = np.quantile(fresh, [0.1, 0.5, 0.9])
        found.append(Expected(last + timedelta(days=ahead), float(median), float(low), float(high)))
    return found
