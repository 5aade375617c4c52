"""The other side of HTTP on a socket of its own: JSON answers that come late or never, as those of real systems do."""

import asyncio
import json
import signal
from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

import h11

Answer = tuple[int, Any] | None
"""Status and JSON; None where the line breaks instead."""
T = TypeVar("T")


def faults_of(kind: type[T], told: str) -> T:
    """Faults as a command is told them: `slow_s=2,lost=0.1,blind=1`. Raises ValueError."""
    defaults = {one.name: one.default for one in fields(kind)}  # type: ignore[arg-type]  # a dataclass
    made: dict[str, Any] = {}
    for part in filter(None, told.split(",")):
        name, _, value = part.partition("=")
        if name not in defaults:
            raise ValueError(name)
        made[name] = value not in {"0", ""} if isinstance(defaults[name], bool) else float(value)
    return kind(**made)


class Answering:
    """Asks `answer` for each request, and waits `slow_s()` before it is given."""

    def __init__(self, answer: Callable[[h11.Request, bytes], Answer], slow_s: Callable[[], float]) -> None:
        self._answer = answer
        self._slow_s = slow_s
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()

    async def start(self, host: str, port: int) -> int:
        """Listen; the port (0 asks for any)."""
        self._server = await asyncio.start_server(self._serve, host, port, reuse_address=True)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Be down: nothing listens, and open lines break."""
        assert self._server is not None
        self._server.close()
        for line in list(self._lines):
            line.transport.abort()
        await self._server.wait_closed()

    @property
    def listening(self) -> bool:
        """Whether it is up."""
        return self._server is not None and self._server.is_serving()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = h11.Connection(h11.SERVER)
        self._lines.add(writer)
        try:
            while await self._exchange(line, reader, writer):
                line.start_next_cycle()
        except (h11.RemoteProtocolError, ConnectionError):
            pass  # the client went away, or spoke something else: the line ends either way
        finally:
            self._lines.discard(writer)
            writer.close()

    async def _exchange(self, line: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request, body = None, b""
        while True:
            event = line.next_event()
            if event is h11.NEED_DATA:
                line.receive_data(await reader.read(65536))
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                break
            else:
                return False
        assert request is not None
        answer = self._answer(request, body)
        await asyncio.sleep(self._slow_s())
        if answer is None:
            return False
        status, value = answer
        content = json.dumps(value, ensure_ascii=False).encode()
        headers = [("content-type", "application/json"), ("content-length", str(len(content)))]
        writer.write(line.send(h11.Response(status_code=status, headers=headers)) or b"")
        writer.write(line.send(h11.Data(data=content)) or b"")
        writer.write(line.send(h11.EndOfMessage()) or b"")
        await writer.drain()
        return line.our_state is h11.DONE and line.their_state is h11.DONE


async def interrupted() -> None:
    """Until somebody ends the command."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, stop.set)
    await stop.wait()
