"""Purposes and retention over HTTP: people in the vault, desks that read them, a citizen who hears of it."""

from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.engine.database import Database, Tx
from dure.engine.settings import Settings
from dure.trust import vault
from dure.trust.principal import Principal
from dure.trust.purposes import cases
from dure.trust.purposes.model import Case
from dure.trust.roles import Role
from dure.trust.vault import Person, Vault
from tests.trust.conftest import MONDAY, Made, account, signed_in

HONG = Person(
    name="홍길동",
    phone="010-1234-5678",
    address="대전 서구 둔산로 100",
    birth_date="1948-05-06",
    note="휠체어를 쓴다",
)
CASES = {"open-1": None, "closed-1": MONDAY - timedelta(hours=1), "closed-2": MONDAY - timedelta(hours=25)}


async def _find(_tx: Tx, principal: Principal, id_: str) -> Case | None:
    """Three cases, which clinicians may not know of."""
    if id_ not in CASES or Role.CLINICIAN in principal.roles:
        return None
    return Case("incident", id_, CASES[id_])


async def _numbers(_tx: Tx, ids: Collection[str]) -> dict[str, str]:
    return {id_: f"2026-{id_.upper()}" for id_ in ids if id_ in CASES}


@pytest.fixture(autouse=True)
def _cases() -> Iterator[None]:
    before = list(cases.known().values())
    cases.install([cases.CaseKind("incident", _find, _numbers)])
    yield
    cases.install(before)


@pytest.fixture
def held(settings: Settings) -> Vault:
    """The city's vault."""
    return vault.at(settings.data)


@pytest.fixture
async def hong(database: Database, held: Vault) -> UUID:
    """A person in the vault."""
    async with database.transaction() as tx:
        return (await held.put(tx, HONG))[0]


async def prove(database: Database) -> None:
    """Everybody who is signed in has just proved it again."""
    async with database.transaction() as tx:
        await tx.execute(text("update session set seen_at = :now, proven_at = :now"), {"now": tx.now()})


@asynccontextmanager
async def again(app: FastAPI, name: str) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who has an account, signed in."""
    client = await signed_in(app, Made(UUID(int=0), name))
    yield client
    await client.aclose()


@asynccontextmanager
async def desk(
    database: Database, app: FastAPI, name: str, *roles: Role, agency: str | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody of the city, signed in."""
    await account(database, name, *roles, agency=agency)
    async with again(app, name) as client:
        yield client


@pytest.fixture
async def welfare(database: Database, app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """The welfare office's desk."""
    async with desk(database, app, "welf-01", Role.WELFARE, agency="welfare") as client:
        yield client


@pytest.fixture
async def operator(database: Database, app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """An operator of the control centre."""
    async with desk(database, app, "oper-07", Role.OPERATOR, agency="control") as client:
        yield client
