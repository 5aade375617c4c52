"""Looking back: what a right allows and no more, on one wall clock, through the relay's door and from real files."""

import asyncio
import itertools
import json
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from dure.engine import ffmpeg
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from dure.kernel.ids import new_id
from dure.trust.principal import Principal
from dure.trust.roles import Role
from dure.trust.who.watch import Watch
from dure.video import openings
from dure.video.doors import Door
from dure.video.model import Splitter
from dure.video.openings import Opening
from dure.video.past import index
from dure.video.past.door import HEAD, PastDoor
from dure.video.past.library import Library
from dure.video.past.model import Keys, ms
from dure.video.past.pieces import groups, steps
from dure.video.past.playing import LONGEST_KEYS_MS, LONGEST_MS, Ask, clipped
from dure.video.past.recorder import Recorder
from dure.video.relay import Relay
from dure.video.tickets.model import Span
from tests.video.conftest import HERE, operator_of
from tests.video.past.made import kept, recorded
from tests.video.screen import pieces

pytestmark = pytest.mark.timeout(120)


@dataclass
class Screen:
    """A screen that looks back, without a network between."""

    door: Door
    heard: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    said: list[dict[str, Any]] = field(default_factory=list)
    pieces: list[tuple[int, int, int, float, float, bytes]] = field(default_factory=list)
    code: int | None = None
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    cut_off: int = 0

    def __post_init__(self) -> None:
        self.reads.set()

    async def _send(self, message: Any) -> None:
        try:
            await self.reads.wait()
        except asyncio.CancelledError:
            self.cut_off += 1
            raise
        if message["type"] == "websocket.close":
            self.code = message["code"]
        elif "bytes" in message:
            kind, seat, turn = HEAD.unpack_from(message["bytes"])
            rest = message["bytes"][HEAD.size :]
            inside = [(0, 0.0, 0.0, rest)] if kind == 0 else pieces(rest)
            self.pieces += [(what, seat, turn, at, step, data) for what, at, step, data in inside]
        elif "text" in message:
            self.said.append(json.loads(message["text"]))
        self.arrived.set()

    def say(self, value: object) -> None:
        words = value if isinstance(value, str) else json.dumps(value)
        self.heard.put_nowait({"type": "websocket.receive", "text": words})

    def begin(self, *tickets: str) -> "Screen":
        self.heard.put_nowait({"type": "websocket.connect"})
        self.say({"tickets": tickets})
        scope = {"type": "websocket", "path": "/past", "headers": [], "client": (HERE, 40_000)}
        self.task = asyncio.create_task(self.door(scope, self.heard.get, self._send))
        return self

    def ask(self, turn: int, seat: int, since: int, until: int, base: int, *, keys: bool = False) -> None:
        self.say({"ask": {"turn": turn, "seat": seat, "from": since, "until": until, "base": base, "keys": keys}})

    async def until(self, done: Any) -> None:
        async with asyncio.timeout(30):
            while not done(self):
                assert self.code is None, self.said
                await self.arrived.wait()
                self.arrived.clear()

    async def done(self, turn: int, seats: int = 1) -> list[dict[str, Any]]:
        """What was told at the end of a turn's asks."""

        def ends(screen: Screen) -> list[dict[str, Any]]:
            return [one for one in screen.said if one["type"] in {"done", "failed"} and one["turn"] == turn]

        await self.until(lambda screen: len(ends(screen)) >= seats)
        return ends(self)

    def shown(self, turn: int, seat: int = 0) -> list[tuple[int, int]]:
        """(wall clock, how long) of the pictures of a turn."""
        return [
            (int(at), int(step))
            for kind, where, number, at, step, _ in self.pieces
            if kind != 0 and (where, number) == (seat, turn)
        ]

    async def ends(self) -> int | None:
        assert self.task is not None
        async with asyncio.timeout(20):
            await self.task
        return self.code


@dataclass
class House:
    """A relay's door with recordings behind it, and people who may see some of them."""

    database: Database
    door: Door
    data: Path
    recorder: Recorder
    now: datetime
    covered: dict[str, Any]
    person: Principal

    async def right(self, camera: str, begin: datetime, end: datetime) -> str:
        async with self.database.transaction() as tx:
            given = await openings.grant(
                tx, self.person, camera, None, "도주 경로 확인", span=Span(begin, end), bound=False
            )
        return given.ticket


