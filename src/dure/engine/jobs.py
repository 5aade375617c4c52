"""Durable work: a wake is a row that somebody's transaction leaves, and that outlives every crash until it is handled.

A wake names a queue and a subject and says no more: what is to be done stands in the rows of the room that asked, and
its handler looks there (level, not edge). Handling and forgetting the wake are one transaction, so what a handler
writes happens once, whatever is killed. Timers are wakes with a later time, on the wall clock.

Wakes are only ever inserted and deleted, never updated by who asks: nobody who holds an incident waits for a worker.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, text

from dure.engine.database import Database, Tx
from dure.engine.outbox import Bell, wakes
from dure.kernel.errors import Unavailable

log = logging.getLogger(__name__)
CHANNEL = "dure_job"
LONGEST_WAIT_S = 5.0
"""How long a lane sleeps at most: a notification that was lost costs no more."""
AGAIN_AT_MOST_S = 300.0
STUCK_S = 15.0

Handler = Callable[[Tx, str], Awaitable[None]]

_INSERT = text("insert into job (queue, subject, due_at) values (:queue, :subject, :due_at)")
_CLAIM = text(
    "select id, subject, tries, exists (select from job other where other.queue = :queue and other.due_at <= :now "
    "and other.subject <> job.subject) as more from job where queue = :queue and due_at <= :now "
    "order by due_at, id limit 1 for update skip locked"
)
_FORGET = text(
    "delete from job where id in (select id from job where queue = :queue and subject = :subject and due_at <= :now "
    "for update skip locked)"
)
_NEXT = text("select min(due_at) as due_at from job where queue = :queue")
_FAILED = text("update job set tries = tries + 1, due_at = :due_at, error = :error where id = :id")
_HEALTH = text(
    "select queue, count(*) as waiting, count(*) filter (where due_at <= :now) as due, "
    "min(due_at) filter (where due_at <= :now) as oldest, count(*) filter (where tries > 0) as failing, "
    "max(tries) as tries from job group by queue order by queue"
)


@dataclass(frozen=True, slots=True)
class Queue:
    """A kind of work: `handle(tx, subject)` is called for each wake, in `lanes` transactions at a time.

    What it raises puts the wake off (1 s, then 4 s, at most 5 min); it is never dropped.
    """

    name: str
    handle: Handler
    lanes: int = 2


async def wake(tx: Tx, queue: str, subject: str, at: datetime | None = None) -> None:
    """Have `subject` handled once `tx` has committed, or at the time `at`."""
    tx.later(_INSERT, {"queue": queue, "subject": subject, "due_at": at or tx.now()})
    tx.ring(CHANNEL, queue)


async def health(tx: Tx) -> Sequence[RowMapping]:
    """Each queue that holds wakes: waiting, due, oldest due time, how many failed before and how often at most."""
    return await tx.rows(_HEALTH, {"now": tx.now()})


async def step(database: Database, queue: Queue) -> bool:
    """Handle the wake that has been due longest; whether there was one. Raises Unavailable."""
    return await _step(database, queue, lambda: None) is None


async def _step(database: Database, queue: Queue, more: Callable[[], None]) -> float | None:
    """The same; how many seconds there is nothing to do, None where there was. `more` is called where another wake is
    due, before this one is handled.
    """
    claimed: RowMapping | None = None
    try:
        async with database.transaction() as tx:
            now = tx.now()
            values = {"queue": queue.name, "now": now}
            found, nearest = await tx.look((_CLAIM, values), (_NEXT, {"queue": queue.name}))
            if not found:
                due: datetime | None = nearest[0]["due_at"]
                return LONGEST_WAIT_S if due is None else min(max((due - now).total_seconds(), 0.01), LONGEST_WAIT_S)
            claimed = found[0]
            if claimed["more"]:
                more()
            # Before the handler looks: what is woken after that is handled again.
            tx.later(_FORGET, {"queue": queue.name, "subject": claimed["subject"], "now": now})
            await queue.handle(tx, claimed["subject"])
    except Unavailable:
        raise
    except Exception as error:
        if claimed is None:
            raise
        log.exception("job %s of %s failed, try %d", claimed["subject"], queue.name, claimed["tries"] + 1)
        await _put_off(database, claimed, error)
    return None


async def _put_off(database: Database, claimed: RowMapping, error: BaseException) -> None:
    wait_s = min(4.0 ** claimed["tries"], AGAIN_AT_MOST_S)
    async with database.transaction() as tx:
        values: dict[str, Any] = {
            "id": claimed["id"],
            "due_at": tx.now() + timedelta(seconds=wait_s),
            "error": f"{type(error).__name__}: {error}"[:500],
        }
        await tx.execute(_FAILED, values)


class Lanes:
    """The lanes of one queue. One that has nothing to do is woken for a wake, and wakes the next where there are more:
    all at once would only ask for the same.
    """

    def __init__(self, count: int) -> None:
        self.bells = [asyncio.Event() for _ in range(count)]
        self.idle: set[int] = set()

    def ring(self) -> None:
        """There is something to do. Where no lane is idle, each looks again before it is."""
        if self.idle:
            self.bells[self.idle.pop()].set()
            return
        for bell in self.bells:
            bell.set()


class Worker:
    """Handles the wakes of some queues. Several workers, on several machines, share the work."""

    def __init__(self, database: Database, queues: Iterable[Queue]) -> None:
        self._database = database
        self._queues = tuple(queues)

    async def run(self, report: Callable[[str, float | None], Awaitable[None]]) -> None:
        """Work for ever. `report(name, seconds)` is told of a queue whose oldest wake waits too long, and with None
        when it is well again."""
        async with wakes(self._database.url, CHANNEL) as woken:
            bells = {queue.name: Lanes(queue.lanes) for queue in self._queues}
            tasks = [
                asyncio.create_task(self._lane(queue, bells[queue.name], lane), name=f"job {queue.name}")
                for queue in self._queues
                for lane in range(queue.lanes)
            ]
            tasks += [asyncio.create_task(_ring(woken, bells)), asyncio.create_task(self._watch(report))]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in tasks:
                    task.cancel()

    async def _lane(self, queue: Queue, lanes: Lanes, lane: int) -> None:
        bell = lanes.bells[lane]
        while True:
            bell.clear()
            wait_s: float | None = 1.0
            try:
                while (wait_s := await _step(self._database, queue, lanes.ring)) is None:
                    pass
            except Unavailable as error:
                wait_s = 1.0
                log.warning("jobs of %s wait: %s", queue.name, error)
            try:
                lanes.idle.add(lane)
                async with asyncio.timeout(wait_s):
                    await bell.wait()
            except TimeoutError:
                pass
            finally:
                lanes.idle.discard(lane)

    async def _watch(self, report: Callable[[str, float | None], Awaitable[None]]) -> None:
        stuck: set[str] = set()
        while True:
            await asyncio.sleep(LONGEST_WAIT_S)
            try:
                stuck = await self._look(stuck, report)
            except Unavailable as error:
                log.warning("the watch over jobs waits: %s", error)

    async def _look(self, stuck: set[str], report: Callable[[str, float | None], Awaitable[None]]) -> set[str]:
        async with self._database.transaction() as tx:
            now = tx.now()
            waiting = {row["queue"]: (now - row["oldest"]).total_seconds() for row in await health(tx) if row["oldest"]}
        late = {name: seconds for name, seconds in waiting.items() if seconds > STUCK_S}
        for name, seconds in late.items():
            await report(name, seconds)
        for name in stuck - late.keys():
            await report(name, None)
        return set(late)


async def _ring(woken: Bell, queues: Mapping[str, Lanes]) -> None:
    """Wake a lane of each queue that was named; of all of them where nobody can say which."""
    while True:
        await woken.wait()
        woken.clear()
        named = woken.words()
        for name in queues if "" in named else queues.keys() & named:
            queues[name].ring()
