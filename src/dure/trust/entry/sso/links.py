"""Which account of dure belongs to which account of the city's single sign-on: by issuer and subject alone.

Names and e-mail addresses change hands and can be chosen; a subject is never given to somebody else (OpenID Connect
Core 1.0 section 5.7).
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, NotFound
from dure.kernel.ids import new_id

_OF = text("select id, issuer, linked_at, used_at from identity where account_id = :account order by linked_at, id")
_WHOSE = text("select account_id from identity where issuer = :issuer and subject = :subject")
_LINK = text(
    "insert into identity (id, account_id, issuer, subject, linked_at) values (:id, :account, :issuer, :subject, :now) "
    "on conflict (issuer, subject) do nothing"
)
_USED = text("update identity set used_at = :now where issuer = :issuer and subject = :subject")
_REMOVE = text("delete from identity where id = :id and account_id = :account")


async def of(tx: Tx, account_id: UUID) -> Sequence[RowMapping]:
    """An account's links, without the subjects."""
    return await tx.rows(_OF, {"account": account_id})


async def whose(tx: Tx, issuer: str, subject: str) -> UUID | None:
    """The account that a subject is linked to."""
    found = await tx.scalar(_WHOSE, {"issuer": issuer, "subject": subject})
    return found if isinstance(found, UUID) else None


async def link(tx: Tx, account_id: UUID, issuer: str, subject: str) -> UUID:
    """Link an account. Raises Conflict where the subject is linked already."""
    id_ = new_id()
    values = {"id": id_, "account": account_id, "issuer": issuer, "subject": subject, "now": tx.now()}
    if (await tx.execute(_LINK, values)).rowcount == 0:
        raise Conflict("trust.sso.taken")
    return id_


async def used(tx: Tx, issuer: str, subject: str) -> None:
    """Note that somebody came in by this link."""
    await tx.execute(_USED, {"issuer": issuer, "subject": subject, "now": tx.now()})


async def remove(tx: Tx, account_id: UUID, identity_id: UUID) -> None:
    """End a link. Raises NotFound."""
    if (await tx.execute(_REMOVE, {"id": identity_id, "account": account_id})).rowcount == 0:
        raise NotFound("trust.sso.none_such")
