"""What is wrong with a machine or a city's folder, and how to mend it. Each check looks; none changes anything that
stays."""

import ctypes
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import psutil
import psycopg

from dure.engine.servers import binaries, children, units
from dure.engine.servers.access import newest_revision, plain, revision_of, running_database_url
from dure.engine.servers.place import Place
from dure.kernel.messages import Value

Level = Literal["ok", "warn", "fail"]
MIB: Final = 1024 * 1024
_FORGETFUL = frozenset({"tmpfs", "ramfs"})
_STA_UNSYNC: Final = 0x0040
_FSYNC_TRIES: Final = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer. The texts are `doctor.<check>.<variant>` and, unless it is ok, `doctor.<check>.<variant>.mend`."""

    check: str
    level: Level
    variant: str
    params: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked at: a city's folder, and the ports that it wants on `host`."""

    place: Place
    host: str = "127.0.0.1"
    port: int = 8080
    mqtt_port: int = 1883


def examine(subject: Subject) -> Iterator[Finding]:
    """All findings, one check after the other. A check that fails by itself is a finding, not an end."""
    for check in _CHECKS:
        try:
            yield from check(subject)
        except (OSError, subprocess.SubprocessError, psutil.Error, ValueError) as error:
            name = check.__name__.removeprefix("_")
            yield Finding(name, "warn", "unknown", {"reason": str(error)})


# --- the machine ---


def _python(_subject: Subject) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= (3, 11)
    yield Finding("python", "ok" if good else "fail", "fits" if good else "old", {"version": version})


