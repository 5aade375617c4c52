"""From the air to what the radio delivers: response, noise, dirt, faults, death, loss."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from dure.services.market_fire.simulate import physics
from dure.services.market_fire.simulate.causes import Air
from dure.services.market_fire.simulate.physics import Flags, Floats
from dure.services.market_fire.simulate.scene import TIMES, Rng, Scene, lognormal

_NOMINAL: Final = 10.0
_FULL_SCALE: Final = 40.0
"""%/m beyond which a photoelectric chamber tells no more."""
_RELEASES: Final = 0.8
_START: Final = int(-TIMES[0])


@dataclass(frozen=True, slots=True)
class Said:
    """What detectors told each second, (E, D, T), and which of it arrived."""

    heat: Floats
    obscuration: Floats
    smoke: Flags
    arrived: Flags


def sensed(rng: Rng, place: Scene, air: Air) -> tuple[Floats, Floats]:
    """Heat in Cel and obscuration in %/m as sound detectors read them: lag, noise, dirt, resolution."""
    warm = physics.felt_heat(air.warm, air.speed, place.rti)
    room = place.ambient[:, :, None] + _wander(rng, place)
    noise = rng.standard_normal(warm.shape, dtype=np.float32)
    heat = room + warm + noise * rng.uniform(0.05, 0.3, (place.shape[0], 1, 1))
    density = physics.felt_smoke(air.smoke * physics.density_of(np.array(_NOMINAL)), air.speed, place.length)
    noise = rng.standard_normal(warm.shape, dtype=np.float32)
    clear = place.threshold[:, :, None] * (place.dirt[:, :, None] + 0.015 * np.abs(noise))
    return heat, np.clip(physics.obscuration_of(density) + clear, 0.0, _FULL_SCALE)


def _wander(rng: Rng, place: Scene) -> Floats:
    """The room's own slow changes: sun, heating, doors."""
    many = place.shape[0]
    slope = rng.normal(0.0, 1.5 / 1_800.0, (many, 1, 1))
    swing = rng.uniform(0.0, 0.8, (many, 1, 1)) * np.sin(TIMES / rng.uniform(100.0, 900.0, (many, 1, 1)))
    return slope * TIMES + swing


def said(rng: Rng, place: Scene, heat: Floats, obscuration: Floats, forced: Flags | None = None) -> Said:
    """What the detectors tell and what of it arrives. `forced`: the detector says smoke whatever it sees."""
    smoke = physics.latched(obscuration / place.threshold[:, :, None], _RELEASES)
    if forced is not None:
        smoke |= forced
    return Said(np.round(heat, 1), np.round(obscuration, 2), smoke, _arrived(rng, place, heat))


def _arrived(rng: Rng, place: Scene, heat: Floats) -> Flags:
    """Reports at the device's interval, thinned by loss at random and by bursts; a burnt or dead detector is silent."""
    turn = (
        np.arange(TIMES.size)[None, None, :] + (place.phase * place.every).astype(np.int64)[:, :, None]
    ) % place.every[:, :, None].astype(np.int64) == 0
    arrived = turn & (rng.random(heat.shape, dtype=np.float32) >= place.loss[:, :, None])
    for row, column in zip(*np.nonzero(place.burst), strict=True):
        for start in rng.uniform(0, TIMES.size, int(rng.integers(1, 12))):
            arrived[row, column, int(start) : int(start + place.burst[row, column])] = False
    burnt = np.cumsum(heat > place.burns_at[:, :, None], axis=2) >= 5
    return np.asarray(arrived & ~burnt & ~place.dead[:, :, None])


@dataclass(frozen=True, slots=True)
class Broken:
    """What a fault makes of the own detector's readings."""

    heat: Floats
    obscuration: Floats
    forced: Flags
    silent: Flags
    battery: Floats


