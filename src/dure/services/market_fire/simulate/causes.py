"""What reaches the ceiling: fires, and what is mistaken for one. Each cause fills the air of a batch of stalls.

Smoke is told in multiples of the density at which a nominal photoelectric detector answers (10 %/m).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from dure.services.market_fire.simulate import physics
from dure.services.market_fire.simulate.physics import Flags, Floats
from dure.services.market_fire.simulate.scene import DETECTORS, TIMES, Rng, Scene, lognormal

_NEVER: Final = 1e9
_ANSWERS_K: Final = (7.2, 41.7)
"""Excess temperature at which a photoelectric detector answers to flaming fuels: polyurethane and PVC 7.2 K, cotton
27.8 K, wood 41.7 K (Heskestad and Delichatsios 1977, as quoted in NFPA 72, annex B)."""
_NOMINAL: Final = 10.0
_SLOWEST_M_S: Final = 0.3
"""Smoke crosses from stall to stall at this speed at least."""
GROWTH: Final = {"slow": 0.2, "medium": 0.35, "fast": 0.3, "ultra_fast": 0.15}
"""How often each class of fire is drawn."""


@dataclass(frozen=True, slots=True)
class Air:
    """Under the ceiling at each detector: `warm` K above the room, `smoke` in multiples of the nominal threshold,
    `speed` of the gas in m/s, all (E, D, T). `seen_from` is when a camera on the aisle could tell it for what it is.
    """

    warm: Floats
    smoke: Floats
    speed: Floats
    seen_from: Floats


Cause = Callable[[Rng, Scene], Air]


def fire(rng: Rng, place: Scene) -> Air:
    """A t-squared fire of any class, three in ten after smouldering for up to a quarter of an hour. Its smoke comes in
    the ceiling jet, and gathers in the stall and its piece of the aisle (60 to 400 m^3)."""
    many, _ = place.shape
    names = list(GROWTH)
    kind = rng.choice(len(names), many, p=list(GROWTH.values()))
    alpha = np.array([physics.ALPHA[name] for name in names])[kind] * lognormal(rng, 1.0, 0.3, many)
    peak = np.clip(lognormal(rng, 600.0, 0.9, many), 60.0, 8_000.0)
    lasts = np.clip(lognormal(rng, 900.0, 0.7, many), 150.0, 3_600.0)
    smoulders = rng.random(many) < 0.3
    wait = np.where(smoulders, rng.uniform(60.0, 900.0, many), 0.0)
    delay = np.abs(place.across) / rng.uniform(_SLOWEST_M_S, 1.0, (many, 1))
    since = TIMES[None, None, :] - delay[:, :, None] - wait[:, None, None]
    power = physics.heat_release(since, alpha[:, None, None], peak[:, None, None], lasts[:, None, None])
    glow = np.clip((since + wait[:, None, None]) / np.maximum(wait, 1.0)[:, None, None], 0.0, 1.0)
    glow *= (smoulders[:, None, None]) & (since < 300.0)
    power = np.maximum(power, glow * rng.uniform(0.3, 2.0, many)[:, None, None])
    warm, speed = physics.ceiling_jet(power, place.beside[:, :, None], place.height[:, None, None])
    warm = warm * place.leak[:, :, None]
    answers = np.exp(rng.uniform(np.log(_ANSWERS_K[0]), np.log(_ANSWERS_K[1]), many))
    smoke = warm / answers[:, None, None]
    smoke += glow * lognormal(rng, 1.5, 0.6, many)[:, None, None] * place.leak[:, :, None] ** 2
    gathers = physics.layer(
        power,
        rng.uniform(0.04, 0.25, (many, 1)) / rng.uniform(13.0, 25.0, (many, 1)),
        lognormal(rng, 150.0, 0.8, (many, 1)),
        rng.uniform(60.0, 400.0, (many, 1)),
    )
    smoke += gathers * place.leak[:, :, None] / float(physics.density_of(np.array(_NOMINAL)))
    own = power[:, 0, :]
    flames = np.argmax(own >= 25.0, axis=1)
    seen = np.where(own.max(axis=1) >= 25.0, TIMES[flames], _NEVER)
    return Air(_stirred(rng, warm), _stirred(rng, smoke), speed, seen)


def steam(rng: Rng, place: Scene) -> Air:
    """Pots are opened: puffs of seconds to minutes, warm, thick enough for smoke, in the plume of the pot."""
    shape = _puffs(rng, place, (1, 12), 15.0, 1.0, 600.0)
    smoke = shape * lognormal(rng, 1.5, 0.7, place.shape[0])[:, None, None]
    warm = shape * np.clip(lognormal(rng, 5.0, 0.6, place.shape[0]), 0.5, 30.0)[:, None, None]
    reach = _reach(rng, place, 0.25, (0.1, 0.7))
    return _calm(rng, place, warm * reach, smoke * reach)


def cooking(rng: Rng, place: Scene) -> Air:
    """Smoke of a grill or a pan, growing over a minute or two, with its heat."""
    shape = _swell(rng, place, (20.0, 180.0), (120.0, 900.0))
    smoke = shape * lognormal(rng, 1.2, 0.6, place.shape[0])[:, None, None]
    warm = shape * np.clip(lognormal(rng, 6.0, 0.6, place.shape[0]), 0.5, 35.0)[:, None, None]
    reach = _reach(rng, place, 0.4, (0.1, 0.6))
    return _calm(rng, place, warm * reach, smoke * reach)


def welding(rng: Rng, place: Scene) -> Air:
    """Fume of welding and cutting: bursts of ten seconds to a minute, over and over."""
    shape = _puffs(rng, place, (3, 20), 25.0, 0.6, 1_200.0)
    smoke = shape * lognormal(rng, 1.5, 0.6, place.shape[0])[:, None, None]
    warm = shape * np.clip(lognormal(rng, 4.0, 0.6, place.shape[0]), 0.5, 30.0)[:, None, None]
    reach = _reach(rng, place, 0.5, (0.1, 0.6))
    return _calm(rng, place, warm * reach, smoke * reach)


def dust(rng: Rng, place: Scene) -> Air:
    """Dust of sweeping, sawing or grinding: coarse, cold, uneven."""
    shape = _swell(rng, place, (5.0, 60.0), (30.0, 600.0))
    uneven = np.clip(rng.normal(1.0, 0.5, shape.shape), 0.0, None)
    smoke = shape * uneven * lognormal(rng, 1.5, 0.7, place.shape[0])[:, None, None]
    return _calm(rng, place, np.zeros_like(shape), smoke * _reach(rng, place, 0.5, (0.1, 0.8)))


def disinfection(rng: Rng, place: Scene) -> Air:
    """Fog of disinfection through the whole row: thick, cold, everywhere within a minute."""
    many, several = place.shape
    shape = _swell(rng, place, (5.0, 40.0), (180.0, 1_200.0))
    later = rng.uniform(0.0, 60.0, (many, several)).astype(np.int64)
    later[:, 0] = 0
    index = np.clip(np.arange(TIMES.size)[None, None, :] - later[:, :, None], 0, None)
    everywhere = np.take_along_axis(np.broadcast_to(shape, (many, several, TIMES.size)), index, axis=2)
    smoke = everywhere * lognormal(rng, 3.0, 0.6, many)[:, None, None] * rng.uniform(0.3, 1.0, (many, several, 1))
    return _calm(rng, place, np.zeros_like(smoke), smoke)


def sun(rng: Rng, place: Scene) -> Air:
    """A metal roof in summer: everything above goes up to 50 or 70 degrees within the hour, without smoke."""
    many, several = place.shape
    top = np.clip(rng.normal(60.0, 6.0, (many, 1)), 45.0, 74.0) + rng.normal(0.0, 2.0, (many, several))
    ramp = np.clip((TIMES[None, None, :] + 1_500.0) / rng.uniform(1_500.0, 3_000.0, (many, 1, 1)), 0.0, 1.0)
    cloud = 1.0 + 0.03 * np.sin(TIMES[None, None, :] / rng.uniform(60.0, 400.0, (many, 1, 1)))
    warm = np.clip(top - place.ambient, 0.0, None)[:, :, None] * ramp * cloud
    return _calm(rng, place, warm, np.zeros_like(warm))


def condensation(rng: Rng, place: Scene) -> Air:
    """Dew in the chamber on a humid morning: grows over minutes, cold, in two of five cases beside as well."""
    shape = _swell(rng, place, (60.0, 300.0), (120.0, 1_500.0))
    smoke = shape * lognormal(rng, 1.3, 0.4, place.shape[0])[:, None, None]
    return _calm(rng, place, np.zeros_like(shape), smoke * _reach(rng, place, 0.4, (0.3, 1.0)))


def nothing(rng: Rng, place: Scene) -> Air:
    """Clean air: for detectors that are themselves the cause."""
    quiet = np.zeros((*place.shape, TIMES.size))
    return _calm(rng, place, quiet, quiet)


def _calm(rng: Rng, place: Scene, warm: Floats, smoke: Floats) -> Air:
    """Air that no fire drives: it drifts at 0.2 to 0.8 m/s."""
    full = (*place.shape, TIMES.size)
    speed = np.broadcast_to(rng.uniform(0.2, 0.8, (place.shape[0], 1, 1)), full)
    return Air(
        _stirred(rng, np.broadcast_to(warm, full)),
        _stirred(rng, np.broadcast_to(smoke, full)),
        speed,
        np.full(place.shape[0], _NEVER),
    )


def _stirred(rng: Rng, what: Floats) -> Floats:
    """Plumes are turbulent: 15 % from second to second."""
    noise = rng.standard_normal(what.shape, dtype=np.float32)
    return np.asarray(what * np.clip(1.0 + 0.15 * noise, 0.2, None), dtype=np.float64)


def _puffs(rng: Rng, place: Scene, count: tuple[int, int], median: float, sigma: float, within: float) -> Floats:
    """Puffs of 0 to 1, (E, 1, T): `count` of them within `within` seconds, rising and falling over one to four."""
    many = place.shape[0]
    shape = np.zeros((many, TIMES.size))
    for row in range(many):
        starts = np.concatenate(([0.0], rng.uniform(0.0, within, int(rng.integers(*count)))))
        for start, lasts in zip(starts, lognormal(rng, median, sigma, starts.size), strict=True):
            edge = rng.uniform(1.0, 4.0)
            up = np.clip((TIMES - start) / edge, 0.0, 1.0)
            down = np.clip((start + edge + lasts - TIMES) / edge, 0.0, 1.0)
            shape[row] = np.maximum(shape[row], np.minimum(up, down))
    return shape[:, None, :]


def _swell(rng: Rng, place: Scene, grows: tuple[float, float], lasts: tuple[float, float]) -> Floats:
    """One swell of 0 to 1, (E, 1, T)."""
    many = place.shape[0]
    edge, top = rng.uniform(*grows, many)[:, None], rng.uniform(*lasts, many)[:, None]
    up = np.clip(TIMES[None, :] / edge, 0.0, 1.0)
    down = np.clip((edge + top - TIMES[None, :]) / (0.5 * edge) + 1.0, 0.0, 1.0)
    return np.minimum(up, down)[:, None, :]


def _reach(rng: Rng, place: Scene, share: float, part: tuple[float, float]) -> Floats:
    """How much of it the neighbours get, (E, D, 1): in `share` of the stalls a `part`, else next to nothing."""
    many = place.shape[0]
    spreads: Flags = rng.random((many, 1)) < share
    found = np.where(spreads, rng.uniform(*part, (many, DETECTORS)), rng.uniform(0.0, 0.05, (many, DETECTORS)))
    found[:, 0] = 1.0
    return found[:, :, None]


AIR: Final[dict[str, Cause]] = {
    "fire": fire,
    "steam": steam,
    "cooking": cooking,
    "welding": welding,
    "dust": dust,
    "disinfection": disinfection,
    "sun": sun,
    "condensation": condensation,
}
"""Causes that are in the air; any other is in the detector (`faults`)."""