def _memory(_subject: Subject) -> Iterator[Finding]:
    free = psutil.virtual_memory().available
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.exists() and (text := limit.read_text().strip()).isdigit():
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
        free = min(free, int(text) - used)
    level: Level = "fail" if free < 400 * MIB else "warn" if free < 1200 * MIB else "ok"
    yield Finding("memory", level, "enough" if level == "ok" else "little", {"free_mib": free // MIB})


def _files(_subject: Subject) -> Iterator[Finding]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    good = soft == resource.RLIM_INFINITY or soft >= 4096
    params: dict[str, Value] = {"soft": soft, "hard": hard}
    yield Finding("files", "ok" if good else "warn", "enough" if good else "few", params)


def _clock(subject: Subject) -> Iterator[Finding]:
    now = time.time()
    newest = max((path.stat().st_mtime for path in _marks(subject.place)), default=0.0)
    if newest > now + 5:
        yield Finding("clock", "fail", "behind", {"seconds": round(newest - now)})
        return
    synchronised, error_ms = _kernel_clock()
    if synchronised is False and _other_synchronised() is not True:
        yield Finding("clock", "warn", "free", {})
    elif synchronised and error_ms > 1000:
        yield Finding("clock", "warn", "rough", {"ms": round(error_ms)})
    else:
        yield Finding("clock", "ok", "right" if synchronised else "unknown_but_plausible", {})


def _marks(place: Place) -> list[Path]:
    """Files that were written at a known past moment: none can be newer than now."""
    found = [Path(__file__), place.folder / "run.json", place.logs / "postgres.log", place.logs / "nats.log"]
    return [path for path in found if path.exists()]


class _Timex(ctypes.Structure):
    """`struct timex` of Linux's adjtimex(2), as far as it is read here."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def _kernel_clock() -> tuple[bool | None, float]:
    """Whether the kernel takes its clock for synchronised (None: not known here), and its own estimate of the error
    in ms."""
    if not sys.platform.startswith("linux"):
        return None, 0.0
    state = _Timex()
    call = ctypes.CDLL(None, use_errno=True).adjtimex
    if call(ctypes.byref(state)) < 0:
        return None, 0.0
    return not state.status & _STA_UNSYNC, state.esterror / 1000


def _other_synchronised() -> bool | None:
    """What systemd says, for machines whose kernel is not told (chrony in a container's host, say)."""
    try:
        run = subprocess.run(
            ["timedatectl", "show", "-p", "NTPSynchronized", "--value"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {b"yes": True, b"no": False}.get(run.stdout.strip())


# --- the folder ---


def _folder(subject: Subject) -> Iterator[Finding]:
    folder = subject.place.folder
    params: dict[str, Value] = {"path": str(folder)}
    existing = _existing(folder)
    if not os.access(existing, os.W_OK | os.X_OK):
        yield Finding("folder", "fail", "closed", params)
    elif folder.exists() and folder.stat().st_mode & 0o066:
        yield Finding("folder", "warn", "open", params)
    elif any(part.stat().st_mode & 0o077 for part in _secret_files(subject.place)):
        yield Finding("folder", "fail", "secrets_open", {"path": str(subject.place.secrets)})
    else:
        yield Finding("folder", "ok", "own", params)


def _secret_files(place: Place) -> list[Path]:
    return list(place.secrets.iterdir()) if place.secrets.exists() else []


def _existing(path: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(part for part in (path, *path.parents) if part.exists())


def _disk(subject: Subject) -> Iterator[Finding]:
    folder = _existing(subject.place.folder)
    use, entry = psutil.disk_usage(str(folder)), os.statvfs(folder)
    params: dict[str, Value] = {"path": str(folder), "free_mib": use.free // MIB, "percent": use.percent}
    level: Level = "fail" if use.free < 300 * MIB else "warn" if use.free < 3000 * MIB else "ok"
    yield Finding("disk", level, "room" if level == "ok" else "full", params)
    if entry.f_files and entry.f_favail < 10_000:
        yield Finding("disk", "fail" if entry.f_favail < 500 else "warn", "inodes", {**params, "left": entry.f_favail})


def _fsync(subject: Subject) -> Iterator[Finding]:
    folder = _existing(subject.place.folder)
    kind = _filesystem(folder)
    if kind in _FORGETFUL:
        yield Finding("fsync", "fail", "forgetful", {"kind": kind, "path": str(folder)})
        return
    median_us = _fsync_us(folder)
    params: dict[str, Value] = {"us": round(median_us), "kind": kind}
    if median_us < 15:  # no medium is that quick: some layer below says "done" without doing it
        yield Finding("fsync", "warn", "ignored", params)
    elif median_us > 50_000:
        yield Finding("fsync", "warn", "slow", params)
    else:
        yield Finding("fsync", "ok", "honoured", params)


def _fsync_us(folder: Path) -> float:
    times = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(_FSYNC_TRIES):
            file.write(os.urandom(8192))
            began = time.perf_counter()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - began) * 1e6)
    return statistics.median(times)


def _filesystem(folder: Path) -> str:
    best = max(
        (part for part in psutil.disk_partitions(all=True) if _below(folder, Path(part.mountpoint))),
        key=lambda part: len(part.mountpoint),
        default=None,
    )
    return best.fstype if best else "?"


def _below(folder: Path, mount: Path) -> bool:
    return folder == mount or mount in folder.parents


# --- the engines ---


def _programs(_subject: Subject) -> Iterator[Finding]:
    try:
        user = binaries.server_user()
        home = binaries.postgres_wheel()
        for program, option in ((home / "bin" / "postgres", "--version"), (binaries.nats_server(), "--version")):
            run = subprocess.run([program, option], stdout=subprocess.PIPE, timeout=30, check=True)
            yield Finding("programs", "ok", "run", {"version": run.stdout.decode("utf-8", "replace").strip()})
        if os.geteuid() == 0:
            yield Finding("programs", "ok", "account", {"name": user.name if user else "?"})
    except binaries.EngineMissing as error:
        yield Finding("programs", "fail", "missing", {"name": str(error)})
    except (OSError, subprocess.SubprocessError) as error:
        yield Finding("programs", "fail", "broken", {"reason": str(error)})


def _ports(subject: Subject) -> Iterator[Finding]:
    noted = subject.place.noted() if subject.place.held() else {}
    own = {noted.get("web_port"), noted.get("mqtt_port")}
    for port, option in ((subject.port, "--port"), (subject.mqtt_port, "--mqtt-port")):
        params: dict[str, Value] = {"port": str(port), "option": option}
        if port == 0 or port in own or not children.port_taken(port, subject.host):
            yield Finding("ports", "ok", "free" if port not in own else "own", params)
        else:
            holder = children.holder_of(port)
            name = f"{holder.name()} (pid {holder.pid})" if holder else "?"
            yield Finding("ports", "fail", "taken", {**params, "holder": name})


def _city(subject: Subject) -> Iterator[Finding]:
    place = subject.place
    noted, held = place.noted(), place.held()
    alive = {
        name: children.alive(int(child.get("pid", 0)), child.get("created")) is not None
        for name, child in noted.get("children", {}).items()
    }
    if not held:
        left = [name for name, lives in alive.items() if lives]
        if left:
            yield Finding("city", "warn", "left_over", {"names": ", ".join(left)})
        else:
            yield Finding("city", "ok", "stopped", {"path": str(place.folder)})
        return
    for name, lives in alive.items():
        yield Finding("city", "ok" if lives else "fail", "runs" if lives else "down", {"name": name})
    url = str(noted.get("url", ""))
    good = units.asked(f"{url}/api/v1/health") == "well"
    yield Finding("city", "ok" if good else "fail", "serves" if good else "deaf", {"url": url})


def _database(subject: Subject) -> Iterator[Finding]:
    url = running_database_url(subject.place)
    if url is None:
        return
    try:
        have, want = revision_of(url) or "-", newest_revision()
        with psycopg.connect(plain(url), connect_timeout=5) as line:
            at = line.execute("select clock_timestamp()").fetchone()
    except psycopg.Error as error:
        yield Finding("database", "fail", "away", {"reason": str(error).strip().splitlines()[0]})
        return
    skew = abs((datetime.now(UTC) - at[0]).total_seconds()) if at else 0.0
    if skew > 2:
        yield Finding("database", "warn", "clock", {"seconds": round(skew, 1)})
    good = have == want
    params: dict[str, Value] = {"have": have, "want": want}
    yield Finding("database", "ok" if good else "warn", "current" if good else "behind", params)


def _lost_clusters(_subject: Subject) -> Iterator[Finding]:
    """Clusters outside a city's folder (made for root, see postgres.py) whose folder is gone or names another."""
    for note in Path("/var/lib/dure").glob("city-*/of.txt"):
        folder = Path(note.read_text(encoding="utf-8").strip())
        pointer = folder / "postgres.path"
        if not pointer.exists() or not pointer.read_text(encoding="utf-8").strip().startswith(str(note.parent)):
            yield Finding("clusters", "warn", "lost", {"path": str(note.parent), "folder": str(folder)})


_CHECKS: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    _python,
    _memory,
    _files,
    _clock,
    _folder,
    _disk,
    _fsync,
    _programs,
    _ports,
    _city,
    _database,
    _lost_clusters,
)
