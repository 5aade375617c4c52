"""Keys: apart from the data, one for each thing, wrapped anew by rotation that survives being killed."""

import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.errors import Conflict, Unavailable
from dure.trust.vault import Person, Vault, store
from dure.trust.vault.masters import Masters
from dure.trust.vault.rotating import rotate
from dure.trust.vault.store import KeyStore


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path / "secrets" / "keys", Masters(tmp_path))


def test_each_thing_has_a_key_of_its_own_that_stays_the_same(keys: KeyStore, tmp_path: Path) -> None:
    one, other = uuid4(), uuid4()
    made = keys.ensure("person", [one, other])
    assert len({made[one].secret, made[other].secret, keys.ensure("incident", [one])[one].secret}) == 3
    again = KeyStore(keys.path.parent, Masters(tmp_path))
    assert again.get("person", [one, other, uuid4()]) == made
    assert again.ensure("person", [one])[one] == made[one]
    for path in keys.path.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert made[one].secret.hex() not in repr(made)
    whole = b"".join(path.read_bytes() for path in keys.path.parent.iterdir())
    assert made[one].secret not in whole, "keys lie wrapped"


def test_a_destroyed_key_is_gone_for_good(keys: KeyStore) -> None:
    one, other = uuid4(), uuid4()
    keys.ensure("person", [one, other])
    (wrapped,) = sqlite3.connect(keys.path).execute("select wrapped from key where id = ?", (one.bytes,)).fetchone()
    keys.destroy("person", [one])
    assert keys.get("person", [one, other]).keys() == {other}
    assert keys.is_destroyed("person", one)
    assert not keys.is_destroyed("person", other)
    with pytest.raises(Conflict, match="destroyed"):
        keys.ensure("person", [other, one])
    assert all(wrapped not in path.read_bytes() for path in keys.path.parent.iterdir()), (
        "written over, not just unlinked"
    )


def test_after_a_rotation_no_file_holds_what_the_old_key_wrapped(keys: KeyStore) -> None:
    one = uuid4()
    made = keys.ensure("person", [one])
    (wrapped,) = sqlite3.connect(keys.path).execute("select wrapped from key where id = ?", (one.bytes,)).fetchone()
    keys.begin_rotation()
    while keys.rewrap():
        pass
    assert keys.end_rotation()
    assert keys.get("person", [one]) == made
    assert all(wrapped not in path.read_bytes() for path in keys.path.parent.iterdir())


def test_what_was_never_known_is_not_destroyed(keys: KeyStore) -> None:
    assert not keys.is_destroyed("person", uuid4())


def test_a_refused_write_leaves_the_store_to_the_next(keys: KeyStore, tmp_path: Path) -> None:
    gone, other, third = uuid4(), uuid4(), uuid4()
    keys.destroy("person", [gone])
    with pytest.raises(Conflict):
        keys.ensure("person", [other, gone])
    assert keys.ensure("person", [other]).keys() == {other}
    assert KeyStore(keys.path.parent, Masters(tmp_path)).ensure("person", [third]).keys() == {third}


def test_keys_that_are_there_are_read_while_somebody_writes(keys: KeyStore) -> None:
    one = uuid4()
    made = keys.ensure("person", [one])
    writer = sqlite3.connect(keys.path, isolation_level=None)
    writer.execute("begin immediate")
    assert keys.ensure("person", [one]) == made
    writer.execute("rollback")
    writer.close()


