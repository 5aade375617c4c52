"""Finds and reads what was recorded: for a camera, from when until when."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from dure.engine.database import Database
from dure.video.model import Fragment, Init, read_init
from dure.video.past import queries
from dure.video.past.index import Recording
from dure.video.past.model import DAYS, GAP_MS, Keys, Shot, Span, at, holes, ms, shots
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
    held: bytearray | None = None
    """Its bytes where they lie in memory and not at `path`: those of a recorder."""


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures that stand by their first; when the group behind them begins, where that is known."""

    pictures: Sequence[Fragment]
    after_ms: int | None


class Elsewhere(Protocol):
    """What stands on recorders."""

    async def parts(self, camera_id: str, since_ms: int, until_ms: int, *, keys_only: bool) -> list[Part]:
        """What of a camera's past between these times stands there. Raises Unavailable, BrokenStream."""
        ...


class Library:
    """What one relay has recorded, and what stands on recorders where it has not."""

    def __init__(self, database: Database, recorder: Fresh, elsewhere: Elsewhere | None = None) -> None:
        self._database = database
        self._recorder = recorder
        self._elsewhere = elsewhere

    async def find(self, camera_id: str, since_ms: int, until_ms: int, *, keys_only: bool = False) -> list[Part]:
        """The recordings that touch a stretch and may still be shown, in order. Raises Unavailable; BrokenStream where
        a recorder does not send what it has.
        """
        own = await self._own(camera_id, since_ms, until_ms)
        if self._elsewhere is None:
            return own
        there: list[Part] = []
        for hole in holes([Span(one.start_ms, one.end_ms) for one in own], since_ms, until_ms):
            there += await self._elsewhere.parts(camera_id, hole.start_ms, hole.end_ms, keys_only=keys_only)
        return sorted([*own, *there], key=lambda part: part.start_ms)

    async def _own(self, camera_id: str, since_ms: int, until_ms: int) -> list[Part]:
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
    if part.held is not None:
        return read_init(bytes(part.held[: part.init_bytes]))
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
    with _opened(part) as take:
        for start, end, after in groups(part.keys, part.start_ms, part.size, wanted.since_ms, wanted.until_ms):
            found = _group(take(start, end), timescale, keys_only=wanted.keys_only)
            if not found or found[0].came_ms < max(wanted.from_ms, part.begin_ms):
                continue
            found = [one for one in found if one.came_ms < wanted.to_ms]
            if found:
                near = after is not None and after - found[-1].came_ms <= apart
                yield Group(found, after if near else None)


@contextmanager
def _opened(part: Part) -> Iterator[Callable[[int, int], bytes]]:
    """What reads its bytes from one place to another."""
    if part.held is not None:
        held = part.held
        yield lambda start, end: bytes(held[start:end])
        return
    fd = os.open(part.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield lambda start, end: os.pread(fd, end - start, start)
    finally:
        os.close(fd)


def _group(data: bytes, timescale: int, *, keys_only: bool) -> list[Fragment]:
    found: list[Fragment] = []
    for shot in shots(data, timescale):
        found.append(_fragment(data, shot))
        if keys_only:
            break
    return found


def _fragment(data: bytes, shot: Shot) -> Fragment:
    return Fragment(data[shot.start : shot.end], shot.key, shot.at_s, shot.at_ms)
