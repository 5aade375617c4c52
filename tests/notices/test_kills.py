"""A sender that is killed again and again, at any moment: every phone gets its text, and gets it once."""

import asyncio
import random
import sys
from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from dure import notices
from dure.commands.simulate.sms_gateway import Faults, SmsGateway
from dure.engine.database import Database
from dure.notices import Channel, To, Wanted
from dure.trust import vault
from dure.trust.vault import Person

KILLS = 25
WAITING = text("select count(*) from notice where status in ('queued', 'sending', 'unknown')")


@pytest.fixture
async def living(database_url: str, tmp_path: Path) -> Database:
    """A database by the machine's clock."""
    return Database(database_url, folder=tmp_path)


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_kill_nine_at_any_moment_loses_and_doubles_nothing(
    living: Database, database_url: str, tmp_path: Path
) -> None:
    gateway = SmsGateway(faults=Faults(slow_s=0.05, lost=0.1, unread=0.1))
    await gateway.start()
    chance = random.Random(7)
    wanted = 0
    try:
        for kill in range(KILLS + 1):
            async with living.transaction() as tx:
                for _ in range(4):
                    person, _new = await vault.of(tx).put(tx, Person(phone=f"010-7777-{wanted:04d}"))
                    told = Wanted(Channel.SMS, To(person), "plain", uuid4().hex, {"text": "a"}, life_safety=True)
                    await notices.send(tx, told)
                    wanted += 1
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.notices.dying", database_url, str(tmp_path), gateway.url
            )
            if kill < KILLS:
                await asyncio.sleep(chance.uniform(0.8, 2.5))  # not a wait for something: the moment of the kill
            else:
                await _all_settled(living)
            process.kill()
            await process.wait()
    finally:
        await gateway.stop()
        await living.close()
    got = Counter(one["to"] for one in gateway.taken)
    assert got == Counter({f"0107777{n:04d}": 1 for n in range(wanted)})


async def _all_settled(database: Database) -> None:
    async with asyncio.timeout(120):
        while True:
            async with database.transaction() as tx:
                if await tx.scalar(WAITING) == 0:
                    return
            await asyncio.sleep(0.5)
