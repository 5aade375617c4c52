"""Desks of agencies, each with its browser."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.engine.database import Database
from dure.trust import accounts
from dure.trust.principal import system
from dure.trust.roles import Role
from dure.trust.who.granting import Grant
from tests.trust.conftest import _hash, browser


@dataclass(frozen=True)
class Desk:
    """An account, and a browser where it is signed in."""

    id: UUID
    name: str
    client: httpx.AsyncClient

    async def roles(self) -> set[str]:
        """What it holds now; nothing where it is out."""
        answer = await self.client.get("/me")
        return set(answer.json()["roles"]) if answer.status_code == 200 else set()


Desks = Callable[..., Coroutine[Any, Any, Desk]]


@pytest.fixture
async def desk(database: Database, app: FastAPI) -> AsyncIterator[Desks]:
    """`await desk("kim", Role.FIRE, agency="fire")`, signed in at `address`."""
    async with AsyncExitStack() as stack:

        async def make(
            name: str, *roles: Role | Grant, agency: str | None = "control", address: str = "127.0.0.1"
        ) -> Desk:
            new = accounts.NewAccount(name, f"desk-{name}", roles, agency_id=agency, password_hash=_hash())
            async with database.transaction() as tx:
                row = await accounts.create(tx, system("test"), new)
            client = await stack.enter_async_context(browser(app, address))
            answer = await client.post("/sessions", json={"username": name, "password": "correct horse battery"})
            assert answer.status_code == 201, answer.text
            return Desk(row["id"], name, client)

        yield make


@pytest.fixture
async def admin(desk: Desks) -> Desk:
    """An administrator of the control centre."""
    return await desk("admin", Role.ADMIN)


async def actions(database: Database) -> list[str]:
    """The audit log's actions, in order."""
    async with database.transaction() as tx:
        rows = await tx.rows(text("select action from audit order by at, id"))
    return [row["action"] for row in rows]
