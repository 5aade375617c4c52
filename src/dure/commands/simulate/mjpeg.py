"""Simulated cameras that send Motion JPEG over HTTP (multipart/x-mixed-replace): `/mjpeg/<id>`."""

import asyncio
import contextlib
import random

from dure.commands.simulate.picture import RATE, Encoder
from dure.commands.simulate.rtp import Unit
from dure.commands.simulate.rtsp import CANARY, Asked, Cameras, Fault

_LATE = RATE
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=--sim\r\nConnection: close\r\n\r\n"
_HELD_LIMIT = 2 << 20


class Mjpeg:
    """The HTTP side of simulated cameras: their pictures, logins and faults are those of `cameras`."""

    def __init__(self, cameras: Cameras) -> None:
        self._cameras = cameras
        self._server: asyncio.Server | None = None
        self._port = 0
        self.lines: set[asyncio.StreamWriter] = set()

    async def open(self, host: str, port: int) -> int:
        """Listen; the port. Raises OSError."""
        self._server = await asyncio.start_server(self._serve, host, port)
        self._port = int(self._server.sockets[0].getsockname()[1])
        return self._port

    async def close(self) -> None:
        """Hang up on everybody."""
        if self._server is not None:
            self._server.close()
        for writer in tuple(self.lines):
            writer.close()

    def address(self, camera: str) -> str:
        """Where a camera's pictures are."""
        return f"http://127.0.0.1:{self._port}/mjpeg/{camera}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines.add(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ValueError):
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, path, _ = first.split(" ")
            pairs = (line.partition(":") for line in lines)
            asked = Asked(method, path, {name.strip().lower(): value.strip() for name, _, value in pairs})
            await self._answer(asked, path.removeprefix("/mjpeg/"), reader, writer)
        self.lines.discard(writer)
        writer.close()

    async def _answer(
        self, asked: Asked, camera: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        fault = self._cameras.fault(camera)
        if fault is Fault.MUTE:
            await reader.read()
            return
        if not self._cameras.admits(asked):
            ways = "".join(f"WWW-Authenticate: {one}\r\n" for one in self._cameras.challenges)
            writer.write(f"HTTP/1.1 401 Unauthorized\r\n{ways}Content-Length: 0\r\n\r\n".encode())
            return
        writer.write(_HEAD)
        sending = _Sending(self._cameras, camera, fault, writer)
        sending.begin()
        try:
            await reader.read()  # until the other side hangs up
        finally:
            sending.end()


class _Sending:
    """One viewer."""

    def __init__(self, cameras: Cameras, camera: str, fault: Fault | None, writer: asyncio.StreamWriter) -> None:
        self._main = cameras.encoder(camera, "jpeg")
        self._small = cameras.encoder(camera, "smalljpeg") if fault is Fault.SIZE else None
        self._now: Encoder = self._main
        self._fault = fault
        self._writer = writer
        self._sent = 0

    def begin(self) -> None:
        """Send from the next picture on."""
        self._now.watch(self._seen)

    def end(self) -> None:
        """Send no more."""
        self._now.leave(self._seen)

    def _seen(self, unit: Unit) -> None:
        if self._writer.is_closing():
            self.end()
            return
        if self._writer.transport.get_write_buffer_size() > _HELD_LIMIT:
            return
        (picture,) = unit.nals
        self._sent += 1
        late = self._sent > _LATE
        told = len(picture)
        match self._fault:
            case Fault.HANG if late:
                return
            case Fault.RUBBISH if late:
                self._writer.write(random.randbytes(60_000))
                return
            case Fault.CODEC:
                picture = b"\0\0\0\1\x67" + random.randbytes(400)
            case Fault.LENGTH:
                told = (self._sent % 3) * 40_000 + 7
            case Fault.ENDLESS if late:
                picture = picture[:-2] + b"\x12" * 1_000_000
                self._writer.write(
                    (self._part("image/jpeg", len(picture)) if self._sent == _LATE + 1 else b"") + picture
                )
                return
            case Fault.SOUND:
                self._writer.write(self._part("audio/basic", len(CANARY)) + CANARY + b"\r\n")
            case Fault.SIZE if late and self._small is not None and self._now is self._main:
                self._main.leave(self._seen)
                self._now = self._small
                self._small.watch(self._seen)
                return
        self._writer.write(self._part("image/jpeg", told) + picture + b"\r\n")

    def _part(self, kind: str, long: int) -> bytes:
        return f"--sim\r\nContent-Type: {kind}\r\nContent-Length: {long}\r\n\r\n".encode()
