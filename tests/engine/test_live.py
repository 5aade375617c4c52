"""What screens hear: snapshot + changes is always what a fresh snapshot says, each reader hears only its own."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from starlette.responses import StreamingResponse

from dure.engine import live
from dure.engine.database import Database, Tx
from dure.engine.live import Hub, LiveEntity
from dure.engine.outbox import Relay
from dure.engine.servers.children import free_port
from dure.engine.settings import Settings
from dure.engine.stream import Stream
from dure.engine.tasks import ended
from dure.kernel.events import Event
from dure.processes.serving import serve
from dure.processes.web import server_of


@dataclass(frozen=True)
class Reader:
    permissions: frozenset[str]
    team: str

    def may(self, permission: str) -> bool:
        return permission in self.permissions


async def load(tx: Tx, ids: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    rows = await tx.rows(text("select * from thing where id = any(:ids)"), {"ids": list(ids)})
    return {row["id"]: dict(row) for row in rows}


async def everything(tx: Tx) -> Sequence[dict[str, Any]]:
    return [dict(row) for row in await tx.rows(text("select * from thing order by id"))]


THING = LiveEntity(
    "thing",
    "thing.read",
    load,
    everything,
    visible=lambda reader, value: value["team"] == reader.team,
    left=lambda reader, data: data.get("was") == reader.team,
)
RED = Reader(frozenset({"thing.read"}), "red")


@pytest.fixture
async def relay(database: Database, nats_url: str):
    stream = await Stream.connect(nats_url, name="test")
    async with database.transaction() as tx:
        await tx.execute(text("create table thing (id text primary key, team text, size int, version int)"))
    made = Relay(database, stream, "urn:test")
    await made.take()
    yield made
    await stream.close()


@pytest.fixture(autouse=True)
def quick_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader who hears nothing else waits for beats: here they come at once."""
    monkeypatch.setattr(live, "BEAT_S", 0.05)


async def put(database: Database, name: str, team: str, size: int) -> None:
    async with database.transaction() as tx:
        was = await tx.scalar(text("select team from thing where id = :id"), {"id": name})
        version = await tx.scalar(
            text(
                "insert into thing values (:id, :team, :size, 1) on conflict (id) do update "
                "set team = :team, size = :size, version = thing.version + 1 returning version"
            ),
            {"id": name, "team": team, "size": size},
        )
        await tx.emit(Event("ThingChanged.v1", "thing", name, version, {"was": was}))


async def take(database: Database, name: str) -> None:
    async with database.transaction() as tx:
        row = await tx.row(text("delete from thing where id = :id returning version, team"), {"id": name})
        if row is not None:
            await tx.emit(Event("ThingGone.v1", "thing", name, row["version"] + 1, {"was": row["team"]}))


def apply(state: dict[str, dict[str, Any]], frame: bytes) -> int | None:
    """What the console's reducer does with one frame; its position, or None for what has none."""
    fields = dict(line.split(": ", 1) for line in frame.decode().strip().split("\n"))
    if fields.get("event") != "change":
        return int(fields["id"]) if "id" in fields else None
    change = json.loads(fields["data"])
    if change["value"] is None:
        state.pop(change["id"], None)
    elif change["version"] >= state.get(change["id"], {"version": 0})["version"]:
        state[change["id"]] = change["value"]
    return int(fields["id"])


async def hear(hub: Hub, reader: Reader, state: dict[str, Any], position: int, upto: int) -> int:
    async for frame in hub.follow(reader, position):
        at = apply(state, frame)
        position = at or position
        if position >= upto or b"event: beat" in frame:
            return position
    return position


async def fresh(database: Database, hub: Hub, reader: Reader) -> tuple[int, dict[str, Any]]:
    async with database.transaction() as tx:
        snapshot = await hub.snapshot(tx, reader)
    return snapshot["position"], {value["id"]: value for value in snapshot["entities"].get("thing", [])}


