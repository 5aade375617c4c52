"""An agency's system on a real socket, with a door to it, by the clock that tests hold."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from dure.commands.simulate.agency import AgencySystem
from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.respond.doors import setup
from dure.respond.doors.client import Client
from dure.respond.doors.model import Way
from dure.respond.doors.sender import Sender
from dure.trust.address import networks
from dure.trust.principal import system
from tests.respond.conftest import acted, opened

HERE = networks(["127.0.0.0/8"])
REPLY = "http://city/api/v1/doors"
Hand = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def fire(database: Database, clock: HeldClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AgencySystem]:
    """The fire service's system, and a door that leads to it. It says nothing by itself."""
    monkeypatch.setenv("DURE_DOOR_NETWORKS", "127.0.0.0/8")
    agency = AgencySystem("fire", answers=False, now=clock.now)
    await agency.start()
    async with database.transaction() as tx:
        agency.secret = await setup.put(tx, system("test"), "fire", setup.Door(Way.REST, agency.url)) or ""
    yield agency
    if agency.listening:
        await agency.stop()


@pytest.fixture
async def sender(database: Database) -> AsyncIterator[Sender]:
    """Who sends, a round at a time."""
    out = Client(HERE)
    yield Sender(database, out, REPLY)
    await out.close()


@pytest.fixture
def hand(operator: httpx.AsyncClient) -> Hand:
    """Opens an incident and hands it to the fire service; the incident."""

    async def make(note: str = "나동 17호", kind: str = "transfer", **more: Any) -> dict[str, Any]:
        incident = await opened(operator, external_ref=None, **more)
        return await acted(operator, incident, "handoffs", agency="fire", kind=kind, note=note)

    return make
