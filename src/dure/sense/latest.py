"""What each device said last, on its own row: many readings become one statement each two seconds at most.

It changes neither version nor events; screens read it when they look at a device.
"""

import logging
import time
from datetime import UTC, datetime

import msgspec
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.errors import Unavailable
from dure.sense.packs import Pack, Value

log = logging.getLogger(__name__)
EVERY_S = 2.0
SHARE = 10
"""A slow statement waits so many times its own length before the next."""
KEPT = 500_000
TRIES = 5

# Rows that somebody else holds are left for the next time: nobody waits, and no two statements lock each other out.
_UPDATE = text(
    "with mine as ("
    "select id from device where id = any(cast(:ids as text[])) order by id for no key update skip locked) "
    "update device d set last_seen = greatest(d.last_seen, u.seen), latest = d.latest || u.latest from mine, "
    "unnest(cast(:ids as text[]), cast(:seen as timestamptz[]), cast(:latest as jsonb[])) as u(id, seen, latest) "
    "where d.id = mine.id and u.id = mine.id returning d.id"
)


class _Pending:
    """What a device's row does not have yet."""

    __slots__ = ("seen", "tries", "values")

    def __init__(self) -> None:
        self.seen = 0.0
        self.tries = 0
        self.values: dict[str, tuple[Value, float]] = {}


class Latest:
    """Gathers the newest values and writes them down."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pending: dict[str, _Pending] = {}
        self._known: dict[tuple[str, str], float] = {}
        self._due = 0.0

    def take(self, pack: Pack) -> None:
        """Note a pack. A reading older than one already noted changes nothing, unless that one came from the future."""
        pending, known = self._pending, self._known
        if len(known) > KEPT:
            known.clear()
        for device, name, value, at, received in zip(
            pack.device, pack.property, pack.value, pack.observed_at, pack.received_at, strict=True
        ):
            one = pending.get(device)
            if one is None:
                one = pending[device] = _Pending()
            if received > one.seen:
                one.seen = received
            before = known.get((device, name), 0.0)
            if at >= before or before > received:
                known[device, name] = at
                one.values[name] = (value, at)

    async def flush(self) -> None:
        """Write down what is due. Keeps it where the database is away."""
        began = time.monotonic()
        if began < self._due or not self._pending:
            return
        taken, self._pending = self._pending, {}
        try:
            written = await self._write(taken)
        except Unavailable as error:
            log.warning("devices' latest values wait: %s", error)
            written = set()
        for device, one in taken.items():
            if device not in written and one.tries < TRIES:
                self._again(device, one)
        took = time.monotonic() - began
        self._due = began + max(EVERY_S, took * SHARE)

    async def _write(self, taken: dict[str, _Pending]) -> set[str]:
        ids = sorted(taken)
        async with self._database.transaction() as tx:
            result = await tx.execute(
                _UPDATE,
                {
                    "ids": ids,
                    "seen": [_time(taken[device].seen) for device in ids],
                    "latest": [_json(taken[device]) for device in ids],
                },
            )
            return {row[0] for row in result}

    def _again(self, device: str, one: _Pending) -> None:
        newer = self._pending.get(device)
        one.tries += 1
        if newer is not None:
            one.values.update(newer.values)
            one.seen = max(one.seen, newer.seen)
        self._pending[device] = one


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _json(one: _Pending) -> str:
    values = {name: {"value": value, "at": _time(at).isoformat()} for name, (value, at) in one.values.items()}
    return msgspec.json.encode(values).decode()
