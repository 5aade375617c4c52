"""Time-based one-time codes (RFC 6238: SHA-1, six digits, 30 seconds, which every authenticator app knows).

A code is taken once: what a shoulder-surfer read is worth nothing. One step of drift is borne in either direction.
"""

import hmac
import os
from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pyotp
import segno
from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, FieldError, Invalid
from dure.trust.entry import sealing

STEP_S = 30
DRIFT = 1
PENDING = timedelta(minutes=15)
_SECRET_BYTES = 20

_PEND = text(
    "insert into totp (account_id, pending, pending_at) values (:account, :sealed, :now) "
    "on conflict (account_id) do update set pending = :sealed, pending_at = :now"
)
_PENDING = text("select pending from totp where account_id = :account and pending_at > :since for update")
_CONFIRM = text(
    "update totp set sealed = pending, confirmed_at = :now, last_step = :step, pending = null, pending_at = null "
    "where account_id = :account"
)
_SEALED = text("select sealed, last_step from totp where account_id = :account and confirmed_at is not null")
_TAKE = text(
    "update totp set last_step = :step where account_id = :account and confirmed_at is not null "
    "and (last_step is null or last_step < :step)"
)
_SET_UP_AT = text("select confirmed_at from totp where account_id = :account")
_REMOVE = text("delete from totp where account_id = :account")


@dataclass(frozen=True, slots=True, repr=False)
class Offered:
    """A secret for an authenticator app: to type, as an otpauth URI, and as a QR code (an SVG data URI)."""

    secret: str
    uri: str
    picture: str


async def begin(tx: Tx, data: Path, account_id: UUID, username: str, issuer: str) -> Offered:
    """A fresh secret, in force once a code of it was shown (`confirm`). One that is in force stays so until then."""
    plain = os.urandom(_SECRET_BYTES)
    values = {"account": account_id, "sealed": sealing.seal(data, account_id, plain), "now": tx.now()}
    await tx.execute(_PEND, values)
    secret = b32encode(plain).decode()
    uri = pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=issuer)
    picture = segno.make(uri, error="m").svg_data_uri(scale=5, border=4, dark="#000", light="#fff")
    return Offered(" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)), uri, picture)


async def confirm(tx: Tx, data: Path, account_id: UUID, code: str) -> None:
    """Put the pending secret in force. Raises Conflict where none is pending, Invalid for a wrong code."""
    sealed = await tx.scalar(_PENDING, {"account": account_id, "since": tx.now() - PENDING})
    if sealed is None:
        raise Conflict("trust.totp.not_begun")
    step = matching_step(sealing.unseal(data, account_id, sealed), code, tx.now())
    if step is None:
        raise Invalid("trust.totp.wrong", fields=[FieldError("code", "trust.totp.wrong")])
    await tx.execute(_CONFIRM, {"account": account_id, "step": step, "now": tx.now()})


async def taken(tx: Tx, data: Path, account_id: UUID, code: str) -> bool:
    """Whether `code` is right now and was not taken before; it is taken then."""
    row = await tx.row(_SEALED, {"account": account_id})
    if row is None:
        return False
    step = matching_step(sealing.unseal(data, account_id, row["sealed"]), code, tx.now())
    return step is not None and (await tx.execute(_TAKE, {"account": account_id, "step": step})).rowcount == 1


def matching_step(plain: bytes, code: str, now: datetime) -> int | None:
    """The 30-second step whose code this is, the present one or one beside it."""
    digits = "".join(code.split())
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        return None
    generator, here = pyotp.HOTP(b32encode(plain).decode()), int(now.timestamp()) // STEP_S
    found = None
    for step in (here, here - DRIFT, here + DRIFT):
        if hmac.compare_digest(generator.at(step), digits) and found is None:
            found = step
    return found


async def set_up_at(tx: Tx, account_id: UUID) -> datetime | None:
    """Since when codes are in force; None where they are not."""
    found = await tx.scalar(_SET_UP_AT, {"account": account_id})
    return found if isinstance(found, datetime) else None


async def remove(tx: Tx, account_id: UUID) -> bool:
    """Forget the secret; whether there was one."""
    return (await tx.execute(_REMOVE, {"account": account_id})).rowcount == 1
