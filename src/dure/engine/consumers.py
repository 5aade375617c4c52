"""Named consumers: each follows the outbox by a cursor row of its own, and can be switched off by itself.

Handling an event and moving the cursor are one transaction, so an event is handled once, whatever is killed. An event
that fails five
times is set aside with its error and the consumer goes on; a person sends it again.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from dure.engine import outbox
from dure.engine.database import Database, Tx
from dure.engine.tasks import begun
from dure.kernel.errors import NotFound, Unavailable
from dure.kernel.events import Event

log = logging.getLogger(__name__)
TRIES = 5
STUCK_S = 15.0

Handler = Callable[[Tx, Event], Awaitable[None]]

_CURSOR = text(
    "select c.position, (select position from lease where name = :lease) as head from consumer c "
    "where c.name = :name and c.enabled for update skip locked"
)
_NEXT = text(
    "select * from outbox where position > :position and position <= :upto and type = any(:types) "
    "order by position limit 1"
)
_MOVE = text("update consumer set position = :position, moved_at = :now where name = :name")


@dataclass(frozen=True, slots=True)
class Consumer:
    """A reaction to events: a name that says room and purpose (`respond.alarms`), the types it wants, what it does."""

    name: str
    types: tuple[str, ...]
    handle: Handler


async def register(tx: Tx, consumers: Sequence[Consumer]) -> None:
    """Give each consumer its cursor row; a new one begins with the oldest event that is kept."""
    for one in consumers:
        await tx.execute(
            text("insert into consumer (name) values (:name) on conflict (name) do nothing"), {"name": one.name}
        )


class Runner:
    """Runs one consumer."""

    def __init__(self, database: Database, consumer: Consumer) -> None:
        self._database = database
        self._consumer = consumer
        self._tries = 0
        self.wake = asyncio.Event()

    async def step(self) -> bool:
        """Handle the next event; whether there may be more."""
        tried: int | None = None
        try:
            async with self._database.transaction() as tx:
                (stands,) = await tx.look((_CURSOR, {"name": self._consumer.name, "lease": outbox.LEASE}))
                if not stands:
                    return False
                position, upto = int(stands[0]["position"]), int(stands[0]["head"] or 0)
                if upto <= position:
                    return False
                values = {"position": position, "upto": upto, "types": list(self._consumer.types)}
                (rows,) = await tx.look((_NEXT, values))
                if not rows:
                    self._move(tx, upto)
                    return False
                tried = int(rows[0]["position"])
                await self._consumer.handle(tx, outbox.from_row(rows[0]))
                self._move(tx, tried)
        except Unavailable:
            raise
        except Exception as error:
            if tried is None:
                raise
            await self._failed(tried, error)
            return True
        self._tries = 0
        return True

    def _move(self, tx: Tx, position: int) -> None:
        tx.later(_MOVE, {"position": position, "now": tx.now(), "name": self._consumer.name})

    async def _failed(self, position: int, error: BaseException) -> None:
        self._tries += 1
        log.error("consumer %s failed on %d, try %d", self._consumer.name, position, self._tries, exc_info=error)
        if self._tries < TRIES:
            await asyncio.sleep(0.05 * 4**self._tries)
            return
        self._tries = 0
        async with self._database.transaction() as tx:
            await tx.execute(
                text(
                    "insert into dead_letter (consumer, position, error, tries, failed_at) "
                    "values (:consumer, :position, :error, :tries, :now) on conflict (consumer, position) do update "
                    "set error = excluded.error, tries = dead_letter.tries + :tries, failed_at = excluded.failed_at"
                ),
                {
                    "consumer": self._consumer.name,
                    "position": position,
                    "error": f"{type(error).__name__}: {error}"[:500],
                    "tries": TRIES,
                    "now": tx.now(),
                },
            )
            self._move(tx, position)

    async def run(self) -> None:
        """Consume for ever, woken by the relay and once a second."""
        while True:
            self.wake.clear()
            try:
                while await self.step():
                    pass
            except Unavailable as error:
                log.warning("consumer %s waits: %s", self._consumer.name, error)
            try:
                async with asyncio.timeout(1):
                    await self.wake.wait()
            except TimeoutError:
                pass


async def listing(tx: Tx) -> list[dict[str, Any]]:
    """Every consumer: name, on or off, position, lag (events), age of the oldest waiting event in seconds, set
    aside."""
    rows = await tx.rows(
        text(
            """
            select c.name, c.enabled, c.position, greatest(h.position - c.position, 0) as lag, c.moved_at,
                (select count(*) from dead_letter d where d.consumer = c.name and d.retried_at is null) as set_aside,
                (select occurred_at from outbox o where o.position > c.position order by o.position limit 1) as oldest
            from consumer c, lease h where h.name = :lease order by c.name
            """
        ),
        {"lease": outbox.LEASE},
    )
    now = tx.now()
    return [
        {
            "name": row["name"],
            "enabled": row["enabled"],
            "position": row["position"],
            "lag": row["lag"],
            "waiting_s": max((now - row["oldest"]).total_seconds(), 0.0) if row["oldest"] else 0.0,
            "moved_at": row["moved_at"],
            "set_aside": row["set_aside"],
        }
        for row in rows
    ]


async def switch(tx: Tx, name: str, *, on: bool) -> None:
    """Let a consumer work, or make it stand still with its place kept. Raises NotFound."""
    result = await tx.execute(
        text("update consumer set enabled = :on, moved_at = :now where name = :name"),
        {"on": on, "now": tx.now(), "name": name},
    )
    if result.rowcount == 0:
        raise NotFound("engine.consumer.unknown", name=name)


class Group:
    """All consumers of one process, and the watchdog that makes a stuck one anew."""

    def __init__(self, database: Database, consumers: Sequence[Consumer]) -> None:
        self._database = database
        self._consumers = {one.name: one for one in consumers}
        self._runners: dict[str, Runner] = {}
        self._begun: dict[str, float] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def wake(self, types: frozenset[str]) -> None:
        """There are new events of these types; who wants none of them moves on with its next second."""
        for name, runner in self._runners.items():
            if not types.isdisjoint(self._consumers[name].types):
                runner.wake.set()

    async def run(self, report: Callable[[str, float | None], Awaitable[None]]) -> None:
        """Run all for ever. `report(name, seconds)` is told of a consumer that stands still, and with None when it is
        well again."""
        await begun("the list of consumers", self._registered)
        stuck: set[str] = set()
        try:
            while True:
                self._start_missing()
                try:
                    stuck = await self._watch(stuck, report)
                except Unavailable as error:
                    log.warning("watchdog waits: %s", error)
                await asyncio.sleep(2)
        finally:
            for task in self._tasks.values():
                task.cancel()

    async def _registered(self) -> None:
        async with self._database.transaction() as tx:
            await register(tx, list(self._consumers.values()))

    def _start_missing(self) -> None:
        for name, one in self._consumers.items():
            task = self._tasks.get(name)
            if task is not None and not task.done():
                continue
            if task is not None and not task.cancelled() and task.exception() is not None:
                log.error("consumer %s ended", name, exc_info=task.exception())
            self._runners[name] = Runner(self._database, one)
            self._begun[name] = time.monotonic()
            self._tasks[name] = asyncio.create_task(self._runners[name].run(), name=f"consumer {name}")

    async def _watch(self, stuck: set[str], report: Callable[[str, float | None], Awaitable[None]]) -> set[str]:
        async with self._database.transaction() as tx:
            rows = await listing(tx)
            now = tx.now()
        late: set[str] = set()
        for row in rows:
            if row["name"] not in self._consumers or not row["enabled"] or not row["lag"]:
                continue
            still = (now - row["moved_at"]).total_seconds() if row["moved_at"] else row["waiting_s"]
            begun = time.monotonic() - self._begun[row["name"]]
            if min(row["waiting_s"], still, begun) > STUCK_S:
                late.add(row["name"])
                await report(row["name"], row["waiting_s"])
                self._tasks[row["name"]].cancel()
        waiting = {row["name"] for row in rows if row["lag"]}
        for name in stuck - waiting:
            await report(name, None)
        return late | (stuck & waiting)
