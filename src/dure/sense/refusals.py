"""What the doors refused, counted: by door, device and reason, in memory first and every two seconds in the database.

Bounded whatever comes: beyond a number of (door, device, reason) the device is left out; the sample is the payload's
shape without its values.
"""

import asyncio
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from weakref import WeakKeyDictionary

from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.database import Database, Tx
from dure.kernel.errors import Unavailable
from dure.kernel.ids import is_device_id

log = logging.getLogger(__name__)
Door = Literal["mqtt", "http", "sign_in"]
MOST_KEYS = 1_000
MOST_ROWS = 5_000
SAMPLE = 160
FLUSH_S = 2.0

_VALUES = re.compile(rb'"(?:[^"\\]|\\.)*"(?!\s*:)|[-+0-9.][-+0-9.eE]*|true|false|null|NaN|Infinity')
_KEYS = re.compile(rb'"([^"\\]{0,40})"\s*:')
_UPSERT = text(
    "insert into refusal (door, device, reason, count, first_at, last_at, sample) "
    "values (:door, :device, :reason, :count, :at, :at, :sample) on conflict (door, device, reason) do update "
    "set count = refusal.count + excluded.count, last_at = excluded.last_at, sample = excluded.sample"
)
_TRIM = text(
    "delete from refusal where last_at < :before or (door, device, reason) in "
    "(select door, device, reason from refusal order by last_at desc offset :most)"
)


@dataclass(slots=True)
class _Count:
    count: int
    sample: str


class Refusals:
    """The counts of this process that are not in the database yet."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counts: dict[tuple[str, str, str], _Count] = {}
        self._task: asyncio.Task[None] | None = None

    def count(self, door: Door, device: str, reason: str, payload: bytes = b"", times: int = 1) -> None:
        """Note `times` refusals. `payload` is looked at for its shape only."""
        if not is_device_id(device):
            device = ""
        key = (door, device, reason)
        found = self._counts.get(key)
        if found is None and len(self._counts) >= MOST_KEYS:
            key = (door, "", reason)
            found = self._counts.get(key)
        if found is None:
            self._counts[key] = _Count(times, shape(payload))
        else:
            found.count += times

    def start(self) -> None:
        """Write the counts down every two seconds for as long as the loop lives."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            await self.flush()

    async def flush(self) -> None:
        """Write the counts down now; they are kept when the database is away."""
        taken, self._counts = self._counts, {}
        if not taken:
            return
        try:
            async with self._database.transaction() as tx:
                at = tx.now()
                await tx.execute(
                    _UPSERT,
                    [
                        {
                            "door": door,
                            "device": device,
                            "reason": reason,
                            "count": one.count,
                            "at": at,
                            "sample": one.sample,
                        }
                        for (door, device, reason), one in sorted(taken.items(), key=lambda item: item[0])
                    ],
                )
        except Unavailable as error:
            log.warning("refusals wait: %s", error)
            for (door, device, reason), one in taken.items():
                self.count(door, device, reason, b"", one.count)  # type: ignore[arg-type]  # it came in as a Door


def shape(payload: bytes) -> str:
    """Size and shape of a payload: the keys of JSON, the first byte of anything else, and never a value."""
    if not payload:
        return ""
    head = payload[:2_000].lstrip()
    if head[:1] in {b"{", b"["}:
        keys = list(dict.fromkeys(_KEYS.findall(_VALUES.sub(b"", head))))[:12]
        named = " ".join(key.decode("ascii", "replace") for key in keys if re.fullmatch(rb"[A-Za-z_]{1,24}", key))
        return f"{len(payload)} B: JSON {named}".strip()[:SAMPLE]
    return f"{len(payload)} B: 0x{payload[0]:02x}"


async def newest(tx: Tx, limit: int, before: tuple[datetime, str, str, str] | None) -> Sequence[Any]:
    """Refusals, the newest first; `before` is the key of the last one of the page before."""
    later = "where (last_at, door, device, reason) < (:at, :door, :device, :reason)" if before else ""
    keys = dict(zip(("at", "door", "device", "reason"), before, strict=True)) if before else {}
    return await tx.rows(
        text(
            f"select door, device, reason, count, first_at, last_at, sample from refusal {later} "
            "order by last_at desc, door desc, device desc, reason desc limit :limit"
        ),
        {"limit": limit, **keys},
    )


async def trim(tx: Tx, before: datetime) -> None:
    """Forget what was last refused before `before`, and the oldest beyond 5,000."""
    await tx.execute(_TRIM, {"before": before, "most": MOST_ROWS})


_all: "WeakKeyDictionary[Database, Refusals]" = WeakKeyDictionary()


def refusals_of(context: Context) -> Refusals:
    """This process's counts."""
    found = _all.get(context.database)
    if found is None:
        found = _all[context.database] = Refusals(context.database)
    found.start()
    return found
