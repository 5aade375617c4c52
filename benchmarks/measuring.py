"""What the benchmarks share: the line of a claim, percentiles, a city of their own, free ports."""

import argparse
import contextlib
import json
import math
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Claim:
    """One measured claim. `ratio` is ours against theirs, above 1 is better, whichever way the unit points."""

    bench: str
    claim: str
    unit: str
    ours: float
    peer: str | None
    theirs: float | None
    ratio: float | None
    samples: int
    seconds: float
    seed: int


def claim(
    bench: str,
    name: str,
    unit: str,
    ours: float,
    *,
    samples: int,
    seconds: float,
    peer: str | None = None,
    theirs: float | None = None,
    less_is_better: bool = False,
    seed: int = 0,
) -> Claim:
    """A claim with its ratio."""
    ratio = None
    if theirs is not None and ours > 0 and theirs > 0:
        ratio = round(theirs / ours if less_is_better else ours / theirs, 3)
    shown = None if theirs is None else _rounded(theirs)
    return Claim(bench, name, unit, _rounded(ours), peer, shown, ratio, samples, round(seconds, 2), seed)


def _rounded(value: float) -> float:
    if not math.isfinite(value):  # what a peer never does
        return value
    return round(value) if value >= 1000 else float(f"{value:.3g}")


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile; `share` 0.99 for p99. NaN for no values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


@dataclass(frozen=True, slots=True)
class City:
    """A running city of the benchmark's own."""

    url: str
    mqtt_host: str
    mqtt_port: int
    token: str
    folder: Path
    admin_link: str | None

    def api(self, path: str) -> str:
        """The address of an API path."""
        return f"{self.url}/api/v1{path}"

    def token_of(self, role: str) -> str:
        """A fresh token of another role."""
        return _token(role, self.folder)


@contextlib.contextmanager
def city(*arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[City]:
    """A fresh city with an admin token, ended and removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="dure-bench-"))
    folder.chmod(0o711)
    dure = [sys.executable, "-P", "-m", "dure.cli"]
    told = {**os.environ, **(environment or {}), "PYTHONPATH": str(ROOT / "src")}
    up = subprocess.Popen(
        [
            *[*dure, "up", "--data", str(folder / "city"), "--port", "0", "--mqtt-port", "0"],
            *["--no-browser", "--json", *arguments],
        ],
        stdout=subprocess.PIPE,
        env=told,
        text=True,
    )
    try:
        assert up.stdout is not None
        line = up.stdout.readline()
        if not line:
            raise RuntimeError("the city did not start")
        ready = json.loads(line)
        host, _, port = ready["mqtt"].rpartition(":")
        token = _token("admin", folder / "city")
        yield City(ready["url"], host, int(port), token, folder / "city", ready["admin_link"])
    finally:
        up.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            up.wait(30)
        up.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _token(role: str, folder: Path) -> str:
    words = [sys.executable, "-P", "-m", "dure.cli", "token", "--role", role, "--data", str(folder), "--name", "bench"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(words, capture_output=True, text=True, check=True, env=environment).stdout.strip()


def free_port() -> int:
    """A TCP port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


Measure = Callable[[], Awaitable[list[Claim]] | list[Claim]]


def main(measures: Mapping[str, Measure]) -> None:
    """Runs the named measures (all by default) and prints one line a claim; exits 1 when one could not be taken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("claims", nargs="*", choices=[*measures, []])
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    failed = False
    for name in args.claims or measures:
        began = time.monotonic()
        try:
            result = measures[name]()
            claims = uvloop.run(_wait(result)) if isinstance(result, Awaitable) else result
        except Exception as error:  # noqa: BLE001  # one claim that cannot be taken must not hide the others
            failed = True
            print(f"{name}: {type(error).__name__}: {error} ({time.monotonic() - began:.0f} s)", file=sys.stderr)
            continue
        for one in claims:
            print(json.dumps(asdict(one), ensure_ascii=False) if args.json else _line(one), flush=True)
    sys.exit(1 if failed else 0)


async def _wait(result: Awaitable[list[Claim]]) -> list[Claim]:
    return await result


def _line(one: Claim) -> str:
    peer = "" if one.peer is None else f"  {one.peer}: {one.theirs:,} ({one.ratio} x)"
    return f"{one.bench:<12} {one.claim:<60}{one.ours:>12,} {one.unit}{peer}  n={one.samples}"
