"""Guesses are counted before they are looked at, so that a hundred at once are a hundred; a right one is given back.

The key is who guesses together with what is guessed at: guessing from elsewhere makes nobody wait.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.errors import TooMany
from dure.trust import address as addresses
from dure.trust import passwords

FREE_FAILURES = 5
LONGEST_WAIT_S = 900
FREE_CODES = 100
"""One-time codes of one account that may be wrong in a row from all addresses together (NIST SP 800-63B 5.2.2). Only
who knows the password gets there, and passkeys and recovery codes stay open.
"""
_FORGIVEN = timedelta(hours=24)
_EVERYWHERE = "*"

# After the free failures 1 s, then twice as long each time, up to 15 minutes.
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


@dataclass(frozen=True, slots=True)
class Guess:
    """Who guesses (an address, the /64 of an IPv6 one, or a browser known to the account) at what."""

    who: str
    what: bytes
    free: int = FREE_FAILURES


def of_password(username: str, address: str | None, known: UUID | None = None) -> Guess:
    """A password for `username`. In a browser in which the account has signed in before, what others at the same
    address got wrong does not count.
    """
    who = f"browser:{known}" if known else addresses.origin(addresses.parsed(address or ""))
    return Guess(who, passwords.username_hash(username))


def of_code(account_id: UUID, address: str | None) -> tuple[Guess, Guess]:
    """A one-time or recovery code of an account: from this address, and from everywhere."""
    what = hashlib.sha256(b"code\0" + account_id.bytes).digest()
    here = addresses.origin(addresses.parsed(address or ""))
    return Guess(here, what), Guess(_EVERYWHERE, what, FREE_CODES)


async def charge(tx: Tx, *guesses: Guess) -> None:
    """Count a guess. Raises TooMany while it must wait."""
    now = tx.now()
    for one in guesses:
        key = {"address": one.who, "username": one.what}
        values = {**key, "now": now, "forgiven": now - _FORGIVEN, "free": one.free, "longest": LONGEST_WAIT_S}
        if (await tx.execute(_CHARGE, values)).scalar() is None:
            until = await tx.scalar(_WAIT, key)
            wait = max(1, round((until - now).total_seconds())) if until else 1
            raise TooMany("trust.sign_in.wait", retry_after_s=wait)


async def forgive(tx: Tx, *guesses: Guess) -> None:
    """The guess was right: the count begins anew."""
    for one in guesses:
        await tx.execute(_FORGIVE, {"address": one.who, "username": one.what})


async def forget_old(tx: Tx) -> None:
    """Delete counts of failures of an earlier day."""
    await tx.execute(_FORGET, {"before": tx.now() - _FORGIVEN})
