"""Who works a shard: one process at a time, by turn and by epoch.

The turn (an advisory lock) keeps a second process standing by; the epoch fences: every transaction of a shard carries
it and fails once another has taken the shard over.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Executable, text
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from dure.engine.database import Database, Tx
from dure.kernel.errors import Unavailable

_PAUSE_S: Final = 0.5
_TAKE: Final = text(
    "insert into detect_shard (id, epoch, beat_at) values (:id, 1, :now) "
    "on conflict (id) do update set epoch = detect_shard.epoch + 1, beat_at = :now returning *"
)
_HOLD: Final = text(
    "update detect_shard set position = greatest(position, :position), "
    "position_us = case when :position >= position then :stored_us else position_us end, beat_at = :now "
    "where id = :id and epoch = :epoch"
)
_SAVE: Final = text(
    "update detect_shard set snapshot = :snapshot, snapshot_position = :position, snapshot_at = :now, "
    "stream = :stream, position = greatest(position, :position), "
    "position_us = case when :position >= position then :stored_us else position_us end, beat_at = :now "
    "where id = :id and epoch = :epoch"
)
_START_ANEW: Final = text(
    "update detect_shard set position = 0, snapshot_position = 0, stream = :stream where id = :id and epoch = :epoch"
)

_STEP_BACK: Final = text(
    "update detect_shard set position = least(position, :last), snapshot_position = least(snapshot_position, :last), "
    "position_us = 0 where id = :id and epoch = :epoch"
)


class LostShard(Exception):
    """Another process has taken the shard over: nothing more may be written for it."""


@dataclass(frozen=True, slots=True)
class Held:
    """A shard as it was taken. `position` is the sequence up to which alarms are written, stored in the stream at
    `position_us` (Unix microseconds, 0 unknown); `snapshot_position` is the one that the snapshot holds."""

    number: int
    epoch: int
    position: int
    position_us: int
    snapshot: bytes | None
    snapshot_position: int


async def take(tx: Tx, number: int, stream: str, last: int) -> Held:
    """Become the one worker of the shard. `stream` names the life of the stream: in a new one sequences begin anew.

    `last` is the newest sequence that the shard may know (`Stream.end_of`). A power cut may take the newest ones, which
    the stream then gives again: a position beyond `last` would call what comes next known, so it steps back.
    """
    row = await tx.row(_TAKE, {"id": number, "now": tx.now()})
    assert row is not None
    position, snapshot_position, position_us = row["position"], row["snapshot_position"], row["position_us"]
    if position > last or snapshot_position > last:
        position, snapshot_position = min(position, last), min(snapshot_position, last)
        position_us = 0
        await _fenced(tx, _STEP_BACK, {"id": number, "epoch": row["epoch"], "last": last})
    if row["stream"] != stream:
        await _fenced(tx, _START_ANEW, {"id": number, "epoch": row["epoch"], "stream": stream})
        position = snapshot_position = position_us = 0
    snapshot = None if row["snapshot"] is None else bytes(row["snapshot"])
    return Held(number, row["epoch"], position, position_us, snapshot, snapshot_position)


async def known(tx: Tx, number: int) -> tuple[int, int]:
    """The newest sequence that the shard knows, and when it was stored; (0, 0) for a new shard."""
    row = await tx.row(text("select position, position_us from detect_shard where id = :id"), {"id": number})
    return (0, 0) if row is None else (row["position"], row["position_us"])


async def hold(tx: Tx, held: Held, position: int, stored_us: int) -> None:
    """Fence the transaction and keep the input position in it. Raises LostShard."""
    await _fenced(
        tx,
        _HOLD,
        {"id": held.number, "epoch": held.epoch, "position": position, "stored_us": stored_us, "now": tx.now()},
    )


async def save(tx: Tx, held: Held, position: int, stored_us: int, snapshot: bytes, stream: str) -> None:
    """Keep a snapshot of the state after `position`. Raises LostShard."""
    values = {"id": held.number, "epoch": held.epoch, "position": position, "snapshot": snapshot, "stream": stream}
    await _fenced(tx, _SAVE, values | {"stored_us": stored_us, "now": tx.now()})


async def _fenced(tx: Tx, statement: Executable, values: dict[str, Any]) -> None:
    result = await tx.execute(statement, values)
    if result.rowcount != 1:
        raise LostShard(values["id"])


@asynccontextmanager
async def turn(database: Database, number: int) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """Wait for this shard's turn and keep it for the length of the block; gives a check whether it is still held.

    Raises Unavailable where the database is away.
    """
    name = f"dure.detect.shard.{number}"
    try:
        async with database.engine.connect() as plain:
            connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
            lock = text("select pg_try_advisory_lock(hashtext(:name))")
            while True:
                if await connection.scalar(lock, {"name": name}):
                    break
                await asyncio.sleep(_PAUSE_S)

            async def still() -> bool:
                try:
                    return bool(await connection.scalar(text("select true")))
                except (DBAPIError, PendingRollbackError):
                    return False

            try:
                yield still
            finally:
                if await still():
                    await connection.scalar(text("select pg_advisory_unlock(hashtext(:name))"), {"name": name})
    except (DBAPIError, PendingRollbackError) as error:
        raise Unavailable("engine.database.away") from error