def test_one_connection_for_each_process_and_none_across_a_fork(
    keys: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.close()  # nothing was open
    assert keys.count() == 0
    held = keys._connected()
    assert keys._connected() is held
    assert held.execute("pragma busy_timeout").fetchone() == (30_000,)
    keys.close()
    with pytest.raises(sqlite3.ProgrammingError):
        held.execute("select 1")
    held = keys._connected()
    with monkeypatch.context() as child:
        child.setattr(os, "getpid", lambda: 0)
        assert keys._connected() is not held
        keys.close()
    held.close()
    assert keys.count() == 0


def test_a_wrapped_key_moved_to_another_thing_does_not_open(keys: KeyStore) -> None:
    one, other = uuid4(), uuid4()
    keys.ensure("person", [one, other])
    keys.close()
    line = sqlite3.connect(keys.path)
    line.execute(
        "update key set wrapped = (select wrapped from key where id = ?) where id = ?", (one.bytes, other.bytes)
    )
    line.commit()
    with pytest.raises(store.cipher.Unreadable):
        keys.get("person", [other])


async def test_rotation_wraps_all_anew_and_destroys_the_old_key(database: Database, tmp_path: Path) -> None:
    held = Vault(tmp_path)
    async with database.transaction() as tx:
        ids = [one for one, _ in await held.put_all(tx, [(None, Person(name=f"사람{n}")) for n in range(1200)])]
    old = dict(held.masters.all())
    waiting = held.seal("import_row/1", b"row")
    left: list[int] = []
    other = Vault(tmp_path)
    assert await rotate(database, held, left.append) == held.keys.count()
    assert left == sorted(left, reverse=True)
    assert len(left) == 3
    assert list(held.masters.all()) == [2]
    assert old[1] not in held.masters.all().values()
    async with database.transaction() as tx:
        assert (await other.opened(tx, ids))[ids[7]].name == "사람7", "another process reads on"
        assert await other.find(tx, "name", "사람9") == [ids[9]]
        assert await tx.scalar(text("select count(*) from audit where action = 'vault.rotate'")) == 1
    assert other.unseal("import_row/1", waiting) == b"row"
    with pytest.raises(Unavailable, match="key_gone"):
        held.masters.wrapping(1)


_KILLED = """
import sys
from pathlib import Path
from uuid import UUID
from dure.trust.vault.masters import Masters
from dure.trust.vault.store import KeyStore

folder = Path(sys.argv[1])
keys = KeyStore(folder / "secrets" / "keys", Masters(folder))
keys.begin_rotation()
for step in range(100):
    print(keys.rewrap(50), flush=True)
    sys.stdin.readline()
"""


def _rotate_and_be_killed(folder: Path) -> None:
    command = [sys.executable, "-c", _KILLED, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert int(child.stdout.readline()) > 0
        child.stdin.write("\n")
        child.stdin.flush()
        child.stdout.readline()
        os.kill(child.pid, signal.SIGKILL)


async def test_a_rotation_that_was_killed_goes_on(database: Database, tmp_path: Path) -> None:
    held = Vault(tmp_path)
    async with database.transaction() as tx:
        ids = [one for one, _ in await held.put_all(tx, [(None, Person(name=f"사람{n}")) for n in range(400)])]
    for _ in range(2):
        await asyncio.to_thread(_rotate_and_be_killed, tmp_path)
        assert sorted(held.masters.all()) == [1, 2], "killed in the middle, both are there, and no third"
        async with database.transaction() as tx:
            assert len(await held.opened(tx, ids)) == 400
    async with database.transaction() as tx:
        fresh, _ = await held.put(tx, Person(name="새사람"))
    await rotate(database, held)
    assert list(held.masters.all()) == [2]
    async with database.transaction() as tx:
        assert (await held.opened(tx, [*ids, fresh]))[fresh].name == "새사람"


async def test_a_rotation_goes_on_with_what_another_wrapped_as_it_ended(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Vault(tmp_path)
    late = KeyStore(held.keys.path.parent, Masters(tmp_path))
    end, came = held.keys.end_rotation, uuid4()

    def ended() -> bool:
        with late._writing() as line:  # somebody who had not heard of the new key
            wrapped = late._wrapped(store.DataKey("person", came, 1, bytes(32)), 1)
            line.execute("insert or ignore into key values ('person', ?, 1, 1, ?)", (came.bytes, wrapped))
        return end()

    monkeypatch.setattr(held.keys, "end_rotation", ended)
    await rotate(database, held)
    assert list(held.masters.all()) == [2]
    assert held.keys.get("person", [came])[came].secret == bytes(32), "it was wrapped anew with the rest"


def test_the_root_of_a_blind_index_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import of a hundred thousand people asks for it four times each."""
    held, made = Vault(tmp_path), 0
    own = held._own

    def counted(id_: UUID) -> store.DataKey:
        nonlocal made
        made += 1
        return own(id_)

    monkeypatch.setattr(held, "_own", counted)
    assert held.digest("name", "홍길동") == held.digest("name", "홍길동") != held.digest("phone", "홍길동")
    assert made == 2


def test_what_another_wraps_while_a_rotation_ends_keeps_the_old_key_alive(keys: KeyStore, tmp_path: Path) -> None:
    one = uuid4()
    late = KeyStore(keys.path.parent, Masters(tmp_path))
    keys.ensure("person", [one])
    keys.begin_rotation()
    while keys.rewrap():
        pass
    with late._writing() as line:  # somebody who had not heard of the new key
        wrapped = late._wrapped(store.DataKey("person", UUID(int=5), 1, bytes(32)), 1)
        line.execute("insert into key values ('person', ?, 1, 1, ?)", (UUID(int=5).bytes, wrapped))
    assert not keys.end_rotation()
    keys.rewrap()
    assert keys.end_rotation()
    assert keys.get("person", [UUID(int=5)])[UUID(int=5)].secret == bytes(32)
