"""The master keys: DIR/secrets/vault.key, readable by its owner alone. They wrap every other key and seal nothing else.

Usually there is one; while keys are rotated there are two, and the newer one wraps. A line is a generation, the key in
base64 and the day it was made. The first form of this file was the 32 bytes of one key: it is read as generation 1.
"""

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from dure.kernel.errors import Unavailable

NAME = "vault.key"
_FIRST_LINE = "dure vault keys 2"
_BYTES = 32


class Masters:
    """The master keys of the city in `data`, made at the first look. Another process may rotate them: the file is
    looked at before each use, which costs a microsecond or two.
    """

    def __init__(self, data: Path) -> None:
        self.path = data / "secrets" / NAME
        self._seen: tuple[int, int, int] | None = None
        self._keys: dict[int, bytes] = {}
        self._wrapping: dict[int, bytes] = {}

    def all(self) -> Mapping[int, bytes]:
        """Every generation that is there. Raises Unavailable where the file is not fit to be used."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            self._make()
            found = self.path.stat()
        seen = (found.st_ino, found.st_mtime_ns, found.st_mode)
        if seen != self._seen:
            if os.name == "posix" and found.st_mode & 0o077:
                raise Unavailable("trust.vault.key_open", path=str(self.path))
            self._keys = _parsed(self.path)
            self._wrapping = {number: derived(key, b"wrap") for number, key in self._keys.items()}
            self._seen = seen
        return self._keys

    def current(self) -> int:
        """The generation that wraps from now on."""
        return max(self.all())

    def wrapping(self, generation: int) -> bytes:
        """The key that wraps keys of a generation. Raises Unavailable where that generation is gone."""
        self.all()
        try:
            return self._wrapping[generation]
        except KeyError as error:
            raise Unavailable("trust.vault.key_gone", generation=generation) from error

    def begin(self) -> int:
        """Add the next generation, unless a rotation has begun already; the newest."""
        keys = dict(self.all())
        if len(keys) == 1:
            keys[max(keys) + 1] = secrets.token_bytes(_BYTES)
            self._write(keys)
        return max(keys)

    def finish(self) -> None:
        """Destroy all generations but the newest."""
        keys = dict(self.all())
        self._write({max(keys): keys[max(keys)]})

    def _make(self) -> None:
        """Several processes start at once: each writes its own, one is linked into place, and all read that one."""
        mine = self._written({1: secrets.token_bytes(_BYTES)})
        try:
            os.link(mine, self.path)
        except FileExistsError:
            pass
        finally:
            mine.unlink()

    def _write(self, keys: Mapping[int, bytes]) -> None:
        """Replace the file whole; the old bytes are written over where the disk lets itself be written over."""
        fresh = self._written(keys)
        old = os.open(self.path, os.O_WRONLY)
        try:
            fresh.replace(self.path)
            _sync(self.path.parent)
            os.pwrite(old, bytes(os.fstat(old).st_size), 0)
            os.fsync(old)
        finally:
            os.close(old)

    def _written(self, keys: Mapping[int, bytes]) -> Path:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lines = [_FIRST_LINE, *(f"{number} {base64.b64encode(key).decode()}" for number, key in sorted(keys.items()))]
        file = self.path.with_name(f"{NAME}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:
            out.write("\n".join(lines) + "\n")
            out.flush()
            os.fsync(out.fileno())
        return file


def derived(master: bytes, use: bytes) -> bytes:
    """One key for one use (HKDF, RFC 5869)."""
    return HKDF(SHA256(), _BYTES, salt=None, info=b"dure vault " + use).derive(master)


def _parsed(path: Path) -> dict[int, bytes]:
    found = path.read_bytes()
    if len(found) == _BYTES:
        return {1: found}
    try:
        first, *lines = found.decode("ascii").split("\n")
        words = [line.split() for line in lines if line]
        keys = {int(number): base64.b64decode(key, validate=True) for number, key in words}
    except ValueError:
        first, keys = "", {}
    if first != _FIRST_LINE or not keys or any(len(key) != _BYTES for key in keys.values()):
        raise Unavailable("trust.vault.key_wrong", path=str(path))
    return keys


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
