"""Recovery codes: ten, each good once in the place of a second factor that is lost.

A code has 120 random bits, so that a plain SHA-256 with the account's id is enough (ASVS 5.0, 6.5.2: from 112 on).
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx

HOW_MANY = 10
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u
_LENGTH, _GROUP = 24, 4
_MEANT = str.maketrans({"i": "1", "l": "1", "o": "0"})

_FORGET = text("delete from recovery_code where account_id = :account")
_KEEP = text("insert into recovery_code (account_id, digest, made_at) values (:account, :digest, :now)")
_USE = text(
    "update recovery_code set used_at = :now where account_id = :account and digest = :digest and used_at is null"
)
_LEFT = text(
    "select count(*) filter (where used_at is null) as left, min(made_at) as made_at from recovery_code "
    "where account_id = :account"
)


@dataclass(frozen=True, slots=True)
class Left:
    """How many codes are unused, and when they were made (None: never)."""

    count: int
    made_at: datetime | None


async def make(tx: Tx, account_id: UUID) -> list[str]:
    """Ten fresh codes, which nobody can read again; earlier ones end."""
    await tx.execute(_FORGET, {"account": account_id})
    codes = [_code() for _ in range(HOW_MANY)]
    now = tx.now()
    await tx.execute(_KEEP, [{"account": account_id, "digest": _digest(account_id, one), "now": now} for one in codes])
    return codes


async def use(tx: Tx, account_id: UUID, code: str) -> bool:
    """Use a code up; whether it was one. Two at once use it once."""
    values = {"account": account_id, "digest": _digest(account_id, code), "now": tx.now()}
    return (await tx.execute(_USE, values)).rowcount == 1


async def left(tx: Tx, account_id: UUID) -> Left:
    """What is left."""
    row = await tx.row(_LEFT, {"account": account_id})
    return Left(row["left"], row["made_at"]) if row else Left(0, None)


async def remove(tx: Tx, account_id: UUID) -> None:
    """Forget all codes."""
    await tx.execute(_FORGET, {"account": account_id})


def _code() -> str:
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    return "-".join(letters[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))


def _digest(account_id: UUID, code: str) -> bytes:
    """However it was typed: capitals, blanks, an l for a 1."""
    plain = "".join(letter for letter in code.casefold().translate(_MEANT) if letter in _LETTERS)
    return hashlib.sha256(b"recovery\0" + account_id.bytes + plain.encode()).digest()
