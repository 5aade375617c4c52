"""The first administrator: whoever holds the link that `dure up` prints once."""

from dure.engine.database import Database, Tx
from dure.kernel.errors import Conflict
from dure.trust import accounts, links, passwords
from dure.trust.entry import door
from dure.trust.entry.door import Entered, Visit
from dure.trust.roles import Role
from dure.trust.sessions import Way


async def issue(tx: Tx) -> str | None:
    """A link's secret for the first administrator, valid 24 hours; earlier ones end. None where there is one
    already.
    """
    return None if await accounts.has_admin(tx) else await links.make(tx, "admin")


async def redeem(database: Database, presented: str, username: str, password: str, visit: Visit) -> Entered:
    """Make the first administrator and a session.

    Raises Invalid for the password, Forbidden for a link that is over, Conflict where an administrator exists.
    """
    passwords.check(password, username)
    async with database.transaction() as tx:
        await links.peek(tx, "admin", presented)
    hashed = await passwords.hashed(password)
    async with database.transaction() as tx:
        await links.use(tx, "admin", presented)
        if await accounts.has_admin(tx):
            raise Conflict("trust.account.admin_exists")
        new = accounts.NewAccount(
            username, label=username, roles=frozenset({Role.ADMIN}), agency_id="control", password_hash=hashed
        )
        account = await accounts.create(tx, None, new, address=visit.address)
        return await door.opened(tx, account["id"], Way("link", proven_at=tx.now()), visit)


async def reset(database: Database, presented: str, password: str, *, address: str | None) -> None:
    """Set a password by a reset link and end all sessions. Raises Invalid, Forbidden."""
    async with database.transaction() as tx:
        link = await links.peek(tx, "reset", presented)
        account = await accounts.get(tx, link["account_id"])
    passwords.check(password, account["username"])
    hashed = await passwords.hashed(password)
    async with database.transaction() as tx:
        await links.use(tx, "reset", presented)
        await accounts.set_password(tx, None, account["id"], hashed, kept=None, address=address)
