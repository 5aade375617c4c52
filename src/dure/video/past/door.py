"""The relay's door for past pictures: one WebSocket for all cameras of a screen, on one wall clock.

The screen says `{"tickets": ["...", ...]}` first, and again to go on or for another stretch; it is answered with a
`given` for each: `seat` (the camera's number here), `camera`, `from` and `until` (milliseconds since 1970). It asks by
`{"ask": {"turn", "seat", "from", "until", "base", "keys"}}`; an ask of a higher turn drops what is still sent for lower
ones. Each is answered by texts `init` (and the description) and pictures, and ends with `done` and up to when pictures
were sent (`until`; null: there are none), or `failed`. Binary messages stand behind a head of 24 bytes: what it is (0
description, 4 pictures), the seat, two bytes of nothing, the turn (32 bits), and 16 bytes of nothing. Each picture of a
message stands behind a head of its own, as live ones do (`doors.HEAD`), with the wall clock and how long it is shown
(milliseconds). `over` says that a seat's right has ended.
"""

import asyncio
import json
import logging
import struct
from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.types import Receive, Scope, Send

from dure.kernel.errors import Unavailable
from dure.video.doors import AWAY, FULL, MOST_VIEWERS, OVER, REFUSED, Door, Seat, heard
from dure.video.doors import HEAD as PIECE
from dure.video.model import BrokenStream, Init
from dure.video.openings import Opening
from dure.video.past.library import Library
from dure.video.past.model import ms
from dure.video.past.pieces import Placed
from dure.video.past.playing import Ask, Masks, batches, clipped
from dure.video.relay import Viewer

log = logging.getLogger(__name__)
PATH = "/past"
HEAD = struct.Struct(">BBxxI16x")
MOST_SEATS = 16
_FIRST_WITHIN_S = 5.0
_SENT_WITHIN_S = 8.0
_LONGEST = 4_096
_MOST_ASKS = 64


class Asked(msgspec.Struct):
    """What a screen asks for."""

    turn: int
    seat: int
    from_: int = msgspec.field(name="from")
    until: int
    base: int
    keys: bool = False


class Said(msgspec.Struct):
    """What a screen says."""

    tickets: list[str] = []
    ask: Asked | None = None


class PastDoor:
    """Shows past pictures to who has a right to them."""

    def __init__(self, door: Door, shelf: Library, masks: Masks) -> None:
        self._door = door
        self._shelf = shelf
        self._masks = masks
        door.also[PATH] = self.shown

    async def shown(self, scope: Scope, receive: Receive, send: Send) -> int | None:
        """Show what is asked for until it is over; the reason, or None where the screen has gone."""
        screen = Screen(self._door, self._shelf, self._masks, self._door.address_of(scope), send)
        try:
            async with asyncio.timeout(_FIRST_WITHIN_S):
                said = heard(await receive(), Said, _LONGEST)
            first = None if said is None else await screen.redeemed(said.tickets)
        except (TimeoutError, ValueError):
            return REFUSED
        except Unavailable:
            return AWAY
        if first is None:
            return REFUSED
        if self._door.taken >= MOST_VIEWERS:
            return FULL
        with self._door.watched(first[0].principal, screen.end):
            return await screen.run(first, receive)