ACTS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(["red", "blue", "gone"]), st.integers(0, 9)), max_size=12
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=ACTS, after=ACTS)
async def test_snapshot_and_changes_equal_a_fresh_snapshot(
    database: Database, relay: Relay, before: list[Any], after: list[Any]
) -> None:
    hub = Hub(database, [THING])

    async def act(acts: list[Any]) -> None:
        for name, team, size in acts:
            await (take(database, name) if team == "gone" else put(database, name, team, size))
        await relay.number()

    await act(before)
    position, state = await fresh(database, hub, RED)
    hub.position = position
    await act(after)
    while await hub._advance():
        pass
    upto, expected = await fresh(database, hub, RED)
    if upto > position:
        await hear(hub, RED, state, position, upto)
    assert state == json.loads(json.dumps(expected))


async def told(hub: Hub, reader: Reader, position: int) -> list[tuple[str, bool]]:
    """The ids that a reader after `position` hears of until the next beat, and whether each came with a value."""
    found = []
    async for frame in hub.follow(reader, position):
        if b"event: change" in frame:
            change = json.loads(frame.split(b"data: ", 1)[1])
            found.append((change["id"], change["value"] is not None))
        elif b"event: beat" in frame:
            return found
    return found


async def test_what_leaves_a_readers_sight_is_gone_for_it_and_no_more_is_heard_of_it(
    database: Database, relay: Relay
) -> None:
    hub = Hub(database, [THING])
    await put(database, "a", "red", 1)
    await relay.number()
    await hub._advance()
    _, state = await fresh(database, hub, RED)
    for team in ("blue", "blue", "gone"):
        await (take(database, "a") if team == "gone" else put(database, "a", team, 2))
        await relay.number()
        await hub._advance()
    await hear(hub, RED, state, 1, 4)
    assert state == {}
    assert await told(hub, RED, 1) == [("a", False)], "it is told once, and then nothing of it"
    late = Hub(database, [THING])
    late.position = 4
    assert await told(late, RED, 1) == [("a", False)], "read from the database it is the same"
    assert await told(hub, RED, 2) == [], "who heard of that hears no more"


async def test_of_what_a_reader_may_not_see_it_hears_nothing_but_its_place(database: Database, relay: Relay) -> None:
    hub = Hub(database, [THING])
    await put(database, "a", "blue", 1)
    await put(database, "a", "blue", 2)
    await put(database, "b", "green", 1)
    await take(database, "b")
    await relay.number()
    await hub._advance()
    frames = [frame async for frame in _until_beat(hub, RED)]
    assert frames[0] == b"retry: 1000\n\n"
    assert frames[1].startswith(b"id: 4\nevent: beat\n")
    assert set(json.loads(frames[1].split(b"data: ", 1)[1])) == {"at", "position"}
    assert len(frames) == 2


async def test_a_reader_of_a_busy_city_hears_beats_though_it_may_hear_nothing_else(
    database: Database, relay: Relay
) -> None:
    hub = Hub(database, [THING])
    heard: list[int] = []

    async def listen() -> None:
        async for frame in hub.follow(RED, 0):
            assert b"event: change" not in frame
            heard.append(_place(frame))

    listening = asyncio.create_task(listen())
    async with asyncio.timeout(20):
        while len(set(heard)) < 4:  # something moves all the time
            await put(database, "a", "blue", 1)
            await relay.number()
            await hub._advance()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    assert heard == sorted(heard), "each beat says how far the reader has come"


def _place(frame: bytes) -> int:
    return int(frame.split(b"\n")[0].removeprefix(b"id: ")) if frame.startswith(b"id: ") else -1


async def test_what_everybody_sees_is_gone_for_everybody(database: Database, relay: Relay) -> None:
    hub = Hub(database, [LiveEntity("thing", "thing.read", load, everything)])
    await put(database, "a", "blue", 1)
    await take(database, "a")
    await relay.number()
    await hub._advance()
    assert await told(hub, RED, 1) == [("a", False)]


