"""Records the cameras that are to be recorded: one more listener of the relay for each, and one that minds them all."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from errno import ENOSPC
from itertools import count
from pathlib import Path
from typing import Protocol

from dure.engine.database import Database
from dure.kernel.errors import Unavailable
from dure.kernel.ids import new_id
from dure.video.model import Fragment, Init, Kept
from dure.video.past import index, queries, sweep
from dure.video.past.index import Recording
from dure.video.past.model import LASTS_MS, MOST_BYTES, Clock, at, opening, path_of, stamped
from dure.video.past.sweep import Limits
from dure.video.past.writer import File, Writer
from dure.video.relay import Relay, State, Viewer
from dure.video.source import Trouble

log = logging.getLogger(__name__)
LOOK_S = 2.0
"""How soon a camera that is to be recorded is, and how far the index may be behind."""
EARLY_S = 3_600.0
"""So long after pictures went before their time it is said: at the edge some go each minute."""
ROOM_EVERY, RETIRE_EVERY = 5, 150
"""Each so many looks: whether the disk has room, and whose time is over."""


class Writes(Protocol):
    """Where recordings are written (`writer.Writer`)."""

    @property
    def overfull(self) -> bool:
        """Whether it does not keep up."""
        ...

    def append(self, file: File, data: bytes) -> None:
        """Write behind what there is."""
        ...

    def close(self, file: File) -> None:
        """No more follows."""
        ...


class Tape(Viewer):
    """One camera's recordings, as its pictures come."""

    def __init__(
        self, camera_id: str, folder: Path, writer: Writes, noted: Callable[[Recording], None], lasts_ms: int = LASTS_MS
    ) -> None:
        super().__init__()
        self.camera_id = camera_id
        self.now: Recording | None = None
        self.file: File | None = None
        self.paused = False
        self._folder = folder
        self._writer = writer
        self._noted = noted
        self._lasts_ms = lasts_ms
        self._stream: Init | None = None
        self._clock = Clock()

    def state(self, state: State, why: Trouble | None = None) -> None:
        """Nobody is told: what does not come is a gap."""

    def begin(self, init: Init, kept: Kept) -> None:
        """A stream begins anew, and with it a recording."""
        self.end()
        self._stream = init
        for picture in kept.group:
            self.show(picture)

    def show(self, fragment: Fragment) -> None:
        """One more picture: behind the others, or the first of a new recording where it does not follow them."""
        if self._stream is None or self.paused or self._writer.overfull:
            self.end()
            return
        if self.file is not None and self.file.fault is not None:
            self.end()
        at_ms = None if self.now is None else self._clock.place(fragment)
        if at_ms is None:
            self.end()
            if not fragment.key:
                return
            at_ms = self._clock.begin(fragment)
        elif fragment.key and self._is_long(at_ms):
            self.end()
        self._write(at_ms, fragment)

    def _is_long(self, at_ms: int) -> bool:
        assert self.now is not None
        return at_ms - self.now.start_ms >= self._lasts_ms or self.now.bytes >= MOST_BYTES

    def _write(self, at_ms: int, fragment: Fragment) -> None:
        assert self._stream is not None
        recording, file = self.now, self.file
        if recording is None or file is None:
            id_ = new_id()
            path = path_of(self.camera_id, at(at_ms), id_)
            recording = self.now = Recording(id_, self.camera_id, path, self._stream, at_ms, at_ms)
            file = self.file = File(self._folder / path)
            head = opening(self._stream, self.camera_id)
            self._writer.append(file, head)
            recording.bytes = len(head)
            self._noted(recording)
        data = stamped(at_ms, fragment, recording.init.timescale)
        if fragment.key:
            recording.keys.add(at_ms - recording.start_ms, recording.bytes)
        self._writer.append(file, data)
        recording.bytes += len(data)
        recording.pictures += 1
        recording.end_ms = at_ms

    def end(self) -> None:
        """The recording ends here; the next picture that stands by itself begins another."""
        recording, file = self.now, self.file
        self.now = self.file = None
        if recording is None or file is None:
            return
        self._writer.close(file)
        recording.open = False
        self._noted(recording)