def broken(rng: Rng, place: Scene, kind: str, heat: Floats, obscuration: Floats) -> Broken:
    """A fault of the stall's own detector from time 0 on. Kinds: burst, stuck, insect, drift, thermistor, dying."""
    heat, obscuration = heat.copy(), obscuration.copy()
    forced = np.zeros(heat.shape, dtype=np.bool_)
    silent = np.zeros(heat.shape, dtype=np.bool_)
    battery = place.battery.copy()
    for row in range(place.shape[0]):
        one = _One(rng, heat[row, 0], obscuration[row, 0], forced[row, 0], silent[row, 0], place.threshold[row, 0])
        getattr(one, kind)()
        if kind == "dying":
            battery[row, 0] = rng.uniform(1.0, 25.0)
    return Broken(heat, np.clip(obscuration, 0.0, _FULL_SCALE), forced, silent, battery)


class _One:
    """One detector's rows, changed in place."""

    def __init__(self, rng: Rng, heat: Floats, obscuration: Floats, forced: Flags, silent: Flags, limit: float) -> None:
        self.rng, self.heat, self.obscuration, self.forced, self.silent = rng, heat, obscuration, forced, silent
        self.limit = float(limit)
        self.left = TIMES.size - _START

    def burst(self) -> None:
        """Interference or a brown-out: says smoke for seconds to minutes, once or several times."""
        start = _START
        for _ in range(int(self.rng.integers(1, 6))):
            lasts = int(np.clip(lognormal(self.rng, 12.0, 1.2, 1)[0], 1, 900))
            self.forced[start : start + lasts] = True
            self.obscuration[start : start + lasts] = self.limit * self.rng.uniform(0.9, 4.0)
            start += lasts + int(self.rng.uniform(5, 600))

    def stuck(self) -> None:
        """The chamber's output stays where it went, to the last digit or nearly so."""
        trembles = self.rng.choice([0.0, 0.01, 0.1, 0.5])
        level = self.limit * self.rng.uniform(1.05, 4.0)
        self.obscuration[_START:] = level + trembles * self.rng.standard_normal(self.left)
        self.forced[_START:] = True

    def insect(self) -> None:
        """Something alive in the chamber: jumps about for minutes."""
        lasts = int(self.rng.uniform(30, 1_500))
        steps = self.rng.random(lasts) < self.rng.uniform(0.02, 0.3)
        levels = lognormal(self.rng, 1.0, 0.8, lasts) * self.limit
        held = levels[np.maximum.accumulate(np.where(steps, np.arange(lasts), 0))]
        self.obscuration[_START : _START + lasts] = held

    def drift(self) -> None:
        """Dirt or ageing: the clear-air value climbs for hours and crosses the limit at about time 0."""
        slope = self.limit * self.rng.uniform(0.1, 0.9) / 1_800.0
        noise = self.limit * self.rng.uniform(0.005, 0.05) * self.rng.standard_normal(TIMES.size)
        self.obscuration[:] = np.clip(self.limit + slope * TIMES + noise, 0.0, None)

    def thermistor(self) -> None:
        """An element open, shorted or loose: heat goes far off in one step, for good or on and off."""
        level = self.rng.uniform(62.0, 160.0)
        on = np.ones(self.left, dtype=np.bool_)
        if self.rng.random() < 0.5:
            on = np.repeat(self.rng.random(self.left // 7 + 1) < self.rng.uniform(0.3, 0.9), 7)[: self.left]
            on[:7] = True
        trembles = self.rng.choice([0.0, 0.2, 2.0]) * self.rng.standard_normal(self.left)
        self.heat[_START:] = np.where(on, level + trembles, self.heat[_START:])

    def dying(self) -> None:
        """A battery at its end: everything jumps, then silence."""
        lasts = min(self.left, int(self.rng.uniform(20, 1_200)))
        span = slice(_START, _START + lasts)
        jumps = self.rng.random(lasts) < self.rng.uniform(0.05, 0.4)
        self.heat[span] += np.where(jumps, self.rng.normal(0.0, 25.0, lasts), 0.0)
        noisy = self.rng.random(lasts) < self.rng.uniform(0.2, 0.95)
        self.obscuration[span] = np.where(noisy, self.limit * self.rng.uniform(1.0, 4.0, lasts), self.obscuration[span])
        self.silent[_START + lasts :] = True


FAULTS: Final = {"burst": 0.22, "stuck": 0.22, "insect": 0.15, "drift": 0.15, "thermistor": 0.1, "dying": 0.1}
"""How often each is drawn among faults; the rest is condensation (`causes`)."""
