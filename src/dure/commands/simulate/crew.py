"""Simulated devices: each signs in to the MQTT door with its own key and publishes SenML, as a real one would."""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from dure.sense.mqtt_client import MqttClient, MqttRefusedError

_SIGN_IN_WITHIN_S = 20.0
Reading = Mapping[str, float | bool]


@dataclass(frozen=True, slots=True)
class Door:
    """Where MQTT is spoken."""

    host: str
    port: int
    tls: Any = None


@dataclass(slots=True)
class Detector:
    """One simulated device. `read` gives its readings at a monotonic time; `loss` is the share of reports lost."""

    id: str
    key: str
    read: Callable[[float], Reading]
    every_s: float = 1.0
    loss: float = 0.0
    silent: bool = False
    sent: int = 0
    lost: int = 0
    rng: random.Random = field(default_factory=random.Random)
    client: MqttClient | None = None

    async def sign_in(self, door: Door) -> None:
        """Connect; a key that was made a moment ago may need a moment to be known. Raises MqttRefusedError at last."""
        until = time.monotonic() + _SIGN_IN_WITHIN_S
        while True:
            client = MqttClient(
                door.host, door.port, client_id=self.id, username=self.id, password=self.key, tls=door.tls
            )
            try:
                await client.connect()
            except (MqttRefusedError, TimeoutError):
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(0.3)
                continue
            self.client = client
            return

    async def report(self, now: float) -> None:
        """Publish one report, unless the radio loses it or the device is dead."""
        if self.silent or self.client is None:
            return
        if self.rng.random() < self.loss:
            self.lost += 1
            return
        await self.client.publish(f"city/{self.id}", senml(self.read(now), time.time()))
        self.sent += 1

    async def run(self) -> None:
        """Report every `every_s` seconds for ever, starting at a moment of its own."""
        await asyncio.sleep(self.rng.random() * self.every_s)
        beat = time.monotonic()
        while True:
            await self.report(time.monotonic())
            beat += self.every_s
            await asyncio.sleep(max(0.0, beat - time.monotonic()))

    async def leave(self) -> None:
        """Say good-bye."""
        if self.client is not None:
            await self.client.close()


def senml(readings: Reading, at: float) -> bytes:
    """A SenML pack (RFC 8428) of one moment; `at` is Unix seconds."""
    units = {"heat": "Cel", "battery": "%EL", "smoke_obscuration": "%/m"}
    records: list[dict[str, object]] = []
    for name, value in readings.items():
        record: dict[str, object] = {"n": name}
        if isinstance(value, bool):
            record["vb"] = value
        else:
            record["v"] = round(value, 2)
            record["u"] = units.get(name, "count")
        records.append(record)
    records[0] = {"bt": round(at, 3), **records[0]}
    return json.dumps(records).encode()


class Crew:
    """Devices that report side by side until the block ends."""

    def __init__(self, detectors: list[Detector], door: Door) -> None:
        self.detectors = detectors
        self._door = door
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        gate = asyncio.Semaphore(32)

        async def sign_in(detector: Detector) -> None:
            async with gate:
                await detector.sign_in(self._door)

        await asyncio.gather(*(sign_in(detector) for detector in self.detectors))
        self._tasks = [asyncio.create_task(detector.run()) for detector in self.detectors]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await asyncio.gather(*(detector.leave() for detector in self.detectors))

    def check(self) -> None:
        """Raise what broke a device's loop, so that nothing fails in silence."""
        for task in self._tasks:
            if task.done() and not task.cancelled():
                error = task.exception()
                if error is not None:
                    raise error
