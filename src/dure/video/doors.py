"""The relay's door: a WebSocket for each picture, opened by a ticket.

The screen says `{"ticket": "..."}` first (with `"small": true` for the camera's small stream, where it has one), and
again before the ticket is over to go on; `{"ping": t}` is answered with the relay's clock. It is sent texts (`state`,
`init`, `pong`, `bye`) and, as binary messages, the initialisation segment and the fragments, each behind a head of 24
bytes: what it is (0, 1; 3 for a picture that stands by itself), from byte 4 on how many bytes follow, from byte 8 on
its time in seconds on the stream's clock, and when it came in (milliseconds since 1970), big-endian. Pictures that wait
(the group that is kept for who comes) stand in one message, one behind the other.
"""

import asyncio
import json
import logging
import struct
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from starlette.types import Receive, Scope, Send

from dure.engine import outbox
from dure.engine.context import Context
from dure.engine.database import Tx
from dure.kernel.errors import Unavailable
from dure.trust import address as addresses
from dure.trust.principal import Principal
from dure.trust.who.watch import Watch, still_valid
from dure.video import openings
from dure.video import small as sources
from dure.video.masks.veils import Veils
from dure.video.model import Fragment, Init
from dure.video.openings import Opening
from dure.video.relay import Relay, Viewer

log = logging.getLogger(__name__)
PATH = "/live"
HEAD = struct.Struct(">B3xIdd")
MOST_VIEWERS = 500
_FIRST_WITHIN_S = 5.0
_SENT_WITHIN_S = 8.0
_LOOK_S = 1.0
_BLIND_S = 5.0
"""So long pictures go on while the database cannot say whether they may."""
_LONGEST = 512
_AT_ONCE = 1 << 20
"""Bytes of waiting pictures after which a message holds no more."""
REFUSED, OVER, REPLACED, FULL, AWAY = 4401, 4403, 4409, 4429, 4503
_WORDS = {REFUSED: "refused", OVER: "over", REPLACED: "replaced", FULL: "full", AWAY: "away"}


Judge = Callable[[Tx, Collection[Opening]], Awaitable[set[UUID]]]
"""Those of these rights that the rooms which gave them would give again now."""


Shown = Callable[[Scope, Receive, Send], Awaitable[int | None]]
"""Shows something to an accepted connection until it is over: why, or None where the screen has gone."""


Words = TypeVar("Words", bound=msgspec.Struct)


class Said(msgspec.Struct):
    """What a screen says."""

    ticket: str | None = None
    small: bool = False
    ping: float | None = None


class Seat:
    """One connection that shows a picture."""

    def __init__(self, opening: Opening, viewer: Viewer) -> None:
        self.opening = opening
        self.viewer = viewer
        self.code: int | None = None

    @property
    def over(self) -> bool:
        """Whether there are no more pictures here."""
        return self.code is not None

    def end(self, code: int) -> None:
        """No more pictures; the reason goes to the screen."""
        if self.code is None:
            self.code = code
        self.viewer.woken.set()


