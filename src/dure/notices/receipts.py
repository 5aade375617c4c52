"""Delivery reports that come by themselves, signed: HMAC-SHA-256 over time and body under a secret that both sides
know. Reports are facts that may come twice or late, so a replayed one changes nothing.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.clock import from_epoch
from dure.kernel.errors import Invalid
from dure.notices.sender import take_report
from dure.notices.solapi import found_of

SKEW = timedelta(minutes=5)
_LOCKED = text("select * from notice where gateway_id = any(:ids) order by id for update")


def signature(secret: bytes, at: str, body: bytes) -> str:
    """The value of `X-Dure-Signature` for `X-Dure-Timestamp` (Unix seconds) and a body."""
    return "sha256=" + hmac.digest(secret, at.encode() + b"." + body, hashlib.sha256).hex()


def check(secret: str | None, at: str, told: str, body: bytes, now: datetime) -> None:
    """Raises Invalid where the signature is another's, the time too far off, or the city expects none."""
    try:
        moment = from_epoch(int(at))
    except (ValueError, OverflowError, OSError) as error:
        raise Invalid("notices.report.signature") from error
    if not secret or not hmac.compare_digest(signature(secret.encode(), at, body).encode(), told.encode()):
        raise Invalid("notices.report.signature")
    if abs(now - moment) > SKEW:
        raise Invalid("notices.report.late")


async def take(tx: Tx, rows: Sequence[dict[str, Any]]) -> int:
    """Take reports in the gateway's own form; how many were of notices that are known."""
    told = {one.gateway_id: one for one in map(found_of, rows) if one.gateway_id}
    known = await tx.rows(_LOCKED, {"ids": list(told)})
    for row in known:
        await take_report(tx, row, told[row["gateway_id"]])
    return len(known)
