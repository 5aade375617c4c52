"""One camera's stream over one TCP connection (RFC 2326): asked for its picture alone, judged addresses only.

Of the tracks that a camera offers only the first of video is set up: sound is never asked for, and what comes on any
other channel is dropped unread (Personal Information Protection Act, Article 25(5)). A camera that points elsewhere is
not followed.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast
from urllib.parse import unquote, urlsplit, urlunsplit

from dure.video.model import BrokenStream, Fragment, Init
from dure.video.rtsp import sdp
from dure.video.rtsp.login import Login
from dure.video.rtsp.sets import Codec
from dure.video.rtsp.stream import Stream
from dure.video.rtsp.wire import Answer, Reader
from dure.video.source import NoPicture, Trouble, unproven

CONNECT_WITHIN_S = 3.0
ANSWER_WITHIN_S = 5.0
_USUAL_TIMEOUT_S = 60
_TIMEOUT = re.compile(r";\s*timeout\s*=\s*(\d{1,5})")
_CHANNELS = re.compile(r"interleaved\s*=\s*(\d{1,3})")
Seen = Callable[[Init | Fragment], None]


class NeedsProgram(Exception):
    """The camera sends pictures that must be encoded anew before a browser plays them."""


class Client(asyncio.Protocol):
    """A connection to one camera. Pieces go to `seen` as they come, from the loop; it must not wait."""

    SET_UP: ClassVar[Mapping[str, str]] = {}
    """What is said beside the transport where a track is set up."""

    def __init__(self, address: str, seen: Seen) -> None:
        parts = urlsplit(address)
        name, colon, password = parts.netloc.rpartition("@")[0].partition(":")
        self._login = Login(unquote(name), unquote(password)) if name or colon else None
        self._address = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        self._seen = seen
        self._reader = Reader()
        self._number = 0
        self._answers: dict[int, asyncio.Future[Answer]] = {}
        self._stream: Stream | None = None
        self._channel = 0
        self._session = ""
        self._timeout_s = _USUAL_TIMEOUT_S
        self._keeps = "GET_PARAMETER"
        self._transport: asyncio.Transport | None = None
        self.heard = time.monotonic()
        """When anything last came."""
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the connection has ended; BrokenStream where what came was none of ours."""

    async def open(self) -> None:
        """Connect and have it play. Raises NoPicture, NeedsProgram, BrokenStream, OSError."""
        parts = urlsplit(self._address)
        tls = unproven() if parts.scheme.lower() == "rtsps" else None
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                loop = asyncio.get_running_loop()
                await loop.create_connection(lambda: self, parts.hostname or "", parts.port or 0, ssl=tls)
        except TimeoutError as error:
            raise NoPicture(Trouble.UNREACHABLE) from error
        described = await self._ask("DESCRIBE", self._address, {"Accept": "application/sdp"})
        track = sdp.video(described.body.decode("utf-8", "replace"))
        if track is None:
            raise NoPicture(Trouble.NO_PICTURE)
        if track.codec == "jpeg":
            raise NeedsProgram
        if track.codec is None:
            raise NoPicture(Trouble.CODEC)
        await self._play(track, track.codec, described.first("content-base") or self._address)

    async def _play(self, track: sdp.Track, codec: Codec, base: str) -> None:
        wanted = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1", **self.SET_UP}
        answer = await self._ask("SETUP", sdp.control(base, track.control), wanted)
        told = answer.first("session")
        self._session = told.partition(";")[0].strip()
        if (found := _TIMEOUT.search(told)) is not None:
            self._timeout_s = max(5, int(found[1]))
        if (channels := _CHANNELS.search(answer.first("transport"))) is not None:
            self._channel = int(channels[1])
        self._stream = Stream(codec, track.kind, track.sets)
        await self._ask("PLAY", base, self._range())

    def _range(self) -> Mapping[str, str]:
        """From where on it is to play."""
        return {"Range": "npt=0.000-"}

    async def keep(self) -> None:
        """Tell the camera that we are there, for as long as it plays. Raises NoPicture where it does not answer."""
        while True:
            await asyncio.sleep(min(self._timeout_s / 2 - 1, 25))
            try:
                await self._ask(self._keeps, self._address, {})
            except NoPicture as error:
                if error.trouble is not Trouble.NO_PICTURE or self._keeps == "OPTIONS":
                    raise
                self._keeps = "OPTIONS"  # it does not know the other

    def close(self) -> None:
        """Hang up; a camera that listens is told."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if self._session:
            transport.write(self._request("TEARDOWN", self._address, {}))
        transport.close()
        asyncio.get_running_loop().call_later(1.0, transport.abort)  # one that reads nothing any more

    async def _ask(self, method: str, address: str, headers: Mapping[str, str]) -> Answer:
        """An answer of success. Raises NoPicture, BrokenStream, OSError."""
        answer = await self._exchange(method, address, headers)
        while answer.status == 401:
            if self._login is None or not self._login.hear(answer.headers.get("www-authenticate", [])):
                raise NoPicture(Trouble.LOGIN)
            answer = await self._exchange(method, address, headers)
        if answer.status == 403:
            raise NoPicture(Trouble.LOGIN)
        if answer.status != 200:
            raise NoPicture(Trouble.NO_PICTURE)
        return answer

    async def _exchange(self, method: str, address: str, headers: Mapping[str, str]) -> Answer:
        transport = self._transport
        if transport is None or self.ended.done():
            raise ConnectionResetError
        request = self._request(method, address, headers)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answers[self._number] = answer
        transport.write(request)
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                either: set[asyncio.Future[Any]] = {answer, self.ended}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError as error:
            raise NoPicture(Trouble.STALLED) from error
        finally:
            self._answers.pop(self._number, None)
        if answer.done():
            return answer.result()
        self.ended.result()
        raise ConnectionResetError

    def _request(self, method: str, address: str, headers: Mapping[str, str]) -> bytes:
        self._number += 1
        lines = [f"{method} {address} RTSP/1.0", f"CSeq: {self._number}", "User-Agent: dure"]
        if self._session:
            lines.append(f"Session: {self._session}")
        if self._login is not None and (said := self._login.answer(method, address)) is not None:
            lines.append(f"Authorization: {said}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none of asyncio's classes

    def data_received(self, data: bytes) -> None:
        """asyncio's: whatever the camera sends is refused here or becomes a piece."""
        if self.ended.done():
            return
        self.heard, came_ms = time.monotonic(), time.time() * 1_000
        try:
            for one in self._reader.feed(data):
                if isinstance(one, Answer):
                    waiting = self._answers.get(one.number)
                    if waiting is not None and not waiting.done():
                        waiting.set_result(one)
                elif self._stream is not None and one[0] == self._channel:
                    self._packet(self._stream, one[1], came_ms)
        except BrokenStream as error:
            self.ended.set_exception(error)
            self.ended.exception()  # looked at by whoever waits, or by nobody
            if self._transport is not None:
                self._transport.abort()

    def _packet(self, stream: Stream, data: bytes, came_ms: float, /) -> None:
        """One packet of pictures. Raises BrokenStream."""
        for piece in stream.feed(data, came_ms):
            self._seen(piece)

    def connection_lost(self, _error: Exception | None) -> None:
        """asyncio's."""
        if not self.ended.done():
            self.ended.set_result(None)
