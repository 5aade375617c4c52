"""The epidemic's figures: a line list of 100,000 rows read, checked and written; Rt of 300 regions; the chains of
10,000 cases.

The peer of the import is what an office does by hand: openpyxl reads the workbook row by row, dates and ages are
checked, a list is kept; no database, no vault, no preview. Ours is the command as an official gives it to a running
city: names sealed, versions kept. The peer of the chains is networkx: clusters, degrees and generations of the same
links; it draws nothing.
"""

import datetime as dt
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from openpyxl import Workbook, load_workbook

from benchmarks.browser import board
from benchmarks.epidemic_care import giving_beds, giving_officers
from benchmarks.epidemic_tracing import report, tracing
from benchmarks.measuring import ROOT, City, Claim, city, claim, main, percentile
from dure.services.epidemic.reproduction import estimated, serial_interval

SEED = 20200218
ROWS, REGIONS, DAYS, CASES = 100_000, 300, 120, 10_000
_HEAD = ("확진번호", "성명", "연락처", "성별", "나이", "거주지", "증상발현일", "확진일", "신고일", "결과", "감염경로")
_DISTRICTS = ("중구", "동구", "서구", "남구", "북구", "수성구", "달서구", "달성군")


def _row(chance: random.Random, n: int) -> list[object]:
    reported = dt.date(2020, 2, 18) + dt.timedelta(days=chance.randrange(300))
    begun = reported - dt.timedelta(days=chance.randrange(9))
    ended = chance.choices(("", "완치", "사망"), (6, 3, 1))[0]
    who = [
        f"B{n}",
        f"가상{n % 997}",
        f"010-{n // 10_000:04}-{n % 10_000:04}",
        chance.choice("남여"),
        chance.randrange(95),
    ]
    return [*who, chance.choice(_DISTRICTS), begun, reported, reported, ended, f"집단 {n % 40}"]


def lines(count: int) -> list[str]:
    """The same as lines of CSV."""
    chance = random.Random(SEED)
    return [",".join(_HEAD), *(",".join(map(str, _row(chance, n))) for n in range(count))]


def _workbook(path: Path) -> None:
    chance = random.Random(SEED)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("명단")
    sheet.append(_HEAD)
    for n in range(ROWS):
        sheet.append(_row(chance, n))
    book.save(path)


def _by_hand(path: Path) -> int:
    kept: dict[str, tuple[object, ...]] = {}
    today = dt.datetime.now(tz=dt.UTC).replace(tzinfo=None)
    sheet = load_workbook(path, read_only=True, data_only=True).active
    assert sheet is not None
    for row in sheet.iter_rows(min_row=2, values_only=True):
        age, begun, reported = row[4], row[6], row[8]
        assert isinstance(begun, dt.datetime)
        assert isinstance(reported, dt.datetime)
        if row[0] and isinstance(age, int) and 0 <= age <= 120 and begun <= reported <= today:
            kept[str(row[0])] = row
    return len(kept)


def _told(town: City, kind: str, path: Path) -> dict[str, int]:
    words = [sys.executable, "-P", "-m", "dure.cli", "import", kind, str(path), "--json", "--data", str(town.folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    told: dict[str, int] = json.loads(
        subprocess.run(words, capture_output=True, text=True, check=True, env=environment).stdout
    )
    return told


def importing() -> list[Claim]:
    """One import of a workbook into a fresh city."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.xlsx"
        _workbook(path)
        began = time.perf_counter()
        assert _by_hand(path) == ROWS
        theirs = time.perf_counter() - began
        with city() as town:
            began = time.perf_counter()
            assert _told(town, "cases", path)["imported"] == ROWS
            ours = time.perf_counter() - began
    name = f"import (s): {ROWS:,} rows of a workbook, checked and written"
    peer = "openpyxl by hand (no database)"
    return [
        claim(
            "epidemic", name, "s", ours,
            samples=1, seconds=ours, peer=peer, theirs=theirs, less_is_better=True, seed=SEED,
        )
    ]  # fmt: skip


def reproduction() -> list[Claim]:
    """Rt with its interval for each region and week."""
    daily = np.random.default_rng(SEED).poisson(40, (REGIONS, DAYS))
    taken = []
    for _ in range(20):
        began = time.perf_counter()
        estimated(daily, serial_interval(4.7, 2.9))
        taken.append(time.perf_counter() - began)
    name = f"Rt (s): {REGIONS} regions x {DAYS} days"
    return [claim("epidemic", name, "s", percentile(taken, 0.5), samples=len(taken), seconds=sum(taken), seed=SEED)]


def _outbreak() -> tuple[list[str], list[tuple[str, str]]]:
    """A line list and its links: each case was infected by one of those before it, few of them by many."""
    chance = random.Random(SEED)
    lines, links = ["확진번호,증상발현일,신고일"], []
    for n in range(CASES):
        begun = dt.date(2020, 2, 1) + dt.timedelta(days=n // 100)
        lines.append(f"C{n},{begun},{begun + dt.timedelta(days=2)}")
        if n >= 5 and chance.random() < 0.95:
            links.append((f"C{int(n * chance.random() ** 0.3)}", f"C{n}"))
    return lines, [(source, target) for source, target in links if source != target]


def _networkx(links: Sequence[tuple[str, str]]) -> float:
    nx: Any = import_module("networkx")  # without types of its own
    began = time.perf_counter()
    graph = nx.DiGraph()
    graph.add_nodes_from(f"C{n}" for n in range(CASES))
    graph.add_edges_from(links)
    sorted(nx.weakly_connected_components(graph), key=len)
    dict(graph.out_degree())
    list(nx.strongly_connected_components(graph))
    for _ in nx.topological_generations(graph):
        pass
    return time.perf_counter() - began


async def chains() -> list[Claim]:
    """From the click to the drawn canvas, in headless Chromium."""
    lines, links = _outbreak()
    with tempfile.TemporaryDirectory() as folder, city() as town:
        listed, linked = Path(folder) / "cases.csv", Path(folder) / "links.csv"
        listed.write_text("\n".join(lines) + "\n")
        linked.write_text("\n".join(["infector,case_id", *(",".join(one) for one in links)]) + "\n")
        _told(town, "cases", listed)
        _told(town, "contacts", linked)
        taken = []
        async with board(town) as page:
            for _ in range(5):
                await page.evaluate("location.hash = '#/epidemic'")
                tab = page.locator('main[data-address="epidemic"] [role="radio"]').nth(2)
                await tab.wait_for()
                began = time.perf_counter()
                await tab.click()
                await page.locator(f'canvas[data-drawn="{CASES}"]').wait_for()
                taken.append(time.perf_counter() - began)
    name = f"chains (s): {CASES:,} cases asked, joined and drawn in a browser"
    peer, theirs = "networkx (graph alone, nothing drawn)", _networkx(links)
    return [
        claim(
            "epidemic", name, "s", percentile(taken, 0.5),
            samples=len(taken), seconds=sum(taken), peer=peer, theirs=theirs, less_is_better=True, seed=SEED,
        )
    ]  # fmt: skip


if __name__ == "__main__":
    main(
        {
            "import": importing,
            "rt": reproduction,
            "chains": chains,
            "tracing": tracing,
            "report": report,
            "officers": giving_officers,
            "beds": giving_beds,
        }
    )
