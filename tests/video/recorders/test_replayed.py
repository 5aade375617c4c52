"""Pictures of a recorder through the door of the past: on one wall clock with our own, bounded, never with sound."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from dure.commands.simulate.archive import Archive
from dure.commands.simulate.rtsp import CANARY, Fault
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from dure.kernel.ids import new_id
from dure.trust import vault
from dure.video.model import BrokenStream, Splitter
from dure.video.onvif.recorder import Recorder
from dure.video.past import library
from dure.video.past.door import PastDoor
from dure.video.past.library import Library, Part, Wanted
from dure.video.past.model import at
from dure.video.policy import camera_networks
from dure.video.recorders import reading, reels, store
from dure.video.recorders.shelf import Shelf
from tests.video.past.made import kept, recorded
from tests.video.past.test_playing import House, Screen, house  # noqa: F401
from tests.video.recorders.conftest import LOGIN, MINUTE, address
from tests.video.test_rtsp import decoded

pytestmark = pytest.mark.timeout(120)


@dataclass
class Rack:
    """A city with a registered recorder."""

    context: Context
    archive: Archive
    shelf: Shelf
    recorder_id: Any

    async def read(self) -> None:
        async with self.context.database.transaction() as tx:
            row = await store.one(tx, self.recorder_id)
        assert await reading.once(self.context, row, whole=True)


@pytest.fixture
async def rack(database: Database, database_url: str, tmp_path: Path, archive: Archive) -> AsyncIterator[Rack]:
    """Cameras R-1 and R-2, whose past stands on the recorder."""
    context = Context(Settings(tmp_path, database_url, "nats://nowhere"), database, None, catalogue())  # type: ignore[arg-type]
    shelf, id_ = Shelf(context), new_id()
    await recorded(database, "R-1", "R-2")
    async with database.transaction() as tx:
        await tx.execute(text("update camera set recorded = false where id like 'R-%'"))
        told = {"name": "동네 녹화기", "url": archive.finding.address("NVR"), "model": "dure"}
        await store.add(tx, vault.at(tmp_path), id_, told, *LOGIN.split(":"))
        async with await Recorder.at(address(archive), camera_networks(())) as recorder:
            await recorder.begin()
            await store.read(tx, id_, recorder.ahead, await recorder.recordings())
        await store.assign(tx, id_, "T-1", "R-1")
        await store.assign(tx, id_, "T-2", "R-2")
    made = Rack(context, archive, shelf, id_)
    await made.read()
    yield made
    await shelf.reels.end()


def times(parts: list[Part], since: int, until: int) -> list[int]:
    """When the pictures of these parts were."""
    found = []
    for part in parts:
        init = library.description(part)
        for group in library.read(part, init.timescale, Wanted(since, until, since - 1_000, until)):
            found += [round(one.came_ms) for one in group.pictures]
    return found


@pytest.mark.parametrize("ahead_s", [0, -37])
async def test_a_recorders_pictures_stand_where_they_were_on_our_clock(rack: Rack, begun: int, ahead_s: int) -> None:
    rack.archive.kept.ahead = timedelta(seconds=ahead_s)
    await rack.read()
    since = begun + 5 * MINUTE
    parts = await rack.shelf.parts("R-1", since, since + 8_000, keys_only=False)
    found = times(parts, since, since + 8_000)
    assert 80 <= len(found) <= 90, "from the picture before that stands by itself on"
    off = {one % 100 for one in found}
    assert len(off) == 1, "a tenth of a second each, and the clock of the recorder said only whole seconds"
    assert found[0] - since in range(-1_000, 1) if ahead_s else found[0] == since
    assert rack.archive.replays.played[0][0] - since in range(ahead_s * 1_000 - 1_100, ahead_s * 1_000 + 1_100)
    assert rack.archive.replays.sound_asked == 0, "sound is on offer and nobody asks for it"
    before = len(rack.archive.replays.played)
    await rack.shelf.parts("R-1", since + 8_000, since + 16_000, keys_only=False)
    assert len(rack.archive.replays.played) == before, "who plays on is served by the replay that goes on"
    whole = b"".join(bytes(part.held or b"") for part in parts)
    assert b"soun" not in whole


async def test_ours_and_the_recorders_are_one_time_line_with_its_gaps(
    house: House,  # noqa: F811
    rack: Rack,
    h264: bytes,
    begun: int,
) -> None:
    both = Library(house.database, house.recorder, rack.shelf)
    PastDoor(house.door, both, lambda camera, _incident, _person: house.covered.get(camera, ()))
    await kept(house.database, house.data, "R-1", h264, at(begun + 9 * MINUTE + 50_000))  # ours within the recorder's
    ticket = await house.right("R-1", at(begun), at(begun + 30 * MINUTE))
    screen = Screen(house.door).begin(ticket)
    start = begun + 9 * MINUTE + 45_000
    screen.ask(1, 0, start, start + 10_000, begun)
    (end,) = await screen.done(1)
    found = [one for one, _ in screen.shown(1)]
    assert found == sorted(set(found))
    assert (found[0], found[-1]) == (start, start + 9_900)
    assert len(found) == 100
    assert end["until"] == start + 10_000
    screen.ask(2, 0, begun + 12 * MINUTE, begun + 12 * MINUTE + 5_000, begun)
    assert [one["until"] for one in await screen.done(2)] == [None], "a gap is a gap"
    screen.ask(3, 0, begun + 16 * MINUTE, begun + 17 * MINUTE, begun, keys=True)
    await screen.done(3)
    shown = screen.shown(3)
    assert [one for one, _ in shown] == [begun + 16 * MINUTE + second * 1_000 for second in range(60)]
    assert {step for _, step in shown} == {1_000}
    assert rack.archive.replays.played[-1][1], "only pictures that stand by themselves were asked for"
    parts = [data for kind, _, turn, _, _, data in screen.pieces if turn == 1]
    stream = b"".join(parts)
    assert CANARY[:20] not in stream
    assert len(decoded(stream)) == 100


@pytest.mark.parametrize(
    ("fault", "shows"),
    [
        (Fault.MUTE, "recorder: stalled"),
        (Fault.CODEC, "recorder: no_picture"),
        (Fault.SIZE, "recorder: no_picture"),  # pictures without a time
        (Fault.HANG, None),
        (Fault.RUBBISH, None),
        (Fault.TIME, None),
        (Fault.SOUND, None),
    ],
    ids=str,
)
async def test_each_fault_of_a_recorder_is_bounded(
    rack: Rack, begun: int, fault: Fault, shows: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dure.video.rtsp.client.ANSWER_WITHIN_S", 0.5)
    monkeypatch.setattr(reels, "_FIRST_S", 0.5)
    monkeypatch.setattr(reels, "_SILENT_S", 0.5)
    rack.archive.replays.faults = {"*": fault}
    since = begun + 5 * MINUTE
    began = time.monotonic()
    if shows is not None:
        with pytest.raises(BrokenStream, match=shows):
            await rack.shelf.parts("R-2", since, since + 30_000, keys_only=False)
    else:
        parts = await rack.shelf.parts("R-2", since, since + 30_000, keys_only=False)
        found = times(parts, since, since + 30_000)
        assert found
        assert all(since - 1_000 <= one < since + 30_000 for one in found)
        whole = b"".join(bytes(part.held or b"") for part in parts)
        assert CANARY[:20] not in whole
        for part in parts:
            Splitter().feed(bytes(part.held or b""))
        assert len(found) == {Fault.SOUND: 300}.get(fault, len(found))
    assert time.monotonic() - began < 5


async def test_a_slow_recorder_shows_what_has_come_and_nobody_looking_lets_it_go(
    rack: Rack, begun: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reels, "WITHIN_S", 1.0)
    monkeypatch.setattr(reels, "IDLE_S", 0.6)
    monkeypatch.setattr(reels.Reel.until, "__defaults__", (1.0,))
    rack.archive.replays.slow = True
    since = begun + 5 * MINUTE
    parts = await rack.shelf.parts("R-2", since, since + 60_000, keys_only=False)
    assert 5 <= len(times(parts, since, since + 60_000)) <= 15
    async with asyncio.timeout(5):
        while rack.archive.replays.lines:  # noqa: ASYNC110 - the other side ends without telling
            await asyncio.sleep(0.02)
    assert not [one for one in rack.shelf.reels._reels if not one.over]


async def test_what_is_past_its_cameras_days_is_asked_of_no_recorder(rack: Rack, begun: int) -> None:
    async with rack.context.database.transaction() as tx:
        await tx.execute(text("update camera set retention_days = 1 where id = 'R-1'"))
    day = 24 * 60 * MINUTE
    assert await rack.shelf.parts("R-1", begun - 2 * day, begun - 2 * day + 5_000, keys_only=False) == []
    async with rack.context.database.transaction() as tx:
        await tx.execute(text("update video_recorder_span set started_at = started_at - interval '2 days'"))
        stands = await store.standing(tx, vault.at(rack.context.settings.data), "R-1", at(begun - 3 * day), at(begun))
        assert stands is not None
        assert min(start for start, _ in stands.spans) >= tx.now() - timedelta(days=1, seconds=5)


async def test_a_recorder_that_is_away_keeps_what_is_known_and_says_why(rack: Rack) -> None:
    await rack.archive.close()
    async with rack.context.database.transaction() as tx:
        row = await store.one(tx, rack.recorder_id)
    assert not await reading.once(rack.context, row)
    async with rack.context.database.transaction() as tx:
        assert (await store.one(tx, rack.recorder_id))["trouble"] == "unreachable"
        assert int(await tx.scalar(text("select count(*) from video_recorder_span"))) == 3
