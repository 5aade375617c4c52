"""The words of an operation end with its key; what is counted stays."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.respond.operations import kept
from dure.respond.operations.room import ROOM
from dure.trust.roles import Role
from tests.respond.conftest import Desk
from tests.respond.operations import test_operation


@pytest.fixture
def app(app: FastAPI) -> FastAPI:
    """The room of incidents with operations beside it."""
    return test_operation.with_operations(app)


async def test_words_of_an_operation_are_due_ten_years_after_its_end(
    operator: httpx.AsyncClient, desk: Desk, database: Database, clock: HeldClock
) -> None:
    lead = await desk(Role.SHIFT_LEAD)
    operation = await test_operation.began(operator, summary="둘째 시장으로 번질 수 있음")
    path = f"/operations/{operation['id']}"
    assert (await test_operation.did(lead, f"{path}/close", reason="불이 꺼짐"))["status"] == "closed"

    find_due, destroy = kept.OPERATION_WORDS.find_due, kept.OPERATION_WORDS.destroy
    assert find_due is not None
    assert destroy is not None

    async def due(days: int) -> list[str]:
        async with database.transaction() as tx:
            return [one.id for one in await find_due(tx, clock.now() + timedelta(days=days), None, 10)]

    assert (await due(-1), await due(1)) == ([], [operation["id"]])
    context: Any = SimpleNamespace(database=database)
    async with database.transaction() as tx:
        await destroy(context, tx, await find_due(tx, clock.now() + timedelta(days=1), None, 10))
    shown = (await lead.get(path)).json()
    assert (shown["summary"], shown["close_reason"], shown["number"]) == ("", "", operation["number"])
    assert await due(1) == []
    assert ROOM.retention == (kept.OPERATION_WORDS,)
