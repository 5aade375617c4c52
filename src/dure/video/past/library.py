"""Finds and reads what was recorded: for a camera, from when until when."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from dure.engine.database import Database
from dure.video.model import Fragment, Init, read_init
from dure.video.past import queries
from dure.video.past.index import Recording
from dure.video.past.model import DAYS, GAP_MS, Keys, Shot, at, ms, shots
from dure.video.past.pieces import groups

KEYS_APART_MS = 12_000
"""So far apart pictures that stand by themselves may be for one to be shown until the next, at high speed."""


class Fresh(Protocol):
    """What is being recorded now."""

    folder: Path

    def fresh(self, camera_id: str) -> list[Recording]:
        """Recordings of which the index may not know all yet."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """A recording that can be read: from when until when it may be shown, and its groups of pictures."""

    path: Path
    init_bytes: int
    start_ms: int
    begin_ms: int
    end_ms: int
    size: int
    keys: Keys


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures that stand by their first; when the group behind them begins, where that is known."""

    pictures: Sequence[Fragment]
    after_ms: int | None


class Library:
    """What one relay has recorded."""

    def __init__(self, database: Database, recorder: Fresh) -> None:
        self._database = database
        self._recorder = recorder

    async def find(self, camera_id: str, since_ms: int, until_ms: int) -> list[Part]:
        """The recordings that touch a stretch and may still be shown, in order. Raises Unavailable."""
        async with self._database.transaction() as tx:
            rows = await tx.rows(
                queries.SHOWN,
                {"cameras": [camera_id], "since": at(since_ms), "until": at(until_ms), "now": tx.now(), "days": DAYS},
            )
        found: dict[UUID, Part] = {}
        for row in rows:
            if row["keys"] is None:
                continue
            start, oldest = ms(row["started_at"]), ms(row["oldest"])
            found[row["id"]] = Part(
                self._recorder.folder / row["path"],
                row["init_bytes"],
                start,
                max(start, oldest),
                ms(row["ended_at"]),
                row["bytes"],
                Keys.read(row["keys"]),
            )
        for one in self._recorder.fresh(camera_id):
            if one.pictures and one.start_ms < until_ms and one.end_ms > since_ms:
                path = self._recorder.folder / one.path
                start = one.start_ms
                found[one.id] = Part(path, len(one.init.data), start, start, one.end_ms, one.bytes, one.keys)
        return sorted(found.values(), key=lambda part: part.start_ms)


def description(part: Part) -> Init:
    """How its stream begins. Raises BrokenStream; FileNotFoundError where it is gone. Blocking."""
    with part.path.open("rb") as file:
        return read_init(file.read(part.init_bytes))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read: groups that touch `since_ms` until `until_ms`; of them nothing before `from_ms` or from `to_ms` on.
    With `keys_only` of each group the first picture.
    """

    since_ms: int
    until_ms: int
    from_ms: int
    to_ms: int
    keys_only: bool = False


def read(part: Part, timescale: int, wanted: Wanted) -> Iterator[Group]:
    """Groups of pictures, in order; a group that begins too early is left out whole. Raises OSError. Blocking."""
    apart = KEYS_APART_MS if wanted.keys_only else GAP_MS
    fd = os.open(part.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        for start, end, after in groups(part.keys, part.start_ms, part.size, wanted.since_ms, wanted.until_ms):
            found = _group(fd, start, end, timescale, keys_only=wanted.keys_only)
            if not found or found[0].came_ms < max(wanted.from_ms, part.begin_ms):
                continue
            found = [one for one in found if one.came_ms < wanted.to_ms]
            if found:
                near = after is not None and after - found[-1].came_ms <= apart
                yield Group(found, after if near else None)
    finally:
        os.close(fd)


def _group(fd: int, start: int, end: int, timescale: int, *, keys_only: bool) -> list[Fragment]:
    data = os.pread(fd, end - start, start)
    found: list[Fragment] = []
    for shot in shots(data, timescale):
        found.append(_fragment(data, shot))
        if keys_only:
            break
    return found


def _fragment(data: bytes, shot: Shot) -> Fragment:
    return Fragment(data[shot.start : shot.end], shot.key, shot.at_s, shot.at_ms)
