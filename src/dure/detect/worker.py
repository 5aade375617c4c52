"""Works a shard: packs from the stream into the core, what matures into alarms, in one fenced transaction.

A restart takes the snapshot and reads the stream again from its position by explicit sequence. What was written up to
the kept position is not written again; the rest is written once, for alarms are told apart by rule, subject and onset.
While PostgreSQL or the stream is away the state waits in memory and goes on from where it stood.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dure.detect import canary, contributed, ownership
from dure.detect.core import saved
from dure.detect.core.shard import Shard
from dure.detect.model import Device, Outcome, Raised, group_subject
from dure.detect.ownership import Held, LostShard
from dure.detect.record import record
from dure.detect.watched import Watched
from dure.detect.writing import Batch, Writing
from dure.engine.context import Context
from dure.engine.reader import Message, Reader
from dure.kernel.errors import Unavailable
from dure.sense import packs, streams

log = logging.getLogger(__name__)
BATCH: Final = 500
"""Packs read at once. Many, because small packs pile up while a commit is waited for."""
READINGS: Final = 20_000
"""Readings judged before what matured in them is handed on to be written."""
SNAPSHOT_S: Final = 10.0
FREE_S: Final = 60.0
_LONGEST_WAIT_S: Final = 0.2
_SHORTEST_WAIT_S: Final = 0.05
_RETRY_S: Final = 0.1
_LAST_S: Final = 5.0
"""How long an orderly stop waits for the database."""
_OPEN: Final = text(
    "select rule, subject, last_onset_at from alarm where cleared_at is null and not late and closed_at is null"
)


async def run(context: Context) -> None:
    """Work all shards of this city in this process, for ever. Raises LostShard never: it stands by instead."""
    async with asyncio.TaskGroup() as group:
        for number in range(context.settings.partitions):
            group.create_task(Detector(context, number).run())


def _is_final(error: DBAPIError) -> bool:
    """Whether the database will say the same again: wrong data, a broken constraint, a wrong statement."""
    return str(getattr(error.orig, "sqlstate", "")).startswith(("22", "23", "42"))


class Detector:
    """One shard's worker. `wall` tells Unix seconds."""

    def __init__(self, context: Context, number: int, wall: Callable[[], float] = time.time) -> None:
        self.context = context
        self.number = number
        self.wall = wall
        self.shard = Shard()
        self.position = 0
        self._stored_us = 0
        self.caught_up = asyncio.Event()
        self._watched = Watched(context, number)
        self._held: Held | None = None
        self._reader: Reader | None = None
        self._made = ""
        self._connected = True
        self._saving: asyncio.Task[None] | None = None
        self._saved_at = 0.0
        self._saved_position = -1
        self._freed_at = 0.0
        self._stepped = asyncio.Event()
        self._writing = Writing(self._write)

    async def run(self) -> None:
        """Work for ever; stand by while another process has the shard. At an orderly stop the state is kept."""
        while True:
            try:
                async with ownership.turn(self.context.database, self.number) as still:
                    await self.take()
                    await self._serve(still)
            except LostShard:
                log.warning("shard %d was taken over", self.number)
            except Unavailable as error:
                log.warning("shard %d waits: %s", self.number, error)
            await asyncio.sleep(_RETRY_S)

    async def _serve(self, still: Callable[[], Awaitable[bool]]) -> None:
        following = asyncio.create_task(self._watched.follow())
        try:
            checked = time.monotonic()
            while not following.done():
                try:
                    await self.step()
                except Unavailable as error:
                    log.warning("shard %d waits: %s", self.number, error)
                    await asyncio.sleep(_RETRY_S)
                    if not await self._same_stream():
                        return
                if time.monotonic() - checked > SNAPSHOT_S:
                    checked = time.monotonic()
                    if not await still():
                        log.warning("shard %d lost its turn with the database's connection", self.number)
                        return
            following.result()
        finally:
            following.cancel()
            await self.stop()

    async def _same_stream(self) -> bool:
        """Whether the stream, where it answers, is still the one whose sequences are known."""
        try:
            await streams.ensure(self.context.stream, max_bytes=self.context.settings.stream_bytes)
            return (await self.context.stream.facts(streams.OBS)).made == self._made
        except Unavailable:
            return True

    async def take(self) -> None:
        """Become the worker: the state back from the snapshot, the stream from behind it.

        Raises Unavailable where an engine is away.
        """
        await streams.ensure(self.context.stream, max_bytes=self.context.settings.stream_bytes)
        self._made = (await self.context.stream.facts(streams.OBS)).made
        async with self.context.database.transaction() as tx:
            position, stored_us = await ownership.known(tx, self.number)
        last = await self.context.stream.end_of(streams.OBS, position, stored_us)
        async with self.context.database.transaction() as tx:
            held = self._held = await ownership.take(tx, self.number, self._made, last)
        devices, rules = await self._watched.load()
        self.shard = Shard(rules, devices)
        self.position, self._stored_us = held.snapshot_position, held.position_us
        if held.snapshot is not None:
            try:
                saved.load(self.shard, held.snapshot)
            except (ValueError, KeyError, TypeError, AttributeError):
                log.exception("shard %d starts anew: its snapshot cannot be read", self.number)
                self.shard = Shard(rules, devices)
        self.shard.listen(self.wall())
        await self._adopt()
        self.caught_up.clear()
        self._saved_position = -1
        self._saved_at = time.monotonic()
        self._writing.drop()
        subject = packs.subject_of(self.number)
        self._reader = self.context.stream.reader(streams.OBS, subject=subject, after=self.position)

    async def settled(self) -> None:
        """Wait until a whole step has been done from now on: what was taken is written then."""
        for _ in range(2):
            stepped = self._stepped
            await stepped.wait()
        await self._writing.flushed()

    async def step(self) -> None:
        """Take what waits, let time run, hand on what matured. Raises LostShard and, with nothing lost, Unavailable
        only before the state has moved."""
        asked = self.wall()
        messages = await self._read()
        self._hear()
        judged = 0
        for message in messages:
            judged += await self._feed(message)
            if judged >= READINGS:
                judged = 0
                self._hand_on(self.shard.drain())
        if not messages:
            asked = self.wall()
        if await self._nothing_waits(messages):
            if not self.caught_up.is_set():
                self._hand_on(self.shard.drain())
                await self._writing.flushed()
                await self._reconcile()
                self.caught_up.set()
            self.shard.idle(asked)  # not the present: what came while this was worked waits already
        self._hand_on(self.shard.drain())
        if self._writing.full:
            await self._writing.flushed()
        self._save_sometimes()
        stepped, self._stepped = self._stepped, asyncio.Event()
        stepped.set()

    async def stop(self) -> None:
        """Keep the state and let go of the stream."""
        if self._saving is not None:
            await asyncio.gather(self._saving, return_exceptions=True)
        try:
            async with asyncio.timeout(_LAST_S):
                await self._writing.flushed()
                if self._held is not None and self.position != self._saved_position:
                    await self.save()
        except (LostShard, Unavailable, TimeoutError) as error:
            log.warning("shard %d stops without a last snapshot: %s", self.number, error)
        self._writing.drop()
        if self._reader is not None:
            await self._reader.close()

    # Input

    async def _read(self) -> list[Message]:
        assert self._reader is not None
        if not self.context.stream.connected:
            self._connected = False
            await asyncio.sleep(_RETRY_S)
        try:
            messages = await self._reader.read(BATCH, self._patience())
        except Unavailable:
            self._connected = False
            raise
        if not self._connected and self.context.stream.connected:
            self._connected = True
            self.shard.listen(self.wall())
        if not self._connected:
            raise Unavailable("engine.stream.away")  # nobody knows what is queued: time must not run
        return messages

    async def _nothing_waits(self, messages: list[Message]) -> bool:
        """Whether these were the last that are stored, so that the wall clock may move timers."""
        assert self._reader is not None
        return messages[-1].pending == 0 if messages else await self._reader.drained()

    def _patience(self) -> float:
        """Seconds to wait for packs: until the next timer, within bounds."""
        due = self.shard.timers.next_at()
        wait = _LONGEST_WAIT_S if due is None else due - self.wall()
        return min(max(wait, _SHORTEST_WAIT_S), _LONGEST_WAIT_S)

    async def _feed(self, message: Message) -> int:
        """Judge one pack; how many readings it held."""
        if message.sequence <= self.position:
            return 0
        try:
            pack = packs.decode(message.data)
        except ValueError:
            log.exception("pack %d of shard %d cannot be read and is left out", message.sequence, self.number)
            self.position, self._stored_us = message.sequence, message.stored_us
            return 0
        missing = set(pack.device) - self.shard.devices.keys()
        if missing:
            self.shard.change_devices(await self._until_there(missing))
        try:
            self.shard.feed(pack)
        except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError):
            # A fault of ours; read again it would come again, and nobody would watch.
            log.exception("the rest of pack %d of shard %d was not judged", message.sequence, self.number)
        self.position, self._stored_us = message.sequence, message.stored_us
        assert self._held is not None
        if message.sequence <= self._held.position:
            self.shard.drain()  # written before the restart
        return len(pack)

    async def _until_there(self, missing: set[str]) -> list[Device]:
        while True:
            try:
                return await self._watched.look_up(missing)
            except Unavailable as error:
                log.warning("shard %d waits for its devices: %s", self.number, error)
                await asyncio.sleep(_RETRY_S)

    def _hear(self) -> None:
        """Changed rules and devices come into force between two packs."""
        news = self._watched.news()
        if news.empty:
            return
        if news.whole:
            self.shard.set_devices(news.devices)
        else:
            self.shard.change_devices(news.devices, news.gone)
        if news.rules is not None:
            self.shard.set_rules(news.rules)
            self.caught_up.clear()  # alarms of rules that start anew are adopted

    # Output

    def _hand_on(self, outcomes: list[Outcome]) -> None:
        """To be written, as judged now and complete up to where the stream was read. Raises LostShard."""
        self._writing.put(outcomes, self.context.database.clock.now(), self.position, self._stored_us)

    async def _write(self, batch: Batch) -> None:
        """In one transaction: the fence, alarms, their events, the position. Tried until it is done.

        What the database refuses for good is found by writing one by one, and left out: it must not keep a city deaf.
        The position moves with the last of them only.
        """
        try:
            await self._commit(batch)
        except (DBAPIError, ValueError, OverflowError):
            for number, one in enumerate(batch.outcomes, 1):
                last = number == len(batch.outcomes)
                alone = Batch(batch.position if last else 0, batch.stored_us if last else 0, [one])
                try:
                    await self._commit(alone)
                except (DBAPIError, ValueError, OverflowError):
                    log.exception("an outcome of shard %d cannot be written: %s", self.number, one[0])

    async def _commit(self, batch: Batch) -> None:
        held, rules = self._held, self.shard.rules
        assert held is not None
        known = [(one, judged) for one, judged in batch.outcomes if one.rule in rules]
        canaries = [one for one, _ in known if isinstance(one, Raised) and rules[one.rule].hidden]
        beside = [(one, judged) for one, judged in known if rules[one.rule].beside]
        shown = [(one, judged) for one, judged in known if not rules[one.rule].silent]
        while True:
            try:
                async with self.context.database.transaction() as tx:
                    await ownership.hold(tx, held, batch.position, batch.stored_us)
                    await record(tx, shown, rules)
                    await canary.seen(tx, canaries)
                    await contributed.tell(tx, beside)
                    return
            except (Unavailable, DBAPIError) as error:
                if isinstance(error, DBAPIError) and _is_final(error):
                    raise
                log.warning("%d outcomes of shard %d wait: %s", len(batch.outcomes), self.number, error)
                await asyncio.sleep(_RETRY_S)

    async def _adopt(self) -> set[tuple[str, str]]:
        """Watch for the end of what is open in the store; gives all that is."""
        async with self.context.database.transaction() as tx:
            rows = await tx.rows(_OPEN)
        stored = {(row["rule"], row["subject"]): row["last_onset_at"].timestamp() for row in rows}
        held = {(rule, subject) for rule, subject, _ in self.shard.open_alarms()}
        subjects = self._subjects()
        for (rule, subject), onset in stored.items():
            silent = rule in self.shard.rules and self.shard.rules[rule].silent
            if subject in subjects and (rule, subject) not in held and not silent:
                self.shard.adopt(rule, subject, onset, self.wall())
        return set(stored)

    def _subjects(self) -> dict[str, Device | str]:
        devices = self.shard.devices
        groups = {group_subject(one.group): one.group for one in devices.values() if one.group is not None}
        return {**devices, **groups}

    async def _reconcile(self) -> None:
        """State and store agree on what is open: after a crash each may know of one that the other does not."""
        stored, shard, subjects = await self._adopt(), self.shard, self._subjects()
        missing: list[Outcome] = []
        for rule, subject, onset in shard.open_alarms():
            # A wrong clock is judged by messages alone, never by a timer: what the state knows of it is written.
            if (rule, subject) not in stored and not shard.rules[rule].silent and rule not in shard.clocks:
                one = subjects.get(subject)
                name, group = (one.id, one.group) if isinstance(one, Device) else (None, one)
                missing.append(Raised(rule, subject, name, group, onset, onset))
        self._hand_on(missing)
        await self._writing.flushed()

    # The state

    def _save_sometimes(self) -> None:
        if self._saving is not None and self._saving.done():
            finished, self._saving = self._saving, None
            finished.result()
        due = time.monotonic() - self._saved_at >= SNAPSHOT_S and self.position != self._saved_position
        if due and self._saving is None and self.caught_up.is_set():
            self._saved_at = time.monotonic()
            self._saving = asyncio.create_task(self._save_and_free(*self._state()))

    def _state(self) -> tuple[int, int, bytes]:
        """The state between two steps: position, when that was stored, and the snapshot."""
        return self.position, self._stored_us, saved.dump(self.shard)

    async def _save_and_free(self, position: int, stored_us: int, payload: bytes) -> None:
        try:
            await self._keep(position, stored_us, payload)
            if time.monotonic() - self._freed_at > FREE_S:
                self._freed_at = time.monotonic()
                await self.context.stream.hold(streams.OBS, f"detect-p{self.number}", self._saved_position)
        except Unavailable as error:
            log.warning("shard %d could not keep its state: %s", self.number, error)

    async def save(self) -> None:
        """Keep the state as it is at this moment. Raises LostShard, Unavailable."""
        await self._keep(*self._state())

    async def _keep(self, position: int, stored_us: int, payload: bytes) -> None:
        """Keep a snapshot, once all that matured before it is written: a restart from it will not find that again."""
        await self._writing.flushed()
        assert self._held is not None
        async with self.context.database.transaction() as tx:
            await ownership.save(tx, self._held, position, stored_us, payload, self._made)
        self._saved_position = position
