"""Past pictures end: with their camera's time, the oldest first on a full disk, never what an investigation holds."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.ids import new_id
from dure.video.kept import VIDEO
from dure.video.past import index, queries, sweep
from dure.video.past import recorder as recorder_module
from dure.video.past.model import DAYS
from dure.video.past.recorder import Recorder
from dure.video.past.sweep import Limits, wanting
from dure.video.relay import Relay
from tests.video.past.made import kept, recorded

pytestmark = pytest.mark.timeout(120)
GB = 1 << 30


async def left(database: Database, data: Path) -> tuple[set[str], set[str]]:
    """The paths in the index, and those on the disk."""
    folder = index.folder_of(data)
    async with database.transaction() as tx:
        rows = await tx.rows(text("select path from video_recording"))
    return {row["path"] for row in rows}, {one.relative_to(folder).as_posix() for one in folder.glob("*/*/*.mp4")}


async def hold(database: Database, camera: str) -> None:
    """An investigation holds a camera's pictures."""
    async with database.transaction() as tx:
        await tx.execute(
            text(
                "insert into retention_hold (id, scope, target, reason, created_at, created_by, until_at) "
                "values (:id, 'camera', :camera, '수사', :now, 'test', :until)"
            ),
            {"id": new_id(), "camera": camera, "now": tx.now(), "until": tx.now() + timedelta(days=90)},
        )


async def records(database: Database) -> list[dict[str, Any]]:
    """What the record of destruction says."""
    async with database.transaction() as tx:
        return [dict(row) for row in await tx.rows(text("select kind, things from retention_record order by at"))]


async def test_each_camera_has_its_own_days_and_nothing_of_what_is_over_is_left(
    database: Database, h264: bytes, tmp_path: Path
) -> None:
    await recorded(database, "S-1")
    await recorded(database, "S-7", days=7)
    await recorded(database, "S-60", days=60)
    async with database.transaction() as tx:
        now = tx.now()
    ages = {"S-1": (31, 29), "S-7": (8, 6), "S-60": (61, 31), "S-gone": (31, 1)}
    stays = set()
    for camera, (over, good) in ages.items():
        _old, young = await kept(
            database, tmp_path, camera, h264, now - timedelta(days=over), now - timedelta(days=good)
        )
        stays.add(str(young.path))
    async with database.transaction() as tx:
        assert VIDEO.find_due is not None
        due = await VIDEO.find_due(tx, now - timedelta(days=DAYS), None, 10)
        values = {"cameras": list(ages), "since": now - timedelta(days=99), "until": now, "now": now, "days": DAYS}
        shown = await tx.rows(queries.SHOWN, values)
    assert len(due) == 4, "and the table of what goes tomorrow says so"
    assert {row["path"] for row in shown} == stays, "what is over is not shown, gone yet or not"
    assert await sweep.retire(database, index.folder_of(tmp_path)) == 4
    assert await left(database, tmp_path) == (stays, stays)
    assert await records(database) == [{"kind": "video", "things": 4}]
    days = {path.split("/")[0] for path in stays}
    assert {one.name for one in index.folder_of(tmp_path).iterdir()} == days, "no empty folder says that there was one"
    assert await sweep.retire(database, index.folder_of(tmp_path)) == 0


async def test_what_an_investigation_holds_stays_and_a_sudden_end_amid_it_leaves_nothing(
    database: Database, h264: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.transaction() as tx:
        old = tx.now() - timedelta(days=40)
    (held,) = await kept(database, tmp_path, "S-1", h264, old)
    await kept(database, tmp_path, "S-2", h264, old + timedelta(hours=1))
    await hold(database, "S-1")
    folder = index.folder_of(tmp_path)

    def fails(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(sweep, "_AT_ONCE", 1)
    with monkeypatch.context() as broken:
        broken.setattr(sweep, "_unlink", fails)
        with pytest.raises(OSError, match="Input"):
            await sweep.retire(database, folder)
    assert len(await records(database)) == 1
    assert await sweep.retire(database, folder) == 0
    assert await left(database, tmp_path) == ({str(held.path)}, {str(held.path)})
    assert len(await records(database)) == 1, "one thing, one line"


async def test_on_a_full_disk_the_oldest_goes_the_last_hours_stay_and_everybody_hears_of_it(
    database: Database, h264: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.transaction() as tx:
        now = tx.now()
    made = await kept(database, tmp_path, "S-1", h264, *(now - timedelta(hours=one) for one in (50, 40, 30, 10, 5)))
    (held,) = await kept(database, tmp_path, "S-2", h264, now - timedelta(hours=60))
    await hold(database, "S-2")
    folder, each = index.folder_of(tmp_path), made[0].bytes
    roomy = Limits(most=4 * each + each // 2, free=0, free_share=0)
    recorder = Recorder(database, Relay(_nowhere), tmp_path, roomy)
    await recorder.look_at_room()
    stays = {str(one.path) for one in (*made[2:], held)}
    assert await left(database, tmp_path) == (stays, stays), "the oldest two, and what is held for an investigation"
    assert await engine(database) == ("lagging", "disk full: the oldest went")
    await recorder.look_at_room()
    assert await engine(database) == ("lagging", "disk full: the oldest went"), "at the edge it is said for an hour"
    monkeypatch.setattr(recorder_module, "EARLY_S", 0.0)
    await recorder.look_at_room()
    assert await engine(database) == ("running", None)
    tight = Limits(most=each, free=0, free_share=0)
    assert await sweep.make_room(database, folder, tight) == (1, False)
    stays = {str(one.path) for one in (*made[3:], held)}
    assert await left(database, tmp_path) == (stays, stays), "the last day stays"
    recorder._limits = tight
    await recorder.look_at_room()
    assert bool(recorder.paused)
    assert await engine(database) == ("stopped", "disk full")
    recorder._limits = roomy
    await recorder.look_at_room()
    assert not bool(recorder.paused)
    await recorder.close()


async def engine(database: Database) -> tuple[str, str | None]:
    """What screens are told of it."""
    async with database.transaction() as tx:
        row = await tx.row(text("select state, last_exit from engine_process where name = 'recordings'"))
    assert row is not None
    return row["state"], row["last_exit"]


async def _nowhere(camera_id: str) -> str:
    raise AssertionError(camera_id)


def test_a_disk_of_its_own_and_one_for_all_are_told_apart() -> None:
    limits = Limits(most=10 * GB, free=2 * GB, free_share=0.03)
    assert wanting(limits, 9 * GB, 100 * GB, 50 * GB) < 0
    assert wanting(limits, 11 * GB, 100 * GB, 50 * GB) == GB
    assert wanting(limits, 1 * GB, 50 * GB, 1 * GB) == GB
    assert wanting(Limits(free=0, free_share=0.1), 1 * GB, 100 * GB, 4 * GB) == 6 * GB
