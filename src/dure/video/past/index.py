"""The index of recordings in PostgreSQL, and how it is made whole from the files after a sudden end."""

import asyncio
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID

from dure.engine.database import Database, Tx
from dure.video.model import BrokenStream, Init
from dure.video.past import queries
from dure.video.past.model import Found, Keys, at, id_in, read_file

log = logging.getLogger(__name__)
_RECENT_DAYS = 2


@dataclass(slots=True)
class Recording:
    """One file and what is known of it."""

    id: UUID
    camera_id: str
    path: PurePosixPath
    init: Init
    start_ms: int
    end_ms: int
    bytes: int = 0
    pictures: int = 0
    keys: Keys = field(default_factory=Keys)
    open: bool = True

    def row(self) -> dict[str, Any]:
        """As the index has it."""
        return {
            "id": self.id,
            "camera_id": self.camera_id,
            "started_at": at(self.start_ms),
            "ended_at": at(self.end_ms),
            "path": str(self.path),
            "codec": self.init.codec,
            "width": self.init.width,
            "height": self.init.height,
            "timescale": self.init.timescale,
            "init_id": sha256(self.init.data).digest(),
            "init_bytes": len(self.init.data),
            "bytes": self.bytes,
            "pictures": self.pictures,
            "keys": None if self.open else self.keys.packed(),
            "state": "open" if self.open else "closed",
        }


def folder_of(data: Path) -> Path:
    """Where a city's recordings lie."""
    return data / "video" / "past"


async def put(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Note recordings that are new or have gone on."""
    if rows:
        await tx.execute(queries.PUT, list(rows))


def of_file(path: PurePosixPath, id_: UUID, found: Found) -> Recording:
    """A recording out of its file. Raises BrokenStream for one without a picture."""
    if not found.shots:
        raise BrokenStream("no picture")
    return Recording(
        id_,
        found.camera_id,
        path,
        found.init,
        found.shots[0].at_ms,
        found.shots[-1].at_ms,
        found.size,
        len(found.shots),
        found.keys(),
        open=False,
    )


def recent(folder: Path, now: datetime) -> list[PurePosixPath]:
    """The files of the last days: those that might have been begun while the index was away."""
    if not folder.is_dir():
        return []
    days = sorted((one.name for one in os.scandir(folder) if one.is_dir()), reverse=True)
    since = f"{datetime.fromtimestamp(now.timestamp() - _RECENT_DAYS * 86_400, UTC):%Y-%m-%d}"
    return [
        PurePosixPath(file.relative_to(folder).as_posix())
        for day in days
        if day >= since
        for file in (folder / day).glob("*/*.mp4")
    ]


def repaired(folder: Path, path: PurePosixPath, id_: UUID) -> Recording | None:
    """A file read again and cut where it is not whole; None, and the file gone, where nothing in it can be shown."""
    file = folder / path
    try:
        data = file.read_bytes()
        recording = of_file(path, id_, read_file(data))
    except FileNotFoundError:
        return None
    except BrokenStream:
        log.warning("recording %s holds no picture", path)
        file.unlink(missing_ok=True)
        return None
    if len(data) > recording.bytes:
        os.truncate(file, recording.bytes)
    return recording


async def repair(database: Database, folder: Path) -> int:
    """Read again what a sudden end left open, and what the index does not know; how many. Raises Unavailable, OSError.

    Before anything is recorded: whatever is open now is nobody's.
    """
    async with database.transaction() as tx:
        wanted = {row["id"]: PurePosixPath(row["path"]) for row in await tx.rows(queries.LEFT_OPEN)}
        files = {id_: path for path in await asyncio.to_thread(recent, folder, tx.now()) if (id_ := id_in(path))}
        known = {row["id"] for row in await tx.rows(queries.KNOWN, {"ids": list(files)})}
    wanted |= {id_: path for id_, path in files.items() if id_ not in known}
    for id_, path in wanted.items():
        recording = await asyncio.to_thread(repaired, folder, path, id_)
        async with database.transaction() as tx:
            if recording is None:
                await tx.execute(queries.FORGET, {"ids": [id_]})
            else:
                await put(tx, [recording.row()])
    return len(wanted)
