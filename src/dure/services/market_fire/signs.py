"""What speaks for a detector being at fault rather than a stall on fire, read off its own last half hour. Pure.

A sign never ends an alarm: it lengthens the time in which somebody goes and looks. Warmth that came with the smoke,
or a detector that fell silent while it called, takes every sign away.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
LOOKS_BACK_S: Final = 1_800.0
_LATELY_S: Final = 150.0
_DIRT_S: Final = 600.0
_HAZE: Final = 1.0
_FEW: Final = 4
_QUICK_S: Final = 2.0
_SPIKE_K: Final = 3.0
_WARM_ROOM_CEL: Final = 45.0
_CREEP: Final = 1.25
_LONG_S: Final = 300.0
"""So long a detector must have been still, or wild, before it is taken as certain that it is the detector."""


class Sign(StrEnum):
    """A sign of a fault, or of heat that no fire makes. `FROZEN` is certainty: five minutes of what no fire does;
    `DIRTY` speaks against haze only: it was there ten minutes before.
    """

    FLAT = "flat"
    JUMP = "jump"
    DRIFT = "drift"
    RESTLESS = "restless"
    JUMPY = "jumpy"
    ERRATIC = "erratic"
    HEAT_JUMP = "heat_jump"
    SLOW_HEAT = "slow_heat"
    BATTERY = "battery"
    SPIKE = "spike"
    FROZEN = "frozen"
    DIRTY = "dirty"


@dataclass(frozen=True, slots=True)
class Limits:
    """stages.toml, signs: what counts. Shares are of the obscuration while calling."""

    flat_s: float
    flat_share: float
    jump_share: float
    jump_growth: float
    jumpy_share: float
    drift_share: float
    drift_after_s: float
    heat_step_k: float
    heat_step_k_s: float
    heat_falls_k_s: float
    battery_percent: float
    restless: float
    slow_heat_k: float
    warmth_k: float


@dataclass(frozen=True, slots=True)
class Readings:
    """A device's readings of the last half hour, times growing; `obscuration` in %/m is None where it tells only yes
    and no, `battery` in %EL where it says it."""

    at: Floats
    heat: Floats
    smoke: Flags
    obscuration: Floats | None = None
    battery: float | None = None
    every_s: float = 1.0

    def until(self, now: float) -> "Readings":
        """What was known at `now`."""
        first, last = np.searchsorted(self.at, [now - LOOKS_BACK_S, now + 1e-6])
        span = slice(int(first), int(last))
        thick = None if self.obscuration is None else self.obscuration[span]
        return Readings(self.at[span], self.heat[span], self.smoke[span], thick, self.battery, self.every_s)


def signs(limits: Limits, readings: Readings, onset: float, now: float) -> frozenset[Sign]:
    """The signs of a device that calls since `onset`, as of `now`."""
    seen = readings.until(now)
    if seen.at.size < _FEW:
        return frozenset()
    found = _of_heat(limits, seen, onset, now) | _dirty(limits, seen, now)
    if found & {Sign.HEAT_JUMP, Sign.ERRATIC}:
        return found | _frozen_heat(seen, onset, now)
    if _warmed(limits, seen, onset) or now - float(seen.at[-1]) > max(30.0, 6 * seen.every_s):
        return found & {Sign.SLOW_HEAT, Sign.SPIKE, Sign.DIRTY}
    if seen.battery is not None and seen.battery <= limits.battery_percent:
        found |= {Sign.BATTERY}
    return found | _of_smoke(limits, seen, onset, now)


def _warmed(limits: Limits, seen: Readings, onset: float) -> bool:
    """Whether it is warmer than before the smoke came, or than a minute and a half ago."""
    before = seen.heat[(seen.at < onset - 5.0) & (seen.at >= onset - 120.0)]
    lately = seen.heat[seen.at >= max(onset, float(seen.at[-1]) - 12.0)]
    if before.size < 2 or not lately.size:
        return False
    return float(np.median(lately) - np.median(before)) >= limits.warmth_k


def _dirty(limits: Limits, seen: Readings, now: float) -> frozenset[Sign]:
    """Haze below what the detector answers to, most of which was there long before."""
    if seen.obscuration is None or bool(seen.smoke[-1]):
        return frozenset()
    before = seen.obscuration[(seen.at >= now - _DIRT_S) & (seen.at <= now - _LATELY_S)]
    lately = seen.obscuration[seen.at >= float(seen.at[-1]) - 12.0]
    if before.size < _FEW:
        return frozenset()
    level = float(np.median(lately))
    dirty = level >= _HAZE and float(np.median(before)) >= limits.drift_share * level
    return frozenset({Sign.DIRTY}) if dirty else frozenset()


def _of_heat(limits: Limits, seen: Readings, onset: float, now: float) -> frozenset[Sign]:
    """Steps that no sensing element takes, and warmth that came too slowly for a fire."""
    lately = seen.at >= min(onset, now) - _LATELY_S
    at, heat = seen.at[lately], seen.heat[lately]
    found: set[Sign] = set()
    if at.size >= _FEW:
        step, span = np.diff(heat), np.maximum(np.diff(at), 0.5)
        wild = (np.abs(step) >= limits.heat_step_k) & (np.abs(step) / span >= limits.heat_step_k_s)
        if wild.any():
            found.add(Sign.HEAT_JUMP)
        lately_fell = at[1:] >= now - 60.0
        if np.any((step <= -_SPIKE_K) & (step / span <= -limits.heat_falls_k_s) & lately_fell):
            found.add(Sign.SPIKE)
        quick = np.abs(step) / span >= limits.heat_falls_k_s
        if np.count_nonzero(quick & (step < 0)) >= 2 and np.count_nonzero(quick & (step > 0)) >= 2:
            found.add(Sign.ERRATIC)
    if seen.every_s <= _QUICK_S and at.size >= _FEW:
        low = float(np.quantile(heat[at >= now - 60.0], 0.2)) if (at >= now - 60.0).any() else float(heat.min())
        if float(heat[-1]) - low >= _SPIKE_K and float(np.median(heat[-3:])) - low < 0.4 * (float(heat[-1]) - low):
            found.add(Sign.SPIKE)
    if _slow(limits, seen, now):
        found.add(Sign.SLOW_HEAT)
    return frozenset(found)


def _slow(limits: Limits, seen: Readings, now: float) -> bool:
    """Hot without smoke, and hardly hotter than two minutes ago: a roof in the sun, not a fire that grows."""
    minute = seen.at >= now - 60.0
    before = (seen.at >= now - 180.0) & (seen.at <= now - 120.0)
    if not minute.any() or not before.any() or bool(seen.smoke[seen.at >= now - 180.0].any()):
        return False
    lately, earlier = float(np.median(seen.heat[minute])), float(np.median(seen.heat[before]))
    return earlier >= _WARM_ROOM_CEL and lately - earlier <= limits.slow_heat_k


def _frozen_heat(seen: Readings, onset: float, now: float) -> frozenset[Sign]:
    """Heat that went up in one step, or up and down in steps, for minutes, and never as a fire would."""
    long = now - onset >= _LONG_S and float(seen.at[-1]) >= now - 30.0
    return frozenset({Sign.FROZEN}) if long and not seen.smoke[seen.at >= now - _LONG_S].any() else frozenset()


def _of_smoke(limits: Limits, seen: Readings, onset: float, now: float) -> frozenset[Sign]:
    """Smoke that stands still, came in one step and grew no more, was there all along, or jumps about."""
    found: set[Sign] = set()
    lately = seen.at >= now - _LATELY_S
    if np.count_nonzero(np.diff(seen.smoke[lately].astype(np.int8)) != 0) >= limits.restless:
        found.add(Sign.RESTLESS)
    if seen.obscuration is None:
        return frozenset(found)
    calling = (seen.at >= onset) & seen.smoke
    thick, at = seen.obscuration[calling], seen.at[calling]
    if thick.size < _FEW:
        return frozenset(found)
    level = float(np.median(thick))
    if _jumps(limits, seen, level, now - _LATELY_S, now):
        found.add(Sign.JUMPY)
        if now - onset >= _LONG_S and _jumps(limits, seen, level, now - _LONG_S, now - _LATELY_S):
            found.add(Sign.FROZEN)
    tail = thick[at >= now - 60.0]
    if (
        tail.size >= _FEW
        and float(at[-1] - at[0]) >= limits.flat_s
        and float(np.std(tail)) <= limits.flat_share * level
    ):
        found.add(Sign.FLAT)
        old = thick[at >= now - _LONG_S]
        trend = abs(float(np.mean(old[: old.size // 2])) - float(np.mean(old[old.size // 2 :])))
        still = float(np.std(old)) <= limits.flat_share * level and trend <= limits.flat_share * level
        if still and float(at[-1] - at[0]) >= _LONG_S:
            found.add(Sign.FROZEN)
    clear = seen.obscuration[(seen.at < onset - 1.0) & (seen.at >= onset - 60.0)]
    if clear.size:
        first, last = float(np.median(thick[:3])), float(np.median(thick[-max(3, thick.size // 4) :]))
        stepped = first - float(clear[-1]) >= limits.jump_share * level
        if stepped and last <= limits.jump_growth * first:
            found.add(Sign.JUMP)
    long_ago = seen.obscuration[seen.at <= onset - limits.drift_after_s]
    if long_ago.size >= _FEW and float(np.median(long_ago)) >= limits.drift_share * float(np.median(thick)):
        found.add(Sign.DRIFT)
        begun = seen.obscuration[seen.at <= now - LOOKS_BACK_S + _LATELY_S]
        old = seen.obscuration[seen.at >= now - _LONG_S]
        crept = float(np.median(old[-old.size // 4 :])) <= _CREEP * float(np.median(old[: old.size // 4 + 1]))
        if begun.size >= _FEW and float(np.median(begun)) >= limits.drift_share * level and crept:
            found.add(Sign.FROZEN)
    return frozenset(found)


def _jumps(limits: Limits, seen: Readings, level: float, since: float, until: float) -> bool:
    """Whether the obscuration goes up and down in steps; smoke has to find its way into the chamber and out of it."""
    assert seen.obscuration is not None
    span = (seen.at >= since) & (seen.at <= until)
    step = np.diff(seen.obscuration[span])
    big = np.abs(step) >= limits.jumpy_share * level
    return bool(min(np.count_nonzero(big & (step > 0)), np.count_nonzero(big & (step < 0))) >= 2)
