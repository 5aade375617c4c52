"""The stream: NATS with JetStream behind a narrow face. A message is stored when `publish` returns."""

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import nats
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import BadRequestError, NotFoundError

from dure.engine.reader import Reader
from dure.kernel.errors import Unavailable

log = logging.getLogger(__name__)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Facts:
    """A stream's state: when it was made (ISO), its first and last sequence, and its size."""

    made: str
    first: int
    last: int
    messages: int
    size: int


class Stream:
    """A connection to the stream, which finds its way back for ever when the engine goes away."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.js: JetStreamContext = client.jetstream(timeout=5)

    @classmethod
    async def connect(cls, url: str, *, name: str) -> "Stream":
        """Connect, waiting for the engine as long as it takes. `url` may hold user and password."""

        async def quiet(error: Exception) -> None:
            log.info("stream: %s", error)

        client = await nats.connect(
            url,
            name=name,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.2,
            allow_reconnect=True,
            ping_interval=5,
            max_outstanding_pings=2,
            pending_size=64 * 1024 * 1024,
            error_cb=quiet,
        )
        return cls(client)

    @property
    def connected(self) -> bool:
        """Whether the engine answers now."""
        return self.client.is_connected

    async def close(self) -> None:
        """Say good-bye."""
        with contextlib.suppress(Exception):
            await self.client.close()

    async def ensure(
        self,
        name: str,
        subjects: list[str],
        *,
        max_bytes: int = -1,
        max_age_s: float = 0,
        max_msg_size: int = -1,
        forgets: bool = False,
    ) -> None:
        """Make the stream `name`, or update its limits. When full it refuses, or drops its oldest (`forgets`).

        Raises Unavailable.
        """
        config = StreamConfig(
            name=name,
            subjects=subjects,
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            max_bytes=max_bytes,
            max_age=max_age_s,
            max_msg_size=max_msg_size,
            discard=DiscardPolicy.OLD if forgets else DiscardPolicy.NEW,
            duplicate_window=120,
        )
        try:
            try:
                await self.js.add_stream(config)
            except BadRequestError:
                await self.js.update_stream(config)
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise Unavailable("engine.stream.away") from error

    async def ensure_mqtt(self, *, max_msg_size: int) -> None:
        """Make the stream that keeps MQTT's QoS 1 publishes as nats-server itself would with its first MQTT client, so
        that a consumer can be there before any device is. Larger messages than `max_msg_size` bytes are not taken in.

        Raises Unavailable.
        """
        config = StreamConfig(
            name="$MQTT_msgs",
            subjects=["$MQTT.msgs.>"],
            retention=RetentionPolicy.INTEREST,
            storage=StorageType.FILE,
            max_msg_size=max_msg_size,
        )
        try:
            try:
                await self.js.add_stream(config)
            except BadRequestError:
                await self.js.update_stream(config)
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise Unavailable("engine.stream.away") from error

    async def facts(self, name: str) -> Facts:
        """The state of the stream `name`. Raises Unavailable."""
        try:
            info = await self.js.stream_info(name)
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise Unavailable("engine.stream.away") from error
        state = info.state
        made = info.created.isoformat() if info.created else ""
        return Facts(made, state.first_seq, state.last_seq, state.messages, state.bytes)

    async def end_of(self, name: str, sequence: int, stored_us: int) -> int:
        """The newest sequence of the stream `name` that was stored when `sequence` was, at `stored_us`.

        That is `sequence` itself, but after a power cut: it may take the newest messages, and the stream then gives
        their sequences again, to messages that are stored later. Raises Unavailable.
        """
        facts = await self.facts(name)
        if sequence < facts.first or stored_us == 0 or not facts.messages:
            return min(sequence, facts.last)
        if sequence <= facts.last and await self._stored_us(name, sequence) in {stored_us, None}:
            return sequence
        low, high = facts.first - 1, min(sequence, facts.last)
        while low < high:
            middle = (low + high + 1) // 2
            if (await self._stored_us(name, middle) or 0) <= stored_us:
                low = middle
            else:
                high = middle - 1
        return low

    async def _stored_us(self, name: str, sequence: int) -> int | None:
        try:
            found = await self.js.get_msg(name, sequence)
        except NotFoundError:
            return None
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise Unavailable("engine.stream.away") from error
        if found.time is None:
            return None
        return (found.time - _EPOCH) // timedelta(microseconds=1)

    async def acknowledged(self, name: str) -> int | None:
        """Up to where all durable consumers of the stream `name` have acknowledged; None where it has none. Raises
        Unavailable.
        """
        try:
            infos = await self.js.consumers_info(name)
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise Unavailable("engine.stream.away") from error
        floors = [info.ack_floor.stream_seq if info.ack_floor else 0 for info in infos if info.config.durable_name]
        return min(floors, default=None)

    async def hold(self, name: str, holder: str, upto: int) -> None:
        """Let `acknowledged` know that `holder`, who reads the stream `name` by explicit sequence, needs nothing up to
        and including `upto` any more. Raises Unavailable.

        A durable consumer stands for it that is never read; a new one is there before the old one goes.
        """
        durable = f"{holder}-{upto}"
        config = ConsumerConfig(
            durable_name=durable,
            ack_policy=AckPolicy.ALL,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=upto + 1,
        )
        try:
            infos = await self.js.consumers_info(name)
            if all(info.name != durable for info in infos):
                await self.js.add_consumer(name, config)
            for info in infos:
                if info.name != durable and re.fullmatch(re.escape(holder) + r"-\d+", info.name):
                    await self.js.delete_consumer(name, info.name)
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise Unavailable("engine.stream.away") from error

    async def free(self, name: str, upto: int) -> None:
        """Forget the messages of the stream `name` up to and including the sequence `upto`. Raises Unavailable."""
        try:
            await self.js.purge_stream(name, seq=upto + 1)
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise Unavailable("engine.stream.away") from error

    async def publish(self, subject: str, data: bytes, *, message_id: str | None = None, timeout_s: float = 5) -> int:
        """Store one message and give its sequence. The same `message_id` within two minutes is stored once.

        Raises Unavailable when it is not known to be stored: the caller publishes again with the same id.
        """
        headers = {"Nats-Msg-Id": message_id} if message_id else None
        try:
            return (await self.js.publish(subject, data, timeout=timeout_s, headers=headers)).seq
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise Unavailable("engine.stream.away") from error

    async def tell(self, subject: str, data: bytes = b"") -> None:
        """Tell whoever listens now; nothing is stored. Lost in silence while the engine is away."""
        with contextlib.suppress(nats.errors.Error, OSError):
            await self.client.publish(subject, data)

    async def listen(self, subject: str, act: Callable[[Msg], Awaitable[None]]) -> None:
        """Call `act` for each message on `subject` from now on."""
        await self.client.subscribe(subject, cb=act)

    async def answer(self, subject: str, act: Callable[[bytes], Awaitable[bytes | None]]) -> None:
        """Answer each question on `subject` from now on with what `act` makes of it; None leaves it unanswered."""

        async def reply(message: Msg) -> None:
            answer = await act(message.data)
            if answer is not None:
                with contextlib.suppress(nats.errors.Error, OSError):
                    await message.respond(answer)

        await self.listen(subject, reply)

    async def ask(self, subject: str, data: bytes, *, timeout_s: float = 5) -> bytes:
        """The answer to a question. Raises Unavailable where nobody answers."""
        try:
            return (await self.client.request(subject, data, timeout=timeout_s)).data
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise Unavailable("engine.stream.away") from error

    async def last_sequence(self, name: str) -> int:
        """The newest sequence in the stream `name`; 0 when it is empty."""
        return (await self.js.stream_info(name)).state.last_seq

    def reader(self, name: str, *, subject: str, durable: str | None = None, after: int | None = None) -> Reader:
        """Read the stream `name`: as the durable consumer `durable`, or everything after the sequence `after`."""
        return Reader(self.client, self.js, name, subject=subject, durable=durable, after=after)


async def steadily(name: str, act: Callable[[], Awaitable[Any]], *, pause_s: float = 0.2) -> None:
    """Run `act` for ever; when an engine is away wait a little and try again. Other errors end the process, which is
    restarted."""
    while True:
        try:
            await act()
        except Unavailable as error:
            log.warning("%s waits: %s", name, error)
            await asyncio.sleep(pause_s)
