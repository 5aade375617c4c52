"""kill -9 of the worker in the middle of runs: no step is lost, each own step happens once, no notice is sent twice."""

import asyncio
import multiprocessing
import random
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.geometry import LonLat
from dure.kernel.severity import Severity
from dure.respond.model import Mode, Source
from dure.respond.opening import Opening, Place, open_incident
from dure.respond.playbooks.parse import parse
from dure.respond.runs import starting
from dure.respond.types import TYPES
from tests.respond.runs.worker import work


@pytest.fixture
async def database(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """By the real clock: the worker is another process."""
    pool = Database(database_url, folder=tmp_path)
    yield pool
    await pool.close()


AT_ONCE = 20
"""So many incidents are opened in one transaction."""


def manual(steps: int) -> str:
    """So many steps, one after another: each sends a notice, looks at cameras and waits a second; every fourth tells
    an agency.
    """
    lines = ["---", "종류: fire", "심각도: 심각", "판: 1", "주관: 재난안전대응과", "---", "# 훈련", ""]
    for n in range(1, steps + 1):
        lines += [f"## {n}. {n}번째", *([f"- 기다림: {n - 1}단계"] if n > 1 else [])]
        if n % 4 == 1:
            lines += [f"- 상황전파: {'소방서 119' if n % 8 == 1 else '경찰 112'}, {n}"]
        lines += [f"- 알림: 경찰 112에 문자 `x`, {n}", "- 카메라: 5대", "- 기다림: 1초", ""]
    return "\n".join(lines)


@asynccontextmanager
async def worker(url: str, folder: Path) -> AsyncIterator[None]:
    """A worker for the length of the block, then kill -9. It is forked from a server that has imported everything."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.respond.runs.worker"])
    process = context.Process(target=work, args=(url, str(folder)))
    process.start()
    try:
        yield
    finally:
        process.kill()
        await asyncio.to_thread(process.join)
        assert process.exitcode == -signal.SIGKILL


async def begin(database: Database, incidents: int, steps: int) -> list[UUID]:
    parsed = parse(manual(steps), "ko", {})
    assert parsed.playbook is not None, parsed.faults
    plan = parsed.playbook
    made = []
    async with database.transaction() as tx:
        await tx.execute(
            text(
                "insert into agency (id, kind, name, name_en) values ('fire', 'fire', '소방', 'Fire'), "
                "('police', 'police', '경찰', 'Police') "
                "on conflict (id) do nothing"
            )
        )
        await tx.execute(
            text(
                "insert into camera (id, site_id, number, name, lon, lat, range_m, state) values "
                "(:id, :id, 1, :id, :lon, 36.0, 100, 'ok') on conflict (id) do nothing"
            ),
            [{"id": f"K-{n}", "lon": 127.0 + n} for n in range(10)],
        )
    for first in range(0, incidents, AT_ONCE):
        async with database.transaction() as tx:
            for number in range(first, min(first + AT_ONCE, incidents)):
                at = LonLat(127.0 + number * 0.01, 36.0)
                opening = Opening(
                    TYPES.kept("fire"), Severity.CRITICAL, Mode.REAL, Source.CALL_119, Place(at), database.clock.now()
                )
                incident = await open_incident(tx, opening)
                await starting.start(tx, incident, {"ko": plan}, 1)
                made.append(incident)
    return made


async def number(database: Database, asked: str) -> int:
    async with database.transaction() as tx:
        return int(await tx.scalar(text(asked)))


UNFINISHED = "select count(*) from run where status <> 'done'"
MOVED = "select count(*) from run_act"


async def drill(
    database: Database, url: str, folder: Path, *, incidents: int, steps: int, kills: int, seed: int
) -> dict[str, int]:
    """Runs all to their end under so many kills, each soon after the worker has begun to do something; what was lost or
    doubled.
    """
    chance = random.Random(seed)
    await begin(database, incidents, steps)
    for _ in range(kills):
        if not await number(database, UNFINISHED):
            await begin(database, incidents, steps)
        before = await number(database, MOVED)
        async with worker(url, folder):
            until = time.monotonic() + 120
            while await number(database, MOVED) == before and await number(database, UNFINISHED):
                assert time.monotonic() < until, "the worker does nothing"
                await asyncio.sleep(0.01)
            await asyncio.sleep(chance.uniform(0, 0.3))
    async with worker(url, folder):
        until = time.monotonic() + 240
        while await number(database, UNFINISHED):
            assert time.monotonic() < until, "the runs do not end"
            await asyncio.sleep(0.05)
    return await counted(database, steps)


async def counted(database: Database, steps: int) -> dict[str, int]:
    async with database.transaction() as tx:
        one = await tx.row(
            text(
                """
                select (select count(*) from run) as runs,
                    (select count(*) from run_step where status = 'done') as steps,
                    (select count(*) from run_attempt) as attempts,
                    (select count(*) from run_attempt where attempt > 1) as again,
                    (select count(*) from notice) as notices,
                    (select count(*) from handoff) as handoffs,
                    (select count(*) from timeline where key = 'respond.timeline.run_step_done') as told,
                    (select count(*) from job) as jobs,
                    (select count(*) from job where tries > 0) as failing
                """
            )
        )
    assert one is not None
    runs = one["runs"]
    return {
        "runs": runs,
        "steps": one["steps"],
        "lost": runs * steps - one["steps"],
        "doubled": abs(one["told"] - runs * steps)
        + one["again"]
        + one["attempts"]
        - runs * (2 * steps + (steps + 3) // 4),
        "sends_doubled": one["notices"] - runs * steps,
        "handoffs": one["handoffs"],
        "jobs": one["jobs"],
    }


CLEAN = {"lost": 0, "doubled": 0, "sends_doubled": 0, "jobs": 0}


@pytest.mark.timeout(180)
async def test_a_few_kills_lose_and_double_nothing(database: Database, database_url: str, tmp_path: Path) -> None:
    found = await drill(database, database_url, tmp_path, incidents=2, steps=3, kills=2, seed=1)
    assert {name: found[name] for name in CLEAN} == CLEAN, found


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_two_hundred_kills_lose_and_double_nothing(database: Database, database_url: str, tmp_path: Path) -> None:
    found = await drill(database, database_url, tmp_path, incidents=10, steps=20, kills=200, seed=2)
    sys.stderr.write(f"\n200 kills: {found}\n")
    assert {name: found[name] for name in CLEAN} == CLEAN, found
