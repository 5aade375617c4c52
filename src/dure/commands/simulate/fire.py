"""The physics of a small fire under a ceiling, as far as a detector feels it. Pure.

Heat release grows with the square of time, Q = alpha t^2 (NFPA 72, annex B; fast: 0.0469 kW/s^2). The excess
temperature of the ceiling jet follows R. L. Alpert, "Calculation of response time of ceiling-mounted fire detectors",
Fire Technology 8 (1972): dT = 16.9 Q^(2/3) / H^(5/3) above the fire, dT = 5.38 (Q/r)^(2/3) / H beside it (r > 0.18 H).
"""

import math
from dataclasses import dataclass

ALPHA_FAST = 0.0469
"""kW/s^2: bedding and cloth."""
CEILING_M = 3.2
AMBIENT_CEL = 19.0
_PEAK_KW = 300.0
"""What one stall has to burn; beyond some 35 m nobody's detector feels it."""
_SMOKE_CEL = 7.0
"""A smoke detector answers at an excess temperature of a few degrees; 4 to 13 K for common fuels (NFPA 72, annex B)."""


@dataclass(frozen=True, slots=True)
class Fire:
    """A fire that began at `began` (seconds) and was put out at `out`, growing `speed` times as fast as alpha says."""

    began: float
    alpha: float = ALPHA_FAST
    speed: float = 1.0
    out: float | None = None

    def heat_kw(self, at: float) -> float:
        """Heat release at a time; after it was put out it halves every two seconds."""
        if at < self.began:
            return 0.0
        until = at if self.out is None else min(at, self.out)
        burnt = (until - self.began) * self.speed
        power = min(self.alpha * burnt * burnt, _PEAK_KW)
        return power if self.out is None or at <= self.out else power * 0.5 ** ((at - self.out) * self.speed / 2)

    def excess_cel(self, at: float, metres: float) -> float:
        """How much warmer it is at the ceiling `metres` beside the fire."""
        power = self.heat_kw(at)
        if metres <= 0.18 * CEILING_M:
            return 16.9 * math.pow(power, 2 / 3) / math.pow(CEILING_M, 5 / 3)
        return 5.38 * math.pow(power / metres, 2 / 3) / CEILING_M

    def heat_cel(self, at: float, metres: float) -> float:
        """What a detector reads, degrees Celsius."""
        return AMBIENT_CEL + self.excess_cel(at, metres)

    def smoke(self, at: float, metres: float) -> bool:
        """Whether a detector sees smoke."""
        return self.excess_cel(at, metres) >= _SMOKE_CEL


@dataclass(frozen=True, slots=True)
class Steam:
    """A pot's steam: smoke that comes and goes, never for five seconds. `puffs` are (from, to) in seconds."""

    puffs: tuple[tuple[float, float], ...]

    def smoke(self, at: float) -> bool:
        """Whether the detector is in steam."""
        return any(start <= at < end for start, end in self.puffs)

    def heat_cel(self, at: float) -> float:
        """Steam is warm, not hot."""
        return AMBIENT_CEL + (24.0 if self.smoke(at) else 3.0)
