"""Who is shown what: a masked camera's viewers get the masked stream, made once for all of them; the two people of a
lift that stands get what the camera sends, until it is over.

As long as nobody has said what is covered, nothing is shown at all.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from dure.engine import outbox
from dure.engine.context import Context
from dure.kernel.errors import Unavailable
from dure.video.masks import keeping, lifts
from dure.video.masks.program import Masking
from dure.video.masks.shapes import Polygon
from dure.video.model import Fragment, Init, Kept
from dure.video.relay import Camera, State, Viewer
from dure.video.source import Trouble

KEPT_S = 10.0
"""How long a masked stream is kept after its last viewer."""
AGAIN_S = 2.0
"""How soon a program that ended by itself is begun anew."""
_LOOK_S = 1.0
Masks = Mapping[str, tuple[Polygon, ...]]
Lifted = Mapping[tuple[str, UUID, UUID], datetime]


class Veil(Viewer):
    """The masked stream of one camera, for all who watch it."""

    def __init__(self, camera: Camera, polygons: tuple[Polygon, ...], *, kept_s: float = KEPT_S) -> None:
        super().__init__()
        self.id = camera.id
        self.polygons = polygons
        self.camera = camera
        self._kept_s = kept_s
        self._viewers: set[Viewer] = set()
        self._source: Init | None = None
        self._init: Init | None = None
        self._kept = Kept()
        self._masking: Masking | None = None
        self._begun_s = 0.0
        self._state: tuple[State, Trouble | None] = ("connecting", None)
        self._leaving: asyncio.TimerHandle | None = None
        self._watches = False

    @property
    def idle(self) -> bool:
        """Whether nothing is masked for it."""
        return not self._watches

    def enter(self, viewer: Viewer) -> None:
        """One viewer more; they see at once what is kept."""
        self._viewers.add(viewer)
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None
        viewer.state(*self._state)
        if self._init is not None:
            viewer.begin(self._init, self._kept)
        if not self._watches:
            self._watches = True
            self.camera.enter(self)

    def leave(self, viewer: Viewer) -> None:
        """One viewer less; the program goes a while after the last."""
        self._viewers.discard(viewer)
        if not self._viewers and self._watches and self._leaving is None:
            self._leaving = asyncio.get_running_loop().call_later(self._kept_s, self.end)

    def end(self) -> None:
        """No more pictures go through it."""
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None
        if self._watches:
            self._watches = False
            self.camera.leave(self)
        self._stop()
        self._source = None
        self._state = ("connecting", None)

    # --- what the camera says ---

    def state(self, state: State, why: Trouble | None = None) -> None:
        """How the camera is."""
        self._state = (state, why)
        for viewer in self._viewers:
            viewer.state(state, why)

    def begin(self, init: Init, kept: Kept) -> None:
        """The camera's stream begins anew, and so does ours."""
        self._source = init
        self._again()
        assert self._masking is not None
        for fragment in kept.group:
            self._masking.show(fragment)

    def show(self, fragment: Fragment) -> None:
        """One more picture. A program that ended by itself is begun anew with one that stands by itself."""
        if self._masking is None:
            return
        if self._masking.failed:
            if time.monotonic() - self._begun_s < AGAIN_S or not fragment.key:
                return
            self._again()
        self._masking.show(fragment)

    def _again(self) -> None:
        self._stop()
        assert self._source is not None
        self._begun_s = time.monotonic()
        self._masking = Masking(self._source, self.polygons, self._take)
        self._masking.begin()

    def _stop(self) -> None:
        if self._masking is not None:
            self._masking.end()
            self._masking = None
        self._init = None
        self._kept.clear()

    def _take(self, piece: Init | Fragment) -> None:
        if isinstance(piece, Init):
            self._init = piece
            self._kept.clear()
            for viewer in self._viewers:
                viewer.begin(piece, self._kept)
            return
        self._kept.add(piece)
        for viewer in self._viewers:
            viewer.show(piece)


