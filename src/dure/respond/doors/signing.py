"""The signature under each request, both ways: HMAC-SHA-256 (RFC 2104) under the secret that both sides know.

Headers: `Dure-Time` (Unix seconds), `Dure-Nonce` (once only), `Dure-Reference` (what the request is about: sent again,
it is the same thing), `Dure-Signature` (`v1=<hex>`, several after commas while a secret changes). Signed is

    v1 LF <who sends: dure, or the agency's id> LF <METHOD> LF <reference> LF <time> LF <nonce> LF <hex SHA-256 of body>

so that no request counts as another, nor as one of the other side's.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dure.kernel.clock import from_epoch

US = "dure"
WINDOW = timedelta(minutes=5)
"""So far the other side's clock may be off."""
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
_REFERENCE = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_TIME = re.compile(r"[0-9]{1,12}")
_MOST_SIGNATURES = 4


class Fault(StrEnum):
    """What is wrong with a request's signature."""

    FORM = "form"
    SIGNATURE = "signature"
    TIME = "time"


class Unsigned(Exception):
    """It is not who it says, or not now."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Signed:
    """What a good signature vouches for."""

    reference: str
    nonce: str
    at: datetime


def new_nonce() -> str:
    """128 random bits."""
    return secrets.token_hex(16)


def signature(secret: bytes, sender: str, method: str, reference: str, time: str, nonce: str, body: bytes) -> str:
    """One signature, as `v1=<hex>`."""
    said = "\n".join(("v1", sender, method, reference, time, nonce, hashlib.sha256(body).hexdigest()))
    return "v1=" + hmac.digest(secret, said.encode(), hashlib.sha256).hex()


def headers(
    keys: Sequence[bytes], sender: str, method: str, reference: str, at: datetime, nonce: str, body: bytes
) -> dict[str, str]:
    """The headers of a request, signed by each secret that counts at the moment."""
    time = str(int(at.timestamp()))
    each = (signature(key, sender, method, reference, time, nonce, body) for key in keys)
    return {
        "Dure-Time": time,
        "Dure-Nonce": nonce,
        "Dure-Reference": reference,
        "Dure-Signature": ",".join(each),
    }


def verified(
    keys: Iterable[bytes], sender: str, method: str, given: Mapping[str, str], body: bytes, now: datetime
) -> Signed:
    """What a request's headers (names in lower case) vouch for. Raises Unsigned. The signature is looked at before the
    time, so that a stranger learns nothing of our clock.
    """
    time, nonce = given.get("dure-time", ""), given.get("dure-nonce", "")
    reference, told = given.get("dure-reference", ""), given.get("dure-signature", "")
    if not (_TIME.fullmatch(time) and _NONCE.fullmatch(nonce) and _REFERENCE.fullmatch(reference)):
        raise Unsigned(Fault.FORM)
    shown = [one.strip().encode() for one in told[:600].split(",")[:_MOST_SIGNATURES]]
    good = False
    for key in keys:
        right = signature(key, sender, method, reference, time, nonce, body).encode()
        for one in shown:
            good |= hmac.compare_digest(right, one)
    if not good:
        raise Unsigned(Fault.SIGNATURE)
    try:
        at = from_epoch(int(time))
    except (ValueError, OverflowError, OSError) as error:
        raise Unsigned(Fault.TIME) from error
    if abs(now - at) > WINDOW:
        raise Unsigned(Fault.TIME)
    return Signed(reference, nonce, at)
