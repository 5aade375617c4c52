"""Tracing among thirty million pings, and the report of a night.

The pings are made: phones at home, at work and at places that many go to, for two weeks. The trace is the child that a
city starts for it, from its question to its answer. The peer is DuckDB, asked the same of the same pings: those of
each day sorted by cell and time in Parquet, joined by cell and ten minutes.
"""

import asyncio
import tempfile
import time
import urllib.request
from dataclasses import asdict
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.measuring import Claim, city, claim, percentile
from dure.services.epidemic.tracing import running, store
from dure.services.epidemic.tracing.child import Question, Trailed
from dure.services.epidemic.tracing.model import Definition

SEED = 20200218
PINGS, DAYS, PEOPLE, CASES, LISTED = 30_000_000, 14, 31_250, 741, 10_000
FIRST = store.number_of(date(2020, 2, 16))
_QUERY = """
with mine as (select * from read_parquet(?) where who = 0),
near as (select m.at, p.who, m.at // 600 as slot,
        (p.x - m.x) * (p.x - m.x) + (p.y - m.y) * (p.y - m.y) as apart
    from mine m, range(-1, 2) e(ex), range(-1, 2) n(ny), range(-1, 2) t(dt)
    join read_parquet(?) p on p.cx = m.cx + ex and p.cy = m.cy + ny and p.slot = m.slot + dt
    where p.who <> 0 and abs(p.at - m.at) <= 300)
select who, count(distinct slot) * 10 as minutes, sqrt(min(apart)) from near where apart <= 400
group by who order by minutes desc limit 50
"""


def _made(folder: Path, files: Path) -> None:
    """The pings, as our columns and as the peer's files."""
    chance = np.random.default_rng(SEED)
    centre = np.array([1_100_000.0, 1_765_000.0])
    home, work = (chance.normal(centre, spread, (PEOPLE, 2)) for spread in (6000, 3000))
    hubs = chance.normal(centre, 3000, (300, 2))
    files.mkdir()
    for day in range(DAYS):
        who = np.repeat(np.arange(PEOPLE), -(-PINGS // DAYS // PEOPLE))
        seconds = chance.integers(0, store.DAY_S, len(who))
        busy = (seconds > 9 * 3600) & (seconds < 18 * 3600)
        place = np.where(busy[:, None], work[who], home[who])
        out = chance.random(len(who)) < 0.15
        place[out] = hubs[chance.integers(0, 300, int(out.sum()))]
        place += chance.normal(0, 15, place.shape)
        at = (FIRST + day) * store.DAY_S + seconds
        store.keep(folder, store.Pings(at, place[:, 0], place[:, 1], np.full(len(who), 20.0), who))
        cells = (place // store.CELL_M).astype(np.int32)
        columns = {
            "who": who.astype(np.int32),
            "at": at,
            "slot": at // store.SLOT_S,
            "x": place[:, 0],
            "y": place[:, 1],
        }
        table = pa.table({**columns, "cx": cells[:, 0], "cy": cells[:, 1]})
        pq.write_table(table.sort_by([("slot", "ascending"), ("cy", "ascending")]), files / f"{day}.parquet")


def _asked(folder: Path, cases: int) -> Question:
    first, last = FIRST * store.DAY_S, (FIRST + DAYS) * store.DAY_S
    step = PEOPLE // cases
    trailed = [Trailed(first, last, first + 7 * store.DAY_S, [], {str(folder): [n * step]}) for n in range(cases)]
    return Question("trace", [str(folder)], cases=trailed, ask=asdict(Definition()), most=50)


def tracing() -> list[Claim]:
    """One case and a day's 741, each by the child as a city asks it."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        folder, files = Path(place) / "pings", Path(place) / "parquet"
        _made(folder, files)
        found = []
        for cases, runs in ((1, 7), (CASES, 3)):
            taken = []
            for _ in range(runs):
                began = time.perf_counter()
                answer = asyncio.run(running.ask(_asked(folder, cases)))
                taken.append(time.perf_counter() - began)
                assert answer["met"][str(folder)]
            peer = _duckdb(files) if cases == 1 else None
            name = "one case (s)" if cases == 1 else f"{cases} cases (s)"
            found.append(
                claim(
                    "epidemic", f"{name}: traced among {PINGS:,} pings", "s", percentile(taken, 0.5),
                    samples=runs, seconds=sum(taken), peer="DuckDB over Parquet" if peer else None, theirs=peer,
                    less_is_better=True, seed=SEED,
                )
            )  # fmt: skip
        return found


def _duckdb(files: Path) -> float:
    duckdb: Any = import_module("duckdb")
    glob = str(files / "*.parquet")
    began = time.perf_counter()
    assert duckdb.connect().execute(_QUERY, [glob, glob]).fetchall()
    return time.perf_counter() - began


def report() -> list[Claim]:
    """The figures, the PDF and the HWPX of a night with 10,000 cases, asked of a running city."""
    from benchmarks.epidemic import ROWS, _told, lines

    assert ROWS >= LISTED
    with tempfile.TemporaryDirectory() as place, city() as town:
        path = Path(place) / "list.csv"
        path.write_text("\n".join(lines(LISTED)) + "\n", encoding="utf-8")
        assert _told(town, "cases", path)["imported"] == LISTED
        taken = []
        for _ in range(5):
            began = time.perf_counter()
            for ending in ("", ".pdf", ".hwpx"):
                address = town.api(f"/epidemic/report{ending}?as_of=2020-12-01T00:00:00Z")
                asking = urllib.request.Request(address, headers={"authorization": f"Bearer {town.token}"})
                with urllib.request.urlopen(asking, timeout=60) as answer:
                    assert answer.read()
            taken.append(time.perf_counter() - began)
    name = f"report (s): {LISTED:,} cases as figures, PDF and HWPX"
    return [claim("epidemic", name, "s", percentile(taken, 0.5), samples=5, seconds=sum(taken), seed=SEED)]
