"""Secrets that dure hands out once: 256 random bits, of which only a hash is kept.

Their length makes a plain SHA-256 enough; the slow hash is for passwords alone.
"""

import hashlib
import secrets

SESSION = "dures"
TOKEN = "duret"  # noqa: S105  # a prefix
LINK = "durel"


def new(kind: str) -> str:
    """A fresh secret; its prefix tells scanners and people what it opens."""
    return f"{kind}_{secrets.token_urlsafe(32)}"


def digest(secret: str) -> bytes:
    """What the database keeps."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
