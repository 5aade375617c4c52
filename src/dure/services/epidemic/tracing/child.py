"""The child that reads and searches pings: one `Question` from stdin (msgpack), its answer to stdout. Niced, and
bounded in memory: a trace never delays an alarm.

Exit 4: the file is none of pings, with the key of the reason on stderr.
"""

import os
import sys
from dataclasses import astuple
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from dure.services.epidemic.tracing import search, store
from dure.services.epidemic.tracing.model import Definition, profile

MEMORY = 6 << 30
"""Address space: mapped columns count, too."""


class Trailed(msgspec.Struct):
    """A case: its stays (Unix seconds, metres), its moments that count, its numbers by folder, its onset."""

    first: int
    last: int
    onset: int | None
    stays: list[tuple[int, float, float]]
    numbers: dict[str, list[int]]


class Question(msgspec.Struct):
    """`keep`: read `path` into `folders[0]`. `trace`: who was with these cases, file by file."""

    act: Literal["keep", "trace"]
    folders: list[str]
    path: str = ""
    first: int = 0
    last: int = 0
    zone_s: int = 0
    cases: list[Trailed] = []
    ask: dict[str, Any] = {}
    most: int = 100


def answer(question: Question) -> dict[str, Any]:
    """What is asked."""
    if question.act == "keep":
        from dure.services.epidemic.tracing import reading

        folder = Path(question.folders[0])
        store.destroy(folder)
        done = reading.read(Path(question.path), folder, question.first, question.last, question.zone_s)
        return {"rows": done.rows, "kept": done.kept, "refused": dict(done.refused), "names": done.names}
    return {"met": {folder: _traced(question, folder) for folder in question.folders}}


def _traced(question: Question, folder: str) -> list[tuple[Any, ...]]:
    if not question.cases:
        return []
    hour = 3600
    first = min(one.first for one in question.cases) - hour
    last = max(one.last for one in question.cases) + hour
    days = list(store.days(Path(folder), first // store.DAY_S, last // store.DAY_S))
    numbers = {number: case for case, one in enumerate(question.cases) for number in one.numbers.get(folder, ())}
    spans = {case: (one.first, one.last) for case, one in enumerate(question.cases)}
    own = search.own_pings(days, numbers, spans)
    trails = {}
    for case, one in enumerate(question.cases):
        stays = np.array(one.stays, dtype=np.float64).reshape(-1, 3)
        still = store.Pings(
            stays[:, 0].astype(np.int64), stays[:, 1], stays[:, 2], np.zeros(len(stays)), np.zeros(len(stays), np.int64)
        )
        pings = search.joined([still, own[case]]) if case in own else still
        trails[case] = search.Trail(pings, tuple(one.numbers.get(folder, ())), one.onset)
    met = search.meetings(days, trails, Definition(**question.ask), profile(), question.most)
    return [astuple(one) for one in met]


def main() -> int:
    """Answer one question."""
    if sys.platform != "win32":
        import resource

        os.nice(10)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        told = answer(msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Question))
    except Exception as error:
        if type(error).__name__ != "WrongFile":  # its module is only there where a file was read
            raise
        sys.stderr.write(str(error))
        return 4
    sys.stdout.buffer.write(msgspec.msgpack.encode(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
