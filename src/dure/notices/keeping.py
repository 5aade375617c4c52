"""Writing how a notice stands: one statement, one event."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.notices.model import FINAL, Status
from dure.notices.sending import tell

_SET = (
    "status = :status, reason = :reason, next_at = :next_at, ended_at = :ended_at, updated_at = :now, "
    "version = version + 1"
)
_FREE = frozenset({"attempt_id", "gateway_id", "sent_at", "tries", "doubled", "address_digest"})


async def stand(
    tx: Tx, notice_id: UUID, status: Status, *, reason: str | None = None, next_at: datetime | None = None, **more: Any
) -> None:
    """Set a notice's status and tell of it. `more` are columns of its own: attempt_id, gateway_id, sent_at, tries,
    doubled, address_digest.
    """
    assert more.keys() <= _FREE
    extra = "".join(f", {name} = :{name}" for name in more)
    row = await tx.row(
        text(f"update notice set {_SET}{extra} where id = :id returning version, incident_id"),
        {
            "id": notice_id,
            "status": status.value,
            "reason": reason,
            "next_at": next_at,
            "ended_at": tx.now() if status in FINAL else None,
            "now": tx.now(),
            **more,
        },
    )
    assert row is not None
    await tell(tx, notice_id, row["version"], row["incident_id"])
