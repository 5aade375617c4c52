"""The relay: gives committed outbox rows their position, one after the other without a gap, and publishes them.

Only one relay works at a time. It holds an epoch in the table `lease`; the statement that gives positions carries the
epoch, so a
relay that lost it can do nothing more.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import msgspec
import psycopg
from sqlalchemy import RowMapping, text

from dure.engine.database import OUTBOX_CHANNEL, Database, Tx, plain_url
from dure.engine.stream import Stream
from dure.engine.tasks import begun
from dure.kernel.errors import Unavailable
from dure.kernel.events import Event, cloud_event

log = logging.getLogger(__name__)

LEASE = "outbox"
STREAM = "EVENTS"
POSITIONS_CHANNEL = "dure_positions"
KEEP = timedelta(days=7)
_BATCH = 1000
_TAKE = text(
    "insert into lease (name, epoch, held_since) values (:name, 1, :now) "
    "on conflict (name) do update set epoch = lease.epoch + 1, held_since = :now returning epoch"
)
_NUMBER = text(
    """
    with waiting as (select seq from outbox where position is null order by seq limit :batch for update),
    numbered as (select seq, row_number() over (order by seq) as n from waiting),
    held as (
        update lease set position = position + (select count(*) from numbered)
        where name = :name and epoch = :epoch
        returning position - (select count(*) from numbered) as base
    )
    update outbox set position = held.base + numbered.n from numbered, held where outbox.seq = numbered.seq
    returning outbox.type
    """
)
_HELD = text("select epoch from lease where name = :name")
_UNPUBLISHED = text(
    "select * from outbox where position is not null and published_at is null order by position limit :batch"
)
_PUBLISHED = text("update outbox set published_at = :now where position = any(:positions)")
_encode = msgspec.json.Encoder().encode


class LostLease(Exception):
    """Another relay has taken over."""


class Relay:
    """Moves events from the outbox to the stream."""

    def __init__(self, database: Database, stream: Stream, source: str) -> None:
        self._database = database
        self._stream = stream
        self._source = source
        self._epoch = 0
        self.moved: list[Callable[[frozenset[str]], None]] = []
        """Called with the types of the events that were given positions."""

    async def take(self) -> None:
        """Become the one relay."""
        async with self._database.transaction() as tx:
            self._epoch = await tx.scalar(_TAKE, {"name": LEASE, "now": tx.now()})

    async def number(self) -> int:
        """Give positions to what is committed; how many. Raises LostLease."""
        async with self._database.transaction() as tx:
            (given,) = await tx.look((_NUMBER, {"name": LEASE, "epoch": self._epoch, "batch": _BATCH}))
            if not given and await tx.scalar(_HELD, {"name": LEASE}) != self._epoch:
                raise LostLease
            if given:
                tx.ring(POSITIONS_CHANNEL)
        if given:
            types = frozenset(row["type"] for row in given)
            for act in self.moved:
                act(types)
        return len(given)

    async def publish(self) -> int:
        """Publish what has a position; how many. A crash before the mark publishes again under the same id."""
        async with self._database.transaction() as tx:
            (rows,) = await tx.look((_UNPUBLISHED, {"batch": _BATCH}))
        if not rows:
            return 0
        for row in rows:
            event = from_row(row)
            body = cloud_event(event, at=row["occurred_at"], position=row["position"], source=self._source)
            await self._stream.publish(f"events.{event.type}", _encode(body), message_id=str(event.id))
        async with self._database.transaction() as tx:
            tx.later(_PUBLISHED, {"now": tx.now(), "positions": [row["position"] for row in rows]})
        return len(rows)

    async def run(self) -> None:
        """Relay for ever, woken by each commit; where another relay works, stand by until it is gone.

        Raises LostLease when another relay took over all the same (its connection outlived ours).
        """
        async with _turn(self._database.url), wakes(self._database.url, OUTBOX_CHANNEL) as woken:
            await begun("the relay", self.take)
            publishing = asyncio.create_task(self._publish_steadily())
            try:
                while True:
                    woken.clear()
                    try:
                        while await self.number() == _BATCH:
                            pass
                    except Unavailable as error:
                        log.warning("relay waits: %s", error)
                    if publishing.done():
                        publishing.result()
                    await _wait(woken, 0.5)
            finally:
                publishing.cancel()

    async def _publish_steadily(self) -> None:
        moved = asyncio.Event()
        self.moved.append(lambda _types: moved.set())
        await begun("publishing", self._ensured)
        while True:
            moved.clear()
            try:
                while await self.publish() == _BATCH:
                    pass
            except Unavailable as error:
                log.warning("publishing waits: %s", error)
            await _wait(moved, 1.0)

    async def _ensured(self) -> None:
        await self._stream.ensure(STREAM, ["events.>"], max_age_s=KEEP.total_seconds(), max_bytes=1 << 30, forgets=True)


def from_row(row: RowMapping) -> Event:
    """The event that an outbox row holds."""
    return Event(row["type"], row["entity"], row["entity_id"], row["entity_version"], row["data"], row["id"])


async def head(tx: Tx) -> int:
    """The newest position; 0 before the first event."""
    return int(await tx.scalar(text("select position from lease where name = :name"), {"name": LEASE}) or 0)


async def after(
    tx: Tx, position: int, *, upto: int, types: Sequence[str] | None = None, limit: int = 500
) -> Sequence[RowMapping]:
    """Outbox rows with `position` < position <= `upto`, in order, of the given types."""
    condition = "" if types is None else "and type = any(:types)"
    return await tx.rows(
        text(
            f"select * from outbox where position > :position and position <= :upto {condition} "
            "order by position limit :limit"
        ),
        {"position": position, "upto": upto, "limit": limit} | ({} if types is None else {"types": list(types)}),
    )


async def news(tx: Tx, position: int) -> tuple[int, Sequence[RowMapping]]:
    """The newest position, and the outbox rows after `position`, 500 at most: both in one round trip."""
    newest, rows = await tx.look((_HEAD, {"name": LEASE}), (_NEWS, {"name": LEASE, "position": position}))
    return int(newest[0]["position"] or 0) if newest else 0, rows


_HEAD = text("select position from lease where name = :name")
_NEWS = text(
    "select * from outbox where position > :position and position <= (select position from lease where name = :name) "
    "order by position limit 500"
)


async def forget_old(tx: Tx) -> int:
    """Delete events that every screen and consumer has long had."""
    result = await tx.execute(
        text(
            "delete from outbox where published_at < :before "
            "and position <= coalesce((select min(position) from consumer where enabled), 0)"
        ),
        {"before": tx.now() - KEEP},
    )
    return result.rowcount


@asynccontextmanager
async def _turn(url: str) -> AsyncIterator[None]:
    """Waits for the advisory lock of relays and holds it for the length of the block."""
    held = AsyncExitStack()

    async def wait() -> None:
        try:
            line = await held.enter_async_context(
                await psycopg.AsyncConnection.connect(plain_url(url), autocommit=True)
            )
            await line.execute("select pg_advisory_lock(hashtext('dure.outbox.relay'))")
        except psycopg.OperationalError as error:
            raise Unavailable("engine.database.away") from error

    async with held:
        await begun("the relay's turn", wait)
        yield


class Bell(asyncio.Event):
    """An event that keeps what was said when it was rung."""

    def __init__(self) -> None:
        super().__init__()
        self._words: set[str] = set()

    def ring(self, word: str = "") -> None:
        """Set it."""
        self._words.add(word)
        self.set()

    def words(self) -> set[str]:
        """What was said since this was asked last; "" where it may be anything."""
        said, self._words = self._words, set()
        return said


@asynccontextmanager
async def wakes(url: str, channel: str = POSITIONS_CHANNEL) -> AsyncIterator[Bell]:
    """An event that is set whenever new positions are given (or `channel` is notified); while the database is away,
    each second."""
    woken = Bell()

    async def listen() -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(plain_url(url), autocommit=True) as connection:
                    await connection.execute(f"listen {channel}")
                    woken.ring()
                    async for told in connection.notifies():
                        woken.ring(told.payload)
            except psycopg.Error:
                woken.ring()
                await asyncio.sleep(1)

    task = asyncio.create_task(listen())
    try:
        yield woken
    finally:
        task.cancel()


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
