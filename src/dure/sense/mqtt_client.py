"""A small MQTT 3.1.1 client for the simulator, the canary and the benches: it publishes with QoS 1, many at a time.

The libraries at hand wait for, or spend a thread on, each message; a simulated city has hundreds of connections and
tens of thousands of publishes a second in one process. It publishes only, because devices of this city only publish.
Source: MQTT Version 3.1.1 (OASIS, 2014).
"""

import asyncio
import contextlib
import ssl
from collections import OrderedDict
from typing import cast

CONNACK, PUBACK = 2, 4
_PINGREQ = b"\xc0\x00"
_DISCONNECT = b"\xe0\x00"
_IDS = 65_535
_REASONS = {
    1: "protocol version",
    2: "client id",
    3: "server away",
    4: "user or key",
    5: "not authorised",
}
"""Return codes of CONNACK (MQTT 3.1.1, table 3.1)."""


class MqttRefusedError(Exception):
    """The server said no to the sign-in; `code` is CONNACK's return code, 0 where it hung up without one."""

    def __init__(self, code: int) -> None:
        super().__init__(_REASONS.get(code, "hung up"))
        self.code = code


class _Link(asyncio.Protocol):
    """One connection: cuts bytes into packets and gathers what is written in one turn of the loop."""

    def __init__(self, client: "MqttClient") -> None:
        self._client = client
        self._buffer = b""
        self._out: list[bytes] = []
        self.transport: asyncio.Transport | None = None
        self.writable = asyncio.Event()
        self.writable.set()
        loop = asyncio.get_running_loop()
        self.accepted: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by class

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def write(self, packet: bytes) -> None:
        """Send a packet at the end of this turn of the loop, with what else is sent in it."""
        if not self._out:
            asyncio.get_running_loop().call_soon(self._flush)
        self._out.append(packet)

    def _flush(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(b"".join(self._out))
        self._out.clear()

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        at, end = 0, len(buffer)
        while end - at >= 2:
            # What the server sends to a publisher is short: CONNACK, PUBACK, PINGRESP fit in one length byte.
            length = buffer[at + 1]
            if length > 127:
                self.close()
                return
            if end - at < 2 + length:
                break
            self._packet(buffer[at] >> 4, buffer[at + 2 : at + 2 + length])
            at += 2 + length
        self._buffer = buffer[at:]

    def _packet(self, kind: int, body: bytes) -> None:
        if kind == PUBACK and len(body) == 2:
            self._client.acknowledged(body[0] << 8 | body[1])
        elif kind == CONNACK and len(body) == 2 and not self.accepted.done():
            if body[1]:
                self.accepted.set_exception(MqttRefusedError(body[1]))
            else:
                self.accepted.set_result(None)

    def connection_lost(self, _exc: Exception | None) -> None:
        self.writable.set()
        if not self.accepted.done():
            self.accepted.set_exception(MqttRefusedError(0))
        if not self.lost.done():
            self.lost.set_result(None)

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()


class MqttClient:
    """A signed-in device that finds its way back.

    What was published and not acknowledged is sent again after a reconnect (DUP set), in order: at least once, as QoS 1
    promises. `most` bounds what may be unacknowledged; `keepalive_s` is in seconds.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        client_id: str,
        username: str,
        password: str,
        tls: ssl.SSLContext | None = None,
        keepalive_s: int = 30,
        most: int = 2_000,
    ) -> None:
        self._address = (host, port)
        self._sign_in = _connect_packet(client_id, username, password, keepalive_s)
        self._tls = tls
        self._keepalive_s = keepalive_s
        self._most = min(most, _IDS - 1)
        self._link: _Link | None = None
        self._next_id = 0
        self._waiting: OrderedDict[int, tuple[bytes, asyncio.Future[None]]] = OrderedDict()
        self._room = asyncio.Event()
        self._room.set()
        self._keeper: asyncio.Task[None] | None = None
        self.refused: int | None = None

    @property
    def connected(self) -> bool:
        """Whether it is signed in now."""
        return self._link is not None

    @property
    def unacknowledged(self) -> int:
        """How many publishes wait for their PUBACK."""
        return len(self._waiting)

    async def connect(self, *, within_s: float = 10) -> None:
        """Sign in and stay so. Raises MqttRefusedError, OSError or TimeoutError when the first try fails."""
        link = await self._dial(within_s)
        self._keeper = asyncio.create_task(self._keep(link))

    async def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1 and wait until the server has it."""
        await (await self.post(topic, payload))

    async def post(self, topic: str, payload: bytes) -> asyncio.Future[None]:
        """Send with QoS 1 without waiting for the PUBACK, which the returned future tells; waits for room only."""
        while len(self._waiting) >= self._most:
            self._room.clear()
            await self._room.wait()
        link = self._link
        if link is not None and not link.writable.is_set():
            await link.writable.wait()
            link = self._link
        packet_id = self._free_id()
        packet = _publish_packet(topic, packet_id, payload)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[packet_id] = (packet, future)
        if link is not None:
            link.write(packet)
        return future

    def acknowledged(self, packet_id: int) -> None:
        """A PUBACK came."""
        found = self._waiting.pop(packet_id, None)
        if found is not None and not found[1].done():
            found[1].set_result(None)
        if not self._room.is_set() and len(self._waiting) < self._most:
            self._room.set()

    async def settled(self, *, within_s: float = 60) -> None:
        """Wait until everything sent is acknowledged. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while self._waiting:
                await asyncio.shield(next(reversed(self._waiting.values()))[1])

    async def close(self) -> None:
        """Say good-bye; what is unacknowledged is given up and its futures are cancelled."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        if self._link is not None:
            self._link.close()
            self._link = None
        for _, future in self._waiting.values():
            future.cancel()
        self._waiting.clear()

    def _free_id(self) -> int:
        while True:
            self._next_id = self._next_id % _IDS + 1
            if self._next_id not in self._waiting:
                return self._next_id

    async def _dial(self, within_s: float) -> _Link:
        async with asyncio.timeout(within_s):
            loop = asyncio.get_running_loop()
            host, port = self._address
            _, link = await loop.create_connection(lambda: _Link(self), host, port, ssl=self._tls)
            try:
                link.write(self._sign_in)
                await link.accepted
            except BaseException:
                link.close()
                raise
        self._link = link
        self.refused = None
        for packet, _ in self._waiting.values():
            link.write(bytes([packet[0] | 0x08]) + packet[1:])
        return link

    async def _keep(self, link: _Link) -> None:
        """Ping while connected, and dial again for ever when not."""
        pause = 0.1
        try:
            while True:
                if link.lost.done():
                    self._link = None
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 5.0)
                    try:
                        link = await self._dial(10)
                        pause = 0.1
                    except MqttRefusedError as error:
                        self.refused = error.code
                    except (OSError, TimeoutError):
                        self.refused = None
                    continue
                try:
                    async with asyncio.timeout(self._keepalive_s / 2):
                        await asyncio.shield(link.lost)
                except TimeoutError:
                    link.write(_PINGREQ)
        finally:
            if link.transport is not None and not link.transport.is_closing():
                link.transport.write(_DISCONNECT)


def _text(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(2, "big") + raw


def _framed(head: int, body: bytes) -> bytes:
    length = len(body)
    encoded = bytearray()
    while True:
        length, digit = divmod(length, 128)
        encoded.append(digit | (0x80 if length else 0))
        if not length:
            return bytes([head]) + bytes(encoded) + body


def _connect_packet(client_id: str, username: str, password: str, keepalive_s: int) -> bytes:
    flags = 0x80 | 0x40 | 0x02  # user, password, clean session
    head = _text("MQTT") + bytes([4, flags]) + keepalive_s.to_bytes(2, "big")
    return _framed(0x10, head + _text(client_id) + _text(username) + _text(password))


def _publish_packet(topic: str, packet_id: int, payload: bytes) -> bytes:
    return _framed(0x32, _text(topic) + packet_id.to_bytes(2, "big") + payload)
