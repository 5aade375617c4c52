"""A night in one hall of a market: steam that passes, a sensor that dies, a bad radio, and a fire that grows."""

import asyncio
import math
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from dure.commands.simulate.api import City
from dure.commands.simulate.crew import Crew, Detector, Reading
from dure.commands.simulate.fire import AMBIENT_CEL, Fire, Steam
from dure.commands.simulate.stage import Stage, detectors, keys
from dure.commands.simulate.telling import Teller
from dure.kernel.geometry import LonLat, distance_m

FAULT_RULES = ("silent", "battery", "clock")
_SUSTAINED = "market_fire_signal"
_LOSS = 0.4
_PUFFS = ((0.0, 3.4), (5.0, 6.2), (7.4, 8.6), (10.0, 11.0))
"""When the pot steams, in seconds: never for five."""
_POLL_S = 0.4
_STEAM_WATCHED_S = 8.0
_BURNS_S = (8.0, 30.0)
"""How long the fire burns on after it became an incident: at least, and at most where no two neighbours join."""
_EMBERS_S = 14.0


@dataclass(slots=True)
class Cast:
    """Who plays what: devices by their part, all of one hall."""

    fire: dict[str, Any]
    steam: dict[str, Any]
    dead: dict[str, Any]
    weak: list[dict[str, Any]]
    others: list[dict[str, Any]]

    @property
    def everybody(self) -> list[dict[str, Any]]:
        """All devices of the hall."""
        return [self.fire, self.steam, self.dead, *self.weak, *self.others]


@dataclass(slots=True)
class Seen:
    """What the city has answered so far."""

    alarm: dict[str, Any] | None = None
    incident: dict[str, Any] | None = None
    joined: set[str] = field(default_factory=set)
    steam_alarms: list[dict[str, Any]] = field(default_factory=list)


async def play(stage: Stage, teller: Teller, seed: int | None, speed: float) -> int:
    """The whole scene; 0 when the fire became an incident and the steam did not, else 1."""
    devices, sample = await detectors(stage.city, seed or 1)
    standing = {alarm["subject"] for alarm in await stage.city.all("/alarms", open="true")}
    cast = chosen(devices, standing, seed)
    teller.say("cast", place=cast.fire["name"], detectors=len(cast.everybody), sample="yes" if sample else "no")
    given = await keys(stage.city, cast.everybody)
    scene = Scene(stage, teller, cast, speed)
    async with Crew(scene.crew(given, seed or 1), stage.door) as crew:
        teller.say("signed_in", detectors=len(crew.detectors))
        scene.begin()
        await scene.run(crew)
    return scene.verdict()


