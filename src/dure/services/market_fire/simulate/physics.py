"""Heat and smoke under a ceiling, and how slowly a detector feels them. Arrays in, arrays out.

Shapes: E episodes, D detectors, T seconds. Powers are kW, lengths m, temperatures K above the room, density is optical
density per metre (base 10).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ALPHA: Final = {"slow": 0.00293, "medium": 0.01172, "fast": 0.0469, "ultra_fast": 0.1876}
"""Growth constants of t-squared fires in kW/s^2 (NFPA 92, table of t-squared fires; NFPA 72, annex B)."""
_STILL_AIR_M_S: Final = 0.1
_NEAR: Final = 0.18
_NEAR_SPEED: Final = 0.15


def heat_release(since: Floats, alpha: Floats, peak: Floats, lasts: Floats) -> Floats:
    """kW at `since` seconds after flaming began: alpha t^2 up to `peak`; after `lasts` seconds the fuel runs
    out and the power halves every two minutes.
    """
    burning = np.clip(since, 0.0, None)
    power = np.minimum(alpha * burning * burning, peak)
    return np.where(burning > lasts, power * 0.5 ** ((burning - lasts) / 120.0), power)


def ceiling_jet(power: Floats, beside: Floats, height: Floats) -> tuple[Floats, Floats]:
    """Excess temperature (K) and speed (m/s) of the jet `beside` metres from the axis under a ceiling `height` above
    the fire.

    R. L. Alpert, "Calculation of response time of ceiling-mounted fire detectors", Fire Technology 8 (1972) 181-195:
    16.9 Q^(2/3) / H^(5/3) for r <= 0.18 H, else 5.38 (Q/r)^(2/3) / H; 0.96 (Q/H)^(1/3) for r <= 0.15 H, else
    0.195 Q^(1/3) H^(1/2) / r^(5/6).
    """
    radius = np.maximum(beside, 1e-3)
    near = radius <= _NEAR * height
    warm = np.where(near, 16.9 * power ** (2 / 3) / height ** (5 / 3), 5.38 * (power / radius) ** (2 / 3) / height)
    close = radius <= _NEAR_SPEED * height
    speed = np.where(
        close, 0.96 * (power / height) ** (1 / 3), 0.195 * power ** (1 / 3) * height**0.5 / radius ** (5 / 6)
    )
    return warm, np.maximum(speed, _STILL_AIR_M_S)


def layer(power: Floats, yields: Floats, volume: Floats, stays: Floats) -> Floats:
    """Optical density per metre of the smoke that gathers under the roof: what burnt, times its mass optical density,
    over the volume, thinned by ventilation with the time `stays` (s).

    `yields` is m^2 of optical density per kJ: mass optical density (0.04 m^2/g for flaming wood to 0.3 for
    polyurethane:
    G. W. Mulholland, "Smoke production and properties", SFPE Handbook) over the heat of combustion (13 to 25 kJ/g).
    Power is (E, D, T), the others (E, 1).
    """
    found = np.empty_like(power)
    state = np.zeros(power.shape[:-1])
    for at in range(power.shape[-1]):
        state = state + power[..., at] * yields / volume - state / stays
        found[..., at] = state
    return found


def density_of(obscuration: Floats) -> Floats:
    """Optical density per metre of an obscuration in %/m (UL 217, annex: Ou = 100 (1 - 10^-D))."""
    return -np.log10(1.0 - np.clip(obscuration, 0.0, 99.9) / 100.0)


def obscuration_of(density: Floats) -> Floats:
    """Obscuration in %/m of an optical density per metre."""
    return 100.0 * (1.0 - 10.0 ** -np.clip(density, 0.0, 3.0))


def felt_heat(gas: Floats, speed: Floats, rti: Floats) -> Floats:
    """What the sensing element reads, K above the room: dT/dt = sqrt(u) / RTI (Tg - T).

    G. Heskestad and R. G. Bill, "Quantification of thermal responsiveness of automatic sprinklers", Fire Safety Journal
    14 (1988) 113-125; gas and speed are (E, D, T), rti (E, D) in (m s)^0.5.
    """
    rate = np.clip(np.sqrt(speed) / rti[..., None], 0.0, 1.0)
    return _followed(gas, rate)


def felt_smoke(gas: Floats, speed: Floats, length: Floats) -> Floats:
    """Optical density inside the chamber: dD/dt = u / L (Dg - D) with the characteristic length L (m) of the housing.

    G. Heskestad, "Generalized characteristics of smoke entry and response for products-of-combustion detectors", Fire
    Research Institute of Japan, 7th international conference on automatic fire detection (1975); L of 1.8 m and more.
    """
    rate = np.clip(speed / length[..., None], 0.0, 1.0)
    return _followed(gas, rate)


def _followed(target: Floats, rate: Floats) -> Floats:
    """First-order lag in steps of one second, along the last axis."""
    found = np.empty_like(target)
    state = np.zeros(target.shape[:-1])
    for at in range(target.shape[-1]):
        state = state + rate[..., at] * (target[..., at] - state)
        found[..., at] = state
    return found


def latched(level: Floats, releases: float) -> Flags:
    """Whether a detector says smoke: from 1 on, until the level falls to `releases`."""
    found = np.empty(level.shape, dtype=np.bool_)
    state = np.zeros(level.shape[:-1], dtype=np.bool_)
    for at in range(level.shape[-1]):
        now = level[..., at]
        state = np.where(state, now > releases, now >= 1.0)
        found[..., at] = state
    return found
