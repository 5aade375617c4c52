"""A shard's worker on real engines."""

from collections.abc import AsyncIterator

import pytest

from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.engine.stream import Stream
from dure.engine.texts import catalogue
from tests.detect.city import City


@pytest.fixture
async def city(city_settings: Settings, database: Database) -> AsyncIterator[City]:
    """A city with an empty stream and the rule for fire detectors."""
    stream = await Stream.connect(city_settings.nats_url, name="test")
    made = City(Context(city_settings, database, stream, catalogue()))
    await made.begin()
    yield made
    await made.end()
    await stream.close()
