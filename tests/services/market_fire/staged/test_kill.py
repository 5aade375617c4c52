"""kill -9 between the question and its time-out: the next process tells 119, once."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dure.detect.record import record
from dure.services.market_fire import verification
from dure.services.market_fire.staged import hearing
from tests.services.market_fire.staged.conftest import RULES, Market

ROOT = Path(__file__).parents[4]
WORKER = Path(__file__).with_name("worker.py")


@asynccontextmanager
async def worker(url: str, folder: Path, at: float) -> AsyncIterator[None]:
    """The process; killed without a word at the end."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    words = (sys.executable, str(WORKER), url, str(folder), str(at))
    process = await asyncio.create_subprocess_exec(*words, env=environment, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert (await process.stdout.readline()).strip() == b"ready"
        yield
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()


async def there(market: Market, statement: str) -> None:
    """Wait until a question has rows."""
    while True:
        if await market.rows(statement):
            return
        await asyncio.sleep(0.02)


@pytest.mark.long
async def test_killed_between_question_and_time_out(market: Market, database_url: str, tmp_path: Path) -> None:
    now = market.clock.now().timestamp()
    async with asyncio.timeout(60):
        async with worker(database_url, tmp_path, now):
            async with market.database.transaction() as tx:
                outcome = (market.raised("signal"), tx.now())
                await record(tx, [outcome], RULES)
                await hearing.hear(tx, [])
            await there(market, "select 1 from notice")
            await there(market, "select 1 from market_fire_verification where stage = 'pre_alarm'")
        assert not await market.told_119()
        async with worker(database_url, tmp_path, now + verification.stages().answer_s + 1):
            await there(market, "select 1 from handoff where agency_id = 'fire'")
    row = await market.stands()
    assert (row["stage"], row["why"]) == ("reported", "nobody")
    assert len(await market.rows("select 1 from handoff where agency_id = 'fire' and kind = 'transfer'")) == 1
    asked = await market.rows("select 1 from notice where template = 'fire_check' and medium = 'text'")
    assert len(asked) == 1, "the owner was asked once"
