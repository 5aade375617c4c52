"""A city that is reached by a name on this machine, so that passkeys are offered."""

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from dure.engine.settings import Settings
from tests.trust.conftest import Made, signed_in
from tests.trust.entry.authenticator import ORIGIN, Authenticator


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """The room's settings, reached at `http://localhost:8080`."""
    return dataclasses.replace(Settings(tmp_path, database_url, "nats://nowhere"), public_url=ORIGIN)


@asynccontextmanager
async def seat(app: FastAPI, made: Made, address: str = "127.0.0.1") -> AsyncIterator[httpx.AsyncClient]:
    """A browser of theirs, signed in by password."""
    client = await signed_in(app, made, address)
    try:
        yield client
    finally:
        await client.aclose()


async def add_passkey(client: httpx.AsyncClient, device: Authenticator, name: str = "phone") -> httpx.Response:
    """Registers a passkey for who is signed in."""
    asked = (await client.post("/me/passkeys/challenge")).json()
    body = {"challenge": asked["challenge"], "credential": device.make(asked["options"]), "name": name}
    return await client.post("/me/passkeys", json=body)


async def challenge(client: httpx.AsyncClient, purpose: str = "sign_in") -> dict[str, Any]:
    """A challenge for signing in or for the second step."""
    answer = await client.post("/sign-in/challenge", params={"for": purpose})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def by_passkey(client: httpx.AsyncClient, device: Authenticator) -> httpx.Response:
    """Signs in with a passkey."""
    asked = await challenge(client)
    body = {"challenge": asked["challenge"], "credential": device.use(asked["options"])}
    return await client.post("/sessions/passkey", json=body)