class Door:
    """ASGI application of the relay."""

    def __init__(self, context: Context, relay: Relay, watch: Watch, judge: Judge) -> None:
        self._context = context
        self._judge = judge
        self._relay = relay
        self.veils = Veils()
        self._watch = watch
        self._proxies = addresses.networks(context.settings.trusted_proxies)
        self.also: dict[str, Shown] = {}
        self._seats: dict[UUID, Seat] = {}
        self._taken = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            await self._page(scope, send)
        elif scope["type"] == "websocket":
            await self._connection(scope, receive, send)

    async def look_after(self) -> None:
        """Ends what may not be shown any more, within a second: the right is over, or its reason is (the incident, the
        viewer's reach, the camera). For as long as the process lives.
        """
        seen = time.monotonic()
        async with outbox.wakes(self._context.database.url, openings.CHANNEL) as woken:
            while True:
                await self._taken.wait()
                if not self._seats:
                    self._taken.clear()
                    continue
                woken.clear()
                asked = dict(self._seats)  # who sits down meanwhile is judged the next time
                try:
                    async with self._context.database.transaction() as tx:
                        good = await openings.standing(tx, asked)
                        good &= await self._judge(tx, [seat.opening for seat in asked.values()])
                    seen = time.monotonic()
                    for id_, seat in asked.items():
                        if id_ not in good:
                            self._over(id_, seat)
                except Unavailable:
                    if time.monotonic() - seen > _BLIND_S:
                        for seat in self._seats.values():
                            seat.end(AWAY)
                try:
                    async with asyncio.timeout(_LOOK_S):
                        await woken.wait()
                except TimeoutError:
                    continue

    @property
    def taken(self) -> int:
        """How many seats are taken."""
        return len(self._seats)

    def watched(self, principal: Principal, end: Callable[[], None]) -> AbstractContextManager[object]:
        """For the length of the block `end` is called when this person may go on no more."""
        return self._watch.over(principal, end)

    def _over(self, id_: UUID, seat: Seat) -> None:
        """End a seat whose right is over, unless another ticket has carried it on meanwhile."""
        if self._seats.get(id_) is seat:
            seat.end(OVER)

    async def _page(self, scope: Scope, send: Send) -> None:
        well = scope["path"] == "/health"
        body = json.dumps({"ok": well, "cameras": self._relay.fetched, "viewers": self._relay.viewers} if well else {})
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200 if well else 404, "headers": headers})
        await send({"type": "http.response.body", "body": body.encode()})

    async def _connection(self, scope: Scope, receive: Receive, send: Send) -> None:
        shown = self._shown if scope["path"] == PATH else self.also.get(scope["path"])
        if shown is None or (await receive())["type"] != "websocket.connect":
            await send({"type": "websocket.close", "code": 1008})
            return
        await send({"type": "websocket.accept"})
        code = await shown(scope, receive, send)
        if code is not None:
            await _text(send, {"type": "bye", "why": _WORDS[code]})
            await send({"type": "websocket.close", "code": code})

    async def _shown(self, scope: Scope, receive: Receive, send: Send) -> int | None:
        """Show a picture until it is over; the reason, or None where the screen has gone."""
        here = self.address_of(scope)
        try:
            async with asyncio.timeout(_FIRST_WITHIN_S):
                said = heard(await receive(), Said, _LONGEST)
            opening = None if said is None else await self.redeem(said.ticket, here)
            source = "" if opening is None or said is None else await self._source(opening.camera_id, small=said.small)
        except (TimeoutError, ValueError):
            return REFUSED
        except Unavailable:
            return AWAY
        if opening is None:
            return REFUSED
        if len(self._seats) >= MOST_VIEWERS:
            return FULL
        camera = self._relay.source(source)
        with self.veils.watching(camera, opening.incident_id, opening.principal.id) as viewer:
            seat = self.sit(Seat(opening, viewer))
            with self._watch.over(opening.principal, lambda: seat.end(OVER)):
                try:
                    return await self._serve(seat, here, receive, send)
                finally:
                    self.stand_up(seat)

    def sit(self, seat: Seat) -> Seat:
        """From now on it is looked after; who sat there by the same right is sent away."""
        before = self._seats.get(seat.opening.id)
        if before is not None:
            before.end(REPLACED)
        self._seats[seat.opening.id] = seat
        self._taken.set()
        return seat

    def stand_up(self, seat: Seat) -> None:
        """It is looked after no more."""
        if self._seats.get(seat.opening.id) is seat:
            del self._seats[seat.opening.id]

    async def _source(self, camera_id: str, *, small: bool) -> str:
        """Which stream of the camera is shown. Raises Unavailable."""
        if not small:
            return camera_id
        async with self._context.database.transaction() as tx:
            return await sources.source_of(tx, camera_id)

    async def redeem(self, ticket: str | None, here: str | None) -> Opening | None:
        """The right that a ticket carries, where whoever gave it would give it again now. Raises Unavailable."""
        if not ticket:
            return None
        async with self._context.database.transaction() as tx:
            opening = await openings.redeem(tx, ticket, here)
            if opening is None or not await still_valid(tx, opening.principal):
                return None
            return opening if opening.id in await self._judge(tx, [opening]) else None

    def address_of(self, scope: Scope) -> str | None:
        """From where somebody comes."""
        told: Sequence[str] = [
            value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"
        ]
        client = scope.get("client")
        found = addresses.client(client[0] if client else None, told, self._proxies)
        return None if found is None else str(found)

    async def _serve(self, seat: Seat, here: str | None, receive: Receive, send: Send) -> int | None:
        listening = asyncio.create_task(self._listen(seat, here, receive))
        try:
            while not seat.over and not listening.done():
                await seat.viewer.woken.wait()
                seat.viewer.woken.clear()
                await _send_all(seat, listening, send)
        except (TimeoutError, OSError, RuntimeError):
            return None  # nobody reads any more
        finally:
            listening.cancel()
            await asyncio.wait({listening})
        if seat.code is None and not listening.cancelled() and listening.exception() is None:
            return listening.result()
        return seat.code

    async def _listen(self, seat: Seat, here: str | None, receive: Receive) -> int | None:
        """Hear the screen: its clock, and its next ticket. Ends with the connection."""
        try:
            while True:
                try:
                    said = heard(await receive(), Said, _LONGEST)
                except ValueError:
                    return REFUSED
                if said is None:
                    return None
                if said.ping is not None:
                    seat.viewer.said.append({"type": "pong", "ping": said.ping, "now": time.time() * 1_000})
                    seat.viewer.woken.set()
                if said.ticket is not None and not await self._go_on(seat, said.ticket, here):
                    return REFUSED
        finally:
            seat.viewer.woken.set()

    async def _go_on(self, seat: Seat, ticket: str, here: str | None) -> bool:
        """Another ticket of the same person for the same camera carries the picture on."""
        try:
            opening = await self.redeem(ticket, here)
        except Unavailable:
            return True  # the ticket that stands decides
        before = seat.opening
        if opening is None or opening.camera_id != before.camera_id or opening.principal.id != before.principal.id:
            return False
        if opening.principal.session_id != before.principal.session_id:
            return False
        self.stand_up(seat)
        seat.opening = opening
        self.sit(seat)
        return True


