"""How many had fallen ill by a day, of whom not all were known yet. Pure.

Who falls ill is reported days later, so the last days of a curve by onset are too low. The delays of those already
reported say by how much: the share that is reported within d days, from the reverse-time hazards of the last weeks
(Lawless, Canadian Journal of Statistics 22(1), 1994; Kalbfleisch and Lawless 1989), and a negative binomial of those
still to come.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

LONGEST = 21
"""Days of delay that are looked at; who is reported later counts as reported on the last of them."""
WEEKS = timedelta(days=28)
"""Of onsets whose delays are taken for those of today."""
LEAST = 0.1
"""Share that is known, below which a day says nothing yet."""


@dataclass(frozen=True, slots=True)
class Nowcast:
    """Of a day: `known` so far, the whole `expected` number of who fell ill on it, with its 95 % interval."""

    day: date
    known: int
    expected: float
    low: float
    high: float


def nowcast(pairs: Sequence[tuple[date, date]], today: date, days: int = 14) -> list[Nowcast]:
    """For the last `days` before `today`, from (onset, report) pairs. Days of which too little is known yet are left
    out; of a report before its onset nothing is learnt.
    """
    from scipy.stats import nbinom  # loaded by who asks

    fair = [(onset, min((report - onset).days, LONGEST)) for onset, report in pairs if onset <= report <= today]
    if not fair:
        return []
    shares = reported_within(
        [(today - onset).days for onset, _ in fair if onset >= today - WEEKS],
        [delay for onset, delay in fair if onset >= today - WEEKS],
    )
    counts: dict[date, int] = {}
    for onset, _ in fair:
        counts[onset] = counts.get(onset, 0) + 1
    found = []
    for ago in range(days, -1, -1):
        day = today - timedelta(days=ago)
        share, known = float(shares[min(ago, LONGEST)]), counts.get(day, 0)
        if share < LEAST:
            continue
        if share >= 1 - 1e-9:
            found.append(Nowcast(day, known, float(known), float(known), float(known)))
            continue
        # Of those still to come, with a flat prior on how many there are.
        low, high = (known + float(nbinom.ppf(at, known + 1, share)) for at in (0.025, 0.975))
        found.append(Nowcast(day, known, known / share, low, high))
    return found


def reported_within(ages: Sequence[int], delays: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The share that is reported within 0, 1 .. LONGEST days. `ages` are the days that each has had to be reported, at
    least its delay. Where nobody could have been reported so late, all are taken to be.
    """
    age, delay = np.asarray(ages), np.asarray(delays)
    shares = np.ones(LONGEST + 1)
    for late in range(LONGEST, 0, -1):
        seen = np.minimum(age, LONGEST) >= late  # could have been seen with this delay
        within = int((seen & (delay <= late)).sum())
        exactly = int((seen & (delay == late)).sum())
        hazard = exactly / within if within else 0.0
        shares[late - 1] = shares[late] * (1 - hazard)
    return shares
