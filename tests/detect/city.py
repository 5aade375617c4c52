"""A small city for tests of the worker: devices, packs into OBS, alarms out of the database."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import RowMapping, text

from dure.detect.worker import Detector
from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.tasks import ended
from dure.sense import packs, streams
from dure.sense.packs import Observation, Pack

FIRE = """[[rule]]
id = "fire"
name = {ko = "화재", en = "Fire"}
kinds = ["fire_detector"]
any = [
  {property = "heat", op = ">=", value = 60, clear = 55},
  {property = "smoke", op = "=", value = true},
]
severity = "critical"
lane = "fire"
incident = "fire"
life_safety = true
[rule.sustained]
for = 5.0
"""


class City:
    """`began` is the moment from which tests count seconds; it lies in the past, so that nothing waits."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.began = time.time() - 3_600
        self._running: dict[Detector, asyncio.Task[None]] = {}

    async def begin(self) -> None:
        """Streams, the fire rule, one detector d0."""
        await streams.ensure(self.context.stream, max_bytes=1 << 30)
        async with self.context.database.transaction() as tx:
            await put_rule(tx, "fire", FIRE)
        await self.add_devices(1)

    async def add_devices(self, count: int, group: str | None = None, kind: str = "fire_detector") -> None:
        """d0, d1, …"""
        async with self.context.database.transaction() as tx:
            await tx.execute(
                text(
                    "insert into device (id, kind, name, group_id, lon, lat) "
                    "values (:id, :kind, :id, :group, 128.6, 35.87) on conflict (id) do update set group_id = :group"
                ),
                [{"id": f"d{n}", "kind": kind, "group": group} for n in range(count)],
            )

    def reading(
        self, at: float, value: float | bool, device: str = "d0", seq: int = 0, prop: str = "heat"
    ) -> Observation:
        """A reading `at` seconds after the beginning, received at once."""
        moment = self.began + at
        return Observation(device, prop, value, moment, moment, False, seq)

    async def send(self, *readings: Observation) -> int:
        """One pack into the stream; its sequence."""
        made = Pack()
        for reading in readings:
            made.add(reading)
        return await self.context.stream.publish("obs.p0", packs.encode(made))

    async def burn(self, start: int, seconds: int, device: str = "d0", value: float = 75.0) -> int:
        """1 Hz of heat, a pack each."""
        sequence = 0
        for at in range(start, start + seconds):
            sequence = await self.send(self.reading(at, value, device))
        return sequence

    def start(self, wall: Callable[[], float] = time.time) -> Detector:
        """A worker of shard 0, running."""
        detector = Detector(self.context, 0, wall)
        self._running[detector] = asyncio.create_task(detector.run())
        return detector

    async def stop(self, detector: Detector) -> None:
        """An orderly stop."""
        task = self._running.pop(detector)
        await ended([task])
        if not task.cancelled():
            task.result()

    async def until(self, detector: Detector, sequence: int, within_s: float = 90) -> None:
        """Wait until the worker has taken `sequence` and written what it made of it."""
        await eventually(lambda: detector.position >= sequence and detector.caught_up.is_set(), within_s)
        async with asyncio.timeout(within_s):
            await detector.settled()

    async def alarms(self) -> Sequence[RowMapping]:
        """All alarms by onset."""
        async with self.context.database.transaction() as tx:
            return await tx.rows(text("select * from alarm order by onset_at, rule, subject"))

    async def events(self) -> list[tuple[str, str]]:
        """(type, subject of the alarm) of all events about alarms."""
        async with self.context.database.transaction() as tx:
            rows = await tx.rows(
                text(
                    "select o.type, a.subject from outbox o join alarm a on a.id::text = o.entity_id "
                    "where o.entity = 'alarm' order by o.seq"
                )
            )
        return [(row["type"], row["subject"]) for row in rows]

    async def scalar(self, statement: str) -> Any:
        """One value from the database."""
        async with self.context.database.transaction() as tx:
            return await tx.scalar(text(statement))

    async def end(self) -> None:
        """Stop what still runs."""
        for detector in list(self._running):
            await self.stop(detector)


async def put_rule(tx: Tx, name: str, toml: str) -> None:
    """A rule of the city's own."""
    await tx.execute(
        text(
            "insert into rule (id, toml, enabled, version, created_at, updated_at, updated_by) "
            "values (:id, :toml, true, 1, :now, :now, 'test')"
        ),
        {"id": name, "toml": toml, "now": tx.now()},
    )


async def eventually(so: Callable[[], bool], within_s: float = 90) -> None:
    """Wait until `so`, looking each few milliseconds."""
    async with asyncio.timeout(within_s):
        while True:
            if so():
                return
            await asyncio.sleep(0.005)
