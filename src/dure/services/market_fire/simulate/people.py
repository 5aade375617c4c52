"""How people answer in the simulation. Every number is an assumption, stated so that it can be argued with.

The control room is staffed day and night. An operator answers nine times in ten, after 20 s in the median; six cameras
in ten show enough of a stall to tell. Owners answer while they trade seven times in ten after 30 s, at night three and
a half times in ten after a minute, from home. Somebody sent to look comes nine times in ten by day after two minutes,
five times in ten at night after six. All of them err.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from dure.services.market_fire.simulate.scene import Rng, lognormal
from dure.services.market_fire.verification import Says, Who

_HIDDEN: Final = 1e8


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody says `after_s` seconds after being asked, though not before the episode's second
    `not_before`; it is not given at all where that would come at `before` or later.
    """

    by: Who
    after_s: float
    says: Says
    not_before: float = -_HIDDEN
    before: float = _HIDDEN


def replies(rng: Rng, *, burns: bool, trades: bool, seen_from: float, smoky: bool) -> tuple[Reply, ...]:
    """What people would answer in one episode. `seen_from` is when flames can be seen; `smoky`: there is something in
    the air that looks like smoke on a camera.
    """
    found = _operator(rng, burns=burns, seen_from=seen_from, smoky=smoky)
    found += _owner(rng, burns=burns, trades=trades, seen_from=seen_from)
    guard = (0.9, 120.0) if trades else (0.5, 360.0)
    for comes, median in (guard, (0.7, 420.0)):
        if rng.random() >= comes:
            continue
        right = Says.FIRE if burns else Says.NOT_FIRE
        after = _after(rng, median, 0.6)
        found.append(Reply(Who.SENT, after, right if rng.random() < 0.97 else Says.UNKNOWN))
    return tuple(found)


def _operator(rng: Rng, *, burns: bool, seen_from: float, smoky: bool) -> list[Reply]:
    if rng.random() >= 0.9:
        return []
    after = _after(rng, 20.0, 0.5)
    if rng.random() >= 0.6:
        return [Reply(Who.OPERATOR, after, Says.UNKNOWN)]
    if burns:
        too_early = Says.NOT_FIRE if rng.random() < 0.1 else Says.UNKNOWN
        late = seen_from + rng.uniform(2.0, 15.0)
        return [
            Reply(Who.OPERATOR, after, too_early, before=seen_from),
            Reply(Who.OPERATOR, after, Says.FIRE, not_before=late),
        ]
    chances = (0.05, 0.2) if smoky else (0.01, 0.09)
    chance = rng.random()
    says = Says.FIRE if chance < chances[0] else Says.UNKNOWN if chance < sum(chances) else Says.NOT_FIRE
    return [Reply(Who.OPERATOR, after, says)]


def _owner(rng: Rng, *, burns: bool, trades: bool, seen_from: float) -> list[Reply]:
    answers, median = (0.7, 30.0) if trades else (0.35, 60.0)
    if rng.random() >= answers:
        return []
    after = _after(rng, median, 0.6)
    if not trades or rng.random() >= 0.85:  # from home, or away from the stall
        return [Reply(Who.OWNER, after, Says.UNKNOWN if rng.random() < 0.75 else Says.NOT_FIRE)]
    if burns:
        too_early = Says.NOT_FIRE if rng.random() < 0.15 else Says.UNKNOWN
        return [
            Reply(Who.OWNER, after, too_early, before=seen_from),
            Reply(Who.OWNER, after, Says.FIRE, not_before=seen_from),
        ]
    return [Reply(Who.OWNER, after, Says.NOT_FIRE if rng.random() < 0.985 else Says.FIRE)]


def _after(rng: Rng, median: float, sigma: float) -> float:
    return float(np.clip(lognormal(rng, median, sigma, 1)[0], 3.0, 1_200.0))
