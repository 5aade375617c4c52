"""The room over HTTP on a real database, with a clock that tests hold and a few cameras around one market."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
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
from dure.kernel.clock import HeldClock
from dure.kernel.geometry import LonLat, moved
from dure.kernel.ids import new_id
from dure.respond.room import ROOM
from dure.trust import tokens
from dure.trust.policy import union
from dure.trust.principal import system
from dure.trust.roles import Role
from dure.trust.web import install
from tests.support import open_room

SATURDAY = datetime(2026, 12, 5, 3, 0, tzinfo=UTC)
"""Noon in the city."""
MARKET = LonLat(127.38, 36.35)
Desk = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
def clock() -> HeldClock:
    """Saturday noon, until a test moves it."""
    return HeldClock(SATURDAY)


@pytest.fixture
async def database(database_url: str, clock: HeldClock, tmp_path: Path) -> AsyncIterator[Database]:
    """A migrated database of this test's own, by the held clock, with cameras around the market."""
    pool = Database(database_url, clock=clock, folder=tmp_path)
    async with pool.transaction() as tx:
        await tx.execute(
            text(
                "insert into camera (id, site_id, number, name, lon, lat, azimuth_deg, fov_deg, range_m, state) "
                "values (:id, :id, 1, :id, :lon, :lat, :azimuth, 90, 120, :state)"
            ),
            [
                {"id": f"C-{n:04d}", "lon": at.lon, "lat": at.lat, "azimuth": (n * 50 + 180) % 360, "state": state}
                for n in range(8)
                for at in [moved(MARKET, n * 50, 20 + 30 * n)]
                for state in ["broken" if n == 1 else "ok"]
            ],
        )
        await tx.execute(
            text(
                "insert into asset (id, kind, code, name, road_address, lon, lat) "
                "values (:id, 'market', 'M1', '한빛중앙시장', '시장3길 24', :lon, :lat)"
            ),
            {"id": new_id(), "lon": MARKET.lon, "lat": MARKET.lat},
        )
    yield pool
    await pool.close()


@pytest.fixture
def app(database: Database, database_url: str, tmp_path: Path) -> FastAPI:
    """The room's routes behind the real edge and policy."""
    app = edge.build(title="test", version="0", limits={})
    settings = Settings(tmp_path, database_url, "nats://nowhere", public_url="http://city")
    app.state.context = Context(settings, database, None, catalogue())  # type: ignore[arg-type]
    install(app, union([ROOM.grants]))
    open_room(app, ROOM.router)
    return app


@pytest.fixture
async def desk(app: FastAPI, database: Database) -> AsyncIterator[Desk]:
    """Makes a client that acts with a role, and maybe for an agency."""
    made: list[httpx.AsyncClient] = []

    async def make(role: Role = Role.OPERATOR, agency: str | None = None) -> httpx.AsyncClient:
        async with database.transaction() as tx:
            wanted = tokens.Wanted(role, f"{role.value}-07", agency_id=agency)
            _row, secret = await tokens.make(tx, system("test"), wanted)
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


@pytest.fixture
async def operator(desk: Desk) -> httpx.AsyncClient:
    """An operator's desk."""
    return await desk()


def call(**more: Any) -> dict[str, Any]:
    """A fire call from the market."""
    return {
        "type": "fire",
        "description": "연기가 난다",
        "source": "119",
        "lon": MARKET.lon,
        "lat": MARKET.lat,
        **more,
    }


async def opened(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    """An incident opened by a call."""
    answer = await client.post("/incidents", json=call(**more))
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def acted(client: httpx.AsyncClient, incident: dict[str, Any], act: str, /, **form: Any) -> dict[str, Any]:
    """The incident after an act."""
    answer = await client.post(f"/incidents/{incident['id']}/{act}", json=form or None)
    assert answer.status_code < 300, answer.text
    body: dict[str, Any] = answer.json()
    return body


def keys(incident: dict[str, Any]) -> list[str]:
    """What its timeline tells, without the prefix."""
    return [entry["key"].removeprefix("respond.timeline.") for entry in incident["timeline"]]
