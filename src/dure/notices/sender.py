"""The task of the work process that hands notices over, asks after what nobody heard, and fetches reports.

An attempt is committed before the other side hears of it. A process that dies in between leaves it without an end; it
is unknown then, and the gateway is asked by our own reference (`model.settled`).
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.context import Context
from dure.engine.database import Database, Tx
from dure.engine.outbox import wakes
from dure.kernel.errors import Unavailable
from dure.notices import acknowledging, claiming, sending, timing
from dure.notices.gateway import Asked, Away, Gateway, Message
from dure.notices.keeping import stand, stands
from dure.notices.model import (
    Absent,
    Accepted,
    Channel,
    Declined,
    Doubt,
    Found,
    Lookup,
    NotNow,
    Outcome,
    Report,
    Status,
    Unheard,
    reported,
    settled,
)

log = logging.getLogger(__name__)
LONGEST_PAUSE_S = 1.0
"""How long the next claim waits at most: a wake that was lost costs no more."""
SHORTEST_PAUSE_S = 0.05
"""What is due and cannot be claimed (another sender claims at this moment) is not asked for in a circle."""
TEND_S = 1.0
LANES = 4
ASK_MOST = 50

_END = text(
    "update notice_attempt set ended_at = :now, outcome = :outcome, code = :code, gateway_id = :gateway_id "
    "where id = :id"
)
_LOCKED = text("select * from notice where id = any(:ids) order by id for update")
_LOST = text(
    "select * from notice where status = 'sending' and next_at <= :now order by id limit 200 for update skip locked"
)
_DOUBTFUL = text(
    "select n.*, a.started_at from notice n join notice_attempt a on a.id = n.attempt_id "
    "where n.status = 'unknown' and n.next_at <= :now and n.channel = any(:channels) "
    "order by n.life_safety desc, n.next_at, n.id limit :most for update of n skip locked"
)
_SENT = text(
    "select * from notice where status = 'sent' and next_at <= :now and channel = any(:channels) "
    "and gateway_id is not null order by next_at, id limit 200"
)
_NEXT = text("select min(next_at) from notice where status = 'queued' and channel = any(:channels)")
_NO_WAY = text(
    "select id from notice where status = 'queued' and next_at <= :now "
    "and channel <> all(cast(:channels as text[])) limit 200 for update skip locked"
)


@dataclass(frozen=True, slots=True)
class Way:
    """Channels and who carries them."""

    channels: tuple[Channel, ...]
    gateway: Gateway


class Sender:
    """Sends by these ways. Several may run at once; each notice is one's at a time."""

    def __init__(self, database: Database, ways: Sequence[Way]) -> None:
        self._database, self._ways = database, ways

    async def run(self) -> None:
        """For ever. A slow gateway holds up at most `LANES` loads, and never the next claim; what the database does not
        answer is tried again.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._sending())
            tasks.create_task(self._tending())

    async def _sending(self) -> None:
        """Claim when a notice is wanted, when one is due, and when a lane is free again."""
        lanes: set[asyncio.Task[bool]] = set()
        async with wakes(self._database.url, sending.CHANNEL) as woken:
            try:
                while True:
                    woken.clear()
                    pause_s = await self._claim_all(lanes, woken)
                    try:
                        async with asyncio.timeout(pause_s):
                            await woken.wait()
                    except TimeoutError:
                        pass
            finally:
                for one in lanes:
                    one.cancel()

    async def _claim_all(self, lanes: set[asyncio.Task[bool]], woken: asyncio.Event) -> float:
        """Give each free lane its load; how many seconds until there may be more."""

        def free(lane: asyncio.Task[bool]) -> None:
            lanes.discard(lane)
            woken.set()

        try:
            for way in self._ways:
                while len(lanes) < LANES and (messages := await self.claim(way)):
                    lane = asyncio.create_task(self._guarded(way, messages))
                    lanes.add(lane)
                    lane.add_done_callback(free)
            return LONGEST_PAUSE_S if len(lanes) == LANES else await self._until_due()
        except Unavailable as error:
            log.warning("notices wait: %s", error)
            return LONGEST_PAUSE_S

    async def _until_due(self) -> float:
        channels = [one.value for way in self._ways for one in way.channels]
        async with self._database.transaction() as tx:
            due: datetime | None = await tx.scalar(_NEXT, {"channels": channels})
            left = LONGEST_PAUSE_S if due is None else (due - tx.now()).total_seconds()
        return min(max(left, SHORTEST_PAUSE_S), LONGEST_PAUSE_S)

    async def _tending(self) -> None:
        while True:
            try:
                await self.tend()
            except Unavailable as error:
                log.warning("notices wait: %s", error)
            await asyncio.sleep(TEND_S)

    async def _guarded(self, way: Way, messages: Sequence[Message]) -> bool:
        """Hand over in a lane of its own: what goes wrong leaves attempts without an end, which `tend` finds."""
        try:
            await self.hand_over(way, messages)
        except Unavailable as error:
            log.warning("notices wait: %s", error)
        except Exception:
            log.exception("a load of notices failed")
        return True

    async def step(self) -> bool:
        """One round of everything; whether there may be more at once."""
        done = [await self.send_due(way) for way in self._ways]
        await self.tend()
        return any(done)

    async def tend(self) -> None:
        """Find what was lost, ask after it, call who has not heard, fetch reports, and refuse what nobody carries."""
        await self._refuse_without_way()
        await self.find_lost()
        async with self._database.transaction() as tx:
            await acknowledging.call_due(tx)
        for way in self._ways:
            await self.ask(way)
            await self.fetch(way)

    async def claim(self, way: Way) -> list[Message]:
        """What is due by one way, as committed intents."""
        async with self._database.transaction() as tx:
            return await claiming.claim(tx, way.channels, way.gateway.most)

    async def hand_over(self, way: Way, messages: Sequence[Message]) -> None:
        """Send a load and write how it ended."""
        outcomes = await way.gateway.send(messages)
        async with self._database.transaction() as tx:
            await settle(tx, messages, outcomes)

    async def send_due(self, way: Way) -> bool:
        """Hand over what is due by one way; whether there was a full load."""
        messages = await self.claim(way)
        if messages:
            await self.hand_over(way, messages)
        return len(messages) == way.gateway.most

    async def find_lost(self) -> None:
        """What was being sent when its process died may have gone out."""
        async with self._database.transaction() as tx:
            for row in await tx.rows(_LOST, {"now": tx.now()}):
                await stand(tx, row["id"], Status.UNKNOWN, reason="lost", next_at=tx.now())

    async def ask(self, way: Way) -> None:
        """Ask after what may have gone out."""
        asked: dict[UUID, tuple[RowMapping, Asked]] = {}
        async with self._database.transaction() as tx:
            values = {"now": tx.now(), "channels": [one.value for one in way.channels], "most": ASK_MOST}
            for row in await tx.rows(_DOUBTFUL, values):
                address = await claiming.address_of(tx, row)
                if address is None:
                    await stand(tx, row["id"], Status.UNKNOWN, reason="person_needed")
                    continue
                asked[row["attempt_id"]] = (row, Asked(row["attempt_id"], address, row["started_at"]))
        if not asked:
            return
        try:
            found = await way.gateway.lookup([one for _, one in asked.values()])
        except Away:
            async with self._database.transaction() as tx:
                for row, _ in asked.values():
                    await _later(tx, row)
            return
        async with self._database.transaction() as tx:
            await _answered(tx, [row for row, _ in asked.values()], found)

    async def fetch(self, way: Way) -> None:
        """Fetch delivery reports that are due."""
        async with self._database.transaction() as tx:
            rows = await tx.rows(_SENT, {"now": tx.now(), "channels": [one.value for one in way.channels]})
        if not rows:
            return
        try:
            reports = await way.gateway.reports([row["gateway_id"] for row in rows])
        except Away:
            reports = ()
        told = {one.gateway_id: one for one in reports}
        async with self._database.transaction() as tx:
            for row in await tx.rows(_LOCKED, {"ids": [each["id"] for each in rows]}):
                await take_report(tx, row, told.get(row["gateway_id"]))

    async def _refuse_without_way(self) -> None:
        known = [one.value for way in self._ways for one in way.channels]
        async with self._database.transaction() as tx:
            for row in await tx.rows(_NO_WAY, {"now": tx.now(), "channels": known}):
                await stand(tx, row["id"], Status.REFUSED, reason="no_gateway")


async def settle(tx: Tx, messages: Sequence[Message], outcomes: Mapping[UUID, Outcome]) -> None:
    """Write how attempts ended. What was settled otherwise meanwhile (a person, a report) stays."""
    rows = {row["id"]: row for row in await tx.rows(_LOCKED, {"ids": [one.notice_id for one in messages]})}
    for message in messages:
        outcome = outcomes.get(message.reference, Unheard("not_named"))
        gateway_id = outcome.gateway_id if isinstance(outcome, Accepted) else None
        tx.later(
            _END,
            {
                "id": message.reference,
                "now": tx.now(),
                "outcome": _NAMES[type(outcome)],
                "code": None if isinstance(outcome, Accepted) else outcome.code[:80],
                "gateway_id": gateway_id,
            },
        )
        row = rows[message.notice_id]
        if row["attempt_id"] == message.reference and row["status"] in {Status.SENDING, Status.UNKNOWN}:
            await _ended(tx, row, outcome)


_NAMES: Mapping[type, str] = {Accepted: "accepted", Declined: "declined", NotNow: "not_now", Unheard: "unheard"}


async def _ended(tx: Tx, row: RowMapping, outcome: Outcome) -> None:
    now, life = tx.now(), bool(row["life_safety"])
    match outcome:
        case Accepted(gateway_id):
            at = timing.ask_at(now, now, None) if gateway_id else None
            await stands(tx, row, Status.SENT, next_at=at, gateway_id=gateway_id, sent_at=now)
        case Declined(code):
            await stands(tx, row, Status.REFUSED, reason=code[:80] or "declined")
        case NotNow(code):
            again = timing.again_at(row["id"], row["tries"], now, life_safety=life)
            await stands(tx, row, Status.QUEUED, reason=code[:80], next_at=again)
        case Unheard(code):
            await stands(tx, row, Status.UNKNOWN, reason=code[:80], next_at=now + timing.ASK_AFTER)


async def _answered(tx: Tx, rows: Sequence[RowMapping], found: Mapping[UUID, Lookup]) -> None:
    still = {row["id"]: row for row in await tx.rows(_LOCKED, {"ids": [row["id"] for row in rows]})}
    for asked in rows:
        row = still[asked["id"]]
        if row["status"] != Status.UNKNOWN or row["attempt_id"] != asked["attempt_id"]:
            continue
        lookup = found.get(row["attempt_id"], Absent.CANNOT_SAY)
        match settled(lookup, life_safety=row["life_safety"]):
            case Doubt.WENT:
                assert isinstance(lookup, Found)
                now = tx.now()
                await stand(tx, row["id"], Status.SENT, next_at=now, gateway_id=lookup.gateway_id or None, sent_at=now)
            case Doubt.AGAIN:
                await stand(tx, row["id"], Status.QUEUED, reason="not_taken", next_at=tx.now())
            case Doubt.AGAIN_DOUBLED:
                await stand(
                    tx, row["id"], Status.QUEUED, reason="maybe_doubled", next_at=tx.now(), doubled=row["doubled"] + 1
                )
            case Doubt.PERSON:
                await stand(tx, row["id"], Status.UNKNOWN, reason="person_needed")


async def _later(tx: Tx, row: RowMapping) -> None:
    again = timing.again_at(row["id"], row["tries"], tx.now(), life_safety=row["life_safety"])
    await tx.execute(
        text("update notice set next_at = :at where id = :id and status = 'unknown'"), {"id": row["id"], "at": again}
    )


async def take_report(tx: Tx, row: RowMapping, found: Found | None) -> None:
    """Take a delivery report of a locked notice; None: there is none yet."""
    if found is not None and found.replied and row["acknowledged_at"] is None:
        await acknowledging.heard(tx, row["key"], row["to_key"], acknowledging.BY_KEY)
        if row["keys"] > 1 and found.key is not None and found.key <= row["keys"]:
            await acknowledging.answered(tx, row["key"], found.key)
    now = Status(row["status"])
    after = reported(now, found.report) if found is not None else now
    if after is not now:
        reason = found.code if found is not None and after is Status.FAILED else None
        await stand(tx, row["id"], after, reason=reason)
    elif now is Status.SENT:
        at = timing.ask_at(row["sent_at"] or tx.now(), tx.now(), found.report if found else Report.UNDER_WAY)
        await tx.execute(text("update notice set next_at = :at where id = :id"), {"id": row["id"], "at": at})


async def run(context: Context) -> None:
    """The work process's task: sends by what the city's environment names."""
    from dure.notices import ways

    settings = context.settings
    await Sender(context.database, [*ways.of_environment(), ways.push(context.database, settings.public_url)]).run()
