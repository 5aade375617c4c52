"""A small RTSP 1.0 server (RFC 2326) for simulated cameras: H.264 over RTP, interleaved in the one TCP connection."""

import asyncio
import base64
import contextlib
import hmac
import random
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from dure.commands.simulate.picture import Encoder
from dure.commands.simulate.rtp import Unit, description, packets

_HEAD_LIMIT = 16_384
_HELD_LIMIT = 2 << 20
_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
_CHANNEL = re.compile(r"RTP/AVP/TCP;.*interleaved=(\d{1,3})-\d{1,3}")
_PATH = re.compile(r"/([A-Za-z0-9_-]{1,64})(?:/.*)?")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    url: str
    headers: Mapping[str, str]

    @property
    def camera(self) -> str | None:
        """The camera that the path names."""
        found = _PATH.fullmatch(unquote(urlsplit(self.url).path))
        return found[1] if found else None


class Cameras:
    """All simulated cameras of one address: any id is one. `login` ("name:password") asks for Basic sign-in."""

    def __init__(self, *, login: str | None = None, size: tuple[int, int] = (640, 360)) -> None:
        self._login = login
        self._size = size
        self._encoders: dict[str, Encoder] = {}
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()

    async def open(self, host: str, port: int) -> int:
        """Listen; the port. Raises OSError."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=_HEAD_LIMIT)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Hang up on everybody; encoders end with their last watcher."""
        if self._server is not None:
            self._server.close()
        self.hang_up()
        await asyncio.gather(*(encoder.ended() for encoder in self._encoders.values()))

    @property
    def lines(self) -> Collection[asyncio.StreamWriter]:
        """The connections that stand."""
        return self._lines

    def hang_up(self) -> None:
        """End all connections, as a camera does that is switched off and on."""
        for writer in tuple(self._lines):
            writer.close()

    def encoder(self, camera: str) -> Encoder:
        """The picture of a camera."""
        return self._encoders.setdefault(camera, Encoder(camera, self._size))

    def admits(self, asked: Asked) -> bool:
        """Whether the request carries the login."""
        if self._login is None:
            return True
        expected = "Basic " + base64.b64encode(self._login.encode()).decode()
        return hmac.compare_digest(asked.headers.get("authorization", "").encode(), expected.encode())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = _Line(self, reader, writer)
        self._lines.add(writer)
        try:
            await line.run()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError, TimeoutError):
            pass
        finally:
            line.leave()
            self._lines.discard(writer)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


class _Line:
    """One connection."""

    def __init__(self, cameras: Cameras, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._cameras = cameras
        self._reader = reader
        self._writer = writer
        self._session = f"{random.getrandbits(64):016x}"
        self._encoder: Encoder | None = None
        self._channel = 0
        self._sequence = random.getrandbits(16)
        self._source = random.getrandbits(32)
        self._began = random.getrandbits(31)  # RTP's clock begins anywhere (RFC 3550, 5.1)
        self._waits_for_key = True

    async def run(self) -> None:
        """Answer until the other side hangs up."""
        while True:
            first = await self._reader.readexactly(1)
            if first == b"$":  # the client's receiver reports
                head = await self._reader.readexactly(3)
                await self._reader.readexactly(int.from_bytes(head[1:], "big"))
                continue
            asked = _parsed(first + await self._reader.readuntil(b"\r\n\r\n"))
            await self._reader.readexactly(int(asked.headers.get("content-length", "0")))
            if not await self._answer(asked):
                return

    def leave(self) -> None:
        """Stop sending."""
        if self._encoder is not None:
            self._encoder.leave(self._seen)
            self._encoder = None

    async def _answer(self, asked: Asked) -> bool:
        camera = asked.camera
        if asked.method == "OPTIONS":
            self._say(asked, 200, {"Public": _METHODS})
        elif not self._cameras.admits(asked):
            self._say(asked, 401, {"WWW-Authenticate": 'Basic realm="camera"'})
        elif camera is None:
            self._say(asked, 404)
        elif asked.method == "DESCRIBE":
            body = description(await self._cameras.encoder(camera).described(), camera)
            base = asked.url.rstrip("/") + "/"
            self._say(asked, 200, {"Content-Type": "application/sdp", "Content-Base": base}, body)
        elif asked.method == "SETUP":
            self._set_up(asked)
        elif asked.method == "PLAY":
            self._say(asked, 200, {"Session": self._session, "Range": "npt=now-"})
            self._encoder = self._cameras.encoder(camera)
            self._encoder.watch(self._seen)
        elif asked.method == "TEARDOWN":
            self._say(asked, 200, {"Session": self._session})
            return False
        else:
            self._say(asked, 200, {"Session": self._session})
        await self._writer.drain()
        return True

    def _set_up(self, asked: Asked) -> None:
        wanted = asked.headers.get("transport", "")
        found = _CHANNEL.match(wanted)
        if found is None:
            self._say(asked, 461)
            return
        self._channel = int(found[1])
        transport = f"RTP/AVP/TCP;unicast;interleaved={self._channel}-{self._channel + 1};ssrc={self._source:08X}"
        self._say(asked, 200, {"Transport": transport, "Session": f"{self._session};timeout=60"})

    def _say(self, asked: Asked, status: int, headers: Mapping[str, str] | None = None, body: str = "") -> None:
        reasons = {200: "OK", 401: "Unauthorized", 404: "Not Found", 461: "Unsupported Transport"}
        lines = [f"RTSP/1.0 {status} {reasons[status]}", f"CSeq: {asked.headers.get('cseq', '0')}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body:
            lines.append(f"Content-Length: {len(body.encode())}")
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())

    def _seen(self, unit: Unit) -> None:
        """Send a picture; who does not read is left out until the next picture that stands by itself."""
        if self._writer.is_closing():
            self.leave()
            return
        if self._writer.transport.get_write_buffer_size() > _HELD_LIMIT:
            self._waits_for_key = True
            return
        if self._waits_for_key and not unit.key:
            return
        self._waits_for_key = False
        sent = packets(unit, self._sequence, self._source, began=self._began)
        self._sequence += len(sent)
        self._writer.writelines(
            b"$" + bytes((self._channel,)) + len(packet).to_bytes(2, "big") + packet for packet in sent
        )


def _parsed(head: bytes) -> Asked:
    """A request's head. Raises ValueError."""
    first, *lines = head.decode("ascii", "replace").strip().split("\r\n")
    method, url, version = first.split(" ")
    if version != "RTSP/1.0":
        raise ValueError(version)
    pairs = (line.partition(":") for line in lines)
    return Asked(method, url, {name.strip().lower(): value.strip() for name, _, value in pairs})
