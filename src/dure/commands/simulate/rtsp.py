"""A small RTSP 1.0 server (RFC 2326) for simulated cameras: H.264 or H.265 over RTP, interleaved in the one TCP
connection, with sound on offer, as cameras have it.

`/<id>` is a camera's main stream, `/<id>/sub` its small one, `/<id>/h265` the main one in H.265, `/<id>/jpeg` in
Motion JPEG.
"""

import asyncio
import contextlib
import random
import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from dure.commands.simulate import jpeg
from dure.commands.simulate.picture import RATE, Encoder
from dure.commands.simulate.rtp import CLOCK_HZ, Unit, description, packets, sound
from dure.commands.simulate.signing import admits, challenges

_HEAD_LIMIT = 16_384
_HELD_LIMIT = 2 << 20
_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
_CHANNEL = re.compile(r"RTP/AVP/TCP;.*interleaved=(\d{1,3})-\d{1,3}")
_PATH = re.compile(r"/([A-Za-z0-9_-]{1,64})(?:/(sub|h265|jpeg))?(?:/.*)?")
_SMALL = (320, 180)
CANARY = b"\xd5this-is-sound\xd5" * 10
"""What simulated sound carries: a test looks for it everywhere."""


class Fault(StrEnum):
    """What may be wrong with a camera."""

    HANG = "hang"  # two seconds of pictures, and then nothing, on a connection that stands
    RUBBISH = "rubbish"  # bytes that are no video, after two seconds
    CODEC = "codec"  # it says H.265 and sends H.264
    TIME = "time"  # its clock jumps by an hour, forth and back
    SIZE = "size"  # its picture becomes small in mid-stream
    SOUND = "sound"  # it sends sound that nobody asked for, on every channel
    MUTE = "mute"  # it takes the connection and answers nothing
    LENGTH = "length"  # over HTTP: it lies about how long each picture is
    ENDLESS = "endless"  # over HTTP: a picture without end


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

    @property
    def stream(self) -> str:
        """Which of its streams: main, sub, h265, jpeg."""
        found = _PATH.fullmatch(unquote(urlsplit(self.url).path))
        return (found[2] if found else None) or "main"


