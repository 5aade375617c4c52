"""The newest readings straight from the stream, while the process that keeps them at hand is away or just beginning.

It writes nothing: it reads from where the files end, as that process does, and keeps what it has read for the next
question. When the process answers again this is forgotten.
"""

import asyncio
import time
from weakref import WeakKeyDictionary

from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.reader import Reader
from dure.kernel.errors import Unavailable
from dure.sense import manifest
from dure.sense.intake import Intake
from dure.sense.manifest import Marks
from dure.sense.streams import OBS
from dure.sense.tail import Answer, Query

LONGEST_S = 8.0
"""How long a question may wait for the stream to be read up to its end."""
_READ = 500
_QUIET_S = 1.0


class Onlooker:
    """Reads on with each question."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._one = asyncio.Lock()
        self._marks: Marks | None = None
        self._intake = Intake(0, {})
        self._reader: Reader | None = None

    async def answer(self, query: Query) -> Answer:
        """The tail's rows for a query. Raises Unavailable when an engine is away, or the end is not reached in time."""
        async with self._one:
            marks = await self._read_on()
            rows = sorted(self._intake.tail.found(query), reverse=query.newest)[: query.limit]
        return Answer(marks.origin, marks.seq, rows)

    async def _read_on(self) -> Marks:
        stream = self._context.stream
        facts = await stream.facts(OBS)
        async with self._context.database.transaction() as tx:
            found = await manifest.marks(tx)
        marks = Marks(min(found.seq, facts.last) if found.origin == facts.made else 0, facts.made, found.mqtt)
        if self._marks is None or (marks.seq, marks.origin) != (self._marks.seq, self._marks.origin):
            await self.close()
            self._marks, self._intake = marks, Intake(marks.seq, marks.mqtt)
        if self._reader is None:
            self._reader = stream.reader(OBS, subject="obs.>", after=self._intake.tail.last_seq)
        until = time.monotonic() + LONGEST_S
        while self._intake.tail.last_seq < facts.last:
            messages = await self._reader.read(_READ, _QUIET_S)
            for message in messages:
                self._intake.take(message)
            if not messages and not (await stream.facts(OBS)).messages:
                break
            if time.monotonic() > until:
                raise Unavailable("engine.stream.away")
        return marks

    async def close(self) -> None:
        """Leave the stream."""
        if self._reader is not None:
            await self._reader.close()
            self._reader = None


_onlookers: "WeakKeyDictionary[Database, Onlooker]" = WeakKeyDictionary()


def onlooker_of(context: Context) -> Onlooker:
    """This process's onlooker of the city, begun with its first use."""
    if context.database not in _onlookers:
        _onlookers[context.database] = Onlooker(context)
    return _onlookers[context.database]


async def forget(context: Context) -> None:
    """The process that keeps the newest readings answers again."""
    known = _onlookers.pop(context.database, None)
    if known is not None:
        await known.close()
