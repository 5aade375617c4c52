"""Reading a stream: by explicit sequence, or as a durable consumer.

A reader is made anew when it goes silent while messages wait (a pull consumer has been seen to stop without an error).
"""

import asyncio
import contextlib
import json
import logging
import time
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from dure.kernel.errors import Unavailable

log = logging.getLogger(__name__)
SILENCE_S = 5.0
_PULL_S = 2.0
"""How long a pull stays open; one that was lost with the engine is asked again after that."""
_HEARTBEAT = "100"


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
class Outstanding:
    """What waits for its acknowledgement: `count` messages after the sequence `floor`, up to and with `upto`."""

    floor: int
    upto: int
    count: int

    def all_among(self, sequences: Collection[int]) -> bool:
        """Whether `sequences` are all of them, and none is there that the engine has yet to send again: one that came
        to life with an older state has forgotten what it sent, and all that came before it.
        """
        return max(sequences) <= self.upto and sum(one > self.floor for one in sequences) >= self.count


class Reader:
    """Pulls messages in order. `ack` frees everything up to a message.

    A pull is kept open while messages come, so that each is here once it is stored: the client's own `fetch` fills
    its batch first, which at 10,000 messages a second made each wait up to 100 ms.
    """

    def __init__(
        self,
        client: Client,
        js: JetStreamContext,
        name: str,
        *,
        subject: str,
        durable: str | None,
        after: int | None,
    ) -> None:
        self._client = client
        self._js = js
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
                await self._js.consumer_info(self._name, self._durable)
            except NotFoundError:
                await self._js.add_consumer(self._name, config)
            consumer = self._durable
        else:
            consumer = (await self._js.add_consumer(self._name, config)).name
            self._delivered = 0
        self._consumer = consumer
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{self._name}.{consumer}"
        self._arrived.clear()
        self._credit = 0
        self._inbox = await self._client.subscribe(self._client.new_inbox(), cb=self._take)
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
        now, reconnects = time.monotonic(), self._client.stats["reconnects"]
        if now - self._pulled > _PULL_S or reconnects != self._reconnects:
            self._credit, self._reconnects = 0, reconnects
        if self._credit + len(self._arrived) > most // 2:
            return
        request = {"batch": most, "expires": int(_PULL_S * 1e9)}
        assert self._inbox is not None
        await self._client.publish(self._next, json.dumps(request).encode(), reply=self._inbox.subject)
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
            info = await self._js.consumer_info(self._name, self._consumer)
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise Unavailable("engine.stream.away") from error
        sent = info.delivered.consumer_seq if info.delivered else 0
        return not info.num_pending and sent <= self._delivered

    async def pending(self) -> int:
        """How many messages wait for this reader."""
        return (await self._js.consumer_info(self._name, self._consumer)).num_pending or 0

    async def outstanding(self) -> Outstanding:
        """What a durable consumer has been sent and has not acknowledged. Raises Unavailable."""
        try:
            info = await self._js.consumer_info(self._name, self._durable or "")
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise Unavailable("engine.stream.away") from error
        floor = info.ack_floor.stream_seq if info.ack_floor else 0
        return Outstanding(floor, info.delivered.stream_seq if info.delivered else 0, info.num_ack_pending or 0)

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
