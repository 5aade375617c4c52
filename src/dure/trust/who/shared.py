"""An account that is in use from two addresses at one time is perhaps shared by several people.

The safeguards notice (개인정보의 안전성 확보조치 기준, article 5) asks for one account for each person. A suspicion is
marked, told to the auditor by a line, and leaves the account what the policy grants to shared ones (not to open
people's records) until an administrator has looked into it.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.web import check_version
from dure.kernel.errors import Conflict, NotFound
from dure.trust import address as addresses
from dure.trust import audit
from dure.trust.address import Address
from dure.trust.principal import Principal, system
from dure.trust.vault import reasons

SAME_TIME = timedelta(seconds=60)

# Another session counts when it was used after this one began: who goes from one desk to the other leaves the first.
_OTHERS = text(
    "select o.seen_address from session o join session s on s.id = :session "
    "where o.account_id = :account and o.id <> s.id and o.revoked_at is null and o.expires_at > :now "
    "and o.seen_at > :since and o.seen_at > s.created_at and o.seen_address is not null"
)
_MARK = text("update account set shared_suspected_at = :now where id = :id and shared_suspected_at is null")
_CLEAR = text(
    "update account set shared_suspected_at = null, version = version + 1, updated_at = :now where id = :id "
    "returning id"
)
_LOCKED = text("select version, shared_suspected_at from account where id = :id for update")


async def noticed(tx: Tx, account_id: UUID, session_id: UUID, address: Address | None) -> bool:
    """Whether the account is used from elsewhere, too; it is then marked, and a line left for the auditor."""
    values = {"account": account_id, "session": session_id, "now": tx.now(), "since": tx.now() - SAME_TIME}
    here = addresses.origin(address)
    others = {row["seen_address"] for row in await tx.rows(_OTHERS, values)}
    elsewhere = sorted(one for one in others if addresses.origin(addresses.parsed(one)) != here)
    if not here or not elsewhere:
        return False
    if (await tx.execute(_MARK, {"id": account_id, "now": tx.now()})).rowcount:
        told = system("accounts")
        why = f"{address}, {elsewhere[0]}"
        await audit.record(tx, told, "account.shared", "account", account_id, purpose=why, outcome="denied")
    return True


async def clear(tx: Tx, principal: Principal, account_id: UUID, reason: str, *, expected: int | None) -> None:
    """An administrator looked into it: the suspicion ends. Raises NotFound, PreconditionFailed, and Conflict where
    there is none.
    """
    row: RowMapping | None = await tx.row(_LOCKED, {"id": account_id})
    if row is None:
        raise NotFound("trust.account.unknown")
    check_version(expected, row["version"])
    if row["shared_suspected_at"] is None:
        raise Conflict("trust.account.not_suspected")
    await tx.execute(_CLEAR, {"id": account_id, "now": tx.now()})
    await audit.record(
        tx,
        principal,
        "account.shared_cleared",
        "account",
        account_id,
        purpose=await reasons.sealed(tx, principal, reason),
    )
