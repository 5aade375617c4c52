"""The key store: DIR/secrets/keys/keys.db, apart from the database and from every backup of it (ADR 0010).

One row is the key of one thing, wrapped by a master key. Destroying a row destroys what the key sealed, wherever copies
of it lie. It is a SQLite file: several processes of a machine share it, a commit is on the disk, and what is deleted is
written over. It holds no data.
"""

import os
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from dure.kernel.errors import Conflict
from dure.trust.vault import cipher, envelope
from dure.trust.vault.envelope import DataKey
from dure.trust.vault.masters import Masters

_SCHEMA = """
create table if not exists key (
    kind text not null, id blob not null, version integer not null, master integer not null, wrapped blob not null,
    primary key (kind, id)
) without rowid;
create index if not exists key_master on key (master);
create table if not exists destroyed (kind text not null, id blob not null, primary key (kind, id)) without rowid;
"""
_MANY = 500


class KeyStore:
    """The wrapped keys of one city. Methods block for microseconds to read and for one fsync to write."""

    def __init__(self, folder: Path, masters: Masters) -> None:
        self.path = folder / "keys.db"
        self._masters = masters
        self._lock = threading.RLock()
        self._line: sqlite3.Connection | None = None
        self._pid = 0

    def get(self, kind: str, ids: Iterable[UUID]) -> dict[UUID, DataKey]:
        """The keys of those that have one."""
        wanted = list(ids)
        found: dict[UUID, DataKey] = {}
        with self._lock:
            line = self._connected()
            for begin in range(0, len(wanted), _MANY):
                part = wanted[begin : begin + _MANY]
                marks = ",".join("?" * len(part))
                rows = line.execute(
                    f"select id, version, master, wrapped from key where kind = ? and id in ({marks})",
                    [kind, *(one.bytes for one in part)],
                ).fetchall()
                found |= {UUID(bytes=row[0]): self._unwrapped(kind, *row) for row in rows}
        return found

    def ensure(self, kind: str, ids: Iterable[UUID]) -> dict[UUID, DataKey]:
        """The keys of all of these, made where there was none, and on the disk. Raises Conflict where one was
        destroyed.
        """
        wanted = list(dict.fromkeys(ids))
        found = self.get(kind, wanted)
        missing = [one for one in wanted if one not in found]
        if not missing:
            return found
        with self._writing() as line:
            for one in missing:
                if line.execute("select 1 from destroyed where kind = ? and id = ?", (kind, one.bytes)).fetchone():
                    raise Conflict("trust.vault.destroyed")
            generation = self._masters.current()  # within the write: no rotation ends meanwhile
            line.executemany(
                "insert or ignore into key (kind, id, version, master, wrapped) values (?, ?, 1, ?, ?)",
                [
                    (
                        kind,
                        one.bytes,
                        generation,
                        self._wrapped(DataKey(kind, one, 1, secrets.token_bytes(32)), generation),
                    )
                    for one in missing
                ],
            )
        return found | self.get(kind, missing)

    def destroy(self, kind: str, ids: Sequence[UUID]) -> None:
        """Destroy the keys, and never make another for the same things."""
        with self._writing() as line:
            line.executemany("insert or ignore into destroyed (kind, id) values (?, ?)", _pairs(kind, ids))
            line.executemany("delete from key where kind = ? and id = ?", _pairs(kind, ids))
        self._emptied()

    def is_destroyed(self, kind: str, id_: UUID) -> bool:
        """Whether the key was destroyed and is not there."""
        with self._lock:
            line = self._connected()
            noted = line.execute("select 1 from destroyed where kind = ? and id = ?", (kind, id_.bytes)).fetchone()
            there = line.execute("select 1 from key where kind = ? and id = ?", (kind, id_.bytes)).fetchone()
        return noted is not None and there is None

    def count(self) -> int:
        """How many keys there are."""
        with self._lock:
            return int(self._connected().execute("select count(*) from key").fetchone()[0])

    def begin_rotation(self) -> int:
        """Add the next master key, unless a rotation has begun already; the newest generation."""
        with self._writing():
            return self._masters.begin()

    def rewrap(self, most: int = _MANY) -> int:
        """Wrap at most so many keys anew by the current master key; how many were left by an older one before."""
        with self._writing() as line:
            generation = self._masters.current()
            left = int(line.execute("select count(*) from key where master < ?", (generation,)).fetchone()[0])
            rows = line.execute(
                "select kind, id, version, master, wrapped from key where master < ? limit ?", (generation, most)
            ).fetchall()
            line.executemany(
                "update key set master = ?, wrapped = ? where kind = ? and id = ?",
                [(generation, self._wrapped(self._unwrapped(*row), generation), row[0], row[1]) for row in rows],
            )
        return left

    def end_rotation(self) -> bool:
        """Destroy the old master keys where no key needs them any more; whether that is so."""
        with self._writing() as line:
            generation = self._masters.current()
            if line.execute("select 1 from key where master < ? limit 1", (generation,)).fetchone():
                return False
            self._masters.finish()
        self._emptied()
        return True

    def copy_to(self, file: Path) -> None:
        """A whole copy as of now."""
        with self._lock, sqlite3.connect(file) as target:
            self._connected().backup(target)
        target.close()

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            if self._line is not None:
                self._line.close()
                self._line = None

    def _connected(self) -> sqlite3.Connection:
        if self._line is None or self._pid != os.getpid():  # a connection does not cross a fork
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self.path.exists():
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            line = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
            for setting in ("journal_mode = wal", "synchronous = full", "secure_delete = on"):
                line.execute(f"pragma {setting}")
            line.executescript(_SCHEMA)
            self._line, self._pid = line, os.getpid()
        return self._line

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            line = self._connected()
            line.execute("begin immediate")
            try:
                yield line
            except BaseException:
                line.execute("rollback")
                raise
            line.execute("commit")

    def _emptied(self) -> None:
        """Write over what the journal still holds of deleted rows; a reader in the way leaves it for the next time."""
        with self._lock:
            self._connected().execute("pragma wal_checkpoint(truncate)")

    def _wrapped(self, key: DataKey, generation: int) -> bytes:
        master = DataKey("master", UUID(int=generation), 1, self._masters.wrapping(generation))
        return envelope.seal(master, _about(key.kind, key.id, key.version), key.secret, cipher.chosen())

    def _unwrapped(self, kind: str, id_: bytes, version: int, generation: int, wrapped: bytes) -> DataKey:
        one = UUID(bytes=id_)
        master = DataKey("master", UUID(int=generation), 1, self._masters.wrapping(generation))
        return DataKey(kind, one, version, envelope.unseal(master, _about(kind, one, version), wrapped))


def _about(kind: str, id_: UUID, version: int) -> str:
    return f"{kind}\0{id_.hex}\0{version}"


def _pairs(kind: str, ids: Sequence[UUID]) -> list[tuple[str, bytes]]:
    return [(kind, one.bytes) for one in ids]
