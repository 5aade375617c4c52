"""Recordings to disk, by a thread of its own: pictures never wait for a disk, and a disk that stands still costs the
recording, not the live pictures. Nothing is buffered here; what was written is in the system's hands at once and
outlives the process, and is forced to the disk within ten seconds.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

log = logging.getLogger(__name__)
MOST_WAITING = 64 << 20
"""Bytes that wait for the disk at most; beyond them pictures are left out."""
TOGETHER_S = 0.02
"""What comes within this time is written at once: less than a picture takes to follow another, so that a sudden end
costs the last picture at most.
"""
SYNC_S = 10.0
"""So long after it was written a picture is forced to the disk: a power cut takes no more than that."""
_AT_ONCE = 256


@dataclass(slots=True)
class File:
    """A file that is being written. `written` bytes are whole; a `fault` means that no more will follow."""

    path: Path
    fd: int | None = None
    written: int = 0
    fault: OSError | None = None
    waiting: list[bytes] = field(default_factory=list)
    loose_since: float | None = None
    """Since when something of it is in the system's hands alone."""


class Writer:
    """The thread. Files are given to it from one thread only."""

    def __init__(self, failed: Callable[[File], None] = lambda _: None) -> None:
        self._failed = failed
        self._orders: SimpleQueue[tuple[File, bytes | None] | None] = SimpleQueue()
        self._put = 0
        self._done = 0
        self._loose: dict[int, File] = {}
        self._thread = threading.Thread(target=self._run, name="recordings", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Bytes that wait for the disk."""
        return self._put - self._done

    @property
    def overfull(self) -> bool:
        """Whether the disk does not keep up."""
        return self.waiting > MOST_WAITING

    def append(self, file: File, data: bytes) -> None:
        """Write behind what there is; the file and its folder are made for the first."""
        self._put += len(data)
        self._orders.put((file, data))

    def close(self, file: File) -> None:
        """No more follows: the file is forced to the disk and closed."""
        self._orders.put((file, None))

    def end(self, within_s: float = 5.0) -> None:
        """Write what waits, and end."""
        self._orders.put(None)
        self._thread.join(within_s)

    def _next(self) -> list[tuple[File, bytes | None] | None]:
        """The next order, or none where something is to be forced to the disk meanwhile."""
        try:
            return [self._orders.get(timeout=SYNC_S / 10 if self._loose else None)]
        except Empty:
            return []

    def _run(self) -> None:
        going = True
        while going:
            orders = self._next()
            time.sleep(TOGETHER_S)
            try:
                while len(orders) < 20_000:
                    orders.append(self._orders.get_nowait())
            except Empty:
                pass
            going = None not in orders
            touched: dict[int, File] = {}
            for order in orders:
                if order is None:
                    continue
                file, data = order
                if data is not None:
                    file.waiting.append(data)
                    touched[id(file)] = file
                else:
                    self._write(file)
                    _closed(file)
            for file in touched.values():
                self._write(file)
            self._force()

    def _force(self) -> None:
        """Force the file that has waited longest to the disk; one at a time, so that others are written between."""
        self._loose = {key: one for key, one in self._loose.items() if one.fd is not None}
        file = min(self._loose.values(), key=lambda one: one.loose_since or 0.0, default=None)
        if file is None or file.fd is None or time.monotonic() - (file.loose_since or 0.0) < SYNC_S:
            return
        del self._loose[id(file)]
        file.loose_since = None
        try:
            os.fdatasync(file.fd)
        except OSError as error:
            _undone(file, error)
            self._failed(file)

    def _write(self, file: File) -> None:
        parts, file.waiting = file.waiting, []
        size = sum(len(part) for part in parts)
        try:
            if parts and file.fault is None:
                _written(file, parts)
                if file.loose_since is None:
                    file.loose_since = time.monotonic()
                    self._loose[id(file)] = file
        except OSError as error:
            _undone(file, error)
            self._failed(file)
        finally:
            self._done += size


def _written(file: File, parts: list[bytes]) -> None:
    """Raises OSError; `written` then tells how much is whole."""
    if file.fd is None:
        file.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.fd = os.open(file.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    at = taken = 0
    while at < len(parts):
        taken += os.writev(file.fd, [parts[at][taken:], *parts[at + 1 : at + _AT_ONCE]])
        while at < len(parts) and taken >= len(parts[at]):
            taken -= len(parts[at])
            file.written += len(parts[at])
            at += 1


def _undone(file: File, error: OSError) -> None:
    """What is not whole is cut off again."""
    log.warning("a recording cannot be written: %s", error.strerror)
    file.fault = error
    if file.fd is not None:
        try:
            os.ftruncate(file.fd, file.written)
        except OSError:
            log.warning("nor can it be cut; its last picture is left out when it is read")
    _closed(file)


def _closed(file: File) -> None:
    if file.fd is None:
        return
    fd, file.fd = file.fd, None
    try:
        os.fdatasync(fd)
    except OSError as error:
        file.fault = file.fault or error
    finally:
        os.close(fd)
