"""The first factor by password: constant cost, and a wait that grows for who guesses and what is guessed at together.

An attempt is charged before its password is looked at and given back when it was right, so that a hundred at once are a
hundred. Because the key is address and username together, guessing from elsewhere locks nobody out.
"""

from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Database
from dure.kernel.errors import Unauthenticated
from dure.trust import audit, passwords
from dure.trust.entry import guard

_ACCOUNT = text(
    "select c.id, c.password_hash, c.label, c.agency_id, a.networks from account c "
    "left join agency a on a.id = c.agency_id where c.username = :username and c.state = 'active'"
)
_STILL = text("select id from account where id = :id and state = 'active' and password_hash = :hash for share")


async def proven(
    database: Database, username: str, password: str, *, address: str | None, known: UUID | None = None
) -> RowMapping:
    """The account (id, password_hash) whose password it is; `known` is the browser, where it is known to the account.

    Raises TooMany while this address must wait with this username, Unauthenticated for anything wrong, always at the
    same cost and in the same words. No transaction is open while the password is computed.
    """
    guess = guard.of_password(username, address, known)
    async with database.transaction() as tx:
        await guard.charge(tx, guess)
        account = await tx.row(_ACCOUNT, {"username": passwords.username_key(username)})
    right = await passwords.matches(password, account["password_hash"] if account else None)
    async with database.transaction() as tx:
        if (
            right
            and account is not None
            and await tx.row(_STILL, {"id": account["id"], "hash": account["password_hash"]})
        ):
            await guard.forgive(tx, guess)
            return account
        target = account["id"] if account else "unknown"
        await audit.record(tx, None, "session.open", "account", target, outcome="failed", address=address)
    raise Unauthenticated("trust.sign_in.wrong")
