"""A shard's worker on real engines."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from dure.detect import contributed
from dure.detect.room import ROOM
from dure.engine import edge
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.engine.stream import Stream
from dure.engine.texts import catalogue
from dure.trust import tokens
from dure.trust.policy import union
from dure.trust.principal import system
from dure.trust.roles import Role
from dure.trust.web import install
from tests.detect.city import City
from tests.support import open_room

Desk = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture(autouse=True)
def rules_of_the_room_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Services contribute rules when the whole program is imported, as another test of this process may have done."""
    own = {rule: entry for rule, entry in contributed.built_in().items() if entry[0] == "detect"}
    monkeypatch.setattr(contributed, "_rules", own)


@pytest.fixture
async def city(city_settings: Settings, database: Database) -> AsyncIterator[City]:
    """A city with an empty stream and the rule for fire detectors."""
    stream = await Stream.connect(city_settings.nats_url, name="test")
    made = City(Context(city_settings, database, stream, catalogue()))
    await made.begin()
    yield made
    await made.end()
    await stream.close()


@pytest.fixture
async def desk(city: City) -> AsyncIterator[Desk]:
    """Makes a client of the room's routes that acts with a role."""
    app = edge.build(title="test", version="0", limits={})
    app.state.context = city.context
    install(app, union([ROOM.grants]))
    open_room(app, ROOM.router)
    made: list[httpx.AsyncClient] = []

    async def make(role: Role = Role.OPERATOR) -> httpx.AsyncClient:
        async with city.context.database.transaction() as tx:
            _row, secret = await tokens.make(tx, system("test"), tokens.Wanted(role, f"{role.value}-07"))
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),
            base_url="http://city/api/v1",
            headers={"authorization": f"Bearer {secret}"},
        )
        made.append(client)
        return client

    yield make
    for client in made:
        await client.aclose()