def chosen(devices: list[dict[str, Any]], standing: set[str], seed: int | None) -> Cast:
    """The parts. Without a seed the fire is where the pictures have it (나동 17호), unless an alarm stands there."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for device in devices:
        groups.setdefault(device.get("group") or "", []).append(device)
    rng = random.Random(seed or 17)
    halls = sorted(group for group, members in groups.items() if len(members) >= 6)
    hall = groups["HBC-GW-N" if seed is None and "HBC-GW-N" in groups else rng.choice(halls)]
    calm = [device for device in hall if device["id"] not in standing] or hall
    usual = [device for device in calm if seed is None and device["id"] == "HBC-N-017"]
    fire = usual[0] if usual else rng.choice(calm)
    others = sorted((device for device in hall if device is not fire), key=lambda device: apart_m(device, fire))
    weak, far = others[:2], others[2:]
    steam = next((device for device in reversed(far) if device["id"] not in standing), far[-1])  # the farthest
    dead = next(device for device in reversed(far) if device is not steam)
    rest = [device for device in far if device is not steam and device is not dead]
    return Cast(fire, steam, dead, weak, rest)


def apart_m(a: dict[str, Any], b: dict[str, Any]) -> float:
    """Metres between two devices."""
    return distance_m(LonLat(a["lon"], a["lat"]), LonLat(b["lon"], b["lat"]))


class Scene:
    """The course of the night. Times are seconds of the monotonic clock."""

    def __init__(self, stage: Stage, teller: Teller, cast: Cast, speed: float) -> None:
        self.city: City = stage.city
        self.teller, self.cast, self.speed = teller, cast, speed
        self.seen = Seen()
        # Started a little earlier than we look, so that a clock a moment apart hides nothing.
        self.since = datetime.now(UTC) - timedelta(seconds=5)
        self.steam, self.fire, self.deadline = Steam(()), Fire(math.inf), math.inf
        self.first_signal: datetime | None = None
        self._told: set[str] = set()

    def begin(self) -> None:
        """Everybody has signed in: the night's hours count from now."""
        quiet = time.monotonic() + 4 / self.speed + 1
        self.steam = Steam(tuple((quiet + start, quiet + end) for start, end in _PUFFS))
        self.fire = Fire(quiet + 3 / self.speed, speed=self.speed)
        self.deadline = self.fire.began + 90 / self.speed + 30

    def crew(self, given: dict[str, str], seed: int) -> list[Detector]:
        """The devices with what each of them feels."""
        weak = {device["id"] for device in self.cast.weak}
        made = []
        for number, device in enumerate(self.cast.everybody):
            rng = random.Random(f"{seed}:{device['id']}")
            loss = _LOSS if device["id"] in weak else 0.0
            made.append(Detector(device["id"], given[device["id"]], self._feels(device, number), loss=loss, rng=rng))
        return made

    def _feels(self, device: dict[str, Any], number: int) -> Any:
        metres = apart_m(device, self.cast.fire)
        warmth = (number * 7 % 30) / 10
        steamy = device is self.cast.steam

        def read(now: float) -> Reading:
            heat = self.fire.heat_cel(now, metres) + warmth
            smoke = self.fire.smoke(now, metres)
            if steamy:
                heat = max(heat, self.steam.heat_cel(now))
                smoke = smoke or self.steam.smoke(now)
            if smoke and device is self.cast.fire and self.first_signal is None:
                self.first_signal = datetime.now(UTC)
            return {"heat": heat, "smoke": smoke}

        return read

    async def run(self, crew: Crew) -> None:
        """Until the city has answered, or the time is up; then the fire is put out."""
        settled: float | None = None
        while time.monotonic() < self.deadline:
            self._narrate(crew)
            crew.check()
            await self._look()
            if self.seen.incident is not None:
                settled = settled or time.monotonic()
                spread = len(self.seen.joined) >= len(self.cast.weak)
                burns_until = settled + _BURNS_S[0 if spread else 1] / min(self.speed, 3)
                if time.monotonic() > burns_until:
                    break
            await asyncio.sleep(_POLL_S)
        self.fire = Fire(self.fire.began, speed=self.speed, out=time.monotonic())
        self.teller.say("put_out")
        steam_until = self.steam.puffs[-1][1] + _STEAM_WATCHED_S
        await asyncio.sleep(max(_EMBERS_S, steam_until - time.monotonic()))
        await self._look()
        crew.check()
        lost = sum(detector.lost for detector in crew.detectors)
        self.teller.say("sent", reports=sum(detector.sent for detector in crew.detectors), lost=lost)

    def _narrate(self, crew: Crew) -> None:
        now = time.monotonic()
        parts = {detector.id: detector for detector in crew.detectors}
        if now > self.steam.puffs[0][0]:
            self._once("steam", place=self.cast.steam["name"])
        if now > self.steam.puffs[0][0] + 2:
            parts[self.cast.dead["id"]].silent = True
            self._once("dead", place=self.cast.dead["name"])
        if now > self.fire.began:
            self._once("fire", place=self.cast.fire["name"])
            self._once("radio", place=self.cast.weak[0]["name"], share=round(_LOSS * 100))
        if self.first_signal is not None:
            heat = self.fire.heat_cel(now, 0) if now > self.fire.began else AMBIENT_CEL
            self._once("smoke", place=self.cast.fire["name"], heat=round(heat, 1))

    def _once(self, event: str, **params: Any) -> None:
        if event not in self._told:
            self._told.add(event)
            self.teller.say(event, **params)

    async def _look(self) -> None:
        """Read back from the city: alarms of this hall that are ours, and the incident."""
        fresh = [
            alarm
            for alarm in (await self.city.get("/alarms", limit=100))["items"]
            if _time(alarm["raised_at"]) >= self.since and not is_fault(alarm)
        ]
        self.seen.steam_alarms = [alarm for alarm in fresh if alarm["subject"] == self.cast.steam["id"]]
        for alarm in self.seen.steam_alarms:
            self._once("steam_alarm", rule=alarm["rule"])
        ours = [alarm for alarm in fresh if alarm["device"] == self.cast.fire["id"]]
        # Where it grows fast the stages may have told 119 by then; the five seconds are this rule's.
        sustained = [alarm for alarm in ours if alarm["rule"] == _SUSTAINED]
        if sustained and self.seen.alarm is None:
            self.seen.alarm = min(sustained, key=lambda alarm: str(alarm["raised_at"]))
            onset, raised = _time(self.seen.alarm["onset_at"]), _time(self.seen.alarm["raised_at"])
            self.teller.say("alarm", rule=self.seen.alarm["rule"], after=_seconds(raised - onset))
        incident_id = next((alarm["incident_id"] for alarm in ours if alarm["incident_id"]), None)
        if incident_id is not None:
            if self.seen.incident is None:
                await self._incident(incident_id)
            for alarm in fresh:
                if alarm["incident_id"] == incident_id and alarm["device"] not in {None, self.cast.fire["id"]}:
                    self._joined(alarm)

    async def _incident(self, incident_id: str) -> None:
        found = await self.city.get(f"/incidents/{incident_id}")
        self.seen.incident = found
        after = _seconds(_time(found["opened_at"]) - self.first_signal) if self.first_signal else 0.0
        self.teller.say("incident", receipt_no=found["receipt_no"], severity=found["severity"], after=after)
        cameras = [f"{camera['id']} {round(camera['distance_m'])} m" for camera in found["cameras"]]
        self.teller.say("cameras", n=len(cameras), cameras=", ".join(cameras))

    def _joined(self, alarm: dict[str, Any]) -> None:
        if alarm["device"] not in self.seen.joined:
            self.seen.joined.add(alarm["device"])
            self.teller.say("joined", device=alarm["device"], rule=alarm["rule"])

    def verdict(self) -> int:
        """Say how it went: 0 when the fire became an incident and the steam did not."""
        incident, steam = self.seen.incident, self.seen.steam_alarms
        done = incident is not None and not steam
        self.teller.say(
            "verdict_good" if done else "verdict_bad",
            ok=done,
            fire_incident=incident is not None,
            steam_alarm=bool(steam),
            receipt_no=incident["receipt_no"] if incident else None,
            incident_id=incident["id"] if incident else None,
            neighbours=len(self.seen.joined),
        )
        return 0 if done else 1


def is_fault(alarm: dict[str, Any]) -> bool:
    """Whether an alarm is about a device's health, not about its surroundings."""
    return alarm.get("category") == "fault" or any(word in str(alarm["rule"]) for word in FAULT_RULES)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _seconds(span: timedelta) -> float:
    return round(span.total_seconds(), 2)
