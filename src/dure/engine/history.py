"""History: Parquet files, written here and read by DuckDB in a short-lived, niced, memory-limited child.

A file appears whole or not at all: it is written beside its place, synced, and renamed.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec

from dure.kernel.errors import Unavailable

CHILD_MEMORY_MB = 512
CHILD_TIMEOUT_S = 60.0
_SOURCE = Path(__file__).parents[2]
_children: asyncio.Semaphore | None = None


class Words(NamedTuple):
    """A text column as codes (`array('i')`) into a list of words."""

    codes: array[int]
    words: Sequence[str]


class Moments(NamedTuple):
    """A column of times as Unix seconds (`array('d')`); kept to the microsecond, in UTC."""

    seconds: array[float]


Column: TypeAlias = "Words | Moments | array[float] | array[int]"


@dataclass(frozen=True, slots=True)
class Written:
    """A finished file."""

    sha256: bytes
    size: int


def write(path: Path, columns: Mapping[str, Column], order: Sequence[str]) -> Written:
    """Write columns of one length as a zstd Parquet file, sorted by `order`. Blocking; raises OSError.

    `array('b')` becomes booleans, `array('d')` doubles.
    """
    from dure.engine import parquet  # only who writes pays for the library: 60 MB

    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    parquet.write(beside, columns, order)
    return settled(beside, path)


def settled(beside: Path, path: Path) -> Written:
    """Sync a written file and put it in its place. Blocking; raises OSError."""
    digest = hashlib.sha256()
    with beside.open("rb+") as file:
        while block := file.read(1 << 20):
            digest.update(block)
        size = file.tell()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return Written(digest.digest(), size)


class Question(msgspec.Struct):
    """What a child is asked: one statement with its parameters; `folder` takes what does not fit into memory."""

    sql: str
    parameters: list[Any]
    memory_mb: int
    folder: str


async def ask(
    sql: str,
    parameters: Sequence[Any],
    *,
    folder: Path,
    memory_mb: int = CHILD_MEMORY_MB,
    timeout_s: float = CHILD_TIMEOUT_S,
) -> list[list[Any]]:
    """Rows of a DuckDB statement, worked out in a child. Two at a time; a report never delays an alarm.

    Raises FileNotFoundError where a file went meanwhile, Unavailable where the child ran out of time or memory.
    """
    global _children
    if _children is None:
        _children = asyncio.Semaphore(2)
    question = msgspec.msgpack.encode(Question(sql, list(parameters), memory_mb, str(folder)))
    async with _children:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "dure.engine.history_child",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(_SOURCE)},
        )
        try:
            async with asyncio.timeout(timeout_s):
                answer, said = await child.communicate(question)
        except TimeoutError as error:
            raise Unavailable("engine.history.slow") from error
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
    if child.returncode == 3:
        raise FileNotFoundError(said.decode("utf-8", "replace")[-300:])
    if child.returncode != 0:
        raise Unavailable("engine.history.slow", detail=said.decode("utf-8", "replace")[-300:])
    rows: list[list[Any]] = msgspec.msgpack.decode(answer)
    return rows
