"""A gateway dies with all its detectors behind it: the city must say so once, not seventy-five times."""

import asyncio
import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from dure.commands.simulate.crew import Crew, Detector, Reading
from dure.commands.simulate.fire import AMBIENT_CEL
from dure.commands.simulate.market_fire import chosen
from dure.commands.simulate.stage import Stage, detectors, keys
from dure.commands.simulate.telling import Teller

_REPORTING_S = 12.0
_PATIENCE_S = 11 * 60.0
_AFTER_S = 8.0


async def play(stage: Stage, teller: Teller, seed: int | None) -> int:
    """0 when exactly one alarm came, about the gateway's group. It takes as long as the city's rule of silence says."""
    devices, _ = await detectors(stage.city, seed or 1)
    cast = chosen(devices, set(), seed)
    hall = cast.everybody
    group = str(cast.fire.get("group"))
    given = await keys(stage.city, hall)

    def read(_: float) -> Reading:
        return {"heat": AMBIENT_CEL, "smoke": False}

    crew = [
        Detector(device["id"], given[device["id"]], read, every_s=2.0, rng=random.Random(device["id"]))
        for device in hall
    ]
    since = datetime.now(UTC) - timedelta(seconds=5)
    async with Crew(crew, stage.door):
        teller.say("signed_in", detectors=len(crew))
        await asyncio.sleep(_REPORTING_S)
    teller.say("gateway_dead", group=group, detectors=len(crew))
    until = time.monotonic() + _PATIENCE_S
    found: list[dict[str, Any]] = []
    while time.monotonic() < until and not found:
        await asyncio.sleep(3)
        found = await _silences(stage, hall, group, since)
    await asyncio.sleep(_AFTER_S)
    found = await _silences(stage, hall, group, since)
    one = len(found) == 1 and found[0]["device"] is None
    teller.say("gateway_good" if one else "gateway_bad", ok=one, alarms=len(found), detectors=len(crew))
    return 0 if one else 1


async def _silences(stage: Stage, hall: list[dict[str, Any]], group: str, since: datetime) -> list[dict[str, Any]]:
    """Alarms since then that stand open about the hall's devices or their group."""
    ids = {device["id"] for device in hall}
    return [
        alarm
        for alarm in await stage.city.all("/alarms", open="true")
        if datetime.fromisoformat(alarm["raised_at"]) >= since
        and (alarm["device"] in ids or alarm["subject"] == f"group:{group}")
    ]
