"""Which devices there are, as the doors need them: kept in memory, followed by events, looked up on a miss.

Unknown ids cannot hammer the database: misses of one moment share one look-up, its answer holds for some seconds, and
look-ups have a budget.
"""

import asyncio
import logging
import time
from collections.abc import Iterable
from weakref import WeakKeyDictionary

import msgspec

from dure.city.queries import DoorDevice, devices_for_doors
from dure.engine import outbox
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.tasks import ended
from dure.kernel.errors import Unavailable
from dure.kernel.ids import is_device_id
from dure.sense.packs import partition_of

log = logging.getLogger(__name__)
UNKNOWN_KEPT_S = 5.0
UNKNOWN_KEPT = 20_000
LOOKUPS_PER_S = 20
REFRESH_S = 600.0
"""Everything is read anew this often, whatever events said."""
_ALL_CHANGED = "CityImported.v1"


class Known(msgspec.Struct, frozen=True, gc=False):
    """A registered device: its partition, whether it is switched on, the hash of its key and, until a Unix time, of the
    one before, and its profile.
    """

    id: str
    kind: str
    partition: int
    on: bool
    key_hash: bytes | None
    form: str | None
    properties: frozenset[str] | None
    old_key_hash: bytes | None = None
    old_key_until: float = 0.0

    def good(self) -> frozenset[bytes]:
        """The hashes of the keys that open the door now; none where it is switched off."""
        good = {self.key_hash, self.old_key_hash if self.old_key_until > time.time() else None}
        return frozenset(one for one in good if one is not None) if self.on else frozenset()