async def test_without_the_permission_nothing_is_heard(database: Database, relay: Relay) -> None:
    hub = Hub(database, [THING])
    await put(database, "a", "red", 1)
    await relay.number()
    await hub._advance()
    stranger = Reader(frozenset(), "red")
    frames = [frame async for frame in _until_beat(hub, stranger)]
    assert not any(b"change" in frame for frame in frames)
    assert await fresh(database, hub, stranger) == (1, {})


async def _until_beat(hub: Hub, reader: Reader):
    async for frame in hub.follow(reader, 0):
        yield frame
        if b"beat" in frame:
            return


@pytest.mark.parametrize("position", [10_000, 1])
async def test_a_position_that_is_not_kept_gets_a_reset(
    database: Database, relay: Relay, position: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(4):
        await put(database, "a", "red", n)
    await relay.number()
    async with database.transaction() as tx:
        await tx.execute(text("delete from outbox where position <= 2"))
    hub = Hub(database, [THING])
    hub.position = 4
    frames = [frame async for frame in hub.follow(RED, position)]
    assert frames[-1].startswith(b"event: reset")


async def test_a_late_reader_gets_everything_from_the_database(database: Database, relay: Relay) -> None:
    for n in range(10):
        await put(database, str(n), "red", n)
    await relay.number()
    hub = Hub(database, [THING])
    hub.position = 10
    state: dict[str, Any] = {}
    await hear(hub, RED, state, 0, 10)
    assert len(state) == 10


async def test_a_running_hub_moves_its_readers(database: Database, relay: Relay) -> None:
    hub = Hub(database, [THING])
    running = asyncio.create_task(hub.run())
    state: dict[str, Any] = {}

    async def listen() -> None:
        position = 0
        while position < 1:  # a slow start may bring a beat first
            position = await hear(hub, RED, state, position, 1)

    heard = asyncio.create_task(listen())
    await put(database, "a", "red", 1)
    await relay.number()
    await asyncio.wait_for(heard, 30)
    assert state["a"]["size"] == 1
    await ended([running])


async def test_who_is_no_longer_allowed_is_told_to_go(
    database: Database, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Hub(database, [THING])
    over = False
    heard = asyncio.create_task(_all(hub.follow(RED, 0, lambda: over)))
    await asyncio.sleep(0.05)  # it listens, and nothing moves
    over = True
    hub.nudge()
    frames = await asyncio.wait_for(heard, 30)
    assert frames[-1].startswith(b"event: bye")


async def test_no_change_is_told_to_who_is_no_longer_allowed(database: Database, relay: Relay) -> None:
    hub = Hub(database, [THING])
    for n in range(5):
        await put(database, "a", "red", n)
    await relay.number()
    await hub._advance()
    told = 0

    def over() -> bool:
        return told >= 2

    async for frame in hub.follow(RED, 0, over):
        told += b"event: change" in frame
    assert told == 2


async def _all(frames: AsyncIterator[bytes]) -> list[bytes]:
    return [frame async for frame in frames]


async def test_open_flows_run_out_before_the_server_ends(
    database: Database, relay: Relay, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hub = Hub(database, [THING])
    application = FastAPI()

    @application.get("/flow")
    async def flow() -> StreamingResponse:
        return StreamingResponse(hub.follow(RED, 0), media_type="text/event-stream")

    port = free_port(None)
    settings = Settings(tmp_path, database.url, "nats://nowhere", public_url="http://city", host="127.0.0.1", port=port)
    serving = asyncio.create_task(serve(server_of(application, settings), hub.end))
    heard: list[bytes] = []
    async with (
        httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=20)) as client,
        client.stream("GET", f"http://127.0.0.1:{port}/flow", timeout=60) as answer,
    ):
        chunks = answer.aiter_bytes()
        heard.append(await anext(chunks))
        serving.cancel()
        heard += [chunk async for chunk in chunks]
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert heard[0].startswith(b"retry:")
    assert b"bye" not in b"".join(heard), "whoever hears it comes again"
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