class Cameras:
    """All simulated cameras of one address: any id is one. `login` ("name:password") asks for a sign-in, `schemes`
    names those that it may be done by. `faults` says by id (or `*` for all) what is wrong; `sound_asked` counts who
    asked for sound.
    """

    def __init__(
        self,
        *,
        login: str | None = None,
        schemes: Collection[str] = ("MD5", "SHA-256"),
        size: tuple[int, int] = (640, 360),
        faults: Mapping[str, Fault] | None = None,
    ) -> None:
        self.faults = dict(faults or {})
        self.sound_asked = 0
        self._schemes = schemes
        self._nonce = secrets.token_hex(8)
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

    def fault(self, camera: str | None) -> Fault | None:
        """What is wrong with a camera."""
        return self.faults.get(camera or "", self.faults.get("*"))

    def encoder(self, camera: str, stream: str = "main") -> Encoder:
        """The picture of a camera."""
        codec = stream.removeprefix("small")
        size = _SMALL if stream == "sub" or stream != codec else self._size
        made = Encoder(camera, size, codec if codec in {"h265", "jpeg"} else "h264")
        return self._encoders.setdefault(camera if stream == "main" else f"{camera}/{stream}", made)

    def admits(self, asked: Asked) -> bool:
        """Whether the request carries the login."""
        said = asked.headers.get("authorization", "")
        return self._login is None or admits(said, asked.method, self._login, self._schemes, self._nonce)

    @property
    def challenges(self) -> list[str]:
        """How to sign in."""
        return challenges(self._schemes, self._nonce)

    def line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> "Line":
        """What answers on a connection."""
        return Line(self, reader, writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = self.line(reader, writer)
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


class Line:
    """One connection."""

    def __init__(self, cameras: Cameras, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._cameras = cameras
        self._reader = reader
        self._writer = writer
        self._session = f"{random.getrandbits(64):016x}"
        self._encoder: Encoder | None = None
        self._channel = 0
        self._fault: Fault | None = None
        self._sent = 0
        self._small: Encoder | None = None
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
        if self._small is not None:
            self._small.leave(self._seen)
        if self._encoder is not None:
            self._encoder.leave(self._seen)
            self._encoder = None

    async def _answer(self, asked: Asked) -> bool:
        camera = asked.camera
        self._fault = self._cameras.fault(camera)
        if self._fault is Fault.MUTE:
            return True
        if asked.method == "OPTIONS":
            self._say(asked, 200, {"Public": _METHODS})
        elif not self._cameras.admits(asked):
            self._say(asked, 401, [("WWW-Authenticate", one) for one in self._cameras.challenges])
        elif camera is None:
            self._say(asked, 404)
        elif asked.method in ("DESCRIBE", "SETUP", "PLAY") and await self._played(asked, camera):
            pass
        elif asked.method == "DESCRIBE":
            encoder = self._cameras.encoder(camera, asked.stream)
            parameters = await encoder.described()
            jpegs = encoder.codec == "jpeg"
            body = jpeg.description(camera) if jpegs else description(parameters, camera, encoder.codec)
            if self._fault is Fault.CODEC:
                body = body.replace("96 H264/", "96 H265/")
            base = asked.url.rstrip("/") + "/"
            self._say(asked, 200, {"Content-Type": "application/sdp", "Content-Base": base}, body=body)
        elif asked.method == "SETUP":
            self._set_up(asked)
        elif asked.method == "PLAY":
            self._say(asked, 200, {"Session": self._session, "Range": "npt=now-"})
            self._encoder = self._cameras.encoder(camera, asked.stream)
            self._encoder.watch(self._seen)
        elif asked.method == "TEARDOWN":
            self._say(asked, 200, {"Session": self._session})
            return False
        else:
            self._say(asked, 200, {"Session": self._session})
        await self._writer.drain()
        return True

    async def _played(self, _asked: Asked, _camera: str, /) -> bool:
        """Answer what is not about live pictures; whether it was."""
        return False

    def _set_up(self, asked: Asked) -> None:
        self._cameras.sound_asked += asked.url.endswith("track2")
        wanted = asked.headers.get("transport", "")
        found = _CHANNEL.match(wanted)
        if found is None:
            self._say(asked, 461)
            return
        self._channel = int(found[1])
        transport = f"RTP/AVP/TCP;unicast;interleaved={self._channel}-{self._channel + 1};ssrc={self._source:08X}"
        self._say(asked, 200, {"Transport": transport, "Session": f"{self._session};timeout=60"})

    def _say(
        self, asked: Asked, status: int, headers: Mapping[str, str] | Sequence[tuple[str, str]] = (), body: str = ""
    ) -> None:
        reasons = {200: "OK", 401: "Unauthorized", 404: "Not Found", 461: "Unsupported Transport"}
        reasons[551] = "Option not supported"
        lines = [f"RTSP/1.0 {status} {reasons[status]}", f"CSeq: {asked.headers.get('cseq', '0')}"]
        said = headers.items() if isinstance(headers, Mapping) else headers
        lines += [f"{name}: {value}" for name, value in said]
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
        self._sent += 1
        if (made := self._spoilt(unit)) is not None:
            self._send(made)

    def _spoilt(self, unit: Unit) -> Unit | None:
        """The picture as the camera's fault leaves it."""
        late = self._sent > 2 * RATE
        match self._fault:
            case Fault.HANG if late:
                return None
            case Fault.RUBBISH if late:
                self._writer.write(random.randbytes(600))
                return None
            case Fault.TIME:
                jump = 3_600 * CLOCK_HZ * (self._sent // RATE % 2)
                return Unit(unit.nals, unit.time + jump, unit.key)
            case Fault.SIZE if late and self._small is None:
                self._become_small()
                return None
            case Fault.SOUND:
                for channel in range(4):
                    packet = sound(self._sequence, self._source, CANARY)
                    self._writer.write(b"$" + bytes((channel,)) + len(packet).to_bytes(2, "big") + packet)
                self._sequence += 1
        return unit

    def _become_small(self) -> None:
        """Go on with the small picture; its parameter sets are within the stream from here on."""
        if self._encoder is not None:
            self._encoder.leave(self._seen)
            self._small = self._cameras.encoder(self._encoder.camera, "sub")
            self._small.watch(self._seen)
            self._waits_for_key = True

    def _send(self, unit: Unit) -> None:
        codec = "h264" if self._encoder is None else self._encoder.codec
        if unit.key and self._small is not None:
            unit = Unit((*self._small.parameters, *unit.nals), unit.time, True)
        kind = 26 if codec == "jpeg" else 96
        sent = packets(unit, self._sequence, self._source, began=self._began, payload_type=kind, codec=codec)
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
