"""An underpass's barrier behind its controller: Modbus TCP on a socket of its own, with the faults that real ones have.

Coil 0 set lowers it, cleared raises it; discrete input 0 tells that it is down, input 1 that it is up.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from dure.commands.simulate.answering import interrupted

READ_COILS, READ_INPUTS, WRITE_COIL = 1, 2, 5
_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS, _ILLEGAL_VALUE = 1, 2, 3
_MOST_FRAME = 254
_DOWN, _UP = 0, 1


@dataclass(frozen=True, slots=True)
class Faults:
    """`travel_s` from up to down; `stuck`: it never arrives; `refuses` every address; `mute`: takes what it is told and
    never answers, the first `mute` times.
    """

    travel_s: float = 3.0
    stuck: bool = False
    refuses: bool = False
    mute: float = 0.0


@dataclass(slots=True)
class Barrier:
    """One barrier. `written` are the values that its coil was given, in order."""

    faults: Faults = field(default_factory=Faults)
    told: Callable[..., None] = lambda _event, **_more: None
    now: Callable[[], float] = time.monotonic
    port: int = 0
    written: list[bool] = field(default_factory=list)
    coil: bool = False
    _moved_at: float = float("-inf")
    _muted: int = 0
    _server: asyncio.Server | None = None

    async def start(self, host: str = "127.0.0.1") -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, host, self.port, reuse_address=True)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Listen no more."""
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    def inputs(self) -> tuple[bool, bool]:
        """Whether it is down, whether it is up."""
        there = not self.faults.stuck and self.now() - self._moved_at >= self.faults.travel_s
        return self.coil and there, not self.coil and (there or not self.written)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readexactly(7)
                length = int.from_bytes(head[4:6], "big")
                if head[2:4] != b"\0\0" or not 2 <= length <= _MOST_FRAME:
                    return
                body = self.answer(await reader.readexactly(length - 1))
                if body is None:
                    continue
                writer.write(head[:4] + (len(body) + 1).to_bytes(2, "big") + head[6:7] + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def answer(self, asked: bytes) -> bytes | None:
        """What it answers to a request (Modbus Application Protocol 1.1b3, 6.1, 6.2, 6.5); None where it keeps mute."""
        function = asked[0]
        if function not in {READ_COILS, READ_INPUTS, WRITE_COIL}:
            return bytes([function | 0x80, _ILLEGAL_FUNCTION])
        if len(asked) != 5:
            return bytes([function | 0x80, _ILLEGAL_VALUE])
        address, value = int.from_bytes(asked[1:3], "big"), int.from_bytes(asked[3:5], "big")
        if self.faults.refuses:
            return bytes([function | 0x80, _ILLEGAL_ADDRESS])
        if function == WRITE_COIL:
            return self._write(asked, address, value)
        bits = (self.coil,) if function == READ_COILS else self.inputs()
        if address + value > len(bits) or value == 0:
            return bytes([function | 0x80, _ILLEGAL_ADDRESS])
        shown = bits[address : address + value]
        return bytes([function, 1, sum(bit << n for n, bit in enumerate(shown))])

    def _write(self, asked: bytes, address: int, value: int) -> bytes | None:
        if address != 0 or value not in {0, 0xFF00}:
            return bytes([WRITE_COIL | 0x80, _ILLEGAL_ADDRESS if address else _ILLEGAL_VALUE])
        wanted = value == 0xFF00
        if wanted is not self.coil or not self.written:
            self._moved_at = self.now()
        self.coil = wanted
        self.written.append(wanted)
        self.told("barrier_lowers" if wanted else "barrier_raises")
        if self._muted < self.faults.mute:
            self._muted += 1
            return None
        return asked


async def play(port: int, faults: Faults, told: Callable[..., None]) -> int:
    """Stand there until interrupted."""
    barrier = Barrier(faults, told, port=port)
    await barrier.start()
    told("barrier_ready", url=f"modbus://127.0.0.1:{barrier.port}/1")
    await interrupted()
    await barrier.stop()
    return 0
