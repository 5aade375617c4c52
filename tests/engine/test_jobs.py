"""Wakes: in the caller's transaction, on time, once with what they write, and never lost."""

import asyncio
import time
from datetime import timedelta

import pytest
from sqlalchemy import text

from dure.engine import jobs
from dure.engine.database import Database, Tx
from dure.engine.jobs import Queue, Worker
from dure.kernel.clock import HeldClock
from dure.kernel.errors import Unavailable


async def _noted(tx: Tx, subject: str) -> None:
    await tx.execute(text("insert into noted (subject) values (:subject)"), {"subject": subject})


@pytest.fixture
async def database(database: Database) -> Database:
    async with database.transaction() as tx:
        await tx.execute(text("create table noted (subject text)"))
    return database


async def noted(database: Database) -> list[str]:
    async with database.transaction() as tx:
        return [row["subject"] for row in await tx.rows(text("select subject from noted order by subject"))]


async def test_a_wake_comes_with_its_transaction_or_not_at_all(database: Database) -> None:
    queue = Queue("test", _noted)

    async def fail() -> None:
        async with database.transaction() as tx:
            await jobs.wake(tx, "test", "lost")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.transaction() as tx:
        await jobs.wake(tx, "test", "kept")
        await jobs.wake(tx, "other", "kept")
    assert await jobs.step(database, queue)
    assert not await jobs.step(database, queue)
    assert await noted(database) == ["kept"]


async def test_wakes_of_one_subject_are_handled_together_and_timers_wait(database: Database) -> None:
    clock = HeldClock(database.clock.now())
    database.clock = clock
    queue = Queue("test", _noted)
    async with database.transaction() as tx:
        for _ in range(3):
            await jobs.wake(tx, "test", "a")
        await jobs.wake(tx, "test", "a", tx.now() + timedelta(seconds=60))
    assert await jobs.step(database, queue)
    assert not await jobs.step(database, queue)
    clock.advance(59)
    assert not await jobs.step(database, queue)
    clock.advance(1)
    assert await jobs.step(database, queue)
    assert await noted(database) == ["a", "a"]


async def test_what_fails_leaves_nothing_and_is_tried_again_later(database: Database) -> None:
    clock = HeldClock(database.clock.now())
    database.clock = clock
    fails = True

    async def handle(tx: Tx, subject: str) -> None:
        await _noted(tx, subject)
        if fails:
            raise ZeroDivisionError

    queue = Queue("test", handle)
    async with database.transaction() as tx:
        await jobs.wake(tx, "test", "a")
    for wait_s in (1, 4, 16):
        assert await jobs.step(database, queue)
        assert not await jobs.step(database, queue)
        assert await noted(database) == []
        clock.advance(wait_s)
    async with database.transaction() as tx:
        (health,) = await jobs.health(tx)
    assert (health["queue"], health["failing"], health["tries"], health["due"]) == ("test", 1, 3, 1)
    fails = False
    assert await jobs.step(database, queue)
    assert await noted(database) == ["a"]


async def test_a_database_that_is_away_costs_no_try(database: Database) -> None:
    async def handle(tx: Tx, _subject: str) -> None:
        raise Unavailable("engine.database.away")

    async with database.transaction() as tx:
        await jobs.wake(tx, "test", "a")
    with pytest.raises(Unavailable):
        await jobs.step(database, Queue("test", handle))
    async with database.transaction() as tx:
        (health,) = await jobs.health(tx)
    assert health["failing"] == 0


async def test_the_worker_hears_of_a_wake_at_once(database: Database) -> None:
    took: list[float] = []
    done = asyncio.Event()
    begun = 0.0

    async def handle(_tx: Tx, _subject: str) -> None:
        took.append(time.perf_counter() - begun)
        done.set()

    async def report(_name: str, _waiting_s: float | None) -> None:
        raise AssertionError

    worker = asyncio.create_task(Worker(database, [Queue("test", handle, lanes=1)]).run(report))
    for number in range(31):
        done.clear()
        begun = time.perf_counter()
        async with database.transaction() as tx:
            await jobs.wake(tx, "test", str(number))
        async with asyncio.timeout(10):
            await done.wait()
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    took.sort()
    assert took[15] < 0.5, took
