"""What encrypts, behind one face: a suite is chosen by the byte that each sealed thing carries.

A city that must use a validated module (KCMVP with ARIA or SEED) installs a package whose entry point in the group
`dure.vault_suites` is named `<number>-<name>` and gives its suite, and names it in `DURE_VAULT_SUITE`; what was sealed
before is still read by the suite it names (docs/security/cipher.md).
"""

import os
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

_NONCE = 12
GROUP = "dure.vault_suites"


class Unreadable(Exception):
    """Another key, another context, or changed bytes."""


class Cipher(Protocol):
    """Authenticated encryption with associated data (RFC 5116) under 32-byte keys; the nonce is part of the output."""

    name: str

    def seal(self, key: bytes, plain: bytes, aad: bytes) -> bytes:
        """`plain` sealed under `key` and bound to `aad`; each call gives other bytes."""

    def unseal(self, key: bytes, sealed: bytes, aad: bytes) -> bytes:
        """What `seal` hid. Raises Unreadable."""


class _Aead:
    """A suite of `cryptography` with a random nonce of 96 bits.

    A key seals some thousands of small things in its life, far below the 2^32 of NIST SP 800-38D section 8.3.
    """

    def __init__(self, name: str, make: type[AESGCM] | type[ChaCha20Poly1305]) -> None:
        self.name = name
        self._make = make

    def seal(self, key: bytes, plain: bytes, aad: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._make(key).encrypt(nonce, plain, aad)

    def unseal(self, key: bytes, sealed: bytes, aad: bytes) -> bytes:
        try:
            return self._make(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], aad)
        except (InvalidTag, ValueError) as error:
            raise Unreadable from error


_suites: dict[int, Cipher] = {
    1: _Aead("aes-256-gcm", AESGCM),
    2: _Aead("chacha20-poly1305", ChaCha20Poly1305),
}


def register(number: int, suite: Cipher) -> None:
    """Add a suite under its number for ever (3 to 255). Raises ValueError where the number or name is taken."""
    if not 3 <= number <= 255 or number in _suites or any(one.name == suite.name for one in _suites.values()):
        raise ValueError(f"suite {number} ({suite.name}) cannot be registered")
    _suites[number] = suite


def suite(number: int) -> Cipher:
    """The suite of this number. Raises Unreadable where there is none here."""
    if number not in _suites:
        installed()
    try:
        return _suites[number]
    except KeyError as error:
        raise Unreadable from error


def known() -> frozenset[int]:
    """The numbers of all suites that are here."""
    installed()
    return frozenset(_suites)


@cache
def installed() -> None:
    """Register the suites that packages of this machine bring, once. Raises ValueError for one that breaks a promise,
    or whose number or name is taken.
    """
    from dure.trust.vault import promises

    for point in metadata.entry_points(group=GROUP):
        number, _, name = point.name.partition("-")
        found: Cipher = point.load()()
        broken = promises.faults(found)
        if broken or not number.isdecimal() or found.name != name:
            raise ValueError(f"the cipher suite {point.name!r} cannot be used: {'; '.join(broken) or 'its name'}")
        register(int(number), found)


def chosen(environment: Mapping[str, str] = os.environ) -> int:
    """The number of the suite that seals from now on: `DURE_VAULT_SUITE`, else AES-256-GCM. Raises ValueError."""
    name = environment.get("DURE_VAULT_SUITE", "aes-256-gcm")
    if all(one.name != name for one in _suites.values()):
        installed()
    for number, one in _suites.items():
        if one.name == name:
            return number
    raise ValueError(f"no cipher suite is named {name!r}")
