"""Stalls, detectors and radio as they are drawn for a batch of episodes. Every width of chance stands here or in
`causes`, and each is an assumption unless a source is named.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from dure.services.market_fire.simulate.physics import Flags, Floats

BEFORE_S: Final = 1_800
AFTER_S: Final = 1_800
TIMES: Final = np.arange(-BEFORE_S, AFTER_S + 1, dtype=np.float64)
"""Seconds after the cause began; one reading a second is made, the radio and the device's interval thin them."""
DETECTORS: Final = 5
"""The stall's own, two on each side in the row."""
FIRE_HOURS: Final = ((0, 47), (4, 23), (8, 37), (12, 29), (16, 37), (20, 63))
"""Market fires of 2014 to 2018 in four-hour spans of the day (소방청 국가화재정보시스템: 236건)."""
OPENS: Final = 8.0
CLOSES: Final = 20.0

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Scene:
    """A batch of E stalls with D detectors each. `steamy`: the city knows that this stall steams or cooks; `announced`:
    works or disinfection were announced for this hour; `analog`: the detector tells obscuration besides yes and no.
    """

    hour: Floats
    steamy: Flags
    announced: Flags
    analog: Flags
    height: Floats
    beside: Floats
    leak: Floats
    across: Floats
    ambient: Floats
    threshold: Floats
    dirt: Floats
    rti: Floats
    length: Floats
    every: Floats
    phase: Floats
    loss: Floats
    burst: Floats
    battery: Floats
    dead: Flags
    burns_at: Floats

    @property
    def open(self) -> Flags:
        """Whether the market trades at that hour."""
        return (self.hour >= OPENS) & (self.hour < CLOSES)

    @property
    def shape(self) -> tuple[int, int]:
        """(E, D)."""
        return self.beside.shape[0], self.beside.shape[1]


def lognormal(rng: Rng, median: float, sigma: float, size: int | tuple[int, ...]) -> Floats:
    """Positive values around a median; 90 % lie within a factor of exp(1.645 sigma)."""
    return median * np.exp(rng.normal(0.0, sigma, size))


def drawn(rng: Rng, hour: Floats, steamy: Flags, announced: Flags) -> Scene:
    """Stalls in a row, their detectors and their radio.

    RTI of 15 to 60 is that of quick heat elements; L of 1.8 to 10 m that of photoelectric housings (NFPA 72, annex B);
    a photoelectric detector of the second kind answers at 10 %/m (화재감지기 형식승인 기술기준). Nine detectors in ten
    tell their value: those of 화재알림설비 correct themselves by it (NFTC 207).
    """
    many = hour.shape[0]
    size = (many, DETECTORS)
    pitch = rng.uniform(2.5, 5.0, (many,))
    steps = np.array([0.0, -1.0, 1.0, -2.0, 2.0])
    across = steps[None, :] * pitch[:, None]
    own = rng.uniform(0.0, 2.5, (many,))
    beside = np.where(steps[None, :] == 0, own[:, None], np.abs(across) + rng.uniform(-1.0, 1.0, size))
    leak = rng.uniform(0.25, 1.0, size) ** np.abs(steps)[None, :]
    radio: Floats = rng.random(size)
    loss = np.where(
        radio < 0.8, rng.uniform(0.0, 0.05, size),
        np.where(radio < 0.95, rng.uniform(0.05, 0.2, size), rng.uniform(0.2, 0.5, size)),
    )  # fmt: skip
    return Scene(
        hour=hour,
        steamy=steamy,
        announced=announced,
        analog=np.asarray(rng.random(many) < 0.9),
        height=rng.uniform(2.4, 5.0, (many,)),
        beside=np.maximum(beside, 0.05),
        leak=leak,
        across=across,
        ambient=rng.uniform(-5.0, 33.0, (many,))[:, None] + rng.normal(0.0, 1.0, size),
        threshold=np.clip(rng.normal(10.0, 1.5, size), 6.0, 15.0),
        dirt=np.where(rng.random(size) < 0.05, rng.uniform(0.2, 0.6, size), rng.uniform(0.0, 0.1, size)),
        rti=np.clip(lognormal(rng, 28.0, 0.35, size), 12.0, 80.0),
        length=rng.uniform(1.8, 10.0, size),
        every=np.repeat(rng.choice([1.0, 2.0, 5.0], many, p=[0.7, 0.2, 0.1])[:, None], DETECTORS, axis=1),
        phase=rng.random(size),
        loss=loss,
        burst=np.where(rng.random(size) < 0.15, rng.uniform(5.0, 60.0, size), 0.0),
        battery=rng.uniform(20.0, 100.0, size),
        dead=rng.random(size) < 0.01,
        burns_at=rng.uniform(120.0, 250.0, size),
    )


def hours_of_fires(rng: Rng, many: int) -> Floats:
    """Hours at which markets burn."""
    weights = np.array([count for _, count in FIRE_HOURS], dtype=np.float64)
    span = rng.choice(len(FIRE_HOURS), many, p=weights / weights.sum())
    return np.array([start for start, _ in FIRE_HOURS], dtype=np.float64)[span] + rng.random(many) * 4.0


def hours_open(rng: Rng, many: int, *, lunch: float = 0.0) -> Floats:
    """Hours while the market trades; the share `lunch` of them between 11 and 14."""
    return np.where(rng.random(many) < lunch, rng.uniform(11.0, 14.0, many), rng.uniform(OPENS, CLOSES, many))


def hours_any(rng: Rng, many: int) -> Floats:
    """Hours of the whole day."""
    return rng.uniform(0.0, 24.0, many)
