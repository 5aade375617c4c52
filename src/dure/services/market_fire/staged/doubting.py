"""The readings of the devices that call, for what speaks of a fault. Whoever cannot be read in time is believed."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.kernel.errors import Unavailable
from dure.sense import history
from dure.sense.packs import Observation
from dure.services.market_fire.signs import Readings

log = logging.getLogger(__name__)
AT_ONCE_S: Final = 0.5
"""An alarm waits no longer than this for readings that could only speak against it."""
ALONE_S: Final = 2.0
"""What would be told to 119 without any alarm waits for them a little longer."""
IN_TIME_S: Final = 5.0
LATELY: Final = timedelta(minutes=4)
"""What says at once that warmth is not to be believed shows within the last minutes (signs.py)."""
LONG: Final = timedelta(minutes=31)
_PROPERTIES: Final = ("heat", "smoke", "smoke_obscuration", "battery")
_MOST: Final = 20_000
_USUAL_S: Final = 1.0


async def readings(
    context: Context, tx: Tx, devices: Collection[str], *, back: timedelta, within_s: float
) -> dict[str, Readings]:
    """What these devices reported lately, by device; empty where it cannot be had within `within_s`."""
    if not devices:
        return {}
    try:
        async with asyncio.timeout(within_s):
            found = await history.read(
                context,
                devices=sorted(devices),
                properties=_PROPERTIES,
                start=tx.now() - back,
                newest_first=True,
                limit=_MOST,
            )
    except (Unavailable, TimeoutError):
        log.warning("%d devices are believed: their readings did not come within %g s", len(devices), within_s)
        return {}
    return of(found.observations)


def of(observations: Collection[Observation]) -> dict[str, Readings]:
    """Readings by device, times growing."""
    rows: dict[str, dict[float, dict[str, float]]] = {}
    battery: dict[str, float] = {}
    for one in sorted(observations, key=lambda one: one.observed_at):
        if one.property == "battery":
            battery[one.device] = float(one.value)
        else:
            rows.setdefault(one.device, {}).setdefault(one.observed_at, {})[one.property] = float(one.value)
    return {name: _readings(known, battery.get(name)) for name, known in rows.items()}


def _readings(rows: Mapping[float, Mapping[str, float]], battery: float | None) -> Readings:
    """Of one device. A report that leaves a property out repeats what it said of it last."""
    at = np.array(sorted(rows), dtype=np.float64)
    columns = {name: _filled([rows[one].get(name) for one in at.tolist()]) for name in _PROPERTIES[:3]}
    heat, smoke, thick = columns["heat"], columns["smoke"], columns["smoke_obscuration"]
    every = float(np.median(np.diff(at))) if at.size > 1 else _USUAL_S
    nothing = np.zeros(at.size, dtype=np.float64)
    return Readings(
        at,
        nothing if heat is None else heat,
        nothing.astype(np.bool_) if smoke is None else smoke > 0,
        thick,
        battery,
        max(every, 0.1),
    )


def _filled(values: list[float | None]) -> "np.ndarray[tuple[int], np.dtype[np.float64]] | None":
    first = next((one for one in values if one is not None), None)
    if first is None:
        return None
    filled, last = [], first
    for one in values:
        last = last if one is None else one
        filled.append(last)
    return np.array(filled, dtype=np.float64)


def since(moment: datetime) -> float:
    """As readings count time: Unix seconds."""
    return moment.timestamp()
