"""Events reach their position once, in order, without a gap, from one relay at a time."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from dure.engine import outbox
from dure.engine.consumers import Consumer, Group, Runner, listing, register, switch
from dure.engine.database import Database, Tx
from dure.engine.outbox import LostLease, Relay
from dure.engine.stream import Stream
from dure.engine.tasks import ended
from dure.kernel.errors import NotFound, Unavailable
from dure.kernel.events import Event


@pytest.fixture
async def stream(nats_url: str):
    connected = await Stream.connect(nats_url, name="test")
    await connected.ensure(outbox.STREAM, ["events.>"])
    yield connected
    await connected.close()


def event(n: int, kind: str = "ThingMade.v1") -> Event:
    return Event(kind, "thing", str(n), 1, {"n": n})


async def emit(database: Database, *events: Event) -> None:
    async with database.transaction() as tx:
        await tx.emit(*events)


async def numbered(database: Database) -> list[tuple[int, int]]:
    async with database.transaction() as tx:
        rows = await tx.rows(text("select position, data from outbox where position is not null order by position"))
    return [(row["position"], row["data"]["n"]) for row in rows]


async def test_positions_follow_without_a_gap(database: Database, stream: Stream) -> None:
    relay = Relay(database, stream, "urn:test")
    await relay.take()
    for n in range(5):
        await emit(database, event(n))
    assert await relay.number() == 5
    await emit(database, event(5), event(6))
    assert await relay.number() == 2
    assert await relay.number() == 0
    assert await numbered(database) == [(n + 1, n) for n in range(7)]


async def test_what_is_rolled_back_is_never_told(database: Database, stream: Stream) -> None:
    relay = Relay(database, stream, "urn:test")
    await relay.take()

    async def fail() -> None:
        async with database.transaction() as tx:
            await tx.emit(event(1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    await emit(database, event(2))
    await relay.number()
    assert await numbered(database) == [(1, 2)]


async def test_a_relay_that_lost_its_lease_gives_no_position(database: Database, stream: Stream) -> None:
    old, new = Relay(database, stream, "urn:test"), Relay(database, stream, "urn:test")
    await old.take()
    await new.take()
    await emit(database, event(1))
    with pytest.raises(LostLease):
        await old.number()
    assert await numbered(database) == []
    assert await new.number() == 1


async def test_published_as_cloud_events_once(database: Database, own_nats) -> None:
    stream = await Stream.connect(own_nats.url, name="test")
    await stream.ensure(outbox.STREAM, ["events.>"])
    relay = Relay(database, stream, "urn:test")
    await relay.take()
    await emit(database, event(1))
    await relay.number()
    assert await relay.publish() == 1
    async with database.transaction() as tx:
        await tx.execute(text("update outbox set published_at = null"))
    assert await relay.publish() == 1, "a relay that died before its mark publishes again"
    assert await stream.last_sequence(outbox.STREAM) == 1, "under the same id, so the stream keeps one"
    reader = stream.reader(outbox.STREAM, subject="events.>", after=0)
    [message] = await reader.read(wait_s=20)
    body = json.loads(message.data)
    assert message.subject == "events.ThingMade.v1"
    assert (body["specversion"], body["type"], body["position"], body["data"]) == ("1.0", "ThingMade.v1", 1, {"n": 1})
    await stream.close()


async def test_a_running_relay_hears_of_commits(database: Database, stream: Stream) -> None:
    relay = Relay(database, stream, "urn:test")
    moved = asyncio.Event()
    relay.moved.append(lambda _types: moved.set())
    running = asyncio.create_task(relay.run())
    await emit(database, event(1))
    await asyncio.wait_for(moved.wait(), 30)
    assert await numbered(database) == [(1, 1)]
    await ended([running])


async def test_relay_and_consumers_begin_late_where_the_database_is_away_at_first(
    database: Database, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dure.engine.tasks.TRY_S", 0.0)
    refused, real = 0, Database.transaction

    @asynccontextmanager
    async def away_at_first(self: Database) -> AsyncIterator[Tx]:
        nonlocal refused
        if refused < 4:
            refused += 1
            raise Unavailable("engine.database.away")
        async with real(self) as tx:
            yield tx

    async def report(_name: str, _waiting_s: float | None) -> None:
        return

    done = asyncio.Event()

    async def hear(_tx: Tx, _one: Event) -> None:
        done.set()

    await emit(database, event(1))
    monkeypatch.setattr(Database, "transaction", away_at_first)
    relay, group = (
        Relay(database, stream, "urn:test"),
        Group(database, [Consumer("test.late", ("ThingMade.v1",), hear)]),
    )
    running = [asyncio.create_task(one) for one in (relay.run(), group.run(report))]
    await asyncio.wait_for(done.wait(), 60)
    assert refused == 4
    assert not any(one.done() for one in running)
    await ended(running)


async def test_a_relay_whose_line_is_cut_as_it_takes_its_turn_takes_it_again(
    database: Database, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dure.engine.tasks.TRY_S", 0.0)
    refused, real = 0, psycopg.AsyncConnection.connect

    async def cut_at_first(*args: Any, **more: Any) -> Any:
        nonlocal refused
        if refused < 3:
            refused += 1
            raise psycopg.OperationalError("the line is cut")
        return await real(*args, **more)

    moved = asyncio.Event()
    relay = Relay(database, stream, "urn:test")
    relay.moved.append(lambda _types: moved.set())
    await emit(database, event(1))
    monkeypatch.setattr(psycopg.AsyncConnection, "connect", cut_at_first)
    running = asyncio.create_task(relay.run())
    await asyncio.wait({running, asyncio.create_task(moved.wait())}, timeout=60, return_when=asyncio.FIRST_COMPLETED)
    assert moved.is_set()
    await ended([running])


async def handled(database: Database) -> list[str]:
    async with database.transaction() as tx:
        return [row["entity_id"] for row in await tx.rows(text("select entity_id from done order by at"))]


async def note(tx: Tx, one: Event) -> None:
    await tx.execute(text("insert into done (entity_id, at) values (:id, clock_timestamp())"), {"id": one.entity_id})


@pytest.fixture
async def relay(database: Database, stream: Stream) -> Relay:
    made = Relay(database, stream, "urn:test")
    await made.take()
    async with database.transaction() as tx:
        await tx.execute(text("create table done (entity_id text primary key, at timestamptz)"))
    return made


async def test_a_consumer_handles_each_event_of_its_types_once(database: Database, relay: Relay) -> None:
    consumer = Consumer("test.note", ("ThingMade.v1",), note)
    async with database.transaction() as tx:
        await register(tx, [consumer])
    await emit(database, event(1), event(2, "ThingLost.v1"), event(3))
    await relay.number()
    runner = Runner(database, consumer)
    while await runner.step():
        pass
    assert await handled(database) == ["1", "3"]
    async with database.transaction() as tx:
        [row] = await listing(tx)
    assert (row["lag"], row["position"]) == (0, 3)


async def test_two_runners_of_one_consumer_never_do_the_same(database: Database, relay: Relay) -> None:
    consumer = Consumer("test.note", ("ThingMade.v1",), note)
    async with database.transaction() as tx:
        await register(tx, [consumer])
    await emit(database, *(event(n) for n in range(40)))
    await relay.number()

    async def drain() -> None:
        runner = Runner(database, consumer)
        for _ in range(200):
            await runner.step()

    await asyncio.gather(drain(), drain())
    assert sorted(await handled(database), key=int) == [str(n) for n in range(40)]


async def test_an_event_that_keeps_failing_is_set_aside(database: Database, relay: Relay, monkeypatch) -> None:
    async def refuse(tx: Tx, one: Event) -> None:
        await note(tx, one)
        if one.entity_id == "2":
            raise RuntimeError("no")

    async def at_once(_seconds: float) -> None:
        return

    monkeypatch.setattr("dure.engine.consumers.asyncio.sleep", at_once)
    consumer = Consumer("test.note", ("ThingMade.v1",), refuse)
    async with database.transaction() as tx:
        await register(tx, [consumer])
    await emit(database, event(1), event(2), event(3))
    await relay.number()
    runner = Runner(database, consumer)
    while await runner.step():
        pass
    assert await handled(database) == ["1", "3"], "its neighbours are handled and its own half is undone"
    async with database.transaction() as tx:
        [row] = await listing(tx)
        assert row["set_aside"] == 1
        assert await tx.scalar(text("select error from dead_letter where position = 2")) == "RuntimeError: no"


async def test_a_consumer_that_is_off_keeps_its_place(database: Database, relay: Relay) -> None:
    consumer = Consumer("test.note", ("ThingMade.v1",), note)
    async with database.transaction() as tx:
        await register(tx, [consumer])
        await switch(tx, "test.note", on=False)
    await emit(database, event(1))
    await relay.number()
    runner = Runner(database, consumer)
    assert await runner.step() is False
    async with database.transaction() as tx:
        await switch(tx, "test.note", on=True)
    assert await runner.step() is True
    assert await handled(database) == ["1"]
    with pytest.raises(NotFound):
        async with database.transaction() as tx:
            await switch(tx, "nobody", on=True)


async def test_the_watchdog_makes_a_silent_consumer_anew(database: Database, relay: Relay, monkeypatch) -> None:
    monkeypatch.setattr("dure.engine.consumers.STUCK_S", 1.0)
    first = asyncio.Event()

    async def hang_once(tx: Tx, one: Event) -> None:
        if not first.is_set():
            first.set()
            await asyncio.Event().wait()
        await note(tx, one)

    reported: list[tuple[str, float | None]] = []
    well = asyncio.Event()

    async def report(name: str, waiting_s: float | None) -> None:
        reported.append((name, waiting_s))
        if waiting_s is None:
            well.set()

    await emit(database, event(1))
    await relay.number()
    group = Group(database, [Consumer("test.note", ("ThingMade.v1",), hang_once)])
    running = asyncio.create_task(group.run(report))
    await asyncio.wait_for(well.wait(), 30)
    await ended([running])
    assert reported[0][0] == "test.note"
    assert reported[0][1] is not None
    assert await handled(database) == ["1"]
