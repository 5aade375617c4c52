"""The first form of the vault: one key for all records, derived from the first master key. Read until all are
upgraded.
"""

import hashlib
import hmac

from dure.trust.vault import cipher
from dure.trust.vault.masters import Masters, derived

FORM = b"\x01"


def unsealed(masters: Masters, about: bytes, sealed: bytes) -> bytes:
    """What the first form hid. Raises Unreadable, also where the first master key is gone."""
    first = masters.all().get(1)
    if first is None:
        raise cipher.Unreadable
    return cipher.suite(1).unseal(derived(first, b"records"), sealed[1:], FORM + about)


def digest(masters: Masters, kind: str, plain: str) -> bytes:
    """The first form's blind index of a folded value, while the first master key is there."""
    return hmac.digest(derived(masters.all()[1], b"index"), f"{kind}\0{plain}".encode(), hashlib.sha256)
