"""The city's imports with this service's files, and its routes."""

import pytest
from fastapi import FastAPI

from dure.city.room import ROOM as CITY
from dure.engine import edge
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from dure.services.epidemic import service
from dure.trust.policy import union
from dure.trust.room import ROOM as TRUST
from dure.trust.web import install
from tests.city.conftest import bring, client, held, settings  # noqa: F401  # the same city
from tests.support import open_room

service.register()


@pytest.fixture
def app(database: Database, settings: Settings) -> FastAPI:  # noqa: F811
    """The routes of the service behind the real edge and policy."""
    app = edge.build(title="test", version="0", limits={})
    app.state.context = Context(settings, database, None, catalogue())  # type: ignore[arg-type]
    install(app, union([TRUST.grants, CITY.grants, service.ROOM.grants]))
    open_room(app, service.ROOM.router)
    return app
