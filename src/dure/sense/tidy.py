"""What history needs now and then: small files of an hour become one, and what is in no manifest is swept."""

import asyncio
import logging
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dure.engine import history
from dure.engine.context import Context
from dure.kernel.errors import Unavailable
from dure.sense import manifest, refusals
from dure.sense.history_write import folder_of
from dure.sense.manifest import File

log = logging.getLogger(__name__)
MOST_ROWS = 5_000_000
"""Of one merged file."""
SETTLED = timedelta(minutes=15)
"""An hour is over for the writer so long after its end."""
ORPHAN_S = 3_600.0
"""A file younger than this may wait for its line in the manifest."""


async def tidy(context: Context) -> None:
    """Merge, bound, sweep. Raises Unavailable where the database is away."""
    async with context.database.transaction() as tx:
        await refusals.trim(tx, datetime.min.replace(tzinfo=UTC))
    try:
        while await merge_one(context):
            pass
    except (Unavailable, FileNotFoundError) as error:
        log.warning("history's files are merged later: %s", error)
    await sweep(context)


async def merge_one(context: Context) -> bool:
    """Make one file of the files of one past hour; False where none needs it."""
    async with context.database.transaction() as tx:
        files = await manifest.crowded_hour(tx, tx.now() - SETTLED - timedelta(hours=1), MOST_ROWS)
    if not files:
        return False
    merged = await _merged(context, files)
    async with context.database.transaction() as tx:
        gone = await manifest.remove(tx, [one["path"] for one in files])
        if gone == len(files):
            await manifest.add(tx, [merged])
            return True
    raise FileNotFoundError("the hour's files changed while they were merged")


async def _merged(context: Context, files: Sequence[Any]) -> File:
    folder = folder_of(context.settings.data)
    first, last = min(one["first_seq"] for one in files), max(one["last_seq"] for one in files)
    hour = files[0]["hour"]
    path = manifest.path_of(hour, files[0]["origin"], first, last, len(files))
    beside = (folder / path).with_name(f".{first}-{last}.{os.getpid()}.tmp")
    sources = ", ".join(_quoted(folder / one["path"]) for one in files)
    rows = await history.ask(
        f"copy (select * from read_parquet([{sources}], hive_partitioning = false) "
        f"order by device, property, observed_at) to {_quoted(beside)} (format parquet, compression zstd)",
        [],
        folder=folder / "tmp",
        timeout_s=600,
    )
    wanted = sum(one["rows"] for one in files)
    if rows != [[wanted]]:
        raise FileNotFoundError(f"merged {rows} of {wanted} rows")
    written = await asyncio.to_thread(history.settled, beside, folder / path)
    return File(
        path,
        written.sha256,
        written.size,
        wanted,
        files[0]["origin"],
        first,
        last,
        hour,
        min(one["min_at"] for one in files),
        max(one["max_at"] for one in files),
    )


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


async def sweep(context: Context) -> list[str]:
    """Delete what stands in no manifest and is old enough not to wait for it; tells what."""
    folder = folder_of(context.settings.data)
    there = await asyncio.to_thread(_listed, folder)
    async with context.database.transaction() as tx:
        known = await manifest.paths(tx)
    gone = [path for path in there if path not in known]
    await asyncio.to_thread(_delete, folder, gone)
    return gone


def _listed(folder: Path) -> list[str]:
    before = time.time() - ORPHAN_S
    return [
        str(path.relative_to(folder))
        for pattern in ("date=*/hour=*/*.parquet", "date=*/hour=*/.*.tmp")
        for path in folder.glob(pattern)
        if path.stat().st_mtime < before
    ]


def _delete(folder: Path, gone: Sequence[str]) -> None:
    for path in gone:
        (folder / path).unlink(missing_ok=True)
