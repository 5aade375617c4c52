"""One-time links: the first administrator's, and those that let somebody set a password. Valid for 24 hours, used
once.
"""

from datetime import timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Forbidden
from dure.kernel.ids import new_id
from dure.trust import secret

Kind = Literal["admin", "reset"]
LASTS = timedelta(hours=24)

_END = text(
    "update one_time_link set expires_at = :now where kind = :kind and account_id is not distinct from :account "
    "and used_at is null and expires_at > :now"
)
_MAKE = text(
    "insert into one_time_link (id, kind, secret_hash, account_id, created_at, expires_at) "
    "values (:id, :kind, :digest, :account, :now, :until)"
)
_USE = text(
    "update one_time_link set used_at = :now where kind = :kind and secret_hash = :digest and used_at is null "
    "and expires_at > :now returning id, account_id"
)
_PEEK = text(
    "select id, account_id from one_time_link where kind = :kind and secret_hash = :digest and used_at is null "
    "and expires_at > :now"
)


async def make(tx: Tx, kind: Kind, account_id: UUID | None = None) -> str:
    """A link's secret; earlier ones of the same use end."""
    now, presented = tx.now(), secret.new(secret.LINK)
    await tx.execute(_END, {"kind": kind, "account": account_id, "now": now})
    values = {"id": new_id(), "kind": kind, "digest": secret.digest(presented), "account": account_id}
    await tx.execute(_MAKE, {**values, "now": now, "until": now + LASTS})
    return presented


async def peek(tx: Tx, kind: Kind, presented: str) -> RowMapping:
    """A link's id and account, leaving it as it is. Raises Forbidden as `use`."""
    row = await tx.row(_PEEK, {"kind": kind, "digest": secret.digest(presented), "now": tx.now()})
    if row is None:
        raise Forbidden("trust.link.over")
    return row


async def use(tx: Tx, kind: Kind, presented: str) -> RowMapping:
    """Use a link up: its id and account. Raises Forbidden where it is unknown, used or over; nobody is told which."""
    values = {"kind": kind, "digest": secret.digest(presented), "now": tx.now()}
    row = (await tx.execute(_USE, values)).mappings().first()
    if row is None:
        raise Forbidden("trust.link.over")
    return row
