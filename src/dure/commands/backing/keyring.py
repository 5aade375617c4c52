"""A city's keys in one file, to be kept apart from its backups: sealed by a passphrase (scrypt, RFC 7914, and
AES-256-GCM).

In it is all of DIR/secrets, the key store as of one moment and the ledger of destructions among it.
"""

import os
import secrets
import shutil
import sqlite3
import tempfile
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from dure.kernel.errors import Invalid

_MAGIC = b"dure keys 1\n"
_SALT, _NONCE = 16, 12
_STORE = "keys/keys.db"


def export(data: Path, file: Path, passphrase: str) -> int:
    """Write the keys of the city in `data`; how many files are in it. Raises Invalid where `file` is there already."""
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder) / "secrets"
        copy(data / "secrets", copied)
        parts = {
            str(path.relative_to(copied)): path.read_bytes() for path in sorted(copied.rglob("*")) if path.is_file()
        }
        for path in copied.rglob("*"):
            if path.is_file():
                os.truncate(path, 0)
    salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
    sealed = AESGCM(_key(passphrase, salt)).encrypt(nonce, msgspec.msgpack.encode(parts), _MAGIC)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Invalid("cli.vault.there", path=str(file)) from error
    with os.fdopen(handle, "wb") as out:
        out.write(_MAGIC + salt + nonce + sealed)
        out.flush()
        os.fsync(out.fileno())
    return len(parts)


def bring(file: Path, secrets_folder: Path, passphrase: str) -> None:
    """Put exported keys into a new city's folder of secrets. Raises Invalid where passphrase or file are wrong."""
    whole = file.read_bytes()
    salt, nonce = whole[len(_MAGIC) :][:_SALT], whole[len(_MAGIC) + _SALT :][:_NONCE]
    try:
        if not whole.startswith(_MAGIC):
            raise ValueError
        plain = AESGCM(_key(passphrase, salt)).decrypt(nonce, whole[len(_MAGIC) + _SALT + _NONCE :], _MAGIC)
        parts = msgspec.msgpack.decode(plain, type=dict[str, bytes])
    except (InvalidTag, ValueError, msgspec.DecodeError) as error:
        raise Invalid("cli.vault.not_opened", path=str(file)) from error
    for name, content in parts.items():
        target = secrets_folder / name
        if not target.resolve().is_relative_to(secrets_folder.resolve()):
            raise Invalid("cli.vault.not_opened", path=str(file))
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(content)


def copy(source: Path, target: Path) -> None:
    """Copy a folder of secrets, also of a city that runs: the key store as of one moment."""
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source)
        if not path.is_file() or path.is_symlink() or path.name.startswith("keys.db"):
            continue
        (target / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(path, target / name)
        (target / name).chmod(0o600)
    if (source / _STORE).exists():
        fresh = target / _STORE
        fresh.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(fresh, os.O_RDWR | os.O_CREAT, 0o600))
        read, write = sqlite3.connect(source / _STORE), sqlite3.connect(fresh)
        try:
            read.backup(write)
        finally:
            read.close()
            write.close()


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=1 << 17, r=8, p=1).derive(passphrase.encode())
