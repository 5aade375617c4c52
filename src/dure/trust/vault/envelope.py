"""One sealed thing: form, suite, key's version, then what the suite made. All of the header and what the bytes are
about are bound as associated data, so that nothing can be moved to another person, field or key.

    byte 0      form, 2 (1: the first form, one key for all; 0: not sealed yet, see `upgrading`)
    byte 1      suite (see `cipher`)
    bytes 2-3   version of the key, big endian
    bytes 4-    nonce, ciphertext, tag
"""

from dataclasses import dataclass
from uuid import UUID

from dure.trust.vault import cipher

FORM = 2
_HEADER = 4


@dataclass(frozen=True, slots=True, repr=False)
class DataKey:
    """The key of one thing (a person, an incident): 32 bytes and the version it has."""

    kind: str
    id: UUID
    version: int
    secret: bytes


def seal(key: DataKey, context: str, plain: bytes, suite: int) -> bytes:
    """`plain` under `key`, readable again only as the same `context` ("person.phone") of the same thing."""
    header = bytes((FORM, suite)) + key.version.to_bytes(2, "big")
    return header + cipher.suite(suite).seal(key.secret, plain, _about(header, key, context))


def unseal(key: DataKey, context: str, sealed: bytes) -> bytes:
    """What `seal` hid. Raises Unreadable."""
    header = sealed[:_HEADER]
    if len(header) < _HEADER or header[0] != FORM or int.from_bytes(header[2:], "big") != key.version:
        raise cipher.Unreadable
    return cipher.suite(header[1]).unseal(key.secret, sealed[_HEADER:], _about(header, key, context))


def _about(header: bytes, key: DataKey, context: str) -> bytes:
    return b"dure\0" + header + f"{key.kind}\0{key.id.hex}\0{context}".encode()
