"""Browsers in which an account has signed in before.

Guesses are counted by address and username together. A colleague or a thief behind the same address could so make
somebody wait; in a browser that is known to the account, only what is typed there counts.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.ids import new_id
from dure.trust import passwords, secret
from dure.trust.entry.cookies import KNOWN_S

PREFIX = "durek"
MOST = 50
_OF = text(
    "select k.id from known_browser k join account c on c.id = k.account_id "
    "where k.secret_hash = :digest and c.username = :username"
)
_SEEN = text("update known_browser set used_at = :now where secret_hash = :digest and account_id = :account")
_ADD = text("insert into known_browser (id, secret_hash, account_id, used_at) values (:id, :digest, :account, :now)")
_TRIM = text(
    "delete from known_browser where id in (select id from known_browser where account_id = :account "
    "order by used_at desc offset :most)"
)
_FORGET = text("delete from known_browser where used_at < :before")


async def of(tx: Tx, presented: str | None, username: str) -> UUID | None:
    """The browser's id, where it is known to the account of this name."""
    if not presented:
        return None
    values = {"digest": secret.digest(presented), "username": passwords.username_key(username)}
    found = await tx.scalar(_OF, values)
    return found if isinstance(found, UUID) else None


async def note(tx: Tx, presented: str | None, account_id: UUID) -> str:
    """The account has signed in here: the secret that the browser keeps."""
    if presented:
        values = {"digest": secret.digest(presented), "account": account_id, "now": tx.now()}
        if (await tx.execute(_SEEN, values)).rowcount:
            return presented
    fresh = secret.new(PREFIX)
    values = {"digest": secret.digest(fresh), "account": account_id, "now": tx.now()}
    await tx.execute(_ADD, {"id": new_id(), **values})
    await tx.execute(_TRIM, {"account": account_id, "most": MOST})
    return fresh


async def forget_old(tx: Tx) -> None:
    """Delete those that the browsers have forgotten, too."""
    await tx.execute(_FORGET, {"before": tx.now() - timedelta(seconds=KNOWN_S)})