@pytest.fixture
async def house(database: Database, database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async def nowhere(camera_id: str) -> str:
        raise AssertionError(camera_id)

    async def all_stand(_tx: object, given: Any) -> set[UUID]:
        return {one.id for one in given}

    await recorded(database, "S-1", "S-2", "S-3", "S-4", "S-5")
    settings = Settings(tmp_path, database_url, "nats://nowhere")
    relay, watch = Relay(nowhere), Watch(database)
    door = Door(Context(settings, database, None, catalogue()), relay, watch, all_stand)  # type: ignore[arg-type]
    recorder = Recorder(database, relay, tmp_path)
    covered: dict[str, Any] = {}
    PastDoor(door, Library(database, recorder), lambda camera, _incident, _person: covered.get(camera, ()))
    care = asyncio.create_task(door.look_after())
    async with database.transaction() as tx:
        now = tx.now()
    yield House(database, door, tmp_path, recorder, now, covered, await operator_of(database))
    tasks = {care} | ({watch._task} if watch._task else set())
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await recorder.close()


async def test_five_cameras_are_shown_on_one_wall_clock_with_their_gaps(house: House, h264: bytes) -> None:
    begin = house.now - timedelta(minutes=20)
    tickets = []
    for number in range(1, 6):
        camera = f"S-{number}"
        later = begin + timedelta(seconds=10 if number < 5 else 12)
        await kept(house.database, house.data, camera, h264, begin, later)
        tickets.append(await house.right(camera, begin - timedelta(minutes=5), begin + timedelta(minutes=5)))
    screen = Screen(house.door).begin(*tickets)
    await screen.until(lambda screen: len(screen.said) == 5)
    assert [one["camera"] for one in screen.said] == [f"S-{number}" for number in range(1, 6)]
    start, base = ms(begin), ms(begin) - 600_000
    for seat in range(5):
        screen.ask(1, seat, start + 1_500, start + 20_000, base)
    ends = await screen.done(1, 5)
    assert sorted(one["until"] - start for one in ends) == [13_000] * 4 + [15_000]
    for seat in range(5):
        times = screen.shown(1, seat)
        again = 10_000 if seat < 4 else 12_000
        assert [at - start for at, _ in times] == [*range(1_000, 3_000, 100), *range(again, again + 3_000, 100)]
        assert {step for _, step in times} == {100}
    (description,) = [data for kind, seat, _, _, _, data in screen.pieces if (kind, seat) == (0, 0)]
    pictures = [data for kind, seat, _, _, _, data in screen.pieces if kind != 0 and seat == 0]
    stream = Splitter().feed(description + b"".join(pictures))
    assert [round(one.at_s * 1_000) for one in stream[1:4]] == [601_000, 601_100, 601_200]  # type: ignore[union-attr]
    command = [ffmpeg.program(), "-v", "error", "-i", "pipe:0", "-map", "0", "-f", "framemd5", "-"]
    done = await asyncio.to_thread(
        subprocess.run, command, input=description + b"".join(pictures), capture_output=True, check=True
    )
    assert done.stderr == b""
    assert len([line for line in done.stdout.splitlines() if not line.startswith(b"#")]) == 50
    screen.ask(2, 0, start - 60_000, start - 50_000, base)
    assert [one["until"] for one in await screen.done(2)] == [None], "a gap is a gap"


async def test_who_seeks_while_pictures_are_on_their_way_gets_the_new_ones_and_no_message_is_cut_off(
    house: House, h264: bytes
) -> None:
    begin = house.now - timedelta(minutes=20)
    await kept(house.database, house.data, "S-1", h264, begin, begin + timedelta(seconds=30))
    start = ms(begin)
    screen = Screen(house.door).begin(await house.right("S-1", begin, begin + timedelta(minutes=1)))
    await screen.until(lambda screen: bool(screen.said))
    screen.reads.clear()
    screen.ask(1, 0, start, start + 3_000, start)
    screen.ask(2, 0, start + 30_000, start + 33_000, start)
    while not screen.heard.empty():  # noqa: ASYNC110
        await asyncio.sleep(0)
    screen.reads.set()
    await screen.done(2)
    assert len(screen.shown(2)) == 30
    assert len(screen.shown(1)) <= 10, "what was asked for before ends with the group that was on its way"
    assert screen.cut_off == 0


async def test_at_high_speed_only_pictures_that_stand_by_themselves_are_sent(house: House, h264: bytes) -> None:
    begin = house.now - timedelta(minutes=20)
    await kept(house.database, house.data, "S-1", h264, begin)
    ticket = await house.right("S-1", begin - timedelta(minutes=1), begin + timedelta(minutes=1))
    screen = Screen(house.door).begin(ticket)
    screen.ask(1, 0, ms(begin), ms(begin) + 60_000, ms(begin), keys=True)
    await screen.done(1)
    start = ms(begin)
    assert [(at - start, step) for at, step in screen.shown(1)][:2] == [(0, 1_000), (1_000, 1_000)]
    assert len(screen.shown(1)) == 3
    assert {kind for kind, *_ in screen.pieces} == {0, 3}


async def test_nothing_outside_the_span_is_shown_and_what_has_no_span_or_is_forged_opens_nothing(
    house: House, h264: bytes
) -> None:
    begin = house.now - timedelta(minutes=20)
    await kept(house.database, house.data, "S-1", h264, begin)
    span = (begin + timedelta(milliseconds=500), begin + timedelta(milliseconds=2_450))
    screen = Screen(house.door).begin(await house.right("S-1", *span))
    screen.ask(1, 0, ms(begin) - 9_000, ms(begin) + 9_000, ms(begin) - 9_000)
    await screen.done(1)
    shown = [at - ms(begin) for at, _ in screen.shown(1)]
    assert shown == list(range(1_000, 2_450, 100)), "not even the pictures before it that it would be decoded from"
    screen.ask(2, 0, ms(begin) + 2_500, ms(begin) + 9_000, ms(begin))
    assert (await screen.done(2))[0]["until"] is None
    screen.ask(3, 1, ms(begin), ms(begin) + 9_000, ms(begin))
    assert await screen.ends() == 4401, "a seat that nobody has given"
    async with house.database.transaction() as tx:
        await tx.execute(text("update camera set stream_url = 'rtsp://127.0.0.1/1'"))
        live = await openings.grant(tx, house.person, "S-1", None, "지금", bound=False)
    for wrong in ("durev_" + "x" * 43, live.ticket, ""):
        assert await Screen(house.door).begin(wrong).ends() == 4401
    assert await Screen(house.door).begin().ends() == 4401


async def test_what_takes_the_right_away_ends_the_pictures_within_a_second(house: House, h264: bytes) -> None:
    begin = house.now - timedelta(minutes=20)
    await kept(house.database, house.data, "S-1", h264, begin)
    screen = Screen(house.door).begin(await house.right("S-1", begin, begin + timedelta(minutes=1)))
    screen.ask(1, 0, ms(begin), ms(begin) + 1_000, ms(begin))
    await screen.done(1)
    async with house.database.transaction() as tx:
        await tx.execute(text("update video_opening set ended_at = now(), ended_by = 'closed'"))
        await openings.look_again(tx)
    assert await screen.ends() == 4403
    assert screen.said[-2:] == [{"type": "over", "seat": 0}, {"type": "bye", "why": "over"}]


async def test_each_stretch_is_in_the_register_before_it_is_shown(house: House) -> None:
    begin = house.now - timedelta(minutes=20)
    await house.right("S-1", begin, begin + timedelta(minutes=10))
    async with house.database.transaction() as tx:
        (line,) = await tx.rows(text("select kind, camera_id, span_from, span_until from video_disclosure"))
        assert await tx.scalar(text("select count(*) from audit where action = 'video.past'")) == 1
    assert dict(line) == {
        "kind": "past",
        "camera_id": "S-1",
        "span_from": begin,
        "span_until": begin + timedelta(minutes=10),
    }


async def test_what_is_covered_is_covered_in_the_past_too(house: House, h264: bytes) -> None:
    begin = house.now - timedelta(minutes=20)
    await kept(house.database, house.data, "S-1", h264, begin)
    ticket = await house.right("S-1", begin, begin + timedelta(minutes=1))
    screen = Screen(house.door).begin(ticket)
    screen.ask(1, 0, ms(begin), ms(begin) + 1_000, ms(begin))
    await screen.done(1)
    house.covered["S-1"] = (((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)),)
    screen.ask(2, 0, ms(begin), ms(begin) + 1_000, ms(begin))
    await screen.done(2)
    assert [at for at, _ in screen.shown(2)] == [at for at, _ in screen.shown(1)]
    bare = {data for kind, _, turn, _, _, data in screen.pieces if turn == 1 and kind != 0}
    over = {data for kind, _, turn, _, _, data in screen.pieces if turn == 2 and kind != 0}
    assert not bare & over
    house.covered["S-1"] = None
    screen.ask(3, 0, ms(begin), ms(begin) + 1_000, ms(begin))
    assert [one["type"] for one in await screen.done(3)] == ["failed"], "what is covered is not known: nothing is shown"
    assert screen.shown(3) == []


async def test_what_is_over_or_gone_is_not_shown(house: House, h264: bytes) -> None:
    begin = house.now - timedelta(days=30, seconds=2)
    (half,) = await kept(house.database, house.data, "S-1", h264, begin)
    screen = Screen(house.door).begin(await house.right("S-1", begin, begin + timedelta(minutes=1)))
    screen.ask(1, 0, ms(begin), ms(begin) + 9_000, ms(begin))
    await screen.done(1)
    assert all(at >= ms(begin) + 2_000 for at, _ in screen.shown(1)), "whether its file is there yet or not"
    (index.folder_of(house.data) / half.path).unlink()
    screen.ask(2, 0, ms(begin), ms(begin) + 9_000, ms(begin))
    assert (await screen.done(2))[0]["until"] is None


@given(
    st.lists(st.integers(1, 3_000), min_size=1, max_size=40),
    st.one_of(st.none(), st.integers(1, 5_000)),
)
def test_each_picture_is_shown_until_the_next_or_as_usual_before_a_gap(apart: list[int], after: int | None) -> None:
    times = list(itertools.accumulate(apart, initial=1_000))
    out = steps(times, None if after is None else times[-1] + after)
    assert len(out) == len(times)
    for at, step in enumerate(out[:-1]):
        assert step == apart[at] if apart[at] <= 2_000 else step <= 2_000
    assert all(0 < step <= 2_000 for step in out)


@given(st.lists(st.integers(1, 5_000), min_size=1, max_size=30), st.integers(-9_000, 90_000), st.integers(1, 50_000))
def test_groups_begin_at_or_before_what_is_asked_and_leave_nothing_out(apart: list[int], since: int, long: int) -> None:
    keys = Keys()
    for number, at in enumerate(itertools.accumulate(apart, initial=0)):
        keys.add(at, 100 + number * 10)
    size = 100 + len(keys.offset) * 10
    found = list(groups(keys, 0, size, since, since + long))
    touched = {
        100 + number * 10
        for number, at in enumerate(keys.at_ms)
        if at < since + long and (number + 1 == len(keys.at_ms) or keys.at_ms[number + 1] > since)
    }
    assert touched <= {start for start, _, _ in found}
    assert all(end - start == 10 for start, end, _ in found)


@given(*(st.integers(-200_000, 2_000_000) for _ in range(3)), st.booleans())
def test_nobody_is_given_more_than_their_right(since: int, until: int, base: int, keys: bool) -> None:
    begin = datetime.fromisoformat("2026-12-05T12:00:00+00:00")
    span = Span(begin, begin + timedelta(minutes=30))
    person = Principal("account", new_id(), "p", frozenset({Role.OPERATOR}))
    opening = Opening(new_id(), "S-1", None, person, begin, False, span)
    start = ms(begin)
    found = clipped(Ask(start + since, start + until, start + base, keys), opening)
    if found is not None:
        assert start <= found.since_ms < found.until_ms <= start + 1_800_000
        assert found.since_ms >= max(start + since, found.base_ms)
        assert found.until_ms <= start + until
        assert found.until_ms - found.since_ms <= (LONGEST_KEYS_MS if keys else LONGEST_MS)
    else:
        assert max(since, 0, base) >= min(until, 1_800_000)
