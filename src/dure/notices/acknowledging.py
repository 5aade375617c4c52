"""Who has heard: by a key of the telephone, by their own screen. Whoever on duty has not is called."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import NotFound, Unavailable
from dure.notices import sending
from dure.trust import audit
from dure.trust.principal import Principal, system

Hear = Callable[[Tx, str, int], Awaitable[None]]
"""Hears which key somebody pressed of those that a call asked for, by the key of the notice."""
_hear: list[Hear] = []
BY_KEY = "key"
"""A key of the telephone said so."""
_SET = text(
    "update notice set acknowledged_at = :now, acknowledged_by = :by, call_at = null, updated_at = :now, "
    "version = version + 1 where key = :key and to_key = :to_key and acknowledged_at is null "
    "returning id, version, incident_id"
)
_OWN = text("select key, to_key, acknowledged_at, incident_id from notice where id = :id and account_id = :account")
_DUE = text(
    "select * from notice where call_at is not null and acknowledged_at is null "
    "and (call_at <= :now or status = 'failed') order by call_at, id limit 50 for update skip locked"
)
_CALLED = text("update notice set call_at = null where id = :id")


def listen(hear: Hear) -> None:
    """Tell who asks by calls what was pressed; a later one replaces it."""
    _hear[:] = [hear]


async def answered(tx: Tx, key: str, pressed: int) -> None:
    """Whoever was called chose an answer."""
    for hear in _hear:
        await hear(tx, key, pressed)


async def heard(tx: Tx, key: str, to_key: str, by: str) -> None:
    """Whoever got the notices of a key has heard: all of them, by whichever way they came."""
    for row in await tx.rows(_SET, {"now": tx.now(), "by": by, "key": key, "to_key": to_key}):
        await sending.tell(tx, row["id"], row["version"], row["incident_id"])


async def own(tx: Tx, who: Principal, notice_id: UUID) -> None:
    """Somebody says that they have heard what was sent to them. Twice changes nothing. Raises NotFound, also for a
    notice to somebody else.
    """
    row = await tx.row(_OWN, {"id": notice_id, "account": who.id})
    if row is None:
        raise NotFound("notices.notice.unknown")
    if row["acknowledged_at"] is None:
        await audit.record(tx, who, "notice.acknowledge", "notice", notice_id, case=row["incident_id"])
        await heard(tx, row["key"], row["to_key"], f"account:{who.id}")


async def call_due(tx: Tx) -> Sequence[UUID]:
    """Call those who have not acknowledged in their time; about which notices."""
    rows = await tx.rows(_DUE, {"now": tx.now()})
    for row in rows:
        await tx.execute(_CALLED, {"id": row["id"]})
        await _call(tx, row)
    return [row["id"] for row in rows]


async def _call(tx: Tx, row: RowMapping) -> None:
    try:
        words = sending.opened(tx, row["id"], row["incident_id"], bytes(row["sealed"]))
    except Unavailable:
        words = None
    if words is None:  # destroyed, or nobody can read it: there is nothing to say
        return
    await audit.record(tx, system("notices"), "notice.call", "notice", row["id"], case=row["incident_id"])
    await sending.call(tx, row, words)
