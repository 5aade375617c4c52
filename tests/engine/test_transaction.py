"""What a transaction does in few round trips: writes that wait, reads side by side, blocks that are undone."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from dure.engine import piped
from dure.engine.database import Database, Tx
from dure.kernel.errors import Unavailable

PUT = text("insert into noted (n) values (:n)")
ALL = text("select n from noted order by n")


@pytest.fixture
async def tx(database: Database) -> AsyncIterator[Tx]:
    async with database.transaction() as one:
        await one.execute(text("create temporary table noted (n int primary key) on commit drop"))
        yield one


@contextmanager
def turns(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How often the server is asked and waited for within the block."""
    count = [0]

    def counting(ask: Any) -> Any:
        async def counted(*args: Any, **more: Any) -> Any:
            count[0] += 1
            return await ask(*args, **more)

        return counted

    with monkeypatch.context() as patch:
        patch.setattr(piped, "run", counting(piped.run))
        patch.setattr(AsyncConnection, "execute", counting(AsyncConnection.execute))
        yield count


async def numbers(tx: Tx) -> list[int]:
    return [row["n"] for row in await tx.rows(ALL)]


async def test_what_waits_is_there_for_the_next_statement_in_its_order(tx: Tx) -> None:
    tx.later(PUT, {"n": 1})
    tx.later(text("update noted set n = n + 1"))
    tx.later(PUT, {"n": 1})
    assert await numbers(tx) == [1, 2]
    tx.later(PUT, {"n": 7})
    rows, percent = await tx.look((ALL, {}), text("select '100 %' as said"))
    assert [row["n"] for row in rows] == [1, 2, 7]
    assert percent[0]["said"] == "100 %"


async def test_two_columns_of_one_name_are_refused_instead_of_hiding_one_another(tx: Tx) -> None:
    with pytest.raises(ProgrammingError, match="two columns of one name"):
        await tx.rows(text("select 1 as number, 2 as number"))


async def test_many_statements_are_one_round_trip(tx: Tx, monkeypatch: pytest.MonkeyPatch) -> None:
    with turns(monkeypatch) as count:
        for n in range(40):
            tx.later(PUT, {"n": n})
        await tx.look(ALL, ALL)
        assert count == [1]
        await tx.flush()
        async with tx.nested():
            tx.later(PUT, {"n": 40})
        assert count == [2]
    assert await numbers(tx) == list(range(41))


async def _put(tx: Tx, at_once: Sequence[int], later: Sequence[int], refused: bool = False) -> None:
    async with tx.nested():
        for n in at_once:
            await tx.execute(PUT, {"n": n})
        for n in later:
            tx.later(PUT, {"n": n})
        if refused:
            raise ValueError("refused")


async def test_a_block_that_raises_is_undone_and_the_rest_stands(tx: Tx) -> None:
    tx.later(PUT, {"n": 1})
    with pytest.raises(ValueError, match="refused"):
        await _put(tx, [], [2], refused=True)  # nothing of it has left
    with pytest.raises(ValueError, match="refused"):
        await _put(tx, [3], [4], refused=True)
    with pytest.raises(IntegrityError):
        await _put(tx, [], [5, 1])  # found at the end of the block
    async with tx.nested():
        tx.later(PUT, {"n": 6})
        with pytest.raises(IntegrityError):
            await _put(tx, [6], [])
        tx.later(PUT, {"n": 7})
    assert await numbers(tx) == [1, 6, 7]


async def _cut(database: Database) -> None:
    async with database.transaction() as tx:
        mine = await tx.scalar(text("select pg_backend_pid()"))
        with contextlib.suppress(DBAPIError):
            async with tx.nested():
                async with database.transaction() as other:
                    await other.execute(text("select pg_terminate_backend(:mine)"), {"mine": mine})
                await tx.look(text("select pg_sleep(5)"))
        await tx.execute(text("select 1"))


async def test_a_line_that_is_cut_is_a_database_that_is_away(database: Database) -> None:
    with pytest.raises(Unavailable):
        await _cut(database)
    async with database.transaction() as tx:
        assert await tx.scalar(text("select 1")) == 1


async def _slow(database: Database) -> None:
    async with database.transaction() as tx, tx.nested():
        tx.later(text("select pg_sleep(30)"))


async def test_who_is_cancelled_in_a_block_stays_cancelled(database: Database) -> None:
    task = asyncio.create_task(_slow(database))
    await asyncio.wait([task], timeout=0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.transaction() as tx:
        assert await tx.scalar(text("select 1")) == 1


async def _twice(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("insert into consumer (name) values ('one')"))
        tx.later(text("insert into consumer (name) values ('one')"))


async def test_what_fails_at_the_end_commits_nothing(database: Database) -> None:
    with pytest.raises(IntegrityError):
        await _twice(database)
    async with database.transaction() as tx:
        assert await tx.scalar(text("select count(*) from consumer")) == 0
