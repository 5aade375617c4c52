"""What every cipher suite promises: asked of a suite that a city puts in before anything is sealed by it."""

import os

from dure.trust.vault.cipher import Cipher, Unreadable

_SIZES = (0, 1, 15, 16, 17, 4096)
_KEY = 32


def faults(suite: Cipher) -> list[str]:
    """The promises that a suite breaks, in plain words for who wrote it; none where it keeps them all. About 10 ms."""
    key, other, about = os.urandom(_KEY), os.urandom(_KEY), b"person.name 1 7"
    found: list[str] = []
    for size in _SIZES:
        plain = os.urandom(size)
        sealed = suite.seal(key, plain, about)
        if suite.unseal(key, sealed, about) != plain:
            found.append(f"{size} bytes do not come back as they were")
        if size >= _SIZES[3] and plain in sealed:
            found.append(f"{size} bytes lie open in what was sealed")
        if suite.seal(key, plain, about) == sealed:
            found.append(f"{size} bytes sealed twice give the same: the nonce repeats")
        wrong = {"another key": (other, sealed, about), "another context": (key, sealed, about + b"0")}
        places = {0, len(sealed) // 2, max(0, len(sealed) - 1)}
        wrong |= {f"byte {at} changed": (key, _changed(sealed, at), about) for at in places}
        wrong |= {f"cut to {at} bytes": (key, sealed[:at], about) for at in places}
        wrong |= {"a byte more": (key, sealed + b"\0", about)}
        found += [f"{size} bytes are opened with {what}" for what, told in wrong.items() if not _refused(suite, *told)]
    return found


def _changed(sealed: bytes, at: int) -> bytes:
    other = bytearray(sealed)
    if other:
        other[at] ^= 0xFF
    return bytes(other)


def _refused(suite: Cipher, key: bytes, sealed: bytes, about: bytes) -> bool:
    try:
        suite.unseal(key, sealed, about)
    except Unreadable:
        return True
    return False
