"""The room over HTTP on a real database of each test, with a clock that tests hold and people of four teams."""

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
from dure.respond.room import ROOM as RESPOND
from dure.respond.shifts.room import ROOM
from dure.trust import accounts, sessions, tokens
from dure.trust.accounts import NewAccount
from dure.trust.policy import union
from dure.trust.principal import system
from dure.trust.roles import Role
from dure.trust.web import install
from tests.support import open_room

NOON = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
"""A Tuesday's noon in the city: the morning shift of the first."""
Desk = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
def clock() -> HeldClock:
    """Noon, until a test moves it."""
    return HeldClock(NOON)


@pytest.fixture
async def database(database_url: str, clock: HeldClock, tmp_path: Path) -> AsyncIterator[Database]:
    """A migrated database of this test's own, by the held clock."""
    pool = Database(database_url, clock=clock, folder=tmp_path)
    yield pool
    await pool.close()


@pytest.fixture
def app(database: Database, database_url: str, tmp_path: Path) -> FastAPI:
    """The room's routes, and those of incidents, behind the real edge and policy."""
    app = edge.build(title="test", version="0", limits={})
    settings = Settings(tmp_path, database_url, "nats://nowhere", public_url="http://city")
    app.state.context = Context(settings, database, None, catalogue())  # type: ignore[arg-type]
    install(app, union([ROOM.grants, RESPOND.grants]))
    open_room(app, ROOM.router)
    open_room(app, RESPOND.router)
    return app


@pytest.fixture
async def people(database: Database) -> dict[str, UUID]:
    """A lead and an operator for each of four teams, an administrator and a centre head."""
    found: dict[str, UUID] = {}
    async with database.transaction() as tx:
        for name, role in (
            *((f"lead-{n}", Role.SHIFT_LEAD) for n in range(1, 5)),
            *((f"oper-{n}", Role.OPERATOR) for n in range(1, 5)),
            ("admin-1", Role.ADMIN),
            ("head-1", Role.SHIFT_LEAD),
        ):
            row = await accounts.create(tx, None, NewAccount(name, name, [role], password_hash="x"))
            found[name] = row["id"]
    return found


@pytest.fixture
async def desk(app: FastAPI, database: Database, people: dict[str, UUID]) -> AsyncIterator[Desk]:
    """Signs one of the people in, freshly proven; or, by a role, a token."""
    made: list[httpx.AsyncClient] = []

    async def make(who: str | Role, agency: str | None = None) -> httpx.AsyncClient:
        headers: dict[str, str] = {"sec-fetch-site": "same-origin"}
        cookies: dict[str, str] = {}
        async with database.transaction() as tx:
            if isinstance(who, Role):
                _row, secret = await tokens.make(tx, system("test"), tokens.Wanted(who, who.value, agency_id=agency))
                headers["authorization"] = f"Bearer {secret}"
            else:
                _id, cookies["dure"] = await sessions.open_session(
                    tx, people[who], address=None, browser=None, lasts=timedelta(days=3)
                )
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),
            base_url="http://city/api/v1",
            headers=headers,
            cookies=cookies,
        )
        made.append(client)
        return client

    yield make
    for client in made:
        await client.aclose()


@pytest.fixture
async def roster_id(desk: Desk, people: dict[str, UUID]) -> str:
    """The control centre's roster with its four teams from today on: team 1 has the mornings of the 1st and 2nd."""
    admin = await desk("admin-1")
    found = (await admin.get("/rosters")).json()["items"][0]["id"]
    answer = await admin.put(f"/rosters/{found}/plan", json=plan_of(people))
    assert answer.status_code == 200, answer.text
    return str(found)


def plan_of(people: dict[str, UUID], since: str = "2026-12-01") -> dict[str, object]:
    """Four teams of a lead and an operator."""
    return {
        "since": since,
        "anchor": "2026-12-01",
        "pattern": "4x3",
        "teams": [
            {
                "name": f"{n}조",
                "members": [
                    {"account_id": str(people[f"lead-{n}"]), "post": "lead"},
                    {"account_id": str(people[f"oper-{n}"]), "post": "member"},
                ],
            }
            for n in range(1, 5)
        ],
    }
