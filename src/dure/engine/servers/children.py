"""Starting programs so that none outlives its parent, and finding those that did."""

import contextlib
import ctypes
import os
import pwd
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class User:
    """An account of the operating system that a program is run as."""

    name: str
    uid: int
    gid: int


def user_named(name: str) -> User | None:
    """That account, or None."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return User(entry.pw_name, entry.pw_uid, entry.pw_gid)


def dies_with_parent(how: signal.Signals) -> Callable[[], None] | None:
    """What a child does before it becomes its program: ask Linux to be signalled when the parent is gone.

    Elsewhere None: the next start finds what was left over (`run.json`). The call is looked up before the fork.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, int(how), 0, 0, 0)
        if os.getppid() != parent:  # it died between the fork and the call
            os._exit(1)

    return ask


def rest(process: "subprocess.Popen[bytes] | None", seconds: float) -> None:
    """Waits so long, but no longer than the process (None: somebody else's) lives."""
    if process is None:
        threading.Event().wait(seconds)
        return
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def start(
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    user: User | None = None,
    dies_by: signal.Signals = signal.SIGTERM,
    folder: Path = Path("/"),
    keep: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Starts a program in a process group of its own, its output appended to `log`.

    Linux ends it by `dies_by` when the starting thread ends: call it from a thread that lives as long as the parent
    should.
    """
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=folder,
            env=None if environment is None else dict(environment),
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
            pass_fds=keep,
            process_group=0,  # a Ctrl-C at the terminal goes to the supervisor alone, which ends its children in order
            preexec_fn=dies_with_parent(dies_by),  # noqa: PLW1509 - it only makes two system calls
        )


def rotate(log: Path, limit_bytes: int = 20_000_000) -> None:
    """Keeps a log below its limit: what is there moves to `<name>.1`, and the program goes on writing to the same
    file."""
    try:
        if log.stat().st_size < limit_bytes:
            return
        with log.open("rb") as old, log.with_name(log.name + ".1").open("wb") as kept:
            while block := old.read(1 << 20):
                kept.write(block)
        os.truncate(log, 0)
    except FileNotFoundError:
        return


_QUIET = range(20_000, 32_000)


def free_port(wanted: int | None = None, host: str = "127.0.0.1") -> int:
    """`wanted` when nobody holds it, else any free TCP port of `host`.

    From below those that the system gives to outgoing connections: one of these might take it before the server does.
    """
    if wanted and not port_taken(wanted, host):
        return wanted
    for port in random.sample(_QUIET, 50):
        if not port_taken(port, host):
            return port
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        given: int = probe.getsockname()[1]
        return given


def port_taken(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server holds this TCP port."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
        return False


def holder_of(port: int) -> psutil.Process | None:
    """The process that listens on this TCP port, where the system lets us see it."""
    try:
        connections = psutil.net_connections("tcp")
    except (psutil.AccessDenied, OSError):
        return None
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            try:
                return psutil.Process(connection.pid) if connection.pid else None
            except psutil.NoSuchProcess:
                return None
    return None


def alive(pid: int, created: float | None) -> psutil.Process | None:
    """The process of this number, if it still is the one that was started at `created` (Unix seconds), not a later
    one."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        if created is not None and abs(process.create_time() - created) > 2.0:
            return None
    except psutil.Error:
        return None
    return process


def created_at(pid: int) -> float | None:
    """When this process began (Unix seconds), or None when it is gone."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None


def end(processes: Iterable[psutil.Process], steps: Sequence[tuple[signal.Signals, float]]) -> bool:
    """Ends processes that need not be our children: each signal in turn, with its time (seconds) to obey. Whether
    all are gone."""
    left = list(processes)
    for how, seconds in steps:
        for process in left:
            try:
                process.send_signal(how)
            except psutil.Error:
                continue
        deadline = time.monotonic() + seconds
        while left and time.monotonic() < deadline:
            left = [process for process in left if alive(process.pid, None) and process.is_running()]
            if left:
                psutil.wait_procs(left, timeout=0.05)
        if not left:
            return True
    return not left
