"""A city's doors on real engines: a stream of its own, a database of its own, devices with keys."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from sqlalchemy import text

from dure.engine import edge
from dure.engine.context import Context
from dure.engine.database import Database, Tx
from dure.engine.settings import Settings
from dure.engine.stream import Stream
from dure.engine.tasks import ended
from dure.engine.texts import catalogue
from dure.kernel.events import Event
from dure.sense import packs
from dure.sense.door_auth import is_open, run_auth
from dure.sense.door_mqtt import run_mqtt_door
from dure.sense.mqtt_client import MqttClient
from dure.sense.registry import end_registry
from dure.sense.room import ROOM
from dure.sense.streams import OBS, ensure
from dure.trust import tokens
from dure.trust.policy import union
from dure.trust.principal import system
from dure.trust.roles import Role
from dure.trust.room import ROOM as TRUST
from dure.trust.web import install
from tests.support import open_room


def key_of(device: str) -> str:
    """The key that a device of these tests has."""
    return f"key-of-{device}"


async def add_device(tx: Tx, device: str, *, group: str | None = None, state: str = "ok", attrs: str = "{}") -> None:
    """A registered device, told of as the city tells."""
    await tx.execute(
        text(
            "insert into device (id, kind, name, group_id, key_hash, state, attrs) "
            "values (:id, 'fire_detector', :id, :group, :hash, :state, cast(:attrs as jsonb))"
        ),
        {
            "id": device,
            "group": group,
            "hash": hashlib.sha256(key_of(device).encode()).digest(),
            "state": state,
            "attrs": attrs,
        },
    )
    await tx.emit(Event("DeviceChanged.v1", "device", device, 1))


@pytest.fixture
async def context(city_settings: Settings, database: Database) -> AsyncIterator[Context]:
    """A city with devices `d1` to `d4` and no process running."""
    stream = await Stream.connect(city_settings.nats_url, name="test")
    async with database.transaction() as tx:
        for device in ("d1", "d2", "d3", "d4"):
            await add_device(tx, device)
    await ensure(stream, max_bytes=city_settings.stream_bytes)
    made = Context(city_settings, database, stream, catalogue())
    yield made
    await end_registry(made)  # what goes on after its database is gone would fail some later test
    await stream.close()


async def until(true: Callable[[], Awaitable[bool]], *, within_s: float = 60) -> None:
    """Wait until something is so; fails when it is not so in time."""
    async with asyncio.timeout(within_s):
        while not await true():  # noqa: ASYNC110  # what is waited for lives in other processes
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(*jobs: Awaitable[None]) -> AsyncIterator[None]:
    """Run tasks of a process while the block lasts; a task that ends fails the test."""
    tasks = [asyncio.ensure_future(job) for job in jobs]
    try:
        yield
        for task in tasks:
            if task.done():
                await task
                raise AssertionError("a task ended")
    finally:
        await ended(tasks)


@asynccontextmanager
async def doors(context: Context) -> AsyncIterator[None]:
    """The MQTT door and its sign-in, as the stream process runs them, once they are open."""
    async with running(run_mqtt_door(context), run_auth(context)):
        await until(lambda: is_open(context.stream))
        yield


async def signed_in(context: Context, device: str, *, key: str | None = None, within_s: float = 15) -> MqttClient:
    """A connected device. Raises MqttRefusedError for a wrong one."""
    settings = context.settings
    client = MqttClient(
        settings.mqtt_host,
        settings.mqtt_port,
        client_id=device,
        username=device,
        password=key if key is not None else key_of(device),
    )
    await client.connect(within_s=within_s)
    return client


async def stored(context: Context, *, subject: str = "obs.>") -> list[packs.Observation]:
    """All observations in OBS, in order; those of one subject where one is named."""
    last = await context.stream.last_sequence(OBS)
    reader = context.stream.reader(OBS, subject="obs.>", after=0)
    found: list[packs.Observation] = []
    sequence = 0
    while sequence < last:
        messages = await reader.read(1_000)
        if not messages:
            if await reader.drained():  # what is missing was taken out of the stream
                break
            continue
        sequence = messages[-1].sequence
        for message in messages:
            if subject in {"obs.>", message.subject}:
                found += packs.decode(message.data).rows()
    await reader.close()
    return found


@dataclass(frozen=True)
class Counted:
    """One row of the refusals."""

    door: str
    device: str
    reason: str
    count: int
    sample: str


async def refusals(context: Context) -> set[Counted]:
    """What was refused so far, as the database has it."""
    from dure.sense.refusals import refusals_of

    await refusals_of(context).flush()
    async with context.database.transaction() as tx:
        rows = await tx.rows(text("select door, device, reason, count, sample from refusal"))
    return {Counted(**row) for row in rows}


Client = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def client(context: Context) -> AsyncIterator[Client]:
    """`await client(Role.SERVICE)`: HTTP with a token of that role, bound to a device if one is named."""
    limits = {f"/api/v1{prefix}": limit for prefix, limit in ROOM.body_limits.items()}
    app = edge.build(title="test", version="0", limits=limits)
    app.state.context = context
    install(app, union([TRUST.grants, ROOM.grants]))
    open_room(app, ROOM.router)
    opened: list[httpx.AsyncClient] = []

    async def make(role: Role, *, device: str | None = None, language: str = "ko") -> httpx.AsyncClient:
        async with context.database.transaction() as tx:
            wanted = tokens.Wanted(role, "test", device_id=device)
            _row, presented = await tokens.make(tx, system("test"), wanted)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        headers = {"authorization": f"Bearer {presented}", "accept-language": language}
        one = httpx.AsyncClient(transport=transport, base_url="http://city/api/v1", headers=headers, timeout=60)
        opened.append(one)
        return one

    yield make
    for one in opened:
        await one.aclose()
