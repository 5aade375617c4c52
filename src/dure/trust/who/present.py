"""Somebody who is still here, locked for a change."""

from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.web import check_version
from dure.kernel.errors import Conflict, NotFound

_LOCKED = text("select id, label, state, agency_id, language, version from account where id = :id for update")


async def present(tx: Tx, account_id: UUID, expected: int | None) -> RowMapping:
    """The account's row, locked. Raises NotFound, PreconditionFailed for another version than `expected`, Conflict for
    who has left.
    """
    row = await tx.row(_LOCKED, {"id": account_id})
    if row is None:
        raise NotFound("trust.account.unknown")
    check_version(expected, row["version"])
    if row["state"] == "left":
        raise Conflict("trust.account.has_left")
    return row
