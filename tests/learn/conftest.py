"""The room over HTTP beside the incidents' own, on a real database with a clock that tests hold."""

from pathlib import Path

import pytest
from fastapi import FastAPI

from dure.engine import edge
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from dure.learn.room import ROOM as LEARN
from dure.respond.room import ROOM as RESPOND
from dure.trust.policy import union
from dure.trust.web import install
from tests.respond.conftest import clock, database, desk, operator  # noqa: F401
from tests.support import open_room


@pytest.fixture
def app(database: Database, database_url: str, tmp_path: Path) -> FastAPI:  # noqa: F811
    """Both rooms' routes behind the real edge and policy."""
    app = edge.build(title="test", version="0", limits={})
    settings = Settings(tmp_path, database_url, "nats://nowhere", public_url="http://city")
    app.state.context = Context(settings, database, None, catalogue())  # type: ignore[arg-type]
    install(app, union([RESPOND.grants, LEARN.grants]))
    open_room(app, RESPOND.router)
    open_room(app, LEARN.router)
    return app
