"""What a person says of a notice that may have gone out."""

from typing import Literal
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, NotFound
from dure.notices.keeping import stand
from dure.notices.model import Status
from dure.trust import audit
from dure.trust.principal import Principal

_LOCKED = text("select status, sent_at, doubled, attempt_id from notice where id = :id for update")


async def resolve(tx: Tx, principal: Principal, notice_id: UUID, act: Literal["again", "went", "give_up"]) -> None:
    """Send it again (it may arrive twice, and counts as such), take it as gone out, or give it up. Raises NotFound,
    Conflict where it is not unknown.
    """
    row = await tx.row(_LOCKED, {"id": notice_id})
    if row is None:
        raise NotFound("notices.notice.unknown")
    if row["status"] != Status.UNKNOWN:
        raise Conflict("notices.notice.known")
    await audit.record(tx, principal, f"notice.{act}", "notice", notice_id)
    if act == "again":
        await stand(tx, notice_id, Status.QUEUED, next_at=tx.now(), doubled=row["doubled"] + 1)
    elif act == "went":
        await stand(tx, notice_id, Status.SENT, reason="by_person", sent_at=row["sent_at"] or tx.now())
    else:
        await stand(tx, notice_id, Status.FAILED, reason="by_person")
