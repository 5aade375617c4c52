"""Who may go on with what they began: all long streams of a process are looked after by one query.

The database tells (`notify dure_revoked`) whenever a statement took a right away, whoever wrote it; what ends by time
alone is found by a look each second. So a person who has left hears nothing a second later.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from weakref import WeakKeyDictionary

from sqlalchemy import RowMapping, text

from dure.engine import outbox
from dure.engine.context import Context
from dure.engine.database import Database, Tx
from dure.kernel.errors import Forbidden, Unavailable
from dure.trust import address as addresses
from dure.trust.authentication import approved
from dure.trust.principal import SEEN_EVERY, Principal, seen

log = logging.getLogger(__name__)
CHANNEL = "dure_revoked"
LOOK_S = 1.0
_TOGETHER = timedelta(milliseconds=20)
"""Revocations of one moment share one look."""

_TOKENS = text(
    "select t.id, coalesce(m.agency_id, t.agency_id) as agency_id, array[t.role] as roles, false as shared, "
    "false as second_missing, "
    "t.networks, m.networks as machine_networks, a.networks as agency_networks "
    "from token t left join service_account m on m.id = t.service_account_id "
    "left join agency a on a.id = coalesce(m.agency_id, t.agency_id) "
    "where t.id = any(:ids) and t.revoked_at is null and t.expires_at > :now and coalesce(m.state, 'active') = 'active'"
)
_SESSIONS = text(
    "select s.id, c.agency_id, array(select distinct h.role from held_roles(c.id, :now) h) as roles, "
    "not s.second and exists (select from held_roles(c.id, :now) h join second_factor_rule r on r.role = h.role "
    "and r.demand = 'required') as second_missing, "
    "c.shared_suspected_at is not null as shared, null::text[] as networks, null::text[] as machine_networks, "
    "a.networks as agency_networks, s.seen_at "
    "from session s join account c on c.id = s.account_id left join agency a on a.id = c.agency_id "
    "where s.id = any(:ids) and s.revoked_at is null and s.expires_at > :now and c.state = 'active'"
)


async def still_valid(tx: Tx, principal: Principal) -> bool:
    """Whether `principal` may go on with what it began: not revoked, suspended, moved or ended, its roles as they were,
    its address still approved, no second factor asked of it since.
    """
    return principal in await valid(tx, [principal])


async def valid(tx: Tx, principals: Collection[Principal]) -> set[Principal]:
    """Those of `principals` who may go on, by at most two reads.

    A screen that hears the city is in use: its session does not go idle and ends at its absolute limit.
    """
    now = tx.now()
    good = {one for one in principals if one.kind == "system"}
    tokens = {one.id for one in principals if one.kind == "token"}
    sessions = {one.session_id for one in principals if one.session_id is not None}
    rows: dict[object, RowMapping] = {}
    if tokens:
        rows |= {row["id"]: row for row in await tx.rows(_TOKENS, {"ids": list(tokens), "now": now})}
    if sessions:
        found = await tx.rows(_SESSIONS, {"ids": list(sessions), "now": now})
        rows |= {row["id"]: row for row in found}
        for row in found:
            if now - row["seen_at"] > SEEN_EVERY:
                await seen(tx, row["id"])
    for one in principals:
        row_ = rows.get(one.session_id or one.id)
        if row_ is not None and _as_it_was(one, row_):
            good.add(one)
    return good


def _as_it_was(one: Principal, row: RowMapping) -> bool:
    """Whether what stands in the database now is what the stream began with."""
    try:
        here = addresses.parsed(one.address or "")
        approved(here, row["networks"], row["machine_networks"], row["agency_networks"])
    except Forbidden:
        return False
    standing = row["agency_id"], row["shared"], row["second_missing"]
    return frozenset(row["roles"]) == one.roles and standing == (one.agency_id, one.shared, one.second_missing)


class Stream:
    """One stream that is looked after."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self.ended = False
        self._wake = wake

    def end(self) -> None:
        """Tell whoever sends that it is over, once."""
        if not self.ended:
            self.ended = True
            self._wake()


class Watch:
    """Looks after the streams of this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._streams: dict[Stream, Principal] = {}
        self._begun = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def over(self, principal: Principal, wake: Callable[[], None]) -> Iterator["Stream"]:
        """Look after a stream of `principal` for the length of the block: within a second of the moment when it may not
        go on, `ended` is true and `wake` is called.
        """
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        stream = Stream(wake)
        self._streams[stream] = principal
        self._begun.set()
        try:
            yield stream
        finally:
            del self._streams[stream]

    async def _run(self) -> None:
        async with outbox.wakes(self._database.url, CHANNEL) as woken:
            while True:
                await self._begun.wait()
                woken.clear()
                try:
                    await self.look()
                except Unavailable as error:
                    log.warning("streams are looked after later: %s", error)
                except Exception:
                    log.exception("looking after streams is tried again")
                if not self._streams:
                    self._begun.clear()
                    continue
                await _either(woken, LOOK_S)
                await asyncio.sleep(_TOGETHER.total_seconds())

    async def look(self) -> None:
        """End the streams whose principals may not go on. Raises Unavailable; what ends by time ends then, too."""
        streams = dict(self._streams)
        now = self._database.clock.now()
        for stream, one in streams.items():
            if one.expires_at is not None and one.expires_at <= now:
                stream.end()
        asked = {one for stream, one in streams.items() if not stream.ended}
        if not asked:
            return
        async with self._database.transaction() as tx:
            good = await valid(tx, asked)
        for stream, one in streams.items():
            if one not in good:
                stream.end()


_watches: "WeakKeyDictionary[Database, Watch]" = WeakKeyDictionary()


def watch_of(context: Context) -> Watch:
    """This process's watch, with a connection of its own: streams are looked after also when requests hold the
    pool's.
    """
    watch = _watches.get(context.database)
    if watch is None:
        own = Database(context.database.url, clock=context.database.clock, pool_size=1)
        watch = _watches[context.database] = Watch(own)
    return watch


async def _either(woken: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await woken.wait()
    except TimeoutError:
        pass
