"""Bytes on a socket, as an attacker sends them."""

import asyncio
from urllib.parse import urlsplit

from tests.town import Town


class Wire:
    """One TCP connection to the city's web server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def to(cls, town: Town) -> "Wire":
        port = urlsplit(town.url).port
        assert port is not None
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def rest(self, within_s: float = 5) -> bytes:
        """All that comes until the server closes or falls silent for so long."""
        got = b""
        try:
            while True:
                piece = await asyncio.wait_for(self._reader.read(65536), within_s)
                if not piece:
                    return got
                got += piece
        except (TimeoutError, ConnectionError):
            return got

    def close(self) -> None:
        self._writer.close()


async def exchange(town: Town, data: bytes, within_s: float = 1.5) -> bytes:
    """What one connection says to `data`."""
    wire = await Wire.to(town)
    try:
        await wire.send(data)
        return await wire.rest(within_s)
    finally:
        wire.close()


def statuses(answer: bytes) -> list[int]:
    """The status of each answer in what came back."""
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]
