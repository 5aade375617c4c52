"""The stream: NATS with JetStream behind a narrow face.

A message is stored when `publish` returns. A `Reader` pulls from one stream by explicit sequence or as a durable
consumer, and is
made anew when it goes silent while messages wait (a pull consumer has been seen to stop without an error).
"""

import asyncio
import contextlib
import json
import logging
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import nats
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
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

from dure.kernel.errors import Unavailable

log = logging.getLogger(__name__)
SILENCE_S = 5.0
_PULL_S = 2.0
"""How long a pull stays open; one that was lost with the engine is asked again after that."""
_HEARTBEAT = "100"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Message:
    """One stored message: its sequence in the stream, subject, bytes, how many wait behind it for this reader, the
    number of its delivery, which grows by one with each that the consumer sends, and when it was stored (Unix
    microseconds).
    """

    sequence: int
    subject: str
    data: bytes
    pending: int
    delivery: int
    stored_us: int
    raw: Msg


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

    def reader(self, name: str, *, subject: str, durable: str | None = None, after: int | None = None) -> "Reader":
        """Read the stream `name`: as the durable consumer `durable`, or everything after the sequence `after`."""
        return Reader(self, name, subject=subject, durable=durable, after=after)


class Reader:
    """Pulls messages in order. `ack` frees everything up to a message.

    A pull is kept open while messages come, so that each is here once it is stored: the client's own `fetch` fills
    its batch first, which at 10,000 messages a second made each wait up to 100 ms.
    """

    def __init__(self, stream: Stream, name: str, *, subject: str, durable: str | None, after: int | None) -> None:
        self._stream = stream
        self._name = name
        self._subject = subject
        self._durable = durable
        self._after = after
        self._inbox: Subscription | None = None
        self._consumer = ""
        self._next = ""
        self._arrived: deque[Msg] = deque()
        self._news = asyncio.Event()
        self._credit = 0
        self._pulled = 0.0
        self._reconnects = 0
        self._heard = time.monotonic()
        self._delivered = 0

    async def open(self) -> None:
        """Make the consumer if it is not there. A durable one then holds messages from this moment on.

        Raises Unavailable.
        """
        try:
            await self._open()
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise Unavailable("engine.stream.away") from error

    async def _open(self) -> None:
        config = ConsumerConfig(
            durable_name=self._durable,
            filter_subject=self._subject,
            ack_policy=AckPolicy.ALL if self._durable else AckPolicy.NONE,
            ack_wait=1,
            max_ack_pending=100_000 if self._durable else None,
            deliver_policy=DeliverPolicy.ALL if self._after is None else DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=None if self._after is None else self._after + 1,
            inactive_threshold=None if self._durable else 60,
        )
        if self._durable:
            try:
                await self._stream.js.consumer_info(self._name, self._durable)
            except NotFoundError:
                await self._stream.js.add_consumer(self._name, config)
            consumer = self._durable
        else:
            consumer = (await self._stream.js.add_consumer(self._name, config)).name
            self._delivered = 0
        self._consumer = consumer
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{self._name}.{consumer}"
        self._arrived.clear()
        self._credit = 0
        self._inbox = await self._stream.client.subscribe(self._stream.client.new_inbox(), cb=self._take)
        self._heard = time.monotonic()

    async def _take(self, raw: Msg) -> None:
        """A message, or the engine's word that a pull has ended (status 404, 408, 409 or 503)."""
        status = raw.headers.get("Status") if raw.headers else None
        if status is None:
            self._credit -= 1
            self._arrived.append(raw)
        elif status != _HEARTBEAT:
            self._credit = 0
        self._news.set()

    async def read(self, most: int = 1000, wait_s: float = 1.0) -> list[Message]:
        """Up to `most` messages; [] when none came within `wait_s`. Raises Unavailable when the engine is away."""
        try:
            if self._inbox is None:
                await self.open()
            await self._pull(most)
        except (nats.errors.Error, OSError) as error:
            await self.close()
            raise Unavailable("engine.stream.away") from error
        if not self._arrived:
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._news.wait()
        if not self._arrived:
            await self._watch()
            return []
        self._heard = time.monotonic()
        messages = [_message(self._arrived.popleft()) for _ in range(min(most, len(self._arrived)))]
        if self._durable is None:
            messages = await self._unbroken(messages)
        return messages

    async def _pull(self, most: int) -> None:
        """Ask for more while less than half of `most` is on its way. What was asked before a reconnect is forgotten."""
        now, reconnects = time.monotonic(), self._stream.client.stats["reconnects"]
        if now - self._pulled > _PULL_S or reconnects != self._reconnects:
            self._credit, self._reconnects = 0, reconnects
        if self._credit + len(self._arrived) > most // 2:
            return
        request = {"batch": most, "expires": int(_PULL_S * 1e9)}
        assert self._inbox is not None
        await self._stream.client.publish(self._next, json.dumps(request).encode(), reply=self._inbox.subject)
        self._credit, self._pulled = self._credit + most, now

    async def _unbroken(self, messages: list[Message]) -> list[Message]:
        """`messages` up to the first missing delivery; what was lost with a connection is read again from there."""
        for index, message in enumerate(messages):
            if message.delivery != self._delivered + 1:
                log.warning("reader of %s missed a delivery: reads again after %s", self._name, self._after)
                await self.close()
                return messages[:index]
            self._delivered = message.delivery
            self._after = message.sequence
        return messages

    async def ack(self, message: Message) -> None:
        """Everything up to `message` needs no second delivery."""
        with contextlib.suppress(nats.errors.Error, OSError):
            await message.raw.ack()

    async def drained(self) -> bool:
        """Whether all that is stored for this reader has been read. An empty answer to `read` does not say so: the
        engine may only have been slow. Raises Unavailable.
        """
        if self._inbox is None:
            return False
        try:
            info = await self._stream.js.consumer_info(self._name, self._consumer)
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise Unavailable("engine.stream.away") from error
        sent = info.delivered.consumer_seq if info.delivered else 0
        return not info.num_pending and sent <= self._delivered

    async def pending(self) -> int:
        """How many messages wait for this reader."""
        return (await self._stream.js.consumer_info(self._name, self._consumer)).num_pending or 0

    async def unacknowledged(self) -> int:
        """How many messages a durable consumer has been sent and not acknowledged. Raises Unavailable."""
        try:
            return (await self._stream.js.consumer_info(self._name, self._durable or "")).num_ack_pending or 0
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise Unavailable("engine.stream.away") from error

    async def close(self) -> None:
        """Stop reading; a durable consumer stays."""
        if self._inbox is not None:
            with contextlib.suppress(Exception):
                await self._inbox.unsubscribe()
            self._inbox = None

    async def _watch(self) -> None:
        if time.monotonic() - self._heard < SILENCE_S:
            return
        self._heard = time.monotonic()
        try:
            waiting = await self.pending()
        except (nats.errors.Error, OSError, TimeoutError):
            waiting = 1
        if waiting:
            log.warning("reader of %s was silent with %d waiting: made anew", self._name, waiting)
            await self.close()


def _message(raw: Msg) -> Message:
    # The reply subject tells all (`$JS.ACK.<stream>.<consumer>.<tries>.<sequence>.<delivery>.<time>.<pending>`, with
    # domain and account before the stream's name on newer servers); splitting it is cheaper than the client's metadata.
    tokens = raw.reply.split(".")
    at = 5 if len(tokens) == 9 else 7
    pending, delivery, stored_us = int(tokens[at + 3]), int(tokens[at + 1]), int(tokens[at + 2]) // 1_000
    return Message(int(tokens[at]), raw.subject, raw.data, pending, delivery, stored_us, raw)


async def steadily(name: str, act: Callable[[], Awaitable[Any]], *, pause_s: float = 0.2) -> None:
    """Run `act` for ever; when an engine is away wait a little and try again. Other errors end the process, which is
    restarted."""
    while True:
        try:
            await act()
        except Unavailable as error:
            log.warning("%s waits: %s", name, error)
            await asyncio.sleep(pause_s)
