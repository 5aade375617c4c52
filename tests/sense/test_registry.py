"""The registry of devices and the desk that lets them in."""

import asyncio
import time

import pytest
from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.servers.nkeys import new_key
from dure.sense.door_auth import WRONG_KEYS, Misses
from dure.sense.packs import partition_of
from dure.sense.registry import LOOKUPS_PER_S, Registry
from tests.sense.conftest import add_device


class Counting(Registry):
    """Counts how often the database is asked."""

    asked = 0

    async def _reload(self, ids: list[str]) -> None:
        self.asked += 1
        await super()._reload(ids)


async def test_unknown_ids_do_not_hammer_the_database(context: Context) -> None:
    registry = Counting(context.database, 1)
    began = time.monotonic()
    for turn in range(300):
        await registry.find([f"nobody-{turn}", "nobody"])
    assert 1 <= registry.asked <= LOOKUPS_PER_S * (time.monotonic() - began + 3)
    assert registry.get("nobody") is None


async def test_misses_of_one_moment_share_a_look_up(context: Context) -> None:
    registry = Counting(context.database, 1)
    await asyncio.gather(*(registry.find([device]) for device in ("d1", "d2", "d3", "nobody")))
    assert registry.asked == 1
    assert [registry.get(device) is not None for device in ("d1", "d2", "d3", "nobody")] == [True, True, True, False]


async def test_a_device_that_is_found_later_is_known_at_once(context: Context) -> None:
    registry = Registry(context.database, 1)
    await registry.find(["late"])
    assert registry.get("late") is None
    async with context.database.transaction() as tx:
        await add_device(tx, "late", attrs='{"format": "zigbee2mqtt", "properties": ["smoke"]}')
    await registry._reload(["late"])
    known = registry.get("late")
    assert known is not None
    assert (known.form, known.properties) == ("zigbee2mqtt", frozenset({"smoke"}))


async def test_what_is_known_stays_known_while_the_database_is_away(context: Context) -> None:
    registry = Registry(context.database, 1)
    registry.start()
    await registry.ready()
    async with context.database.transaction() as tx:
        await tx.execute(text("alter table device rename to device_gone"))
    await asyncio.wait_for(registry.find(["d1"]), 1)
    assert registry.get("d1") is not None
    async with context.database.transaction() as tx:
        await tx.execute(text("alter table device_gone rename to device"))
    await registry.end()


async def test_revoked_ones_are_named(context: Context) -> None:
    registry = Registry(context.database, 1)
    registry.revoked = asyncio.Queue()
    await registry._reload_all()
    async with context.database.transaction() as tx:
        await tx.execute(text("update device set key_hash = '\\x01' where id = 'd1'"))
        await tx.execute(text("update device set state = 'off' where id = 'd2'"))
        await tx.execute(text("update device set name = 'x' where id = 'd3'"))
        await tx.execute(text("delete from device where id = 'd4'"))
    await registry._reload(["d1", "d2", "d3"])
    await registry._reload_all()
    named = {registry.revoked.get_nowait() for _ in range(registry.revoked.qsize())}
    assert named == {"d1", "d2", "d4"}


def test_misses_run_out_for_one_key_only() -> None:
    misses = Misses(3, 60)
    for _ in range(3):
        assert not misses.too_many("a")
        misses.note("a")
    assert misses.too_many("a")
    assert not misses.too_many("b")
    for number in range(Misses.KEYS + 10):
        misses.note(str(number))
    assert not misses.too_many("a")
    assert WRONG_KEYS[0] > 3


@pytest.mark.parametrize("partitions", [1, 2, 7])
def test_a_group_shares_its_partition(partitions: int) -> None:
    assert len({partition_of(f"d{n}", "gateway", partitions) for n in range(50)}) == 1
    assert {partition_of(f"d{n}", None, partitions) for n in range(500)} == set(range(partitions))


async def test_nonsense_questions_stay_unanswered(context: Context) -> None:
    from dure.sense.door_auth import SignIn
    from dure.sense.refusals import Refusals

    desk = SignIn(Registry(context.database, 1), Refusals(context.database), new_key("account"))
    for question in (b"", b"a.b.c", b"\xff", b"." * 1_000):
        assert await desk.answer(question) is None


def test_every_reason_has_its_words() -> None:
    from dure.engine.texts import catalogue
    from dure.sense.readings import Reason

    for reason in (*Reason, "wrong_key", "not_mqtt"):
        for language in ("ko", "en"):
            assert f"sense.refused.{reason}" in catalogue().keys(language)