class Veils:
    """All of one process."""

    def __init__(self, *, kept_s: float = KEPT_S, now: Callable[[], float] = time.time) -> None:
        self._kept_s = kept_s
        self._now = now
        self._masks: Masks | None = None
        self._lifted: Lifted = {}
        self._veils: dict[str, Veil] = {}
        self._seats: dict[Viewer, tuple[Camera, tuple[UUID | None, UUID | None]]] = {}
        self._where: dict[Viewer, Camera | Veil] = {}

    @contextmanager
    def watching(self, camera: Camera, incident: UUID | None = None, person: UUID | None = None) -> Iterator[Viewer]:
        """Show a camera to somebody, for an incident, for the length of the block."""
        viewer = Viewer()
        self._seats[viewer] = (camera, (incident, person))
        self._place(viewer)
        try:
            yield viewer
        finally:
            del self._seats[viewer]
            where = self._where.pop(viewer, None)
            if where is not None:
                where.leave(viewer)

    def tell(self, masks: Masks, lifted: Lifted) -> None:
        """What is covered now, and who sees beneath. Who sees something else than they may is moved at once."""
        self._masks, self._lifted = masks, lifted
        before = dict(self._veils)
        for viewer in list(self._seats):
            self._place(viewer)
        for id_, veil in before.items():
            if veil.polygons != masks.get(veil.camera.of):
                veil.end()
                if self._veils.get(id_) is veil:
                    del self._veils[id_]

    def look(self) -> None:
        """Lifts that are over end."""
        if self._masks is not None and any(until.timestamp() <= self._now() for until in self._lifted.values()):
            now = self._now()
            self.tell(self._masks, {key: until for key, until in self._lifted.items() if until.timestamp() > now})

    def _place(self, viewer: Viewer) -> None:
        camera, (incident, person) = self._seats[viewer]
        before = self._where.get(viewer)
        to = self._to(camera, incident, person)
        if to is before:
            return
        if before is not None:
            before.leave(viewer)
            del self._where[viewer]
        if to is not None:
            self._where[viewer] = to
            to.enter(viewer)

    def _to(self, camera: Camera, incident: UUID | None, person: UUID | None) -> Camera | Veil | None:
        if self._masks is None:
            return None
        polygons = self._masks.get(camera.of)
        if not polygons:
            return camera
        if incident is not None and person is not None:
            until = self._lifted.get((camera.of, incident, person))
            if until is not None and until.timestamp() > self._now():
                return camera
        veil = self._veils.get(camera.id)
        if veil is None or veil.polygons != polygons or (veil.idle and veil.camera is not camera):
            veil = self._veils[camera.id] = Veil(camera, polygons, kept_s=self._kept_s)
        return veil

    def covers(self, camera_id: str, incident: UUID | None, person: UUID) -> tuple[Polygon, ...] | None:
        """What is covered of a camera's past pictures for somebody who looks for an incident; None where it is not
        known yet.
        """
        if self._masks is None:
            return None
        until = None if incident is None else self._lifted.get((camera_id, incident, person))
        return () if until is not None and until.timestamp() > self._now() else self._masks.get(camera_id, ())

    def end(self) -> None:
        """Let all go."""
        for veil in self._veils.values():
            veil.end()

    async def care(self, context: Context) -> None:
        """Read what holds, and again whenever it changes. For as long as the process lives."""
        async with outbox.wakes(context.database.url, keeping.CHANNEL) as woken:
            stale = True
            while True:
                if stale or woken.is_set():
                    woken.clear()
                    stale = not await self._read(context)
                self.look()
                try:
                    async with asyncio.timeout(_LOOK_S):
                        await woken.wait()
                except TimeoutError:
                    continue

    async def _read(self, context: Context) -> bool:
        try:
            async with context.database.transaction() as tx:
                masks, lifted = await keeping.all_now(tx), await lifts.standing(tx)
        except Unavailable:
            return False
        self.tell(masks, lifted)
        return True
