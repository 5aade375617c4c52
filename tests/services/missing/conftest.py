"""The room of incidents on a real database, with this service beside it."""

import pytest
from fastapi import FastAPI

from dure.engine import edge
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from dure.respond.room import ROOM as RESPOND
from dure.services.missing import service
from dure.trust.policy import union
from dure.trust.web import install
from tests.respond.conftest import clock, database, desk, operator  # noqa: F401  # the same city
from tests.support import open_room


@pytest.fixture
def app(database: Database, database_url: str, tmp_path) -> FastAPI:  # type: ignore[no-untyped-def]  # noqa: F811
    """The routes of both behind the real edge and policy."""
    app = edge.build(title="test", version="0", limits={"/api/v1/missing": 9 << 20})
    settings = Settings(tmp_path, database_url, "nats://nowhere", public_url="http://city")
    app.state.context = Context(settings, database, None, catalogue())  # type: ignore[arg-type]
    service.register()
    install(app, union([RESPOND.grants, service.ROOM.grants]))
    open_room(app, RESPOND.router)
    open_room(app, service.ROOM.router)
    return app
