"""Past pictures end: with their time, and the oldest first where the disk has no room for new ones.

A file goes in three steps, each of which can be taken again: its row becomes `going` together with the record of
destruction, the file is removed, the row is deleted. What is `going` is shown to nobody.
"""

import asyncio
import logging
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import RowMapping

from dure.engine import processes
from dure.engine.database import Database, Tx
from dure.trust.retention import recording
from dure.trust.retention.model import Thing
from dure.video.kept import VIDEO
from dure.video.past import queries
from dure.video.past.model import DAYS

log = logging.getLogger(__name__)
ENGINE = "recordings"
"""The row among the engines' by which screens hear of a full disk."""
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Limits:
    """What past pictures may take: `most` bytes (0: as the disk has), with `free` bytes of the disk and a share of it
    left to everything else. The last `keep` stay, however full it is.
    """

    most: int = 0
    keep: timedelta = timedelta(hours=24)
    free: int = 2 << 30
    free_share: float = 0.03


def wanting(limits: Limits, taken: int, disk_total: int, disk_free: int) -> int:
    """How many bytes must go; none or fewer: there is room. Pure."""
    over = taken - limits.most if limits.most else 0
    return max(over, max(limits.free, round(disk_total * limits.free_share)) - disk_free)


def _thing(row: RowMapping) -> Thing:
    return Thing(
        str(row["id"]),
        row["started_at"],
        row["ended_at"],
        cameras=frozenset({row["camera_id"]}),
        begin=row["started_at"],
    )


async def _go(tx: Tx, rows: Sequence[RowMapping]) -> set[str]:
    """Those that nothing holds are in the record and shown to nobody from the commit on."""
    going = {one.id for one in await recording.ending(tx, VIDEO, [_thing(row) for row in rows])}
    if going:
        await tx.execute(queries.GO, {"ids": [row["id"] for row in rows if str(row["id"]) in going]})
    return going


async def retire(database: Database, folder: Path) -> int:
    """Destroy what is past its camera's time and not held; how many files. Raises Unavailable, OSError."""
    gone, after_at, after_id = 0, None, None
    while True:
        async with database.transaction() as tx:
            values = {"now": tx.now(), "days": DAYS, "most": _AT_ONCE, "after_at": after_at, "after_id": after_id}
            rows = await tx.rows(queries.OVER, values)
            gone += len(await _go(tx, rows))
        if len(rows) < _AT_ONCE:
            break
        after_at, after_id = rows[-1]["started_at"], rows[-1]["id"]
    await remove(database, folder)
    return gone


async def remove(database: Database, folder: Path) -> None:
    """Take what is `going` off the disk and out of the index. Raises Unavailable, OSError."""
    while True:
        async with database.transaction() as tx:
            rows = await tx.rows(queries.GOING, {"most": _AT_ONCE})
        if not rows:
            return
        await asyncio.to_thread(_unlink, folder, [row["path"] for row in rows])
        async with database.transaction() as tx:
            await tx.execute(queries.FORGET, {"ids": [row["id"] for row in rows]})


def _unlink(folder: Path, paths: Sequence[str]) -> None:
    for path in paths:
        file = folder / path
        file.unlink(missing_ok=True)
        for parent in (file.parent, file.parent.parent):
            with suppress(OSError):  # others are in it
                parent.rmdir()


async def make_room(database: Database, folder: Path, limits: Limits) -> tuple[int, bool]:
    """Destroy the oldest where there is no room: how many files went before their time, and whether there is room now.
    Raises Unavailable, OSError.
    """
    gone, after_at, after_id = 0, None, None
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True, mode=0o700)
    while (want := await _wanting(database, folder, limits)) > 0:
        async with database.transaction() as tx:
            values = {"before": tx.now() - limits.keep, "most": _AT_ONCE, "after_at": after_at, "after_id": after_id}
            rows = await tx.rows(queries.OLDEST, values)
            enough = list(rows)
            for count, row in enumerate(rows, start=1):
                want -= row["bytes"]
                if want <= 0:
                    enough = list(rows[:count])
                    break
            went = await _go(tx, enough)
        if not rows:
            return gone, False
        after_at, after_id = enough[-1]["started_at"], enough[-1]["id"]
        gone += len(went)
        await remove(database, folder)
    return gone, True


async def _wanting(database: Database, folder: Path, limits: Limits) -> int:
    taken = 0
    if limits.most:
        async with database.transaction() as tx:
            taken = int(await tx.scalar(queries.BYTES))
    disk = await asyncio.to_thread(shutil.disk_usage, folder)
    return wanting(limits, taken, disk.total, disk.free)


async def tell(database: Database, *, early: int, room: bool, fault: str | None) -> None:
    """Say on every screen whether pictures are kept: well, at the cost of the oldest, or not at all."""
    state = "stopped" if not room or fault else "lagging" if early else "running"
    why = fault or ("disk full" if not room else "disk full: the oldest went" if early else None)
    async with database.transaction() as tx:
        await processes.report(tx, ENGINE, state, last_exit=why)
