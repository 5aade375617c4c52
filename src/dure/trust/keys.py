"""The vault's key file: DIR/secrets/vault.key, made at first start, readable by its owner alone.

Whoever has it and the database can read every person's record: it is backed up apart from both.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from dure.kernel.errors import Unavailable

_NAME = "vault.key"
_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class VaultKeys:
    """One key for records, one for blind indexes, both derived from the file's."""

    records: bytes
    index: bytes


def load(data: Path) -> VaultKeys:
    """The keys of the city in `data`, made where there are none. Raises Unavailable where the file is not fit to be
    used.
    """
    path = data / "secrets" / _NAME
    try:
        return _derived(_read(path))
    except FileNotFoundError:
        return _derived(_made(path))


def _read(path: Path) -> bytes:
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise Unavailable("trust.vault.key_open", path=str(path))
    found = path.read_bytes()
    if len(found) != _BYTES:
        raise Unavailable("trust.vault.key_wrong", path=str(path))
    return found


def _made(path: Path) -> bytes:
    """Several processes start at once: each writes its own, one is linked into place, and all read that one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mine = path.with_name(f"{_NAME}.{os.getpid()}.{os.urandom(4).hex()}")
    with os.fdopen(os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(os.urandom(_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(mine, path)
    except FileExistsError:
        pass
    finally:
        mine.unlink()
    return _read(path)


def _derived(master: bytes) -> VaultKeys:
    def key(use: bytes) -> bytes:
        return HKDF(SHA256(), 32, salt=None, info=b"dure vault " + use).derive(master)

    return VaultKeys(key(b"records"), key(b"index"))
