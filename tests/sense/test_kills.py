"""kill -9 of the stream's engine and of the process of facts: what was acknowledged is in history, once."""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.servers.nats import MqttDoor, Nats
from dure.engine.servers.nkeys import new_key
from dure.engine.settings import Settings
from dure.engine.stream import Stream
from dure.engine.texts import catalogue
from dure.kernel.errors import Unavailable
from dure.sense import history
from dure.sense.door_auth import is_open
from dure.sense.mqtt_client import MqttClient
from tests.sense.conftest import add_device, key_of, until
from tests.sense.test_history import START, T0

ROOT = Path(__file__).parents[2]
DEVICES = ("d1", "d2", "d3")


class City:
    """An engine and a process of facts that can be killed and started anew on the same ports."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self.database = database
        issuer = new_key("account")
        (folder / "secrets").mkdir(mode=0o700)
        (folder / "secrets" / "nats-issuer.nk").write_text(issuer.seed, encoding="ascii")
        self.nats = Nats(folder / "nats", password="test", issuer=issuer.public, log=folder / "nats.log")
        self.nats.start(MqttDoor())
        self.nats.ready()
        self.worker = self._worker()

    def _worker(self) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "DURE_DATA": str(self.folder),
            "DURE_DATABASE_URL": self.database.url,
            "DURE_NATS_URL": self.nats.url,
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
        }
        with (self.folder / "worker.log").open("ab") as log:
            return subprocess.Popen([sys.executable, "-m", "tests.sense.worker"], env=environment, stderr=log, cwd=ROOT)

    def kill_worker(self) -> None:
        """End the process of facts at once and start it anew."""
        self.worker.kill()
        self.worker.wait()
        self.worker = self._worker()

    def tend(self) -> None:
        """Start the process anew where it ended by itself, as the supervisor does."""
        if self.worker.poll() is not None:
            self.worker = self._worker()

    def kill_nats(self) -> None:
        """End the engine at once and start it anew."""
        assert self.nats.process is not None
        self.nats.process.send_signal(signal.SIGKILL)
        self.nats.process.wait()
        self.nats.start(MqttDoor(port=self.nats.door.port), self.nats.port)

    def told(self) -> str:
        """Whether the process lives, and the end of its log."""
        return f"exit {self.worker.poll()}\n{(self.folder / 'worker.log').read_text()[-4_000:]}"

    def stop(self) -> None:
        """End both."""
        self.worker.kill()
        self.worker.wait()
        self.nats.stop()


@pytest.fixture
async def city(tmp_path: Path, database: Database) -> AsyncIterator[City]:
    """A running city of three devices."""
    async with database.transaction() as tx:
        for device in DEVICES:
            await add_device(tx, device, group=None)
    made = City(tmp_path, database)
    yield made
    made.stop()


@asynccontextmanager
async def looked_at(city: City) -> AsyncIterator[Context]:
    """The city from another process."""
    stream = await Stream.connect(city.nats.url, name="test")
    yield Context(Settings(city.folder, city.database.url, city.nats.url), city.database, stream, catalogue())
    await stream.close()


async def _publish(client: MqttClient, device: str, stop: asyncio.Event) -> int:
    """Numbered readings with the device's own time until told to stop; how many."""
    number = 0
    while not stop.is_set():
        await client.post(f"city/{device}", b'[{"n":"heartbeat","v":%d,"t":%.3f}]' % (number, T0 + number / 1000))
        number += 1
        await asyncio.sleep(0.002)
    return number


async def _in_history(context: Context, device: str) -> Counter[int]:
    found: Counter[int] = Counter()
    mark = None
    while True:
        try:
            page = await history.read(context, devices=[device], start=START, limit=20_000, after=mark)
        except Unavailable:
            await asyncio.sleep(0.1)
            continue
        found.update(int(one.value) for one in page.observations)
        mark = page.next
        if mark is None:
            return found


async def _rounds(city: City, kills: int, pause_s: float) -> None:
    draw = random.Random(20_260)
    async with looked_at(city) as context:
        await until(lambda: is_open(context.stream), within_s=60)
        clients = {device: _client(city, device) for device in DEVICES}
        for client in clients.values():
            await client.connect()
        stop = asyncio.Event()
        publishing = [asyncio.create_task(_publish(client, device, stop)) for device, client in clients.items()]
        for _ in range(kills):
            await asyncio.sleep(draw.uniform(0.2, 1) * pause_s)
            await asyncio.to_thread(draw.choice((city.kill_worker, city.kill_nats)))
        await asyncio.sleep(pause_s)
        stop.set()
        sent = [await task for task in publishing]
        for client in clients.values():
            await client.settled(within_s=90)
            await client.close()
        for device, number in zip(DEVICES, sent, strict=True):
            assert number > 100
            wanted = Counter(range(number))

            async def all_there(device: str = device, wanted: Counter[int] = wanted) -> bool:
                city.tend()
                return not wanted - await _in_history(context, device)

            with contextlib.suppress(TimeoutError):
                await until(all_there, within_s=60)
            assert await _in_history(context, device) == wanted, city.told()


def _client(city: City, device: str) -> MqttClient:
    door = city.nats.door
    return MqttClient(door.host, door.port, client_id=device, username=device, password=key_of(device))


async def test_acknowledged_readings_survive_kills(city: City) -> None:
    await _rounds(city, kills=5, pause_s=1.2)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_acknowledged_readings_survive_many_kills(city: City) -> None:
    await _rounds(city, kills=50, pause_s=2.5)


async def test_consumer_of_the_engine_takes_everything(city: City) -> None:
    """The contract with nats-server: a durable consumer that is there before devices are gets all that is PUBACKed."""
    async with looked_at(city) as context:
        await until(lambda: is_open(context.stream), within_s=60)
        client = _client(city, "d1")
        await client.connect()
        began = time.monotonic()
        for number in range(3_000):
            await client.post("city/d1", b'[{"n":"heartbeat","v":%d,"t":%.3f}]' % (number, T0 + number / 1000))
        await client.settled()
        assert time.monotonic() - began < 60
        await client.close()

        async def all_there() -> bool:
            return await _in_history(context, "d1") == Counter(range(3_000))

        await until(all_there, within_s=30)
