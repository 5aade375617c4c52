"""Pictures of cameras for all who watch them: one FFmpeg a camera, begun for the first viewer, kept for a while after
the last, begun anew when it ends.
"""

import asyncio
import logging
import time
from asyncio.subprocess import Process
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from dure.engine import ffmpeg
from dure.kernel.errors import Unavailable
from dure.video.model import BrokenStream, Fragment, Init, Kept, Queue, Splitter, pause_s
from dure.video.source import NoPicture, Trouble, arguments, script, trouble_of

log = logging.getLogger(__name__)
KEPT_S = 10.0
"""How long a camera's connection is kept after its last viewer."""
FIRST_WITHIN_S = 10.0
"""How long a camera may take for its first picture."""
SILENT_S = 2.0
"""A camera that sends nothing for so long is shown as standing still."""
DEAD_S = 6.0
"""And after so long is asked anew."""
_READ = 1 << 16
_SAID = 4_000

State = Literal["connecting", "live", "stalled", "failed"]
Find = Callable[[str], Awaitable[str]]
"""From a camera's id to the address to fetch, judged and with its login. Raises NoPicture or Unavailable."""


class Viewer:
    """One screen that watches one camera. `woken` is set when there is something to send."""

    def __init__(self) -> None:
        self.woken = asyncio.Event()
        self.said: deque[dict[str, Any]] = deque(maxlen=20)
        self.init: Init | None = None
        self.queue = Queue()

    def state(self, state: State, why: Trouble | None = None) -> None:
        """Tell how the camera is."""
        self.said.append({"type": "state", "state": state, "why": None if why is None else why.value})
        self.woken.set()

    def begin(self, init: Init, kept: Kept) -> None:
        """A stream begins anew, with what is kept of it."""
        self.init = init
        self.queue.begin(kept.group)
        self.woken.set()

    def show(self, fragment: Fragment) -> None:
        """One more picture."""
        self.queue.put(fragment)
        self.woken.set()


class Camera:
    """One camera that is being watched."""

    def __init__(self, id_: str, find: Find, *, kept_s: float = KEPT_S) -> None:
        self.id = id_
        self.viewers: set[Viewer] = set()
        self._find = find
        self._kept_s = kept_s
        self._init: Init | None = None
        self._kept = Kept()
        self._state: tuple[State, Trouble | None] = ("connecting", None)
        self._task: asyncio.Task[None] | None = None
        self._leaving: asyncio.TimerHandle | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing is fetched for it."""
        return self._task is None

    def enter(self, viewer: Viewer) -> None:
        """One viewer more; they see at once what is kept."""
        self.viewers.add(viewer)
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None
        viewer.state(*self._state)
        if self._init is not None:
            viewer.begin(self._init, self._kept)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"camera {self.id}")

    def leave(self, viewer: Viewer) -> None:
        """One viewer less; the camera is let go a while after the last."""
        self.viewers.discard(viewer)
        if not self.viewers and self._task is not None and self._leaving is None:
            self._leaving = asyncio.get_running_loop().call_later(self._kept_s, self._let_go)

    async def end(self) -> None:
        """Let it go now."""
        task = self._task
        self._let_go()
        if task is not None:
            await asyncio.wait({task}, timeout=3)

    def _let_go(self) -> None:
        self._leaving = None
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._forget()
        self._state = ("connecting", None)

    def _tell(self, state: State, why: Trouble | None = None) -> None:
        if (state, why) == self._state:
            return
        self._state = (state, why)
        log.info("camera %s: %s%s", self.id, state, f" ({why.value})" if why else "")
        for viewer in self.viewers:
            viewer.state(state, why)

    def _forget(self) -> None:
        self._init = None
        self._kept.clear()

    async def _run(self) -> None:
        """Fetch for as long as somebody wants it; longer pauses after each failure in a row."""
        failures = 0
        while True:
            shown = False
            try:
                shown = await self._fetch(await self._find(self.id))
                self._tell("failed", Trouble.STALLED)
            except NoPicture as error:
                self._tell("failed", error.trouble)
            except (Unavailable, OSError):
                self._tell("failed", Trouble.UNREACHABLE)
            except Exception:
                log.exception("camera %s", self.id)
                self._tell("failed", Trouble.NO_PICTURE)
            self._forget()
            failures = 1 if shown else failures + 1
            await asyncio.sleep(pause_s(failures))
            self._tell("connecting")

    async def _fetch(self, address: str) -> bool:
        """One life of FFmpeg; whether it showed anything. Raises NoPicture when it showed nothing."""
        process = await ffmpeg.start(arguments(address), stdin=True)
        said = asyncio.create_task(_last_words(process))
        try:
            assert process.stdin is not None
            process.stdin.write(script(address))
            process.stdin.close()
            shown = await self._read(process)
        except BrokenStream as error:
            log.warning("camera %s: %s", self.id, error)
            raise NoPicture(Trouble.NO_PICTURE) from None
        finally:
            await ffmpeg.end(process)
            words = await said
        if not shown:
            raise NoPicture(trouble_of(words))
        return shown

    async def _read(self, process: Process) -> bool:
        """Pass on what comes until it ends or stands still for too long; whether there were pictures."""
        assert process.stdout is not None
        splitter, shown, heard = Splitter(), False, time.monotonic()
        while True:
            try:
                async with asyncio.timeout(SILENT_S):
                    data = await process.stdout.read(_READ)
            except TimeoutError:
                silent = time.monotonic() - heard
                if silent > (DEAD_S if shown else FIRST_WITHIN_S):
                    return shown
                if shown:
                    self._tell("stalled", Trouble.STALLED)
                continue
            if not data:
                return shown
            for piece in splitter.feed(data, time.time() * 1_000):
                heard = time.monotonic()
                if isinstance(piece, Init):
                    self._begin(piece)
                else:
                    shown = True
                    self._tell("live")
                    self._show(piece)

    def _begin(self, init: Init) -> None:
        self._forget()
        self._init = init
        for viewer in self.viewers:
            viewer.begin(init, self._kept)

    def _show(self, fragment: Fragment) -> None:
        self._kept.add(fragment)
        for viewer in self.viewers:
            viewer.show(fragment)


async def _last_words(process: Process) -> str:
    """The end of what FFmpeg complains about."""
    assert process.stderr is not None
    words = b""
    while data := await process.stderr.read(_READ):
        words = (words + data)[-_SAID:]
    return words.decode("utf-8", "replace")


class Relay:
    """The cameras of one process."""

    def __init__(self, find: Find, *, kept_s: float = KEPT_S) -> None:
        self._find = find
        self._kept_s = kept_s
        self._cameras: dict[str, Camera] = {}

    @property
    def viewers(self) -> int:
        """How many watch."""
        return sum(len(camera.viewers) for camera in self._cameras.values())

    @property
    def fetched(self) -> int:
        """How many cameras are being fetched."""
        return sum(not camera.idle for camera in self._cameras.values())

    @contextmanager
    def watching(self, camera_id: str) -> Iterator[Viewer]:
        """Watch a camera for the length of the block."""
        viewer = Viewer()
        self._cameras = {id_: one for id_, one in self._cameras.items() if not one.idle or one.viewers}
        camera = self._cameras.setdefault(camera_id, Camera(camera_id, self._find, kept_s=self._kept_s))
        camera.enter(viewer)
        try:
            yield viewer
        finally:
            camera.leave(viewer)

    async def end(self) -> None:
        """Let all cameras go."""
        await asyncio.gather(*(camera.end() for camera in self._cameras.values()))
