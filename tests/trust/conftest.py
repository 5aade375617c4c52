"""The room over HTTP, on a real database, with a clock that tests hold."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from dure.engine import edge as web_edge
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from dure.kernel.clock import HeldClock
from dure.trust import accounts, passwords, tokens
from dure.trust.policy import union
from dure.trust.principal import Principal, system
from dure.trust.purposes.room import ROOM as PURPOSES
from dure.trust.retention.room import ROOM as RETENTION
from dure.trust.roles import Role
from dure.trust.room import ROOM
from dure.trust.web import install
from tests.support import open_room

PASSWORD = "correct horse battery"
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HERE = {"origin": "http://city"}


@pytest.fixture
def clock() -> HeldClock:
    """Monday morning, until a test moves it."""
    return HeldClock(MONDAY)


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings(tmp_path, database_url, "nats://nowhere", public_url="http://city")


@pytest.fixture
def app(database: Database, settings: Settings) -> FastAPI:
    app = web_edge.build(title="test", version="0", limits={})
    app.state.context = Context(settings, database, None, catalogue())  # type: ignore[arg-type]
    rooms = (ROOM, PURPOSES, RETENTION)
    install(app, union([room.grants for room in rooms]))
    for room in rooms:
        open_room(app, room.router)
    return app


def browser(app: FastAPI, address: str = "127.0.0.1") -> httpx.AsyncClient:
    """A browser at `address`, with its own cookies."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=(address, 40000))
    return httpx.AsyncClient(transport=transport, base_url="http://city/api/v1", headers=HERE)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(app) as client:
        yield client


@dataclass(frozen=True)
class Made:
    """An account for a test."""

    id: UUID
    username: str


_QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture(autouse=True)
def hasher(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id at the least it can cost: people sign in hundreds of times here, and the city's own cost is for
    attackers. `test_passwords.py` keeps the real one."""
    monkeypatch.setattr(passwords, "_hasher", _QUICK)
    monkeypatch.setattr(passwords, "_NOBODY", _QUICK.hash("nobody's"))


@cache
def _hash() -> str:
    """One hash for all tests."""
    return passwords.hash_now(PASSWORD)


async def account(database: Database, username: str, *roles: Role, agency: str | None = None) -> Made:
    """An account with the password of all tests."""
    new = accounts.NewAccount(username, username, frozenset(roles), agency_id=agency, password_hash=_hash())
    async with database.transaction() as tx:
        row = await accounts.create(tx, system("test"), new)
    return Made(row["id"], username)


async def signed_in(app: FastAPI, made: Made, address: str = "127.0.0.1") -> httpx.AsyncClient:
    """A browser of theirs, signed in."""
    client = browser(app, address)
    answer = await client.post("/sessions", json={"username": made.username, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    return client


async def token(database: Database, role: Role, **more: object) -> str:
    """A token's secret."""
    async with database.transaction() as tx:
        _row, secret = await tokens.make(tx, system("test"), tokens.Wanted(role, "test", **more))  # type: ignore[arg-type]
    return secret


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def principal(*roles: Role, permissions: frozenset[str] = frozenset()) -> Principal:
    """Somebody, for use cases called directly."""
    return Principal("account", UUID(int=7), "oper-07", frozenset(roles), permissions, address="10.1.2.3")
