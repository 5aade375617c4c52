"""The key that signs checkpoints: DIR/secrets/audit.key, an Ed25519 seed, made at first use, its owner's alone; beside
it, while keys change, `audit.key.next` (announced, or about to be) and `audit.key.former` (rotating.py).

Whoever has it and the database can write another past; what witnesses keep still tells. It is backed up apart.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dure.kernel.errors import Unavailable
from dure.trust.audit.note import Signer

_NAME = "audit.key"
_NEXT = "audit.key.next"
_FORMER = "audit.key.former"
_BYTES = 32


def signer(data: Path) -> Signer:
    """The key of the city in `data`. It names the log too: `dure/<8 hex digits of its public key's sha-256>`.

    Raises Unavailable where the file is not fit to be used.
    """
    path = data / "secrets" / _NAME
    try:
        seed = _read(path)
    except FileNotFoundError:
        seed = _made(path)
    return named("dure", seed)


def of_name(data: Path, name: str | None) -> Signer:
    """The key of this name among those at hand, put in its place where it was about to take over; `audit.key` where
    none has it. Raises Unavailable.
    """
    found = signer(data)
    if found.name == name:
        return found
    for other in (_NEXT, _FORMER):
        try:
            one = named("dure", _read(data / "secrets" / other))
        except FileNotFoundError:
            continue
        if one.name == name:
            if other == _NEXT:
                settle(data)
            return one
    return found


def prepared(data: Path) -> Signer:
    """A fresh key that may take over, its owner that of the key until now; one that was prepared and never announced
    is gone.
    """
    now, path = (data / "secrets" / _NAME).stat(), data / "secrets" / _NEXT
    path.unlink(missing_ok=True)
    seed = _made(path)
    if os.name == "posix" and os.geteuid() == 0:  # an administrator's hand; the city's own user must read it
        os.chown(path, now.st_uid, now.st_gid)
    return named("dure", seed)


def settle(data: Path, *, destroy: bool = False) -> None:
    """The prepared key takes the place of the old one, which stays as the former, or with `destroy` is gone. There is
    a key in its place at every moment.
    """
    folder = data / "secrets"
    with suppress(FileNotFoundError):
        _read(folder / _NEXT)
        (folder / _FORMER).unlink(missing_ok=True)
        if not destroy:
            os.link(folder / _NAME, folder / _FORMER)
        (folder / _NEXT).replace(folder / _NAME)


def named(prefix: str, seed: bytes) -> Signer:
    """The signer of a seed, called by its public key."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    digest = hashlib.sha256(key.public_key().public_bytes_raw()).hexdigest()
    return Signer(f"{prefix}/{digest[:8]}", key)


def _read(path: Path) -> bytes:
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise Unavailable("trust.audit.key_open", path=str(path))
    found = path.read_bytes()
    if len(found) != _BYTES:
        raise Unavailable("trust.audit.key_wrong", path=str(path))
    return found


def _made(path: Path) -> bytes:
    """Several processes may start at once: each writes its own, one is linked into place, and all read that one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mine = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
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
