"""The effective reproduction number Rt: how many others one case infects at the moment, with its uncertainty. Pure.

The method of Cori et al., American Journal of Epidemiology 178(9), 2013, doi:10.1093/aje/kwt133: cases of a day are
Poisson with mean Rt times the infectivity of those before, Rt has a Gamma prior and holds for a window of days.
Imported cases infect, but nobody here has infected them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Days = NDArray[np.float64]
MOST_DAYS = 20_000
"""Of one series: more than fifty years."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed of Rt before the first case: mean and standard deviation of a Gamma distribution."""

    mean: float = 5.0
    sd: float = 5.0

    @property
    def shape(self) -> float:
        """Of the Gamma distribution."""
        return (self.mean / self.sd) ** 2

    @property
    def scale(self) -> float:
        """Of the Gamma distribution."""
        return self.sd**2 / self.mean


@dataclass(frozen=True, slots=True)
class Estimates:
    """Rt for windows that end on day `ends[i]` (counted from 0), as `mean`, `low` and `high` bounds, and the local
    cases in each window; the arrays end in the windows, after the axes of the series given.
    """

    ends: tuple[int, ...]
    mean: Days
    low: Days
    high: Days
    cases: Days


def estimated(
    local: ArrayLike,
    serial: ArrayLike,
    *,
    imported: ArrayLike | None = None,
    window: int = 7,
    prior: Prior = Prior(),
    level: float = 0.95,
) -> Estimates:
    """Rt of one series of daily cases, or of many of one length (days last).

    `serial[s]` is the share of infections that happen `s` days after the infector's own (`serial[0]` is 0, the sum
    1). Raises ValueError for what cannot be such: counts below 0, a wrong distribution, a window longer than the days.
    """
    here = np.asarray(local, dtype=np.float64)
    abroad = np.zeros_like(here) if imported is None else np.asarray(imported, dtype=np.float64)
    weights = np.asarray(serial, dtype=np.float64)
    _check(here, abroad, weights, window)
    days = here.shape[-1]
    pressure = infectivity(here + abroad, weights)
    ends = tuple(range(window, days))  # the first day has nobody before it
    cases = _summed(here, window)[..., 1:]
    shape = prior.shape + cases
    scale = 1.0 / (1.0 / prior.scale + _summed(pressure, window)[..., 1:])
    tail = (1.0 - level) / 2.0
    from scipy.special import gammaincinv  # loaded by who asks, not by every process as it starts

    low, high = (gammaincinv(shape, share) * scale for share in (tail, 1.0 - tail))
    return Estimates(ends, shape * scale, low, high, cases)


def infectivity(cases: Days, serial: Days) -> Days:
    """How strongly those infected before press on each day: the sum of their numbers by the weight of their lag."""
    found = np.zeros_like(cases)
    for lag in range(1, min(len(serial), cases.shape[-1])):
        found[..., lag:] += serial[lag] * cases[..., :-lag]
    return found


def serial_interval(mean: float, sd: float, days: int = 60) -> Days:
    """A serial interval by its mean and standard deviation (days), as shares by whole days: a Gamma distribution
    shifted by one day (Cori et al. 2013, web appendix 11). The first share, of day 0, is 0; the sum is 1.

    Raises ValueError for a mean of one day or less, or no deviation.
    """
    if not (np.isfinite(mean) and np.isfinite(sd) and mean > 1.0 and sd > 0.0 and 2 <= days <= MOST_DAYS):
        raise ValueError("a serial interval has a mean above one day and a deviation above none")
    shape, scale = ((mean - 1.0) / sd) ** 2, sd**2 / (mean - 1.0)

    def below(at: Days, more: float = 0.0) -> Days:
        from scipy.special import gammainc

        return np.asarray(gammainc(shape + more, np.maximum(at, 0.0) / scale), dtype=np.float64)

    k = np.arange(days, dtype=np.float64)
    shares = k * below(k) + (k - 2) * below(k - 2) - 2 * (k - 1) * below(k - 1)
    shares += shape * scale * (2 * below(k - 1, 1.0) - below(k - 2, 1.0) - below(k, 1.0))
    shares = np.maximum(shares, 0.0)
    shares[0] = 0.0
    return np.asarray(shares / shares.sum(), dtype=np.float64)


def _summed(values: Days, window: int) -> Days:
    """Sums of `window` days each, by their first day."""
    whole = np.concatenate([np.zeros((*values.shape[:-1], 1)), np.cumsum(values, axis=-1)], axis=-1)
    return np.asarray(whole[..., window:] - whole[..., :-window], dtype=np.float64)


def _check(here: Days, abroad: Days, weights: Days, window: int) -> None:
    if here.ndim < 1 or here.shape != abroad.shape or not window < here.shape[-1] <= MOST_DAYS or window < 1:
        raise ValueError("series of one length, longer than the window")
    if not all(np.isfinite(one).all() and (one >= 0).all() for one in (here, abroad, weights)):
        raise ValueError("counts and shares are numbers from 0 up")
    if weights.ndim != 1 or len(weights) < 2 or weights[0] != 0 or abs(weights.sum() - 1.0) > 1e-3:
        raise ValueError("shares of a serial interval begin with 0 and sum to 1")
