"""What screens hear: one ordered flow of changes, each filtered for its reader.

Events carry ids only; here they are given the present form of their entity, once for all readers. A reader says the
position it has and gets every later one that it may see; a position that is no longer kept gets `reset`, and the reader
takes a fresh snapshot.

Of what a reader may not see it hears nothing: no id, no kind, no time. Its position moves on with the next beat. Who
could see a thing up to an event that took it out of their sight is told that it is gone, by that event alone.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Protocol

import msgspec
from sqlalchemy import RowMapping

from dure.engine import outbox
from dure.engine.database import Database, Tx
from dure.kernel.errors import Unavailable

log = logging.getLogger(__name__)
RING = 20_000
BEHIND = 5_000
BEAT_S = 2.0
_encode = msgspec.json.Encoder(enc_hook=str).encode

Value = dict[str, Any]


class Viewer(Protocol):
    """Who looks: a principal, as far as this room needs to know."""

    def may(self, permission: str) -> bool:
        """Whether the viewer holds the permission."""
        ...


def everyone(_viewer: Any, _value: Value) -> bool:
    """No further filter than the permission."""
    return True


def nobody(_viewer: Any, _data: Value) -> bool:
    """No event takes this kind of thing out of a viewer's sight."""
    return False


@dataclass(frozen=True, slots=True)
class LiveEntity:
    """A kind of thing that screens follow.

    `load` gives the list form of some of them by id (absent: gone), `snapshot` those that a screen begins with; both
    are the same form, with `id` and `version`. `visible` filters for one viewer, beyond the permission; where it does,
    `left` says of an event's data whether the viewer could see the thing until then. `past` gives what stood at a time
    that is over, in the same form; without it a kind of thing has no past.
    """

    name: str
    permission: str
    load: Callable[[Tx, Sequence[str]], Awaitable[Mapping[str, Value]]]
    snapshot: Callable[[Tx], Awaitable[Sequence[Value]]]
    visible: Callable[[Any, Value], bool] = everyone
    past: Callable[[Tx, datetime], Awaitable[Sequence[Value]]] | None = None
    left: Callable[[Any, Value], bool] = nobody


@dataclass(frozen=True, slots=True)
class Frame:
    """One change. `value` is None when the entity is gone."""

    position: int
    live: LiveEntity | None
    type: str
    entity_id: str
    version: int
    value: Value | None
    data: Value

    def for_viewer(self, viewer: Viewer) -> bytes | None:
        """The SSE frame, or None when the viewer may not know of it."""
        if self.live is None or not viewer.may(self.live.permission):
            return None
        if not self._shown_to(viewer, self.live) and not self.live.left(viewer, self.data):
            return None
        body = {
            "entity": self.live.name,
            "id": self.entity_id,
            "version": self.version,
            "type": self.type,
            "value": self.value if self._shown_to(viewer, self.live) else None,
        }
        return b"id: %d\nevent: change\ndata: %s\n\n" % (self.position, _encode(body))

    def _shown_to(self, viewer: Viewer, live: LiveEntity) -> bool:
        """Whose a thing that is gone was cannot be asked any more: where that matters, only `left` can tell."""
        return live.visible is everyone if self.value is None else live.visible(viewer, self.value)


