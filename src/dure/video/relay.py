"""Pictures of cameras for all who watch them: one connection a camera, begun for the first viewer (or before anybody,
near an open incident), kept for a while after the last, begun anew when it ends.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from dure.kernel.errors import Unavailable
from dure.video.mjpeg.fetching import fetched
from dure.video.model import BrokenStream, Fragment, Init, Kept, Queue, pause_s
from dure.video.program import turned
from dure.video.rtsp.client import Client, NeedsProgram
from dure.video.source import NoPicture, Trouble

log = logging.getLogger(__name__)
KEPT_S = 10.0
"""How long a camera's connection is kept after its last viewer."""
FIRST_WITHIN_S = 10.0
"""How long a camera may take for its first picture."""
SILENT_S = 1.8
"""A camera that sends nothing for so long is shown as standing still: within two seconds it is on the screen."""
DEAD_S = 6.0
"""And after so long is asked anew."""

SMALL = "#small"
"""After a camera's id: its small stream, for walls."""

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
        self.of = id_.removesuffix(SMALL)
        """The registered camera that it is a stream of."""
        self.viewers: set[Viewer] = set()
        self._find = find
        self._kept_s = kept_s
        self._init: Init | None = None
        self._kept = Kept()
        self._state: tuple[State, Trouble | None] = ("connecting", None)
        self._shown = False
        self._heard = 0.0
        self._warm = False
        self._task: asyncio.Task[None] | None = None
        self._leaving: asyncio.TimerHandle | None = None

    @property
    def judged(self) -> bool:
        """Whether it has shown that it sends, or failed to."""
        return self._state[0] in {"live", "failed"}

    @property
    def trouble(self) -> str | None:
        """Why it has failed to send; None where it sends."""
        state, why = self._state
        return None if state != "failed" or why is None else why.value

    @property
    def idle(self) -> bool:
        """Whether nothing is fetched for it."""
        return self._task is None

    @property
    def begun(self) -> bool:
        """Whether there are pictures that are kept for who comes."""
        return bool(self._kept.group)

    def enter(self, viewer: Viewer) -> None:
        """One viewer more; they see at once what is kept."""
        self.viewers.add(viewer)
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None
        viewer.state(*self._state)
        if self._init is not None:
            viewer.begin(self._init, self._kept)
        self._start()

    def leave(self, viewer: Viewer) -> None:
        """One viewer less; the camera is let go a while after the last."""
        self.viewers.discard(viewer)
        self._leave_later()

    def warm(self, wanted: bool) -> None:
        """Whether to be fetched without a viewer, so that the next sees at once what is kept."""
        if wanted == self._warm:
            return
        self._warm = wanted
        if wanted:
            if self._leaving is not None:
                self._leaving.cancel()
                self._leaving = None
            self._start()
        else:
            self._leave_later()

    def _start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"camera {self.id}")

    def _leave_later(self) -> None:
        if not self.viewers and not self._warm and self._task is not None and self._leaving is None:
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
            self._shown = False
            try:
                await self._fetch(await self._find(self.id))
                self._tell("failed", Trouble.STALLED if self._shown else Trouble.NO_PICTURE)
            except NoPicture as error:
                self._tell("failed", error.trouble)
            except (Unavailable, OSError):
                self._tell("failed", Trouble.UNREACHABLE)
            except Exception:
                log.exception("camera %s", self.id)
                self._tell("failed", Trouble.NO_PICTURE)
            self._forget()
            failures = 1 if self._shown else failures + 1
            await asyncio.sleep(pause_s(failures))
            self._tell("connecting")

    async def _fetch(self, address: str) -> None:
        """One life of a stream. Raises NoPicture, OSError."""
        self._heard = time.monotonic()
        try:
            try:
                if address.lower().startswith("http"):
                    await fetched(address, self._take, self._left_s)
                else:
                    await self._by_client(address)
            except NeedsProgram:
                await turned(address, self._take, self._left_s)
        except BrokenStream as error:
            log.warning("camera %s: %s", self.id, error)
            raise NoPicture(Trouble.NO_PICTURE) from None

    async def _by_client(self, address: str) -> None:
        client = Client(address, self._take)
        keeping: asyncio.Task[None] | None = None
        hung = asyncio.get_running_loop().call_later(SILENT_S, self._tell, "stalled", Trouble.STALLED)
        try:
            await client.open()
            hung.cancel()
            self._heard = time.monotonic()
            keeping = asyncio.create_task(client.keep())
            while (left := self._left_s(client.heard)) is not None:
                ended, _ = await asyncio.wait(
                    {client.ended, keeping}, timeout=left, return_when=asyncio.FIRST_COMPLETED
                )
                for one in ended:
                    one.result()
                    return
        finally:
            hung.cancel()
            client.close()
            if keeping is not None:
                keeping.cancel()

    def _left_s(self, came: float = 0.0) -> float | None:
        """How long to wait before the camera is looked at again; None where it is given up. `came` is when anything
        last came from it, a picture or not.
        """
        now = time.monotonic()
        if now - self._heard >= (DEAD_S if self._shown else FIRST_WITHIN_S):
            return None
        silent = now - (self._heard if self._shown else max(self._heard, came))
        if silent >= SILENT_S:
            self._tell("stalled", Trouble.STALLED)
        return max(0.2, SILENT_S - silent)

    def _take(self, piece: Init | Fragment) -> None:
        """A piece of the stream, as it comes."""
        self._heard = time.monotonic()
        if isinstance(piece, Init):
            self._begin(piece)
        else:
            self._shown = True
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

    @property
    def troubles(self) -> dict[str, str | None]:
        """Of the cameras that are being fetched: why one has failed to send, None for one that sends pictures."""
        return {id_: one.trouble for id_, one in self._cameras.items() if not one.idle and one.judged}

    def begun(self, camera_id: str) -> bool:
        """Whether who comes now is shown something at once."""
        camera = self._cameras.get(camera_id)
        return camera is not None and camera.begun

    def keep_warm(self, camera_ids: Collection[str]) -> None:
        """Fetch these whether anybody watches or not, and no others that nobody watches."""
        self._tidy()
        for id_ in camera_ids:
            self._camera(id_).warm(True)
        for id_, camera in self._cameras.items():
            if id_ not in camera_ids:
                camera.warm(False)

    def _camera(self, id_: str) -> Camera:
        return self._cameras.setdefault(id_, Camera(id_, self._find, kept_s=self._kept_s))

    def _tidy(self) -> None:
        self._cameras = {id_: one for id_, one in self._cameras.items() if not one.idle or one.viewers}

    def source(self, camera_id: str) -> Camera:
        """A camera itself, for who shows its pictures otherwise than as they came (masks)."""
        self._tidy()
        return self._camera(camera_id)

    @contextmanager
    def watching(self, camera_id: str, viewer: Viewer | None = None) -> Iterator[Viewer]:
        """Watch a camera for the length of the block; `viewer` where it is no screen that watches (a recorder)."""
        viewer = viewer or Viewer()
        self._tidy()
        camera = self._camera(camera_id)
        camera.enter(viewer)
        try:
            yield viewer
        finally:
            camera.leave(viewer)

    async def end(self) -> None:
        """Let all cameras go."""
        await asyncio.gather(*(camera.end() for camera in self._cameras.values()))