def heard(message: Any, words: type[Words], longest: int) -> Words | None:
    """What a screen said, of at most `longest` signs; None where it has gone. Raises ValueError for what is no word of
    ours.
    """
    if message["type"] == "websocket.disconnect":
        return None
    text = message.get("text")
    if not isinstance(text, str) or len(text) > longest:
        raise ValueError("not a word of ours")
    try:
        return msgspec.json.decode(text, type=words)
    except msgspec.MsgspecError as error:
        raise ValueError("not a word of ours") from error


async def _text(send: Send, value: object) -> None:
    await send({"type": "websocket.send", "text": json.dumps(value)})


async def _send_all(seat: Seat, listening: "asyncio.Task[int | None]", send: Send) -> None:
    """All that waits, for as long as somebody is there. Raises TimeoutError where one message takes too long."""
    waits = True
    while waits and not seat.over and not listening.done():
        async with asyncio.timeout(_SENT_WITHIN_S):
            waits = await _send_next(seat.viewer, send)


async def _send_next(viewer: Viewer, send: Send) -> bool:
    """Send what waits first for this viewer; whether anything did. While it is sent, what comes waits in their bounded
    queue.
    """
    if viewer.said:
        await _text(send, viewer.said.popleft())
    elif viewer.init is not None:
        init, viewer.init = viewer.init, None
        await _text(send, {"type": "init", "mime": init.mime, "width": init.width, "height": init.height})
        await send({"type": "websocket.send", "bytes": framed(init)})
    else:
        waiting, size = [], 0
        while size < _AT_ONCE and (fragment := viewer.queue.take()) is not None:
            waiting.append(framed(fragment))
            size += len(waiting[-1])
        if waiting:
            await send({"type": "websocket.send", "bytes": b"".join(waiting)})
        return bool(waiting)
    return True


def framed(piece: Init | Fragment) -> bytes:
    """A piece behind its head."""
    if isinstance(piece, Init):
        return HEAD.pack(0, len(piece.data), 0.0, 0.0) + piece.data
    return HEAD.pack(3 if piece.key else 1, len(piece.data), piece.at_s, piece.came_ms) + piece.data
