"""A storm of garbage: no fault, and memory that stays within bounds."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dure.trust.roles import Role
from tests.attacks.fuzz import Garbage, storm
from tests.town import Town, running, said

ROLES = (Role.SHIFT_LEAD, Role.SERVICE, Role.WELFARE)
"""Beside the administrator: between them they come past every guard."""
GROWTH = 250 << 20
"""Bytes that all processes of a city may grow by, however long the storm."""


@pytest.fixture
async def town(reachable: Path) -> AsyncIterator[Town]:
    async with running(reachable / "city") as started:
        yield started


async def weather(town: Town, count: int, seed: int) -> None:
    document = (await town.client.get("/openapi.json")).json()
    tokens = [await said("token", "--role", role, "--data", str(town.folder)) for role in ROLES]
    tokens.append(town.client.headers["authorization"].removeprefix("Bearer "))
    at = urlsplit(town.url)
    assert at.port is not None
    garbage = [Garbage(document, tokens, seed + n) for n in range(8)]
    warm = await storm("127.0.0.1", at.port, garbage, 800)
    before = memory(town)
    told = await storm("127.0.0.1", at.port, garbage, count)
    assert warm.faults + told.faults == []
    assert told.answered + told.closed >= count * 0.99
    assert told.answered > count * 0.9, told.statuses
    assert len(told.statuses) > 5, told.statuses  # it got past the door
    assert memory(town) - before < GROWTH
    assert (await town.client.get("/health")).status_code == 200


def memory(town: Town) -> int:
    """Bytes that the city's own processes hold for themselves, engines left out."""
    everybody = [town.supervisor, *town.supervisor.children(recursive=True)]
    held = 0
    for process in everybody:
        if process.name().startswith(("dure", "python")):
            held += process.memory_info().rss
    return held


async def test_thousands_of_garbage_requests_make_no_fault(town: Town) -> None:
    await weather(town, 4_000, seed=7)


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_a_million_garbage_requests_make_no_fault(town: Town) -> None:
    await weather(town, 1_000_000, seed=1_000)
