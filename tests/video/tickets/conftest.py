"""A centre with two operators at their screens, and the fire and police rooms on their own networks."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.engine import edge
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from dure.kernel.ids import new_id
from dure.respond.room import ROOM as RESPOND
from dure.trust import secret
from dure.trust.policy import union
from dure.trust.roles import Role
from dure.trust.web import install
from dure.video.room import ROOM as VIDEO
from tests.respond.conftest import Desk, clock, database, desk, operator
from tests.support import open_room

__all__ = ["clock", "database", "desk", "operator"]
Person = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
def app(database: Database, database_url: str, tmp_path: Path) -> FastAPI:
    """Incidents, tickets and the register behind the real edge and policy."""
    app = edge.build(title="test", version="0", limits={})
    settings = Settings(tmp_path, database_url, "nats://nowhere", public_url="http://city", video_url="ws://city:1")
    app.state.context = Context(settings, database, None, catalogue())  # type: ignore[arg-type]
    install(app, union([RESPOND.grants, VIDEO.grants]))
    open_room(app, RESPOND.router)
    open_room(app, VIDEO.router)
    return app


@pytest.fixture
async def city(database: Database) -> Database:
    """Every camera has a picture but one, and both rooms name their network."""
    async with database.transaction() as tx:
        await tx.execute(
            text("update camera set stream_url = 'rtsp://127.0.0.1:9/' || id where id <> 'C-0003'"),
        )
        await tx.execute(text("update agency set networks = '{127.0.0.0/8}' where id in ('fire', 'police')"))
    return database


@pytest.fixture
def person(app: FastAPI, database: Database) -> Person:
    """Makes a browser's client of somebody who has signed in."""

    async def make(name: str = "oper-11", role: Role = Role.OPERATOR, agency: str | None = None) -> httpx.AsyncClient:
        account, session, word = new_id(), new_id(), secret.new(secret.SESSION)
        async with database.transaction() as tx:
            until = tx.now() + timedelta(hours=8)
            about = {"id": account, "name": name, "agency": agency, "role": role.value}
            await tx.execute(
                text("insert into account (id, username, label, agency_id) values (:id, :name, :name, :agency)"), about
            )
            await tx.execute(
                text("insert into grant_role (account_id, role, granted_by) values (:id, :role, 'test')"), about
            )
            await tx.execute(
                text(
                    "insert into session (id, secret_hash, account_id, created_at, seen_at, expires_at, second) "
                    "values (:id, :hash, :account, :now, :now, :until, true)"
                ),
                {"id": session, "hash": secret.digest(word), "account": account, "now": tx.now(), "until": until},
            )
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),
            base_url="http://city/api/v1",
            headers={"sec-fetch-site": "same-origin"},
            cookies={"dure": word},
        )

    return make


@pytest.fixture
async def lead(person: Person) -> httpx.AsyncClient:
    """A shift lead who has signed in: somebody who may decide."""
    return await person("lead-01", Role.SHIFT_LEAD)


@pytest.fixture
async def fire(desk: Desk, city: Database) -> httpx.AsyncClient:
    """The fire room, from its approved network."""
    return await desk(Role.FIRE, "fire")


async def asked(client: httpx.AsyncClient, incident: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """The tickets of one press."""
    body = {"purpose": "화재 현장 확인", **more}
    answer = await client.post(f"/incidents/{incident['id']}/video-tickets", json=body)
    assert answer.status_code == 201, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def looked(client: httpx.AsyncClient, incident: dict[str, Any], camera: str) -> httpx.Response:
    """Asking for one picture."""
    body = {"camera_id": camera, "incident_id": incident["id"], "purpose": "화재 현장 확인"}
    return await client.post("/video/openings", json=body)


def streamed(incident: dict[str, Any]) -> list[str]:
    """The incident's cameras that have a picture."""
    return [one["id"] for one in incident["cameras"] if one["has_stream"]]
