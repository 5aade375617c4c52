"""From the stream into files: what OBS holds becomes Parquet by the hour it was received in.

An observation's truth is the stream until its file stands in the manifest. File first (synced and renamed), then file
row and marks in one transaction; a crash between leaves an orphan file, which is swept, and the stream, which is read
again from the mark. What comes twice is dropped by its MQTT sequence.
"""

import asyncio
import logging
import time
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from dure.engine import history
from dure.engine.context import Context
from dure.engine.reader import Message, Reader
from dure.kernel.errors import Unavailable
from dure.sense import manifest
from dure.sense.intake import Intake
from dure.sense.latest import Latest
from dure.sense.manifest import File, Marks
from dure.sense.streams import OBS, ensure
from dure.sense.tail import ORDER, Answer, Query, Tail

log = logging.getLogger(__name__)
FLUSH_S = 300.0
FLUSH_ROWS = 200_000
FLUSH_MESSAGES = 20_000
READ = 500
LONG = 4_000
"""Bytes of a pack that takes long enough to let others in between."""
KEPT_S = 3600.0
"""How long what stands in files stays in the stream too, for whoever reads it again."""
TAIL = "dure.history.tail"


async def run_history(context: Context) -> None:
    """Write history, keep devices' latest values, and answer for what no file holds yet; for ever."""
    writer = Writer(context)
    await context.stream.answer(TAIL, writer.answer)
    while True:
        try:
            await writer.run()
        except Unavailable as error:
            log.warning("history waits: %s", error)
            await asyncio.sleep(0.2)
        except OSError as error:  # a full disk, say; the stream holds everything until then
            log.warning("history cannot be written: %s", error)
            await asyncio.sleep(5.0)


def folder_of(data: Path) -> Path:
    """Where the files are."""
    return data / "history"


class Writer:
    """Follows OBS from the mark."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._folder = folder_of(context.settings.data)
        self._latest = Latest(context.database)
        self._marks: Marks | None = None
        self._intake = Intake(0, {})
        self._until = 0
        self._reader: Reader | None = None
        self._began = time.monotonic()
        self._flushed: deque[tuple[float, int]] = deque()

    async def run(self) -> None:
        """Read on for ever. Raises Unavailable, and goes on where it was when called again."""
        if self._marks is None:
            await self._begin()
        while True:
            await self.step()

    async def step(self, wait_s: float = 0.5) -> None:
        """Take in what is there; write a file when one is due. Raises Unavailable."""
        assert self._reader is not None
        messages = await self._reader.read(READ, wait_s)
        if not messages:  # what was there at the beginning is read, however its sequences end
            self._until = 0
        for message in messages:
            self._take(message)
            if len(message.data) > LONG:
                await asyncio.sleep(0)  # detection lives on the same loop
        await self._latest.flush()
        if (
            len(self._tail) >= FLUSH_ROWS
            or self._tail.messages >= FLUSH_MESSAGES
            or (self._tail.messages and time.monotonic() - self._began > FLUSH_S)
        ):
            await self.flush()

    async def _begin(self) -> None:
        """Find the place in the stream; a stream made anew, or one that lost its end in a power cut, sets it back."""
        context = self._context
        await ensure(context.stream, max_bytes=context.settings.stream_bytes)
        facts = await context.stream.facts(OBS)
        async with context.database.transaction() as tx:
            found = await manifest.marks(tx)
            seq = min(found.seq, facts.last) if found.origin == facts.made else 0
            if (seq, facts.made) != (found.seq, found.origin):
                await manifest.begin(tx, seq, facts.made)
        self._marks = Marks(seq, facts.made, found.mqtt)
        self._intake = Intake(seq, found.mqtt)
        self._until = facts.last
        self._began = time.monotonic()
        self._reader = context.stream.reader(OBS, subject="obs.>", after=seq)

    @property
    def _tail(self) -> Tail:
        return self._intake.tail

    def _take(self, message: Message) -> None:
        if not self._tail.messages:
            self._began = time.monotonic()
        pack = self._intake.take(message)
        if pack is not None:
            self._latest.take(pack)

    async def flush(self) -> None:
        """Write what the tail holds into files and move the marks. Raises Unavailable; the tail stays then."""
        assert self._marks is not None
        tail, before = self._tail, self._marks
        if tail.last_seq < tail.first_seq:
            return
        files = await asyncio.to_thread(self._write, tail, before.origin)
        after = Marks(tail.last_seq, before.origin, dict(self._intake.mqtt))
        async with self._context.database.transaction() as tx:
            await manifest.advance(tx, before.seq, after, files)
        self._marks = after
        self._intake.start_tail(after.seq)
        self._began = time.monotonic()
        self._flushed.append((time.monotonic(), after.seq))
        await self._free()

    def _write(self, tail: Tail, origin: str) -> list[File]:
        files = []
        for hour, rows in sorted(tail.hours().items()):
            begin = manifest.hour_of(hour)
            path = manifest.path_of(begin, origin, tail.first_seq, tail.last_seq, 0)
            written = history.write(self._folder / path, tail.columns(rows), ORDER)
            earliest, latest = tail.span(rows)
            files.append(
                File(
                    path,
                    written.sha256,
                    written.size,
                    len(rows),
                    origin,
                    tail.first_seq,
                    tail.last_seq,
                    begin,
                    _time(earliest),
                    _time(latest),
                )
            )
        return files

    async def _free(self) -> None:
        """Let the stream forget what stands in files, is old, and was acknowledged by all who follow it."""
        assert self._marks is not None
        stream = self._context.stream
        upto = 0
        while self._flushed and time.monotonic() - self._flushed[0][0] > KEPT_S:
            upto = self._flushed.popleft()[1]
        facts = await stream.facts(OBS)
        if facts.size * 2 > self._context.settings.stream_bytes:
            upto = self._marks.seq
        acknowledged = await stream.acknowledged(OBS)
        if acknowledged is not None:
            upto = min(upto, acknowledged)
        if upto >= facts.first:
            await stream.free(OBS, upto)

    async def answer(self, question: bytes) -> bytes | None:
        """The tail's part of a query (`Query` as msgpack -> `Answer`).

        b"" until what was there at the beginning is read: what is missing must not look as if it had never been.
        """
        if self._marks is None or self._tail.last_seq < self._until:
            return b""
        query = msgspec.msgpack.decode(question, type=Query)
        rows = sorted(self._tail.found(query), reverse=query.newest)[: query.limit]
        return msgspec.msgpack.encode(Answer(self._marks.origin, self._marks.seq, rows))


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
