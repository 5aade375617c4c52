"""Logs for tests: in memory, written by the same functions as the city's, and exported for the offline verifier."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from dure.trust.audit import export, merkle
from dure.trust.audit.drill import Copy, rebuilt
from dure.trust.audit.keys import named
from dure.trust.audit.note import Checkpoint, Signer, unchecked
from dure.trust.audit.walk import Sealed

CITY = named("dure", bytes(32))
BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
OFFLINE = Path(__file__).parents[3] / "docs" / "verify_audit.py"


def line(n: int, **more: Any) -> dict[str, Any]:
    """The line of number `n`."""
    return {
        "id": UUID(int=n),
        "at": BEGAN + timedelta(minutes=n, microseconds=n),
        "actor": "account:1",
        "actor_name": "oper-07",
        "agency_id": None,
        "address": "10.0.0.1",
        "action": "person.open",
        "entity": "person",
        "entity_id": str(n),
        "person_id": UUID(int=n % 5) if n % 2 else None,
        "purpose": "점주 확인" if n % 3 else None,
        "case_id": None,
        "outcome": "ok",
        **more,
    }


def written(count: int, *, every: int = 5, others: Mapping[int, dict[str, Any]] | None = None) -> Copy:
    """A log of `count` lines with a checkpoint after each `every` and at its end, all seen by a witness."""
    lines = rebuilt([Sealed(0, b"", b"", line(n, **(others or {}).get(n, {}))) for n in range(1, count + 1)])
    sizes = [*range(0, count, every), count]
    notes = [signed(lines, size) for size in sizes]
    return Copy(lines, notes, notes)


def signed(lines: list[Sealed], size: int, signer: Signer = CITY, at: datetime | None = None) -> str:
    """The city's word over the first `size` lines."""
    root = merkle.root(one.leaf for one in lines[:size])
    return signer.signed(Checkpoint(signer.name, size, root, at or BEGAN + timedelta(minutes=size + 1)))


def exported(
    log: Copy,
    folder: Path,
    *,
    begin: int = 0,
    end: int | None = None,
    signer: Signer = CITY,
    announced: Sequence[str] = (),
) -> Path:
    """The log as `export.parts` writes it; the leaves of a copy make the hashes beside the range."""
    folder.mkdir(parents=True, exist_ok=True)
    upto = len(log.lines) if end is None else end
    note = log.notes[-1] if log.notes else signed(list(log.lines), len(log.lines), signer)
    leaves = [one.leaf for one in log.lines]

    def nodes(low: int, high: int) -> list[str]:
        return [merkle.root(leaves[at << level : at + 1 << level]).hex() for level, at in merkle.cover(low, high)]

    head = {
        "format": export.FORMAT, "key": str(signer.verifier()), "keys": list(announced),
        "begin": begin, "end": upto, "note": note,
        "chain": log.lines[begin - 1].chain.hex() if begin else "",
        "before": nodes(0, begin), "after": nodes(upto, max(upto, min(unchecked(note).size, len(leaves)))),
    }  # fmt: skip
    (folder / "log.json").write_text(json.dumps(head))
    (folder / "lines.jsonl").write_text("".join(json.dumps(export.told(one)) + "\n" for one in log.lines[begin:upto]))
    for name, notes in (("checkpoints.jsonl", log.notes), ("seen.jsonl", log.seen)):
        (folder / name).write_text(
            "".join(json.dumps({"number": n, "note": one}) + "\n" for n, one in enumerate(notes, 1))
        )
    return folder


def offline(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """The offline verifier in a process of its own, with nothing of dure on its path."""
    command = [sys.executable, "-I", str(OFFLINE), str(folder), "--seen", str(folder / "seen.jsonl"), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)
