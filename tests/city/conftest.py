"""The city's rooms on a real database: use cases called directly, and HTTP with tokens."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from dure.city.imports import child, jobs
from dure.city.imports.service import Result, run_import
from dure.city.room import ROOM
from dure.engine import edge
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from dure.trust import tokens, vault
from dure.trust.policy import union
from dure.trust.principal import system
from dure.trust.roles import Role
from dure.trust.room import ROOM as TRUST
from dure.trust.vault import Vault
from dure.trust.web import install
from tests.support import open_room

Import = Callable[..., Awaitable[Result]]


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """A city in a folder of its own."""
    (tmp_path / "secrets").mkdir(mode=0o700)
    return Settings(tmp_path, database_url, "nats://nowhere", public_url="http://city")


@pytest.fixture
def held(settings: Settings) -> Vault:
    """The city's vault."""
    return vault.at(settings.data)


@pytest.fixture
def bring(database: Database, held: Vault, tmp_path: Path) -> Import:
    """`await bring(kind, text or path, dry_run=..., options=...)` imports a file."""

    async def act(kind: str, content: str | bytes | Path, **more: object) -> Result:
        path = content
        if not isinstance(path, Path):
            path = tmp_path / ("given.geojson" if kind == "boundary" else "given.csv")
            path.write_bytes(content if isinstance(content, bytes) else str(content).encode())
        return await run_import(database, held, kind, path, **more)  # type: ignore[arg-type]

    return act


@pytest.fixture
def app(database: Database, settings: Settings) -> FastAPI:
    """The web application with the rooms trust and city."""
    limits = {f"/api/v1{prefix}": limit for prefix, limit in ROOM.body_limits.items()}
    app = edge.build(title="test", version="0", limits=limits)
    app.state.context = Context(settings, database, None, catalogue())  # type: ignore[arg-type]
    install(app, union([TRUST.grants, ROOM.grants]))
    open_room(app, ROOM.router)
    return app


@pytest.fixture
def childless(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the child of a run does is done in this process, before the request is answered: a niced child starves
    beside the other tests. Tests of the child itself do without this.
    """

    async def run(context: Context, act: str, run_id: UUID, path: Path | None) -> None:
        await child.perform(context.database, vault.at(context.settings.data), act, run_id, path)

    monkeypatch.setattr(jobs, "_run", run)
    monkeypatch.setattr(jobs, "WAIT_S", None)


Client = Callable[[Role], Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def client(app: FastAPI, database: Database) -> AsyncIterator[Client]:
    """`await client(Role.ADMIN)`: HTTP with a token of that role."""
    opened: list[httpx.AsyncClient] = []

    async def make(role: Role) -> httpx.AsyncClient:
        async with database.transaction() as tx:
            _row, presented = await tokens.make(tx, system("test"), tokens.Wanted(role, "test"))
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        headers = {"authorization": f"Bearer {presented}", "accept-language": "ko"}
        one = httpx.AsyncClient(transport=transport, base_url="http://city/api/v1", headers=headers, timeout=60)
        opened.append(one)
        return one

    yield make
    await jobs.idle()
    for one in opened:
        await one.aclose()