class Registry:
    """All devices by id."""

    def __init__(self, database: Database, partitions: int) -> None:
        self.database = database
        self._partitions = partitions
        self._known: dict[str, Known] = {}
        self._unknown: dict[str, float] = {}
        self._budget = float(LOOKUPS_PER_S)
        self._budget_at = time.monotonic()
        self._loaded = asyncio.Event()
        self._asking: asyncio.Task[None] | None = None
        self._asked: set[str] = set()
        self._follower: asyncio.Task[None] | None = None
        self.revoked: asyncio.Queue[str] | None = None
        self._two_keys: dict[str, float] = {}
        self._position: int | None = None
        self._refreshed = 0.0

    def get(self, device: str) -> Known | None:
        """The device, where it is known already."""
        return self._known.get(device)

    def __contains__(self, device: object) -> bool:
        return device in self._known

    def start(self) -> None:
        """Load and follow for as long as the loop lives."""
        if self._follower is None or self._follower.done():
            self._follower = asyncio.create_task(self._follow())

    async def end(self) -> None:
        """Follow no longer, and let the database go."""
        await ended([task for task in (self._follower, self._asking) if task is not None])

    async def ready(self) -> None:
        """Wait until all devices are loaded."""
        await self._loaded.wait()

    async def find(self, ids: Iterable[str]) -> None:
        """Look those up that are not known yet. Raises Unavailable where the database is away."""
        now = time.monotonic()
        missing = {
            one
            for one in ids
            if one not in self._known and is_device_id(one) and now - self._unknown.get(one, -1e9) > UNKNOWN_KEPT_S
        }
        if not missing:
            return
        self._asked |= missing
        if self._asking is None or self._asking.done():
            if not self._affordable(now):
                self._asked.clear()
                return
            self._asking = asyncio.create_task(self._look_up())
        await asyncio.shield(self._asking)

    def _affordable(self, now: float) -> bool:
        self._budget = min(float(LOOKUPS_PER_S), self._budget + (now - self._budget_at) * LOOKUPS_PER_S)
        self._budget_at = now
        if self._budget < 1:
            return False
        self._budget -= 1
        return True

    async def _look_up(self) -> None:
        await asyncio.sleep(0)  # whoever misses in the same turn comes along
        while self._asked:
            asked = sorted(self._asked)[:1_000]
            self._asked.difference_update(asked)
            await self._reload(asked)

    async def _reload(self, ids: list[str]) -> None:
        async with self.database.transaction() as tx:
            found = {one.id: one for one in await devices_for_doors(tx, ids)}
        if len(self._unknown) > UNKNOWN_KEPT:
            self._unknown.clear()
        now = time.monotonic()
        for one in ids:
            before = self._known.pop(one, None)
            self._two_keys.pop(one, None)
            if one in found:
                self._known[one] = self._made(found[one])
                self._unknown.pop(one, None)
            else:
                self._unknown[one] = now
            self._note_revoked(before)

    async def _reload_all(self) -> None:
        async with self.database.transaction() as tx:
            found = await devices_for_doors(tx)
        self._two_keys.clear()
        before, self._known = self._known, {one.id: self._made(one) for one in found}
        self._unknown.clear()
        for one in before.values():
            self._note_revoked(one)
        self._loaded.set()

    def _note_revoked(self, before: Known | None) -> None:
        """Tell whoever hangs up that a key no longer opens the door, where it did before."""
        if self.revoked is None or before is None:
            return
        now = self._known.get(before.id)
        if before.good() - (now.good() if now is not None else frozenset()):
            self.revoked.put_nowait(before.id)

    def _end_old_keys(self) -> None:
        """Old keys whose days are over: whoever came in with one is hung up on."""
        now = time.time()
        for device in [one for one, until in self._two_keys.items() if until <= now]:
            del self._two_keys[device]
            if self.revoked is not None:
                self.revoked.put_nowait(device)

    def _made(self, one: DoorDevice) -> Known:
        until = one.old_key_until.timestamp() if one.old_key_until is not None else 0.0
        if until > time.time():
            self._two_keys[one.id] = until
        return Known(
            one.id,
            one.kind,
            partition_of(one.id, one.group_id, self._partitions),
            one.state != "off",
            one.key_hash,
            one.form,
            None if one.properties is None else frozenset(one.properties),
            one.old_key_hash,
            until,
        )

    async def _follow(self) -> None:
        """Hear of changed devices through the outbox; while the database is away what is known stays known."""
        self._position = None
        async with outbox.wakes(self.database.url) as woken:
            while True:
                woken.clear()
                self._end_old_keys()
                try:
                    await self._step()
                except Unavailable as error:
                    log.warning("registry of devices waits: %s", error)
                except Exception:  # a door without its registry is shut: say so and go on
                    log.exception("registry of devices tries again")
                    await asyncio.sleep(1.0)
                try:
                    async with asyncio.timeout(1.0):
                        await woken.wait()
                except TimeoutError:
                    pass

    async def _step(self) -> None:
        if self._position is None or time.monotonic() - self._refreshed > REFRESH_S:
            self._position = await self._head()
            await self._reload_all()
            self._refreshed = time.monotonic()
        self._position = await self._catch_up(self._position)

    async def _head(self) -> int:
        async with self.database.transaction() as tx:
            return await outbox.head(tx)

    async def _catch_up(self, position: int) -> int:
        """Reload what later events name; gives the position that is then reached."""
        while True:
            async with self.database.transaction() as tx:
                upto = await outbox.head(tx)
                rows = await outbox.after(tx, position, upto=upto, types=["DeviceChanged.v1", _ALL_CHANGED])
            if any(row["type"] == _ALL_CHANGED for row in rows):
                await self._reload_all()
            elif rows:
                await self._reload(sorted({row["entity_id"] for row in rows}))
            if not rows:
                return upto
            position = int(rows[-1]["position"])


_registries: "WeakKeyDictionary[Database, Registry]" = WeakKeyDictionary()


def registry_of(context: Context) -> Registry:
    """This process's registry of the city's devices, begun with its first use."""
    registry = _registries.get(context.database)
    if registry is None:
        # A connection of its own: requests that hold the pool's may be the very ones that wait for a look-up.
        own = Database(context.database.url, clock=context.database.clock, pool_size=1)
        registry = _registries[context.database] = Registry(own, context.settings.partitions)
    registry.start()
    return registry


async def end_registry(context: Context) -> None:
    """End this process's registry of the city's devices, where one has begun, with its connection."""
    own = _registries.pop(context.database, None)
    if own is not None:
        await own.end()
        await own.database.close()


async def run_registry(context: Context) -> None:
    """Have the registry at hand before the first request asks for it."""
    try:
        await registry_of(context).ready()
        await asyncio.Event().wait()
    finally:
        await end_registry(context)
