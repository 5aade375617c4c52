"""The ledger of destructions: DIR/secrets/destroyed.jsonl, beside the keys and outside every backup of the database.

A line says that the key of one thing was destroyed, and when; lines are chained by their hashes (SHA-256 over the line
before and this one). `DURE_LEDGER_COPY` names a second file, on other media, that gets each line too. Restoring a city
reads both: what they name stays destroyed, whatever keys or records came back.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

NAME = "destroyed.jsonl"


@dataclass(frozen=True, slots=True)
class Line:
    """One destruction: what kind of thing ("person", "incident"), which, when, and the hash that the chain has here."""

    seq: int
    at: str
    kind: str
    id: UUID
    hash: str


class Ledger:
    """The ledger of the city in `data`, and its copy elsewhere where one is named."""

    def __init__(self, data: Path, copy: Path | None = None) -> None:
        self.path = data / "secrets" / NAME
        told = os.environ.get("DURE_LEDGER_COPY")
        self.copy = copy or (Path(told) if told else None)

    def add(self, kind: str, ids: Iterable[UUID], at: datetime) -> None:
        """Add a line for each that has none yet; on the disk before this returns."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            lines = list(read(self.path))
            known = {(line.kind, line.id) for line in lines}
            last, number = (lines[-1].hash, lines[-1].seq) if lines else ("", 0)
            fresh = []
            for one in ids:
                if (kind, one) not in known:
                    number += 1
                    last, told = _line(number, at.isoformat(), kind, one, last)
                    fresh.append(told)
            if fresh:
                whole = self.path.read_bytes()
                if whole and not whole.endswith(b"\n"):
                    os.write(handle, b"\n")  # a line that a power cut left half written ends here
                _append(handle, fresh)
                self._copied(fresh)
        finally:
            os.close(handle)

    def lines(self) -> list[Line]:
        """Every destruction that this ledger or its copy knows of, once each; the ledger's own lines first."""
        found: dict[tuple[str, UUID], Line] = {}
        for path in (self.path, self.copy):
            for line in read(path) if path is not None else ():
                found.setdefault((line.kind, line.id), line)
        return list(found.values())

    def of(self, kind: str, id_: UUID) -> Line | None:
        """The line of one thing."""
        return next((line for line in self.lines() if (line.kind, line.id) == (kind, id_)), None)

    def broken_at(self) -> int | None:
        """The number of the first line whose chain does not hold, or None."""
        last = ""
        for number, line in enumerate(read(self.path), 1):
            last, _told = _line(number, line.at, line.kind, line.id, last)
            if (line.seq, line.hash) != (number, last):
                return number
        return None

    def _copied(self, fresh: list[str]) -> None:
        if self.copy is None:
            return
        self.copy.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.copy, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            _append(handle, fresh)
        finally:
            os.close(handle)


def read(path: Path) -> Iterator[Line]:
    """The lines of a ledger; none where there is no file. A last line that a power cut left half written is skipped."""
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        return
    for told in text.split("\n")[:-1]:
        try:
            value = json.loads(told)
            yield Line(value["seq"], value["at"], value["kind"], UUID(value["id"]), value["hash"])
        except (ValueError, KeyError, TypeError):
            continue


def _line(seq: int, at: str, kind: str, id_: UUID, last: str) -> tuple[str, str]:
    """The new end of the chain, and the line as it is written."""
    told = {"seq": seq, "at": at, "kind": kind, "id": str(id_)}
    digest = hashlib.sha256((last + json.dumps(told, sort_keys=True)).encode()).hexdigest()
    return digest, json.dumps({**told, "hash": digest})


def _append(handle: int, lines: list[str]) -> None:
    os.write(handle, "".join(f"{line}\n" for line in lines).encode("ascii"))
    os.fsync(handle)