class Hub:
    """Reads the outbox once for all readers of this process and keeps the newest changes at hand."""

    def __init__(self, database: Database, entities: Iterable[LiveEntity]) -> None:
        self._database = database
        self._entities = {entity.name: entity for entity in entities}
        self._ring: deque[Frame] = deque(maxlen=RING)
        self.position = 0
        self._moved = asyncio.Event()
        self._ended = False
        self._readers = 0
        self._alone = asyncio.Event()

    async def run(self) -> None:
        """Follow the outbox for ever; while the database is away readers only hear beats that say so."""
        async with outbox.wakes(self._database.url) as woken:
            started = False
            while True:
                woken.clear()
                try:
                    if not started:
                        async with self._database.transaction() as tx:
                            self.position = await outbox.head(tx)
                        started = True
                    while await self._advance():
                        pass
                except Unavailable as error:
                    log.warning("live hub waits: %s", error)
                await _wait(woken, 1.0)

    async def _advance(self) -> bool:
        async with self._database.transaction() as tx:
            upto, rows = await outbox.news(tx, self.position)
            frames = await self.frames(tx, rows)
        self._ring.extend(frames)
        if frames:
            self.position = frames[-1].position
            self.nudge()
        return self.position < upto

    async def frames(self, tx: Tx, rows: Sequence[RowMapping]) -> list[Frame]:
        """Outbox rows with the present form of their entities."""
        wanted: dict[str, set[str]] = {}
        for row in rows:
            if row["entity"] in self._entities:
                wanted.setdefault(row["entity"], set()).add(row["entity_id"])
        values = {name: await self._entities[name].load(tx, sorted(ids)) for name, ids in wanted.items()}
        return [
            Frame(
                row["position"],
                self._entities.get(row["entity"]),
                row["type"],
                row["entity_id"],
                row["entity_version"],
                values.get(row["entity"], {}).get(row["entity_id"]),
                row["data"],
            )
            for row in rows
        ]

    async def snapshot(self, tx: Tx, viewer: Viewer) -> dict[str, Any]:
        """The mark first, then the tables: whatever comes after the mark is heard again, and dropped by its version."""
        position = await outbox.head(tx)
        entities = {
            name: [value for value in await entity.snapshot(tx) if entity.visible(viewer, value)]
            for name, entity in self._entities.items()
            if viewer.may(entity.permission)
        }
        return {"position": position, "at": tx.now(), "entities": entities}

    async def past(self, tx: Tx, viewer: Viewer, at: datetime) -> dict[str, Any]:
        """What stood `at` a time that is over, as far as this viewer may see it; it takes no changes."""
        entities = {
            name: [value for value in await entity.past(tx, at) if entity.visible(viewer, value)]
            for name, entity in self._entities.items()
            if entity.past is not None and viewer.may(entity.permission)
        }
        return {"position": None, "at": at, "as_of": tx.now(), "entities": entities}

    async def follow(
        self, viewer: Viewer, position: int, over: Callable[[], bool] = lambda: False
    ) -> AsyncIterator[bytes]:
        """SSE frames after `position`, until `over` says that the viewer may not listen any longer; whoever makes it so
        calls `nudge`. After two seconds without one there is a beat, whose id is the reader's position: all up to it
        that the reader may know of has been sent.
        """
        yield b"retry: 1000\n\n"
        self._readers += 1
        try:
            async for frame in self._frames_for(viewer, position, over):
                yield frame
        finally:
            self._readers -= 1
            if not self._readers:
                self._alone.set()

    async def _frames_for(self, viewer: Viewer, position: int, over: Callable[[], bool]) -> AsyncIterator[bytes]:
        spoke = monotonic()
        while not over() and not self._ended:
            moved = self._moved
            frames = await self._later(position)
            if frames is None:
                yield b"event: reset\ndata: {}\n\n"
                return
            for frame in frames:
                if over():
                    break
                position = frame.position
                if (shown := frame.for_viewer(viewer)) is not None:
                    yield shown
                    spoke = monotonic()
            rest = spoke + BEAT_S - monotonic()
            if rest > 0 and (frames or await _wait(moved, rest)):
                continue
            if not over() and not self._ended:
                # The reader's own position: the hub's may have moved meanwhile, with changes this reader has yet to
                # hear. And a reader who may hear nothing of a busy city still hears that the line stands.
                yield self._beat(position)
                spoke = monotonic()
        if not self._ended:
            yield b"event: bye\ndata: {}\n\n"

    def _beat(self, position: int) -> bytes:
        body = _encode({"at": self._database.clock.now(), "position": position})
        return b"id: %d\nevent: beat\ndata: %s\n\n" % (position, body)

    async def end(self, within_s: float = 0.5) -> None:
        """Let all flows run out, as before the process ends: a reader whose flow just stops comes again by itself."""
        self._ended = True
        self._alone.clear()
        self.nudge()
        if self._readers:
            await _wait(self._alone, within_s)

    def nudge(self) -> None:
        """Have every reader look again, whether something has changed or not."""
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def _later(self, position: int) -> Sequence[Frame] | None:
        """Frames after `position`; [] when there are none yet, None when they are no longer kept or never were."""
        if position > self.position:
            async with self._database.transaction() as tx:
                return [] if position <= await outbox.head(tx) else None
        if self._ring and self._ring[0].position <= position + 1:
            first = position + 1 - self._ring[0].position
            return [self._ring[index] for index in range(first, min(first + 500, len(self._ring)))]
        if position == self.position:
            return []
        if self.position - position > BEHIND:
            return None
        async with self._database.transaction() as tx:
            rows = await outbox.after(tx, position, upto=self.position)
            if not rows or rows[0]["position"] != position + 1:
                return None
            return await self.frames(tx, rows)


async def _wait(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
