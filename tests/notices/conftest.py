"""The room on a real database, by a clock that tests hold; people in a real vault, a gateway on a real socket."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from dure.engine import edge
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from dure.kernel.clock import HeldClock
from dure.notices.room import ROOM
from dure.trust import accounts, sessions, tokens, vault
from dure.trust.accounts import NewAccount
from dure.trust.policy import union
from dure.trust.principal import system
from dure.trust.roles import Role
from dure.trust.vault import Person
from dure.trust.web import install

NOON = datetime(2026, 12, 5, 3, 0, tzinfo=UTC)
"""Noon in the city."""
Desk = Callable[..., Awaitable[httpx.AsyncClient]]
Someone = Callable[..., Awaitable[UUID]]


@pytest.fixture
def clock() -> HeldClock:
    """Noon, until a test moves it."""
    return HeldClock(NOON)


@pytest.fixture
def someone(database: Database) -> Someone:
    """Puts a person into the vault."""

    async def put(phone: str = "010-1234-5678", **more: str) -> UUID:
        async with database.transaction() as tx:
            id_, _ = await vault.of(tx).put(tx, Person(name="홍길동", phone=phone, **more))
        return id_

    return put


@pytest.fixture
def context(database: Database, database_url: str, tmp_path: Path) -> Context:
    """What a process of this city has in hand."""
    settings = Settings(tmp_path, database_url, "nats://nowhere", public_url="http://city")
    return Context(settings, database, None, catalogue())  # type: ignore[arg-type]


@pytest.fixture
def app(context: Context) -> FastAPI:
    """The room's routes behind the real edge and policy."""
    app: FastAPI = edge.build(title="test", version="0", limits={})
    app.state.context = context
    install(app, union([ROOM.grants]))
    assert ROOM.router is not None
    app.include_router(ROOM.router, prefix="/api/v1")
    return app


@pytest.fixture
async def colleagues(database: Database) -> dict[str, UUID]:
    """Two operators with accounts of their own."""
    async with database.transaction() as tx:
        rows = [
            await accounts.create(tx, None, NewAccount(name, name, [Role.OPERATOR], password_hash="x"))
            for name in ("oper-1", "oper-2")
        ]
    return {"oper-1": rows[0]["id"], "oper-2": rows[1]["id"]}


@pytest.fixture
async def signed_in(app: FastAPI, database: Database, colleagues: dict[str, UUID]) -> AsyncIterator[Desk]:
    """Makes a browser in which one of them has signed in."""
    made: list[httpx.AsyncClient] = []

    async def make(name: str) -> httpx.AsyncClient:
        async with database.transaction() as tx:
            _id, cookie = await sessions.open_session(
                tx, colleagues[name], address=None, browser=None, lasts=timedelta(days=3)
            )
        made.append(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),
                base_url="http://city/api/v1",
                headers={"sec-fetch-site": "same-origin"},
                cookies={"dure": cookie},
            )
        )
        return made[-1]

    yield make
    for client in made:
        await client.aclose()


@pytest.fixture
async def desk(app: FastAPI, context: Context) -> AsyncIterator[Desk]:
    """Makes a client that acts with a role."""
    made: list[httpx.AsyncClient] = []

    async def make(role: Role = Role.OPERATOR) -> httpx.AsyncClient:
        async with context.database.transaction() as tx:
            _row, secret = await tokens.make(tx, system("test"), tokens.Wanted(role, f"{role.value}-07"))
        made.append(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),
                base_url="http://city/api/v1",
                headers={"authorization": f"Bearer {secret}"},
            )
        )
        return made[-1]

    yield make
    for client in made:
        await client.aclose()
