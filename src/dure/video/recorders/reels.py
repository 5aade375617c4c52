"""Past pictures of a recorder while somebody looks at them: taken by a replay that goes on before them, kept in memory
only, and let go a moment after nobody asks any more.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from dure.kernel.errors import Unavailable
from dure.video.model import BrokenStream, Fragment, Init, Kept
from dure.video.past.index import Recording
from dure.video.past.library import Part
from dure.video.past.model import LASTS_MS, ms
from dure.video.past.recorder import Tape
from dure.video.past.writer import File, Writer
from dure.video.recorders.store import Standing
from dure.video.rtsp.replay import Replay
from dure.video.source import NoPicture, Trouble

log = logging.getLogger(__name__)
Where = Callable[[Standing], Awaitable[str]]
"""Where a recording is replayed, with its login, at a judged address. Raises NoPicture."""
WITHIN_S = 8.0
"""So long who asks waits for what a recorder sends slowly; then what has come is shown."""
MOST_REELS = 32
IDLE_S = 15.0
"""So long after the last ask pictures are kept."""
AHEAD_MS = 15_000
MOST_BYTES = 16 << 20
"""Of one reel, beyond what was asked for."""
_LASTS_MS = 10_000
_BEHIND_MS = 15_000
_NEAR_MS = 3_000
_FIRST_S = 5.0
_SILENT_S = 1.5
_STRAY = 3_000
_BEFORE_MS = 30_000
"""So long before what was asked for a group of pictures may begin."""
_LOOK_S = 0.1


class Memory:
    """Takes what a tape writes."""

    overfull = False

    def __init__(self) -> None:
        self.files: dict[Path, bytearray] = {}

    def append(self, file: File, data: bytes) -> None:
        """As the writer of recordings."""
        self.files.setdefault(file.path, bytearray()).extend(data)

    def close(self, file: File) -> None:
        """As the writer of recordings."""


class Reel:
    """One replay of a recording from `since_ms` on (our clock), and what of it is in memory; with a `writer` it is
    written below `folder` as recordings of ours are.
    """

    def __init__(
        self,
        stands: Standing,
        since_ms: int,
        *,
        keys_only: bool = False,
        writer: Writer | None = None,
        folder: Path = Path(),
    ) -> None:
        self.stands = stands
        self.since_ms = since_ms
        self.keys_only = keys_only
        self.reached_ms = since_ms
        self.over = False
        self.trouble: Trouble | None = None
        self.asked = time.monotonic()
        self._ahead_ms = round(stands.ahead / timedelta(milliseconds=1))
        self._memory = Memory()
        self._writer = writer
        self._kept: list[Recording] = []
        lasts_ms = _LASTS_MS if writer is None else LASTS_MS
        self._tape = Tape(stands.camera_id, folder, writer or self._memory, self._noted, lasts_ms)
        self._wanted_ms = since_ms
        self._heard = time.monotonic()
        self._shown = 0
        self._stray = 0
        self._client: Replay | None = None
        self._came = asyncio.Event()

    def _noted(self, recording: Recording) -> None:
        if not any(one is recording for one in self._kept):
            self._kept.append(recording)

    def fits(self, recorder: Standing, since_ms: int, *, keys_only: bool) -> bool:
        """Whether what is asked for from then on is here, or comes next."""
        same = (self.stands.recorder_id, self.stands.token) == (recorder.recorder_id, recorder.token)
        if not same or self.keys_only != keys_only or since_ms < self._since():
            return False
        return since_ms <= self.reached_ms + (0 if self.over else _NEAR_MS)

    def _since(self) -> int:
        return self._kept[0].start_ms if self._kept else self.since_ms

    async def until(self, from_ms: int, until_ms: int, within_s: float = WITHIN_S) -> None:
        """Wait for the pictures until then, or until no more come. Raises BrokenStream with why there are none."""
        self.asked = time.monotonic()
        self._wanted_ms = max(self._wanted_ms, until_ms)
        self._forget(from_ms - _BEHIND_MS)
        self._balance()
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self.reached_ms < until_ms and not self.over:
                    self._came.clear()
                    await self._came.wait()
        if self.trouble is not None and not self._shown:
            raise BrokenStream(f"recorder: {self.trouble.value}")

    def parts(self, since_ms: int, until_ms: int) -> list[Part]:
        """What of it is between these times."""
        return [
            Part(Path(), len(one.init.data), one.start_ms, one.start_ms, one.end_ms, one.bytes, one.keys, held=held)
            for one in self._kept
            if one.pictures and one.start_ms < until_ms and one.end_ms > since_ms
            for held in [self._memory.files[Path() / one.path]]
        ]

    @property
    def recordings(self) -> Sequence[Recording]:
        """What was made of it, in order."""
        return self._kept

    def _forget(self, before_ms: int) -> None:
        """Let go what lies behind."""
        while len(self._kept) > 1 and self._kept[0].end_ms < before_ms and self._kept[0] is not self._tape.now:
            self._memory.files.pop(Path() / self._kept.pop(0).path, None)

    def _balance(self) -> None:
        """Take more, or let the recorder wait."""
        if self._client is None:
            return
        if self._writer is not None:
            self._client.hold(self._writer.waiting > MOST_BYTES)
            return
        ahead = sum(one.bytes for one in self._kept if one.end_ms > self._wanted_ms)
        held = self.reached_ms > self._wanted_ms + AHEAD_MS or (
            self.reached_ms > self._wanted_ms and ahead > MOST_BYTES
        )
        self._client.hold(held)
        self._heard = time.monotonic() if held else self._heard

    def _take(self, piece: Init | Fragment) -> None:
        self._heard = time.monotonic()
        if isinstance(piece, Init):
            self._tape.begin(piece, Kept())
            return
        at_ms = round(piece.came_ms) - self._ahead_ms
        if at_ms < max(self.since_ms, self.reached_ms) - _BEFORE_MS:
            self._stray += 1
            if self._stray > _STRAY:
                raise BrokenStream("pictures of another time")
            return
        if self.keys_only and not piece.key:
            return
        if self._writer is None:  # by the wall clock alone: of what a recorder leaves out the stream's knows nothing
            piece = replace(piece, at_s=(at_ms - self.since_ms + _BEFORE_MS) / 1_000)
        self._tape.show(replace(piece, came_ms=float(at_ms)))
        self._shown += 1
        if at_ms > self.reached_ms:
            self.reached_ms = at_ms
            self._balance()
        self._came.set()

    async def run(self, where: Where) -> None:
        """Until nobody asks any more, or nothing comes any more."""
        try:
            self._client = Replay(
                await where(self.stands), self._take, self.since_ms + self._ahead_ms, keys_only=self.keys_only
            )
            await self._played(self._client)
        except NoPicture as error:
            self.trouble = error.trouble
        except BrokenStream as error:
            log.warning("a recorder's pictures of %s: %s", self.stands.camera_id, error)
            self.trouble = Trouble.NO_PICTURE
        except (OSError, Unavailable):
            self.trouble = Trouble.UNREACHABLE
        finally:
            self._tape.end()
            self.over = True
            self._came.set()
            if self._client is not None:
                self._client.close()

    async def _played(self, client: Replay) -> None:
        await client.open()
        self._heard = time.monotonic()
        keeping = asyncio.create_task(client.keep())
        try:
            while not self._left_alone():
                self._balance()
                ended, _ = await asyncio.wait({client.ended, keeping}, timeout=_LOOK_S, return_when="FIRST_COMPLETED")
                for one in ended:
                    one.result()
                    return
                if time.monotonic() - self._heard > (_SILENT_S if self._shown else _FIRST_S):
                    return  # there is nothing more
        finally:
            keeping.cancel()

    def _left_alone(self) -> bool:
        return time.monotonic() - self.asked > IDLE_S


class Reels:
    """All that is being looked at."""

    def __init__(self, where: Where) -> None:
        self._where = where
        self._reels: dict[Reel, asyncio.Task[None]] = {}

    async def parts(self, stands: Standing, *, keys_only: bool = False) -> list[Part]:
        """The pictures of the stretches where a camera's past stands on a recorder. Raises BrokenStream."""
        found: dict[tuple[int, int], Part] = {}
        for begin, end in stands.spans:
            since, until = ms(begin), ms(end)
            reel = self._fitting(stands, since, keys_only=keys_only)
            await reel.until(since, until)
            found |= {(part.start_ms, id(part.held)): part for part in reel.parts(since, until)}
        return [found[key] for key in sorted(found)]

    def _fitting(self, stands: Standing, since_ms: int, *, keys_only: bool) -> Reel:
        self._tidy()
        for reel in self._reels:
            if reel.fits(stands, since_ms, keys_only=keys_only):
                return reel
        while len(self._reels) >= MOST_REELS:
            self._end(min(self._reels, key=lambda one: one.asked))
        reel = Reel(stands, since_ms, keys_only=keys_only)
        self._reels[reel] = asyncio.create_task(reel.run(self._where), name=f"recorder of {stands.camera_id}")
        return reel

    def _tidy(self) -> None:
        """What is over stays for who asks for it again at once."""
        now = time.monotonic()
        for reel in [one for one in self._reels if one.over and now - one.asked > IDLE_S]:
            self._end(reel)

    def _end(self, reel: Reel) -> None:
        self._reels.pop(reel).cancel()

    async def care(self) -> None:
        """Let go what nobody asks for, for as long as the process lives."""
        try:
            while True:
                await asyncio.sleep(IDLE_S / 3)
                self._tidy()
        finally:
            await self.end()

    async def end(self) -> None:
        """Let all go."""
        tasks: Sequence[asyncio.Task[None]] = list(self._reels.values())
        self._reels.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