class Screen:
    """One connection."""

    def __init__(self, door: Door, shelf: Library, masks: Masks, here: str | None, send: Send) -> None:
        self._door = door
        self._shelf = shelf
        self._masks = masks
        self._here = here
        self._send = send
        self._sending = asyncio.Lock()
        self._viewer = Viewer()  # what wakes us when a right ends
        self._seats: list[Seat] = []
        self._told_over: set[int] = set()
        self._turn = 0
        self._asks: set[asyncio.Task[None]] = set()
        self._inits: dict[int, bytes] = {}

    def end(self) -> None:
        """The person may see nothing any more."""
        for seat in self._seats:
            seat.end(OVER)

    async def redeemed(self, tickets: list[str]) -> list[Opening] | None:
        """The rights of these tickets; None where one is none, is for live pictures, or is another's."""
        found: list[Opening] = []
        for ticket in tickets[: MOST_SEATS + 1]:
            opening = await self._door.redeem(ticket, self._here)
            if opening is None or opening.span is None:
                return None
            found.append(opening)
        person = self._seats[0].opening.principal if self._seats else found[0].principal if found else None
        if person is None or any(
            (one.principal.id, one.principal.session_id) != (person.id, person.session_id) for one in found
        ):
            return None
        return found

    async def run(self, first: list[Opening], receive: Receive) -> int | None:
        """Until it is over; the reason, or None where the screen has gone."""
        hearing: asyncio.Task[int | None] | None = None
        try:
            await self._sit(first)
            hearing = asyncio.create_task(self._hear(receive))
            hearing.add_done_callback(lambda _: self._viewer.woken.set())
            while not hearing.done() and (code := await self._ended()) is None:
                await self._viewer.woken.wait()
                self._viewer.woken.clear()
            return hearing.result() if hearing.done() else code
        except (TimeoutError, OSError, RuntimeError):
            return None  # nobody reads any more
        finally:
            left = [*self._asks, *([hearing] if hearing is not None else [])]
            for task in left:
                task.cancel()
            if left:
                await asyncio.wait(left)
            for seat in self._seats:
                self._door.stand_up(seat)

    async def _ended(self) -> int | None:
        """Tell of seats whose right has ended; the reason once there is none left."""
        for number, seat in enumerate(self._seats):
            if seat.over and number not in self._told_over:
                self._told_over.add(number)
                await self._say({"type": "over", "seat": number})
        return self._seats[0].code if all(seat.over for seat in self._seats) else None

    async def _sit(self, rights: list[Opening]) -> None:
        """A seat for each camera; another right for one of them takes the place of the one before."""
        for opening in rights:
            seat = Seat(opening, self._viewer)
            number = next(
                (n for n, one in enumerate(self._seats) if one.opening.camera_id == opening.camera_id), len(self._seats)
            )
            if number < len(self._seats):
                self._door.stand_up(self._seats[number])
                self._seats[number] = seat
                self._told_over.discard(number)
            else:
                self._seats.append(seat)
            self._door.sit(seat)
            assert opening.span is not None
            await self._say(
                {
                    "type": "given",
                    "seat": number,
                    "camera": opening.camera_id,
                    "from": ms(opening.span.begin),
                    "until": ms(opening.span.end),
                }
            )

    async def _hear(self, receive: Receive) -> int | None:
        while True:
            try:
                said = heard(await receive(), Said, _LONGEST)
            except ValueError:
                return REFUSED
            if said is None:
                return None
            if said.tickets:
                try:
                    rights = await self.redeemed(said.tickets)
                except Unavailable:
                    continue  # the rights that stand decide
                if rights is None or len(self._seats) + len(rights) > 2 * MOST_SEATS:
                    return REFUSED
                await self._sit(rights)
            if said.ask is not None and not self._begin(said.ask):
                return REFUSED

    def _begin(self, asked: Asked) -> bool:
        """Whether it could be asked."""
        if not 0 <= asked.seat < len(self._seats) or not 0 <= asked.turn < 1 << 32 or len(self._asks) >= _MOST_ASKS:
            return False
        if asked.turn > self._turn:
            self._turn = asked.turn  # what is still sent for lower ones ends by itself: a message is never cut off
            self._inits.clear()
        if asked.turn == self._turn:
            task = asyncio.create_task(self._answer(asked))
            self._asks.add(task)
            task.add_done_callback(self._done)
        return True

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._asks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            if not isinstance(task.exception(), TimeoutError | OSError | RuntimeError):
                log.error("past pictures", exc_info=task.exception())
            self.end()  # nobody reads any more

    async def _answer(self, asked: Asked) -> None:
        """Send what is asked for: only while the right stands, and of it only what it allows."""
        seat, until = self._seats[asked.seat], None
        told: dict[str, Any] = {"turn": asked.turn, "seat": asked.seat}
        ask = clipped(Ask(asked.from_, asked.until, asked.base, asked.keys), seat.opening)
        try:
            if ask is not None:
                async for init, pictures in batches(self._shelf, seat.opening, ask, self._masks):
                    if seat.over or not await self._show(asked, init, pictures):
                        return
                    until = pictures[-1].at_ms + pictures[-1].step_ms
        except (Unavailable, BrokenStream) as error:
            log.warning("past pictures of %s: %s", seat.opening.camera_id, error)
            await self._say({"type": "failed", **told})
            return
        await self._say({"type": "done", **told, "until": until})

    async def _show(self, asked: Asked, init: Init, pictures: Sequence[Placed]) -> bool:
        """Whether they are still wanted."""
        number, turn = asked.seat, asked.turn
        async with self._sending, asyncio.timeout(_SENT_WITHIN_S):
            if turn != self._turn:
                return False
            if self._inits.get(number) != init.data:
                self._inits[number] = init.data
                words = {"type": "init", "turn": turn, "seat": number, "mime": init.mime}
                await self._put({"text": json.dumps({**words, "width": init.width, "height": init.height})})
                await self._put({"bytes": HEAD.pack(0, number, turn) + init.data})
            parts = [HEAD.pack(4, number, turn)]
            for one in pictures:
                parts += (PIECE.pack(3 if one.key else 1, len(one.data), one.at_ms, one.step_ms), one.data)
            await self._put({"bytes": b"".join(parts)})
        return turn == self._turn

    async def _say(self, value: object) -> None:
        async with self._sending, asyncio.timeout(_SENT_WITHIN_S):
            await self._put({"text": json.dumps(value)})

    async def _put(self, message: dict[str, Any]) -> None:
        await self._send({"type": "websocket.send", **message})
