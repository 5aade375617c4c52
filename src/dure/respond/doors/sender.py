"""The task of the work process that sends letters, asks after those that nobody heard the end of, and finds those whose
process died.
"""

import asyncio
import logging
from collections import Counter
from datetime import timedelta

from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.outbox import wakes
from dure.kernel.errors import Unavailable
from dure.respond.doors import claiming, client, sending, settling
from dure.respond.doors.claiming import Parcel
from dure.respond.doors.client import Client
from dure.respond.doors.model import Sending

log = logging.getLogger(__name__)
LANES = 8
LANES_EACH = 2
"""So many requests at once, and to one agency: a slow one never holds up the others."""
PAUSE_S = 1.0
KEEP_NONCES = timedelta(hours=1)

_LOST = text(
    "select id from handoff_send where status = 'sending' and next_at <= :now order by seq limit 200 "
    "for update skip locked"
)
_FORGET = text("delete from door_nonce where at < :before")


class Sender:
    """Sends what is due. Several may run at once; each letter is one's at a time."""

    def __init__(self, database: Database, out: Client, reply_to: str) -> None:
        self._database, self._out, self._reply_to = database, out, reply_to
        self._busy: Counter[str] = Counter()

    async def run(self) -> None:
        """For ever; what the database does not answer is tried again."""
        lanes: set[asyncio.Task[None]] = set()
        async with wakes(self._database.url, sending.CHANNEL) as bell:
            try:
                while True:
                    bell.clear()
                    lanes = {one for one in lanes if not one.done()}
                    try:
                        await self.find_lost()
                        while len(lanes) < LANES and (parcel := await self.claim()) is not None:
                            lanes.add(self._start(parcel, bell))
                    except Unavailable as error:
                        log.warning("doors wait: %s", error)
                    await _wait(bell, PAUSE_S)
            finally:
                for one in lanes:
                    one.cancel()

    def _start(self, parcel: Parcel, bell: asyncio.Event) -> asyncio.Task[None]:
        task = asyncio.create_task(self._guarded(parcel))
        task.add_done_callback(lambda _task: bell.set())
        return task

    async def _guarded(self, parcel: Parcel) -> None:
        """In a lane of its own: what goes wrong leaves an attempt without an end, which `find_lost` finds."""
        try:
            await self.carry(parcel)
        except Unavailable as error:
            log.warning("doors wait: %s", error)
        except Exception:
            log.exception("a letter to %s failed", parcel.agency_id)

    async def step(self) -> bool:
        """One round, one request at a time; whether anything was done. For tests and drills."""
        await self.find_lost()
        done = False
        while (parcel := await self.claim()) is not None:
            done = True
            await self.carry(parcel)
        return done

    async def claim(self) -> Parcel | None:
        """The next request: a question first, so that what may have arrived holds its hand-off up no longer than it
        must.
        """
        busy = [agency for agency, count in self._busy.items() if count >= LANES_EACH]
        async with self._database.transaction() as tx:
            parcel = await claiming.ask(tx, busy) or await claiming.claim(tx, busy, self._reply_to)
        if parcel is not None:
            self._busy[parcel.agency_id] += 1
        return parcel

    async def carry(self, parcel: Parcel) -> None:
        """Make the request and write how it ended."""
        try:
            if parcel.method == "GET":
                found = await self._out.look_up(parcel)
                async with self._database.transaction() as tx:
                    await settling.answered(tx, parcel.reference, found)
                return
            outcome = await self._out.send(parcel)
            async with self._database.transaction() as tx:
                await settling.ended(tx, parcel.reference, outcome)
        finally:
            self._busy[parcel.agency_id] -= 1

    async def find_lost(self) -> None:
        """What was being sent when its process died may have arrived."""
        async with self._database.transaction() as tx:
            for row in await tx.rows(_LOST, {"now": tx.now()}):
                await settling.stand(tx, row["id"], Sending.UNKNOWN, reason="lost", next_at=tx.now())


async def _wait(bell: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await bell.wait()
    except TimeoutError:
        pass


async def forget(context: Context) -> None:
    """Drop nonces whose time alone refuses them by now."""
    async with context.database.transaction() as tx:
        await tx.execute(_FORGET, {"before": tx.now() - KEEP_NONCES})


async def run(context: Context) -> None:
    """The work process's task."""
    out = client.of_environment()
    reply_to = f"{context.settings.public_url.rstrip('/')}/api/v1/doors"
    try:
        await Sender(context.database, out, reply_to).run()
    finally:
        await out.close()
