"""A disk that is too small: the oldest goes, then recording stops, and live pictures go on all the while."""

import asyncio
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from dure.engine.database import Database
from dure.video.past import index, writer
from dure.video.past.recorder import Recorder
from dure.video.past.sweep import Limits
from dure.video.past.writer import File, Writer
from dure.video.relay import Relay
from tests.video.conftest import Served
from tests.video.past.made import recorded
from tests.video.past.test_sweep import engine
from tests.video.test_relay import Eye, found_at

pytestmark = pytest.mark.timeout(120)


def taken(data: Path) -> int:
    """Bytes of all recordings on the disk."""
    return sum(one.stat().st_size for one in index.folder_of(data).glob("*/*/*.mp4"))


async def test_on_a_quota_that_is_full_the_oldest_goes_and_live_goes_on(
    database: Database, cameras: Served, tmp_path: Path
) -> None:
    await recorded(database, "S-1")
    relay = Relay(found_at(cameras[1]), kept_s=0.1)
    quota = 45_000
    recorder = Recorder(database, relay, tmp_path, Limits(quota, timedelta(), free=0, free_share=0), lasts_ms=500)
    with relay.watching("S-1") as viewer:
        eye = Eye(viewer)
        await recorder.follow()
        while not (early := (await engine_of(database)) == "lagging"):
            await eye.until(lambda eye, seen=len(eye.pictures): len(eye.pictures) > seen + 5)  # type: ignore[misc]
            await recorder.note()
            await recorder.look_at_room()
        assert early
        assert not bool(recorder.paused)
        async with database.transaction() as tx:
            kept = await tx.rows(text("select started_at from video_recording order by started_at"))
            gone = int(await tx.scalar(text("select coalesce(sum(things), 0) from retention_record")))
        assert gone >= 1, "and each that went is in the record of destruction"
        oldest = min(row["started_at"] for row in kept)
        writing = recorder.writing("S-1")
        assert writing is not None
        assert taken(tmp_path) <= quota + 2 * writing.bytes + 60_000
        recorder._limits = Limits(quota // 3, timedelta(hours=24), free=0, free_share=0)
        await recorder.note()
        await recorder.look_at_room()
        assert bool(recorder.paused), "what must stay is more than there is room for"
        assert await engine(database) == ("stopped", "disk full")
        size, seen = taken(tmp_path), len(eye.pictures)
        await eye.until(lambda eye: len(eye.pictures) > seen + 20)
        assert "stalled" not in eye.states
        assert recorder.writing("S-1") is None
        assert taken(tmp_path) <= size + 60_000, "only what was on its way is written"
        recorder._limits = Limits(50_000_000, timedelta(hours=24), free=0, free_share=0)
        await recorder.look_at_room()
        seen = len(eye.pictures)
        await eye.until(lambda eye: len(eye.pictures) > seen + 20)
        assert recorder.writing("S-1") is not None, "and goes on when there is"
        assert oldest
    await recorder.close()
    await relay.end()


async def engine_of(database: Database) -> str:
    """How the row of the recordings stands."""
    async with database.transaction() as tx:
        return str(await tx.scalar(text("select state from engine_process where name = 'recordings'")))


def test_what_was_written_is_forced_to_the_disk_within_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "SYNC_S", 0.2)
    forced: list[int] = []
    done = threading.Event()

    def fdatasync(fd: int) -> None:
        forced.append(fd)
        if len(set(forced)) == 2:
            done.set()

    monkeypatch.setattr("os.fdatasync", fdatasync)
    made = Writer()
    files = [File(tmp_path / "a" / f"{n}.mp4") for n in range(2)]
    for file in files:
        made.append(file, b"abc")
    assert done.wait(10), "though nothing more was written and nothing closed"
    assert len(forced) == 2, "and once is enough"
    made.append(files[0], b"def")
    made.close(files[0])
    made.close(files[1])
    made.end()
    assert len(forced) == 4
    assert files[0].path.read_bytes() == b"abcdef"


def test_a_disk_that_refuses_to_be_forced_ends_the_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "SYNC_S", 0.1)
    refused = threading.Event()

    def fails(_fd: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.fdatasync", fails)
    made = Writer(lambda _file: refused.set())
    file = File(tmp_path / "a.mp4")
    made.append(file, b"abc")
    assert refused.wait(10)
    assert file.fault is not None
    made.end()


async def test_asked_of_nothing_the_writer_rests() -> None:
    made = Writer()
    await asyncio.to_thread(made.end)
    assert not made._thread.is_alive()
