"""What one shard watches, followed live: its devices from the city, the rules from the rulebook."""

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from dure.city.queries import WatchedDevice, devices_for_detection
from dure.detect.events import RULE_CHANGED
from dure.detect.model import Device, Rule
from dure.detect.rulebook import in_force
from dure.engine import outbox
from dure.engine.context import Context
from dure.engine.database import Tx
from dure.kernel.errors import Unavailable
from dure.sense.packs import partition_of

log = logging.getLogger(__name__)
UNKNOWN_KEPT_S: Final = 5.0
REFRESH_S: Final = 600.0
"""Everything is read anew this often, whatever events said."""
_DEVICE: Final = "DeviceChanged.v1"
_ALL: Final = "CityImported.v1"


@dataclass(slots=True)
class News:
    """What changed since the worker last asked. `devices` None: nothing; `whole` says that it is all devices."""

    rules: Sequence[Rule] | None = None
    devices: list[Device] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    whole: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return self.rules is None and not self.devices and not self.gone and not self.whole


class Watched:
    """Devices and rules of shard `number`."""

    def __init__(self, context: Context, number: int) -> None:
        self._context = context
        self._number = number
        self._news = News()
        self._unknown: dict[str, float] = {}
        self._position = 0

    async def load(self) -> tuple[list[Device], list[Rule]]:
        """Everything, and the place in the outbox from which changes are followed. Raises Unavailable."""
        async with self._context.database.transaction() as tx:
            self._position = await outbox.head(tx)
            found = await devices_for_detection(tx)
            rules = await in_force(tx)
        self._news = News()
        self._unknown.clear()
        return self._mine(found), rules

    def news(self) -> News:
        """What changed since the last call."""
        taken, self._news = self._news, News()
        return taken

    async def look_up(self, missing: Iterable[str]) -> list[Device]:
        """Devices that readings name and the shard does not know yet: they may have been registered this moment.

        Raises Unavailable. What nobody registered is not asked for again for some seconds.
        """
        now = time.monotonic()
        asked = [name for name in missing if now - self._unknown.get(name, float("-inf")) > UNKNOWN_KEPT_S]
        if not asked:
            return []
        async with self._context.database.transaction() as tx:
            found = self._mine(await devices_for_detection(tx, asked))
        known = {device.id for device in found}
        self._unknown.update((name, now) for name in asked if name not in known)
        return found

    async def follow(self) -> None:
        """Hear of changes through the outbox, for ever; while the database is away what is known stays known."""
        refreshed = time.monotonic()
        async with outbox.wakes(self._context.database.url) as woken:
            while True:
                woken.clear()
                try:
                    async with self._context.database.transaction() as tx:
                        await self._catch_up(tx)
                        if time.monotonic() - refreshed > REFRESH_S:
                            refreshed = time.monotonic()
                            await self._reload(tx)
                            self._news.rules = await in_force(tx)
                except Unavailable as error:
                    log.warning("shard %d hears no changes: %s", self._number, error)
                try:
                    async with asyncio.timeout(1.0):
                        await woken.wait()
                except TimeoutError:
                    pass

    async def _catch_up(self, tx: Tx) -> None:
        upto = await outbox.head(tx)
        while True:
            rows = await outbox.after(tx, self._position, upto=upto, types=[_DEVICE, _ALL, RULE_CHANGED])
            if not rows:
                self._position = max(self._position, upto)
                return
            types = {row["type"] for row in rows}
            if _ALL in types:
                await self._reload(tx)
            elif _DEVICE in types:
                await self._reload_some(tx, sorted({row["entity_id"] for row in rows if row["type"] == _DEVICE}))
            if RULE_CHANGED in types:
                self._news.rules = await in_force(tx)
            self._position = int(rows[-1]["position"])

    async def _reload(self, tx: Tx) -> None:
        found = self._mine(await devices_for_detection(tx))
        self._news.whole, self._news.devices, self._news.gone = True, found, []

    async def _reload_some(self, tx: Tx, ids: list[str]) -> None:
        found = self._mine(await devices_for_detection(tx, ids))
        present = {device.id for device in found}
        kept = [device for device in self._news.devices if device.id not in ids]
        self._news.devices = kept + found
        if not self._news.whole:
            self._news.gone = [name for name in {*self._news.gone, *ids} if name not in present]
        self._unknown = {name: at for name, at in self._unknown.items() if name not in present}

    def _mine(self, found: Iterable[WatchedDevice]) -> list[Device]:
        """Those of this shard that are switched on."""
        partitions = self._context.settings.partitions
        return [
            Device(one.id, one.kind, one.group_id, one.lon, one.lat, one.asset_id, one.interval_s)
            for one in found
            if one.state != "off" and partition_of(one.id, one.group_id, partitions) == self._number
        ]
