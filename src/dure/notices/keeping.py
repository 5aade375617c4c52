"""Writing how a notice stands: one statement, one event."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.notices.model import FINAL, Status
from dure.notices.sending import tell

_SET = (
    "status = :status, reason = :reason, next_at = :next_at, ended_at = :ended_at, updated_at = :now, "
    "version = version + 1"
)
_FREE = frozenset({"attempt_id", "gateway_id", "sent_at", "tries", "doubled", "address_digest"})


async def stands(
    tx: Tx, row: RowMapping, status: Status, *, reason: str | None = None, next_at: datetime | None = None, **more: Any
) -> None:
    """`stand` of a notice whose row the caller holds, as it was read: nobody else changed it meanwhile. Once."""
    statement, values = _statement(tx, row["id"], status, reason, next_at, more)
    tx.later(text(statement), values)
    await tell(tx, row["id"], row["version"] + 1, row["incident_id"])


async def stand(
    tx: Tx, notice_id: UUID, status: Status, *, reason: str | None = None, next_at: datetime | None = None, **more: Any
) -> None:
    """Set a notice's status and tell of it. `more` are columns of its own: attempt_id, gateway_id, sent_at, tries,
    doubled, address_digest.
    """
    statement, values = _statement(tx, notice_id, status, reason, next_at, more)
    row = await tx.row(text(f"{statement} returning version, incident_id"), values)
    assert row is not None
    await tell(tx, notice_id, row["version"], row["incident_id"])


def _statement(
    tx: Tx, notice_id: UUID, status: Status, reason: str | None, next_at: datetime | None, more: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    assert more.keys() <= _FREE
    extra = "".join(f", {name} = :{name}" for name in more)
    values = {
        "id": notice_id,
        "status": status.value,
        "reason": reason,
        "next_at": next_at,
        "ended_at": tx.now() if status in FINAL else None,
        "now": tx.now(),
        **more,
    }
    return f"update notice set {_SET}{extra} where id = :id", values
