"""Sign-in by password: constant cost, and a lock-out that grows for one address and one account together.

An attempt is charged before its password is looked at and given back when it was right, so that a hundred at once are a
hundred. Because the key is address and username together, guessing from elsewhere locks nobody out.
"""

from datetime import timedelta

from sqlalchemy import RowMapping, text

from dure.engine.database import Database, Tx
from dure.kernel.errors import TooMany, Unauthenticated
from dure.trust import address as addresses
from dure.trust import audit, passwords, sessions
from dure.trust.authentication import approved
from dure.trust.principal import Principal

FREE_FAILURES = 5
LONGEST_WAIT_S = 900
_FORGIVEN = timedelta(hours=24)

# After five failures 1 s, then twice as long each time, up to 15 minutes.
_CHARGE = text(
    """
    insert into sign_in_guard as g (address, username_hash, failures, failed_at, wait_until)
    values (:address, :username, 1, :now, :now)
    on conflict (address, username_hash) do update set
        failures = case when g.failed_at < :forgiven then 1 else g.failures + 1 end,
        failed_at = :now,
        wait_until = case when g.failed_at < :forgiven or g.failures + 1 < :free then :now
            else cast(:now as timestamptz)
                + make_interval(secs => least(:longest, power(2, least(g.failures + 1 - :free, 20)))) end
    where g.wait_until <= :now
    returning g.failures
    """
)
_WAIT = text("select wait_until from sign_in_guard where address = :address and username_hash = :username")
_FORGIVE = text("delete from sign_in_guard where address = :address and username_hash = :username")
_FORGET = text("delete from sign_in_guard where failed_at < :before")
_ACCOUNT = text(
    "select c.id, c.password_hash, c.label, c.agency_id, a.networks from account c "
    "left join agency a on a.id = c.agency_id where c.username = :username and c.state = 'active'"
)
_STILL = text("select id from account where id = :id and state = 'active' and password_hash = :hash for share")


async def proven(database: Database, username: str, password: str, *, address: str | None) -> RowMapping:
    """The account (id, password_hash) whose password it is.

    Raises TooMany while this address must wait with this username, Unauthenticated for anything wrong, always at the
    same cost and in the same words. No transaction is open while the password is computed.
    """
    key: dict[str, object] = {
        "address": addresses.origin(addresses.parsed(address or "")),
        "username": passwords.username_hash(username),
    }
    async with database.transaction() as tx:
        await _charge(tx, key)
        account = await tx.row(_ACCOUNT, {"username": passwords.username_key(username)})
    right = await passwords.matches(password, account["password_hash"] if account else None)
    async with database.transaction() as tx:
        if (
            right
            and account is not None
            and await tx.row(_STILL, {"id": account["id"], "hash": account["password_hash"]})
        ):
            await tx.execute(_FORGIVE, key)
            return account
        target = account["id"] if account else "unknown"
        await audit.record(tx, None, "session.open", "account", target, outcome="failed", address=address)
    raise Unauthenticated("trust.sign_in.wrong")


async def _charge(tx: Tx, key: dict[str, object]) -> None:
    now = tx.now()
    values = {**key, "now": now, "forgiven": now - _FORGIVEN, "free": FREE_FAILURES, "longest": LONGEST_WAIT_S}
    if (await tx.execute(_CHARGE, values)).scalar() is None:
        until = await tx.scalar(_WAIT, key)
        wait = max(1, round((until - now).total_seconds())) if until else 1
        raise TooMany("trust.sign_in.wait", retry_after_s=wait)


async def sign_in(
    database: Database, username: str, password: str, *, address: str | None, browser: str | None, lasts: timedelta
) -> str:
    """A new session's secret. Raises as `proven`, and Forbidden where the agency is not to be reached from here."""
    account = await proven(database, username, password, address=address)
    approved(addresses.parsed(address or ""), account["networks"])
    async with database.transaction() as tx:
        id_, presented = await sessions.open_session(tx, account["id"], address=address, browser=browser, lasts=lasts)
        who = Principal(
            "account", account["id"], account["label"], frozenset(), agency_id=account["agency_id"], address=address
        )
        await audit.record(tx, who, "session.open", "session", id_)
    return presented


async def forget_old(tx: Tx) -> None:
    """Delete counts of failures of an earlier day."""
    await tx.execute(_FORGET, {"before": tx.now() - _FORGIVEN})
