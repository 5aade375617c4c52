"""A storm of garbage: no fault, and memory that stays within bounds. `-s` shows the figures as it goes."""

import asyncio
import contextlib
import sys
import time
from urllib.parse import urlsplit

import psutil
import pytest

from dure.trust.roles import Role
from tests.attacks.fuzz import Garbage, Told, storm
from tests.town import Town, said

pytestmark = pytest.mark.asyncio(loop_scope="session")
ROLES = (Role.SHIFT_LEAD, Role.SERVICE, Role.WELFARE)
"""Beside the administrator: between them they come past every guard."""
GROWTH = 250 << 20
"""Bytes that all processes of a city may grow by, however long the storm."""


async def weather(town: Town, count: int, seed: int) -> None:
    document = (await town.client.get("/openapi.json")).json()
    tokens = [await said("token", "--role", role, "--data", str(town.folder)) for role in ROLES]
    tokens.append(town.client.headers["authorization"].removeprefix("Bearer "))
    at = urlsplit(town.url)
    assert at.port is not None
    garbage = [Garbage(document, tokens, seed + n) for n in range(8)]
    warm = await storm("127.0.0.1", at.port, garbage, 800)
    before, began, served_by = memory(town), time.monotonic(), web(town)
    told = Told()
    watch = asyncio.create_task(watched(town, told, count, peak := [before]))
    try:
        await storm("127.0.0.1", at.port, garbage, count, told)
    finally:
        watch.cancel()
    after = memory(town)
    said_of(told, count, f"{before >> 20} MiB before, {max(peak) >> 20} at most, {after >> 20} after", began)
    fallen = web(town) != served_by
    if fallen or told.refused:
        sys.stdout.write(last_words(town))
    assert not fallen  # nothing fell and came back with its memory empty
    assert told.refused == 0
    assert warm.faults + told.faults == []
    assert told.answered + told.closed >= count * 0.99
    assert told.answered > count * 0.9, told.statuses
    assert len(told.statuses) > 5, told.statuses  # it got past the door
    assert max(*peak, after) - before < GROWTH
    assert (await town.client.get("/health")).status_code == 200


async def watched(town: Town, told: Told, count: int, peak: list[int]) -> None:
    """Looks at the memory every few seconds for as long as the storm lasts."""
    began = time.monotonic()
    while True:
        await asyncio.sleep(5)
        peak.append(memory(town))
        said_of(told, count, f"{peak[-1] >> 20} MiB", began)


def said_of(told: Told, count: int, held: str, began: float) -> None:
    """One line of figures; pytest shows it with -s, or where the storm found something."""
    minutes = (time.monotonic() - began) / 60
    faults = sum(many for status, many in told.statuses.items() if status >= 500)
    sys.stdout.write(
        f"{told.answered} answered, {told.closed} closed, {told.refused} refused of {count}; {faults} of 5xx; {held}; "
        f"{minutes:.1f} min; {dict(sorted(told.statuses.items()))}\n"
    )
    sys.stdout.flush()


def last_words(town: Town) -> str:
    """The end of the supervisor's log and of the process of screens', for whoever asks why it fell."""
    logs = [town.folder / "logs" / name for name in ("supervisor.log", "web.log", "nursery.log")]
    return "".join(f"--- {one.name}\n{one.read_text(errors='replace')[-3000:]}\n" for one in logs if one.exists())


def web(town: Town) -> list[int]:
    """The processes that answer."""
    return sorted(one.pid for one in town.supervisor.children(recursive=True) if one.name().startswith("dure-web"))


def memory(town: Town) -> int:
    """Bytes that the city's own processes hold for themselves, engines left out."""
    everybody = [town.supervisor, *town.supervisor.children(recursive=True)]
    held = 0
    for process in everybody:
        with contextlib.suppress(psutil.NoSuchProcess):  # a job that has just ended
            if process.name().startswith(("dure", "python")):
                held += process.memory_info().rss
    return held


async def test_thousands_of_garbage_requests_make_no_fault(town: Town) -> None:
    await weather(town, 2_000, seed=7)


@pytest.mark.long
@pytest.mark.timeout(3 * 3600)
async def test_a_million_garbage_requests_make_no_fault(town: Town) -> None:
    await weather(town, 1_000_000, seed=1_000)