class Recorder:
    """All recorded cameras of this process, and their index."""

    def __init__(
        self, database: Database, relay: Relay, data: Path, limits: Limits | None = None, *, lasts_ms: int = LASTS_MS
    ) -> None:
        self._database = database
        self._limits = limits or Limits()
        self._relay = relay
        self._lasts_ms = lasts_ms
        self.folder = index.folder_of(data)
        self.tapes: dict[str, Tape] = {}
        self.days: Mapping[str, int | None] = {}
        self.paused = False
        self._fault: str | None = None
        self._early: float | None = None
        self._ends: dict[str, ExitStack] = {}
        self._changed: dict[str, Recording] = {}
        self._loop = asyncio.get_running_loop()
        self.writer = Writer(self._refused)

    def _noted(self, recording: Recording) -> None:
        self._changed[str(recording.id)] = recording

    def _refused(self, file: File) -> None:
        """From the writer's thread."""
        self._loop.call_soon_threadsafe(self._failed, file)

    def _failed(self, file: File) -> None:
        """The disk refused: what is whole stays, the rest is no part of the index."""
        self._fault = "disk full" if file.fault is None or file.fault.errno == ENOSPC else str(file.fault.strerror)
        for recording in (*self._changed.values(), *(tape.now for tape in self.tapes.values() if tape.now)):
            if self.folder / recording.path == file.path:
                recording.bytes = file.written
                recording.keys.until(file.written)

    async def follow(self) -> None:
        """Begin with cameras that are to be recorded now, end with those that are not. Raises Unavailable."""
        async with self._database.transaction() as tx:
            rows = await tx.rows(queries.RECORDED)
        self.days = {row["id"]: row["retention_days"] for row in rows}
        for camera_id in self.tapes.keys() - self.days.keys():
            self._stop(camera_id)
        for camera_id in self.days.keys() - self.tapes.keys():
            tape = Tape(camera_id, self.folder, self.writer, self._noted, self._lasts_ms)
            tape.paused = self.paused
            stack = ExitStack()
            stack.enter_context(self._relay.watching(camera_id, tape))
            self.tapes[camera_id], self._ends[camera_id] = tape, stack

    def _stop(self, camera_id: str) -> None:
        self._ends.pop(camera_id).close()
        self.tapes.pop(camera_id).end()

    async def note(self) -> None:
        """Bring the index up to date. Raises Unavailable; it is noted the next time then."""
        going_on = {str(tape.now.id): tape.now for tape in self.tapes.values() if tape.now is not None}
        changed, self._changed = self._changed | going_on, {}
        rows = [one.row() for one in changed.values() if one.pictures]
        try:
            async with self._database.transaction() as tx:
                await index.put(tx, rows)
        except BaseException:
            self._changed = changed | self._changed
            raise

    def writing(self, camera_id: str) -> Recording | None:
        """The recording of a camera that is being written."""
        tape = self.tapes.get(camera_id)
        return None if tape is None else tape.now

    def fresh(self, camera_id: str) -> list[Recording]:
        """Recordings of a camera of which the index may not know all yet. Of their bytes the last may be on their way
        to the disk.
        """
        now = self.writing(camera_id)
        found = [one for one in self._changed.values() if one.camera_id == camera_id and one is not now]
        return found if now is None else [*found, now]

    async def run(self) -> None:
        """For as long as the process lives."""
        await self._repaired()
        try:
            for turn in count():
                try:
                    await self._minded(turn)
                except Unavailable:
                    log.warning("the index waits for the database; what is recorded goes on")
                except OSError as error:
                    log.warning("recordings cannot be cleared away: %s", error.strerror)
                await asyncio.sleep(LOOK_S)
        finally:
            await self.close()

    async def _minded(self, turn: int) -> None:
        if turn % RETIRE_EVERY == 0:
            await sweep.retire(self._database, self.folder)
        if turn % ROOM_EVERY == 0 or self._fault:
            await self.look_at_room()
        await self.follow()
        await self.note()

    async def look_at_room(self) -> None:
        """Let the oldest go where there is no room for the new; where there is none even then, nothing is recorded
        until there is, and live pictures go on. Raises Unavailable, OSError.
        """
        fault, self._fault = self._fault, None
        early, room = await sweep.make_room(self._database, self.folder, self._limits)
        now = time.monotonic()
        self._early = now if early else self._early
        early = early or int(self._early is not None and now - self._early < EARLY_S)
        self.paused = not room
        for tape in self.tapes.values():
            tape.paused = self.paused
        fault = fault or ("the disk is too slow" if self.writer.overfull else None)
        await sweep.tell(self._database, early=early, room=room, fault=fault)

    async def _repaired(self) -> None:
        while True:
            try:
                found = await index.repair(self._database, self.folder)
            except Unavailable:
                await asyncio.sleep(LOOK_S)
                continue
            if found:
                log.info("%d recordings were read again", found)
            return

    async def close(self) -> None:
        """End all recordings, and note them where that can be."""
        for camera_id in list(self.tapes):
            self._stop(camera_id)
        await asyncio.to_thread(self.writer.end)
        try:
            await self.note()
        except Unavailable:
            log.warning("the last recordings are read again at the next start")
