"""Recordings: cut where they must be, whole after a sudden end, found again by their files. Real FFmpeg, real disk."""

import asyncio
import os
import pickle
import re
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text

import dure.respond.tables
import dure.trust.tables  # noqa: F401  # accounts and incidents are what others refer to
from dure.engine import ffmpeg
from dure.engine.database import Database, driver_url, metadata
from dure.kernel.ids import new_id
from dure.video.model import Fragment, Init, Kept
from dure.video.past import index, tables
from dure.video.past.model import Keys, Span, at, path_of, read_file, spans
from dure.video.past.recorder import Recorder
from dure.video.relay import Relay
from tests.video.conftest import Served
from tests.video.past.made import Taped, came, pieces, recorded
from tests.video.test_relay import found_at

pytestmark = pytest.mark.timeout(180)
NOON = 1_795_000_000_000


def decoded(file: Path) -> tuple[int, str]:
    """How many pictures FFmpeg decodes, and what it says of the file."""
    command = [ffmpeg.program(), "-hide_banner", "-i", str(file), "-map", "0", "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return int(re.findall(r"frame=\s*(\d+)", done.stderr)[-1]), done.stderr


def test_a_recording_is_an_ordinary_file_of_one_track_and_says_all_that_the_index_knows(
    h264: bytes, tmp_path: Path
) -> None:
    init, pictures = pieces(h264)
    taped = Taped(tmp_path, lasts_ms=2_000)
    taped.tape.begin(init, Kept())
    for one in came(pictures, NOON):
        taped.tape.show(one)
    first, second = taped.done()
    assert (first.start_ms, first.end_ms, first.pictures) == (NOON, NOON + 1_900, 20)
    assert (second.start_ms, second.pictures) == (NOON + 2_000, 10)
    assert first.keys.at_ms == [0, 1_000]
    for made in (first, second):
        count, said = decoded(tmp_path / made.path)
        assert count == made.pictures
        assert len(re.findall(r"Stream #", said.partition("Stream mapping")[0])) == 1
        assert "Audio" not in said
        again = index.of_file(made.path, made.id, read_file((tmp_path / made.path).read_bytes()))
        assert again == made
        assert (tmp_path / made.path).stat().st_mode & 0o077 == 0, "for nobody else"


def test_gaps_jumps_and_new_descriptions_begin_a_new_recording(h264: bytes, tmp_path: Path) -> None:
    init, pictures = pieces(h264)
    taped = Taped(tmp_path)
    taped.tape.begin(init, Kept())
    for one in came(pictures[:15], NOON):  # the second ends amid a group
        taped.tape.show(one)
    for one in came(pictures[:10], NOON + 60_000, at_s=60):  # nothing for a minute
        taped.tape.show(one)
    for one in came(pictures[:10], NOON + 61_000, at_s=90_000):  # the camera's clock leaps
        taped.tape.show(one)
    for one in came(pictures[5:10], NOON + 70_000, at_s=90_030):  # nothing that stands by itself
        taped.tape.show(one)
    taped.tape.begin(Init(init.data, init.codec, init.timescale, 64, 48), Kept())
    for one in came(pictures[:10], NOON + 80_000):
        taped.tape.show(one)
    done = taped.done()
    assert [(one.start_ms - NOON, one.end_ms - NOON) for one in done] == [
        (0, 1_400),
        (60_000, 60_900),
        (61_000, 61_900),
        (80_000, 80_900),
    ]
    assert done[-1].init.width == 64
    found = spans([Span(one.start_ms, one.end_ms) for one in done])
    assert [(one.start_ms - NOON, one.end_ms - NOON) for one in found] == [
        (0, 1_400),
        (60_000, 61_900),
        (80_000, 80_900),
    ]


def test_cameras_that_drift_stay_at_the_wall_clock(h264: bytes, tmp_path: Path) -> None:
    init, (first, *_) = pieces(h264)
    taped = Taped(tmp_path, lasts_ms=10_000)
    taped.tape.begin(init, Kept())
    for n in range(3_000):  # five minutes; the camera's clock loses a tenth of a percent, the way takes 30 to 80 ms
        taped.tape.show(Fragment(first.data, True, n * 0.1 * 0.999, NOON + n * 100 + 30 + n % 6 * 10))
    done = taped.done()
    assert len(done) > 20
    assert [one.pictures for one in done[:-1]] == [len(one.keys.at_ms) for one in done[:-1]]
    for before, after in pairwise(done):
        assert 0 < after.start_ms - before.end_ms < 140
    for one in done:
        n = NOON + 30
        assert min(abs((one.start_ms - n) % 100), 100 - (one.start_ms - n) % 100) < 60


def test_what_the_disk_refuses_is_cut_and_the_rest_plays(h264: bytes, tmp_path: Path) -> None:
    init, pictures = pieces(h264)
    script = (
        "import resource, sys, pickle, pathlib; from dure.video.past.recorder import Tape;"
        "from dure.video.past.writer import Writer; from dure.video.model import Kept;"
        "init, pictures, folder, most = pickle.load(sys.stdin.buffer);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)); failed = [];"
        "writer = Writer(failed.append); tape = Tape('S-1', pathlib.Path(folder), writer, lambda one: None);"
        "tape.begin(init, Kept()); [tape.show(one) for one in pictures]; tape.end(); writer.end();"
        "print(len(failed), failed[0].written)"
    )
    most = sum(len(one.data) for one in pictures[:20]) + len(init.data)
    given = pickle.dumps((init, came(pictures, NOON), str(tmp_path), most))
    done = subprocess.run([sys.executable, "-c", script], input=given, capture_output=True, check=True)
    (file,) = tmp_path.glob("*/*/*.mp4")
    assert done.stdout.split() == [b"1", str(file.stat().st_size).encode()]
    assert file.stat().st_size <= most
    found = read_file(file.read_bytes())
    assert (found.size, len(found.shots)) == (file.stat().st_size, 19), "the stamps take one picture's room"


_CHILD = """
import asyncio, os, sys
from pathlib import Path
from dure.engine.database import Database
from dure.video.past.recorder import Recorder
from dure.video.relay import Relay, Viewer
from tests.video.test_relay import found_at

class Told(Viewer):
    def show(self, fragment):
        os.write(1, b".")

async def main():
    database = Database(sys.argv[1])
    relay = Relay(found_at(int(sys.argv[2])))
    recorder = Recorder(database, relay, Path(sys.argv[3]))
    with relay.watching("S-1", Told()):
        await recorder.run()

asyncio.run(main())
"""


async def test_after_a_kill_all_but_the_last_picture_plays(
    database: Database, database_url: str, cameras: Served, tmp_path: Path
) -> None:
    await recorded(database, "S-1")
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _CHILD, database_url, str(cameras[1]), str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert child.stdout is not None
    await child.stdout.readexactly(50)
    async with database.transaction() as tx, asyncio.timeout(30):
        while not await tx.scalar(text("select count(*) from video_recording where state = 'open'")):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    os.kill(child.pid, signal.SIGKILL)
    shown = 50 + len(await child.stdout.read())
    await child.wait()
    (file,) = index.folder_of(tmp_path).glob("*/*/*.mp4")
    half = file.read_bytes()
    file.write_bytes(half + half[-40:])  # as if it had been amid the next one
    assert await index.repair(database, index.folder_of(tmp_path)) == 1
    count, _said = decoded(file)
    assert count >= shown - 2
    async with database.transaction() as tx:
        (row,) = await tx.rows(text("select * from video_recording"))
    assert (row["state"], row["pictures"], row["bytes"]) == ("closed", count, file.stat().st_size)
    assert 800 < Keys.read(row["keys"]).at_ms[1] < 1_200


async def test_a_file_that_the_index_never_knew_is_found_and_rubbish_goes(
    database: Database, h264: bytes, tmp_path: Path
) -> None:
    init, pictures = pieces(h264)
    folder = index.folder_of(tmp_path)
    taped = Taped(folder)
    taped.tape.begin(init, Kept())
    async with database.transaction() as tx:
        now = round(tx.now().timestamp() * 1_000)
    for one in came(pictures, now - 5_000):
        taped.tape.show(one)
    (known,) = taped.done()
    rubbish = folder / path_of("S-2", at(now), new_id())
    rubbish.parent.mkdir(parents=True)
    rubbish.write_bytes(b"\0\0\0\x18ftypwhatever")
    assert await index.repair(database, folder) == 2
    async with database.transaction() as tx:
        rows = await tx.rows(text("select id, camera_id from video_recording"))
    assert [(row["id"], row["camera_id"]) for row in rows] == [(known.id, "S-1")]
    assert not rubbish.exists()
    assert await index.repair(database, folder) == 0


async def test_cameras_are_recorded_while_they_are_to_be(database: Database, cameras: Served, tmp_path: Path) -> None:
    await recorded(database, "S-1", "S-2")
    relay = Relay(found_at(cameras[1]), kept_s=0.1)
    recorder = Recorder(database, relay, tmp_path)
    await recorder.follow()
    async with asyncio.timeout(60):
        while not all((now := recorder.writing(one)) and now.pictures > 20 for one in ("S-1", "S-2")):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await recorder.note()
    async with database.transaction() as tx:
        await tx.execute(text("update camera set recorded = false where id = 'S-2'"))
    await recorder.follow()
    assert recorder.writing("S-2") is None
    await recorder.note()
    async with database.transaction() as tx:
        rows = await tx.rows(text("select camera_id, state from video_recording order by camera_id, started_at"))
    assert {row["state"] for row in rows if row["camera_id"] == "S-2"} == {"closed"}
    assert rows[-1]["state"] == "closed"
    assert "open" in {row["state"] for row in rows if row["camera_id"] == "S-1"}
    await recorder.close()
    await relay.end()
    async with database.transaction() as tx:
        assert await tx.scalar(text("select count(*) from video_recording where state <> 'closed'")) == 0
        paths = [row["path"] for row in await tx.rows(text("select path from video_recording"))]
    for path in paths:
        data = (index.folder_of(tmp_path) / path).read_bytes()
        assert b"soun" not in data[:4_000]
        assert b"vide" in data[:4_000]


def test_tables_and_migration_agree(database_url: str) -> None:
    engine = create_engine(driver_url(database_url))
    ours = {table.name for table in vars(tables).values() if getattr(table, "metadata", None) is metadata}

    def of_ours(_object: object, name: str | None, kind: str, *_rest: object) -> bool:
        return kind != "table" or name in ours

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": of_ours})
        assert compare_metadata(context, metadata) == []
    engine.dispose()
