"""One simulated cause in a market, by MQTT: a fire, steam, a dying sensor, as physics and a bad radio have it."""

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from dure.commands.simulate.crew import Crew, Detector, Reading, senml
from dure.commands.simulate.market_fire import apart_m
from dure.commands.simulate.stage import Stage, detectors, keys
from dure.commands.simulate.telling import Teller
from dure.kernel.errors import BadRequest
from dure.services.market_fire import verification
from dure.services.market_fire.simulate import episodes, nights
from dure.services.market_fire.simulate.episodes import Episode, Trace
from dure.services.market_fire.simulate.judging import Heard, judged
from dure.services.market_fire.simulate.scene import DETECTORS

CAUSES: Final = tuple(sorted({cause for group in episodes.GROUPS.values() for cause in group}))
_QUIET_S: Final = 20.0
"""So much of the time before is played: detectors are heard before anything happens."""
_LASTS_S: Final = 240.0
_FIRE_LASTS_S: Final = 900.0
_POLL_S: Final = 0.4


@dataclass(slots=True)
class Player(Detector):
    """A device that tells what its trace tells, at the trace's times divided by `speed`."""

    trace: Trace | None = None
    speed: float = 1.0
    until: float = field(default=_LASTS_S)

    async def run(self) -> None:
        """Report the trace from shortly before the cause on."""
        assert self.trace is not None
        began = time.monotonic()
        for after, reading in course(self.trace, self.until):
            await asyncio.sleep(max(0.0, began + after / self.speed - time.monotonic()))
            if self.client is not None:
                await self.client.publish(f"city/{self.id}", senml(reading, time.time()))
                self.sent += 1


def course(trace: Trace, until: float) -> Iterator[tuple[float, Reading]]:
    """The readings of a trace with the seconds after the play began, up to `until` seconds after the cause."""
    for index, at in enumerate(trace.at.tolist()):
        if not -_QUIET_S <= at <= until:
            continue
        reading: dict[str, float | bool] = {"heat": float(trace.heat[index]), "smoke": bool(trace.smoke[index])}
        if trace.obscuration is not None:
            reading["smoke_obscuration"] = float(trace.obscuration[index])
        yield at + _QUIET_S, reading


def drawn(cause: str, seed: int) -> Episode:
    """The first episode of a cause from a seed."""
    group = next(name for name, causes in episodes.GROUPS.items() if cause in causes)
    number = 0
    while True:
        for episode in episodes.batch(group, number, seed):
            if episode.cause == cause:
                return episode
        number += 1


async def play(stage: Stage, teller: Teller, seed: int | None, speed: float, cause: str) -> int:
    """0 when a fire became an incident, and after any other cause; 1 when a fire did not."""
    if cause not in CAUSES:
        raise BadRequest("simulate.night_cause", told=cause[:60], known=", ".join(CAUSES))
    episode = drawn(cause, seed or 1)
    lasts = _FIRE_LASTS_S if episode.fire else _LASTS_S
    devices = await _row(stage, seed or 1)
    given = await keys(stage.city, devices)
    teller.say("night_cast", cause=cause, place=devices[0]["name"], detectors=len(devices))
    _say_stages(teller, episode)
    since = datetime.now(UTC) - timedelta(seconds=5)
    players = [
        Player(device["id"], given[device["id"]], lambda _: {}, trace=trace, speed=speed, until=lasts)
        for device, trace in zip(devices, episode.traces, strict=False)
    ]
    async with Crew(list(players), stage.door) as crew:
        incident = await _answered(stage, teller, crew, devices, since, (lasts + _QUIET_S) / speed)
    if episode.fire and incident is None:
        teller.say("night_missed", ok=False)
        return 1
    teller.say("night_over", ok=True, cause=cause, incident=incident or "-")
    return 0


async def _row(stage: Stage, seed: int) -> list[dict[str, Any]]:
    """A calm detector and those nearest to it."""
    devices, _ = await detectors(stage.city, seed)
    standing = {alarm["subject"] for alarm in await stage.city.all("/alarms", open="true")}
    calm = [device for device in devices if device["id"] not in standing] or devices
    own = random.Random(seed).choice(calm)
    return sorted(calm, key=lambda device: apart_m(device, own))[:DETECTORS]


def _say_stages(teller: Teller, episode: Episode) -> None:
    """What the stages would do about it, asked in memory."""
    told = judged(Heard(episode, nights.rules()), verification.stages())
    why = str(told.why or "-")
    if told.reported_at is None:
        teller.say("night_no_report", why=why)
    else:
        teller.say("night_report", after=f"{told.reported_at:.0f}", why=why)


async def _answered(
    stage: Stage, teller: Teller, crew: Crew, devices: list[dict[str, Any]], since: datetime, lasts: float
) -> str | None:
    """The receipt number of the incident that came of it, told as soon as it is there; None after the whole course."""
    names = {device["id"] for device in devices}
    seen: set[str] = set()
    until = time.monotonic() + lasts
    while time.monotonic() < until:
        crew.check()
        for alarm in (await stage.city.get("/alarms", limit=50))["items"]:
            new = alarm["id"] not in seen and datetime.fromisoformat(alarm["raised_at"]) >= since
            if not new or alarm["device"] not in names or alarm["category"] == "fault":
                continue
            if alarm["incident_id"] is None:
                continue
            seen.add(alarm["id"])
            found = await stage.city.get(f"/incidents/{alarm['incident_id']}")
            teller.say("night_alarm", rule=alarm["rule"], receipt_no=found["receipt_no"])
            return str(found["receipt_no"])
        await asyncio.sleep(_POLL_S)
    return None
