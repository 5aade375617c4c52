"""A small HTTP/1.1 client: one kept line for each source address, a status and a body, and nothing in between."""

import asyncio
from dataclasses import dataclass, field

PATIENCE_S = 60


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Client:
    """Asks one server from one address; a line that the server closed is opened again."""

    host: str
    port: int
    source: str
    _line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = field(default=None)

    async def ask(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Answer:
        """One request. A flow (SSE) is left after its head."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await self._once(method, path, headers, body)
            except (ConnectionError, asyncio.IncompleteReadError):
                self.close()
                return await self._once(method, path, headers, body)

    async def _once(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        if self._line is None:
            self._line = await asyncio.open_connection(self.host, self.port, local_addr=(self.source, 0), limit=1 << 24)
        reader, writer = self._line
        head = [f"{method} {path} HTTP/1.1", f"host: localhost:{self.port}", f"content-length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*head, "", ""]).encode() + body)
        first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        told = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in rest if one)}
        status = int(first.split()[1])
        if told.get("content-type", "").startswith("text/event-stream"):
            self.close()
            return Answer(status, told, b"")
        answer = Answer(status, told, await self._body(reader, status, told))
        if told.get("connection") == "close":
            self.close()
        return answer

    @staticmethod
    async def _body(reader: asyncio.StreamReader, status: int, headers: dict[str, str]) -> bytes:
        if status in {204, 304}:
            return b""
        if headers.get("transfer-encoding") == "chunked":
            parts = []
            while size := int((await reader.readline()).split(b";")[0], 16):
                parts.append(await reader.readexactly(size))
                await reader.readexactly(2)
            await reader.readexactly(2)
            return b"".join(parts)
        return await reader.readexactly(int(headers.get("content-length", "0")))

    def close(self) -> None:
        """Hang up."""
        if self._line is not None:
            self._line[1].close()
            self._line = None
