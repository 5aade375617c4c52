"""PostgreSQL or NATS restarts under the worker: what waited goes on, every alarm once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from dure.engine.context import Context
from dure.engine.database import Database, migrated
from dure.engine.servers import binaries
from dure.engine.servers.nats import MqttDoor, Nats
from dure.engine.servers.nkeys import new_key
from dure.engine.servers.postgres import Cluster, Postgres
from dure.engine.settings import Settings
from dure.engine.stream import Stream
from dure.engine.texts import catalogue
from tests.detect.city import City, eventually


@pytest.fixture
def nats(reachable: Path) -> Iterator[Nats]:
    """A nats-server that a test may stop and start."""
    folder = reachable / "nats"
    folder.mkdir()
    server = Nats(folder, password="test", issuer=new_key("account").public, log=folder / "nats.log")
    server.start(MqttDoor())
    server.ready()
    yield server
    server.stop()


@pytest.fixture
def postgres(reachable: Path) -> Iterator[Postgres]:
    """A PostgreSQL that a test may stop and start."""
    user = binaries.server_user()
    cluster = Cluster(reachable / "postgres", binaries.postgres_home(user), user)
    server = Postgres(cluster, password="test", log=reachable / "postgres.log", durable=False)
    server.make()
    server.start()
    server.ready()
    server.ensure_database()
    yield server
    server.stop()


async def city_on(settings: Settings, database: Database) -> AsyncIterator[City]:
    stream = await Stream.connect(settings.nats_url, name="test")
    made = City(Context(settings, database, stream, catalogue()))
    await made.begin()
    yield made
    await made.end()
    await stream.close()


@pytest.fixture
async def city_over_nats(tmp_path: Path, nats: Nats, database: Database) -> AsyncIterator[City]:
    """A city on that nats-server."""
    async for city in city_on(Settings(tmp_path, database.url, nats.url), database):
        yield city


@pytest.fixture
async def city_over_postgres(tmp_path: Path, postgres: Postgres, own_nats) -> AsyncIterator[City]:
    """A city on that PostgreSQL."""
    database = Database(postgres.url, folder=tmp_path)
    await migrated(database)
    async for city in city_on(Settings(tmp_path, postgres.url, own_nats.url), database):
        yield city
    await database.close()


async def test_nats_restarts(city_over_nats: City, nats: Nats) -> None:
    city = city_over_nats
    detector = city.start()
    await city.until(detector, await city.burn(0, 3))
    port = int(nats.url.rsplit(":", 1)[1])
    nats.stop()
    await eventually(lambda: not city.context.stream.connected)
    nats.start(MqttDoor(), port)
    nats.ready()
    await eventually(lambda: city.context.stream.connected)
    await city.until(detector, await city.burn(3, 5))
    assert len(await city.alarms()) == 1
    assert await city.events() == [("AlarmRaised.v1", "d0")]


async def test_postgres_restarts_with_alarms_waiting(city_over_postgres: City, postgres: Postgres) -> None:
    city = city_over_postgres
    detector = city.start()
    await city.until(detector, await city.burn(0, 3))
    port = int(postgres.url.rsplit(":", 1)[1].split("/")[0])
    await asyncio.to_thread(postgres.stop)
    sequence = await city.burn(3, 5)
    await eventually(lambda: detector.position == sequence)
    await asyncio.to_thread(postgres.start, port)
    await asyncio.to_thread(postgres.ready)
    await city.until(detector, sequence)
    assert len(await city.alarms()) == 1
    assert await city.events() == [("AlarmRaised.v1", "d0")]
