"""Moving to another agency and leaving: one transaction, after which nothing of before works."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, FieldError, Forbidden
from dure.trust import agencies, audit
from dure.trust.principal import Principal
from dure.trust.vault import reasons
from dure.trust.who import ends, granting
from dure.trust.who.granting import Grant
from dure.trust.who.present import present

_MOVE = text("update account set agency_id = :agency, version = version + 1, updated_at = :now where id = :id")
_LEAVE = text(
    "update account set state = 'left', left_at = :now, shared_suspected_at = null, version = version + 1, "
    "updated_at = :now where id = :id"
)


async def move(
    tx: Tx,
    principal: Principal,
    account_id: UUID,
    agency_id: str,
    grants: Sequence[Grant],
    reason: str,
    *,
    expected: int | None,
) -> None:
    """Move somebody to another agency: old roles, sessions, tokens, delegations and duties end, the new roles begin.

    Raises NotFound, PreconditionFailed, Invalid, Forbidden for one's own account, Conflict for somebody who has left or
    is there already, or where nobody would be left to administer.
    """
    before = await granting.admins(tx)
    row = await present(tx, account_id, expected)
    if account_id == await granting.person_behind(tx, principal):
        raise Forbidden("trust.account.own_rights")
    wanted = granting.checked(grants, tx.now())
    await agencies.require_known(tx, agency_id)
    if row["agency_id"] == agency_id:
        raise Conflict("trust.account.there_already", fields=[FieldError("agency_id", "trust.account.there_already")])
    await tx.execute(_MOVE, {"id": account_id, "agency": agency_id, "now": tx.now()})
    await ends.end_all(tx, principal, account_id)
    await granting.regrant(tx, principal, account_id, {})
    await granting.regrant(tx, principal, account_id, wanted)
    await granting.require_admin_left(tx, before)
    why = await reasons.sealed(tx, principal, reason)
    await audit.record(tx, principal, "account.move", "account", account_id, purpose=why)


async def leave(tx: Tx, principal: Principal, account_id: UUID, reason: str, *, expected: int | None) -> None:
    """Somebody has left: the account ends for good, and with it everything by which they could act.

    The account's name stays, because lines of the log name it. Raises NotFound, PreconditionFailed, and Conflict for
    who has left already or is the last administrator.
    """
    before = await granting.admins(tx)
    await present(tx, account_id, expected)
    await tx.execute(_LEAVE, {"id": account_id, "now": tx.now()})
    await ends.end_all(tx, principal, account_id)
    await granting.regrant(tx, principal, account_id, {})
    await ends.forget_factors(tx, account_id)
    await granting.require_admin_left(tx, before)
    why = await reasons.sealed(tx, principal, reason)
    await audit.record(tx, principal, "account.leave", "account", account_id, purpose=why)
