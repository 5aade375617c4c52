"""A screen without a browser: a WebSocket client (RFC 6455) that says its ticket and counts what it is shown."""

import asyncio
import base64
import json
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

HEAD = struct.Struct(">B3xIdd")


def pieces(data: bytes) -> Iterator[tuple[int, float, float, bytes]]:
    """What stands in a binary message: what it is, its two times, its bytes."""
    at = 0
    while at < len(data):
        kind, size, one, other = HEAD.unpack_from(data, at)
        at += HEAD.size + size
        yield kind, one, other, data[at - size : at]


@dataclass
class Screen:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    said: list[dict[str, Any]] = field(default_factory=list)
    pictures: list[tuple[int, float, float, bytes]] = field(default_factory=list)
    closed: int | None = None

    async def say(self, value: object) -> None:
        """One text message, masked as a client must."""
        data = json.dumps(value).encode()
        mask = os.urandom(4)
        length = bytes((0x80 | len(data),)) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
        self.writer.write(b"\x81" + length + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(data)))
        await self.writer.drain()

    async def hear(self) -> bool:
        """One message; False at the end."""
        try:
            first, second = await self.reader.readexactly(2)
            length = second & 0x7F
            if length == 126:
                length = int.from_bytes(await self.reader.readexactly(2), "big")
            elif length == 127:
                length = int.from_bytes(await self.reader.readexactly(8), "big")
            data = await self.reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return False
        match first & 0x0F:
            case 1:
                self.said.append(json.loads(data))
            case 2:
                self.pictures += pieces(data)
            case 8:
                self.closed = int.from_bytes(data[:2], "big")
                return False
        return True

    async def until(self, enough: Any, within_s: float = 60) -> None:
        """Hear until `enough(self)`. Raises TimeoutError, or AssertionError where it ends before."""
        async with asyncio.timeout(within_s):
            while not enough(self):
                assert await self.hear(), (self.closed, self.said)

    async def to_the_end(self, within_s: float = 60) -> int | None:
        """Hear until it is closed; the code."""
        async with asyncio.timeout(within_s):
            while await self.hear():
                pass
        return self.closed

    def states(self) -> list[str]:
        """The states that were told."""
        return [one["state"] for one in self.said if one["type"] == "state"]

    def fragments(self) -> list[tuple[int, float, float, bytes]]:
        """The pictures without the descriptions before them."""
        return [one for one in self.pictures if one[0] != 0]

    async def leave(self) -> None:
        """Hang up."""
        self.writer.close()


async def connect(url: str, *, path: str | None = None, source: str | None = None) -> Screen:
    """A WebSocket to `url`. Raises AssertionError where it is refused."""
    parts = urlsplit(url)
    here = None if source is None else (source, 0)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, local_addr=here)
    key = base64.b64encode(os.urandom(16)).decode()
    lines = (
        f"GET {path or parts.path} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
    )
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101"), head
    return Screen(reader, writer)
