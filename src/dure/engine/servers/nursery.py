"""The supervisor's side of the nursery (dure/processes/nursery.py), which forks dure's own processes."""

import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from dure.engine.servers import children

_START_WITHIN_S = 60.0
Ended = Callable[["Ward"], None]


class Ward:
    """A process that the nursery has started; as much of Popen's face as the supervisor uses."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._gone = threading.Event()

    def ended(self, code: int) -> None:
        """The nursery has seen its end."""
        self.returncode = code
        self._gone.set()

    def poll(self) -> int | None:
        """Its exit code, or None while it lives."""
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Signals it; nothing when it is gone."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code once it is gone. Raises subprocess.TimeoutExpired."""
        if not self._gone.wait(timeout):
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        return self.returncode or 0


class NurseryFailed(Exception):
    """The nursery does not answer, or has ended."""


class Nursery:
    """Starts dure's processes. `ended` is called, from a thread, with each that ends.

    When the nursery itself falls, its wards are ended and reported like any other, and the next `start` brings a new
    one.
    """

    def __init__(self, log: Path, ended: Ended) -> None:
        self.log = log
        self._ended = ended
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._started: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._wards: dict[int, Ward] = {}
        self._early: dict[int, int] = {}
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """Its number, while it lives."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def open(self) -> None:
        """Starts the nursery; it imports the program meanwhile."""
        ours, theirs = socket.socketpair()
        environment = {
            **os.environ,
            "PYTHONUTF8": "1",
            "PYTHONUNBUFFERED": "1",
            "DURE_NURSERY_FD": str(theirs.fileno()),
        }
        command = [sys.executable, "-P", "-m", "dure.processes.nursery"]
        try:
            process = children.start(command, log=self.log, environment=environment, keep=(theirs.fileno(),))
        finally:
            theirs.close()
        self._process, self._line, self._started = process, ours, queue.SimpleQueue()
        threading.Thread(target=self._listen, args=(ours, process, self._started), name="nursery", daemon=True).start()

    def start(self, name: str, environment: Mapping[str, str], log: Path) -> Ward:
        """Forks one process. Raises NurseryFailed."""
        return self._fork({"start": name, "environment": dict(environment), "log": str(log)})

    def call(self, function: str, *arguments: object, within_s: float = 60.0) -> object:
        """What `"module:function"` gives in a short-lived process that has the whole program at hand, as JSON
        carries it.

        So the supervisor itself stays small. Raises NurseryFailed; the reason stands in the nursery's log.
        """
        with tempfile.TemporaryDirectory() as folder:
            answer = Path(folder) / "answer.json"
            order = {"call": function, "arguments": arguments, "answer": str(answer)}
            ward = self._fork({**order, "environment": dict(os.environ), "log": str(self.log)})
            try:
                code = ward.wait(within_s)
            except subprocess.TimeoutExpired:
                ward.kill()
                raise NurseryFailed(function) from None
            if code != 0:
                raise NurseryFailed(function)
            return json.loads(answer.read_text(encoding="utf-8"))

    def _fork(self, order: Mapping[str, object]) -> Ward:
        if self.pid is None:
            self.open()
        assert self._line is not None
        try:
            self._line.sendall(json.dumps(order).encode() + b"\n")
            pid = self._started.get(timeout=_START_WITHIN_S)
        except (OSError, queue.Empty) as error:
            raise NurseryFailed(str(error)) from error
        if pid is None:
            raise NurseryFailed("ended")
        with self._lock:
            ward = self._wards[pid] = Ward(pid)
            early = self._early.pop(pid, None)
        if early is not None:
            self._gone(pid, early)
        return ward

    def close(self) -> None:
        """Ends the nursery; the processes it started must have been ended before."""
        if self._line is not None:
            with contextlib.suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)
        if self._process is not None:
            try:
                self._process.wait(3)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(5)

    def _listen(
        self, line: socket.socket, process: subprocess.Popen[bytes], started: "queue.SimpleQueue[int | None]"
    ) -> None:
        with line, line.makefile("rb") as said, contextlib.suppress(OSError):
            for text in said:
                values = json.loads(text)
                if "started" in values:
                    started.put(values["pid"])
                else:
                    self._gone(values["ended"], values["code"])
        process.wait()
        started.put(None)
        self._orphaned()

    def _gone(self, pid: int, code: int) -> None:
        with self._lock:
            ward = self._wards.pop(pid, None)
            if ward is None:
                self._early[pid] = code
                return
        ward.ended(code)
        self._ended(ward)

    def _orphaned(self) -> None:
        """The nursery has fallen: what it had started is ended, so that nothing holds the ports when it comes anew."""
        with self._lock:
            left = list(self._wards)
        alive = [process for pid in left if (process := children.alive(pid, None)) is not None]
        children.end(alive, [(signal.SIGTERM, 3.0), (signal.SIGKILL, 5.0)])
        for pid in left:
            self._gone(pid, -signal.SIGKILL)
