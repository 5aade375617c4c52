"""Runs the tests of a package against mutants of it: a mutant that no test notices is a test that is missing.

Each mutant has a process of its own, forked from one that has the libraries loaded and one PostgreSQL running; the
mutated source stands in for the module's file at import. `python -m tests.mutation.run policy [--many N]` prints those
that survived.
"""

import argparse
import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType

from tests.mutation import mutants
from tests.mutation.mutants import Mutant

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
TRUST = SOURCE / "dure" / "trust"
SEED = 20261122
AT_LEAST_S = 30


@dataclass(frozen=True)
class Package:
    """What is mutated, and the tests that should notice. `own` names by module the tests that are tried first."""

    files: tuple[Path, ...]
    tests: tuple[str, ...]
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    quick: bool = False

    def stages(self, file: Path) -> list[tuple[str, ...]]:
        """The tests for mutants of one file: its own, then, where those noticed nothing, all (unless it is quick)."""
        own = self.own.get(file.stem)
        if own is None:
            return [self.tests]
        return [own] if self.quick else [own, self.tests]


def _of(folder: str, *left_out: str) -> tuple[Path, ...]:
    left = {"__init__", *left_out}
    return tuple(file for file in sorted((TRUST / folder).glob("*.py")) if file.stem not in left)


_POLICY = ("tests/trust/test_decide.py", "tests/trust/test_asked.py", "tests/trust/test_policy.py")
_AUDIT, _VAULT = "tests/trust/audit/", "tests/trust/vault/"
_SEALING = (_VAULT + "test_cipher.py", _VAULT + "test_keys.py")
PACKAGES = {
    "policy": Package(
        tuple(TRUST / name for name in ("policy.py", "asked.py", "reach.py")),
        ("tests/contract/matrix/test_decisions.py",),
        {"policy": _POLICY, "asked": _POLICY, "reach": ("tests/trust/test_reach.py",)},
    ),
    "audit": Package(
        _of("audit", "tables", "shapes", "drill"),
        (_AUDIT,),
        {
            "merkle": (_AUDIT + "test_merkle.py",),
            "note": (_AUDIT + "test_note.py", _AUDIT + "test_witness.py", _AUDIT + "test_walk.py"),
            "walk": (_AUDIT + "test_walk.py", _AUDIT + "test_rotation.py"),
            "witness": (_AUDIT + "test_witness.py", _AUDIT + "test_rotation.py"),
            "tree": (_AUDIT + "test_tree.py",),
            "verify": (_AUDIT + "test_tree.py", _AUDIT + "test_log.py"),
            "lines": (_AUDIT + "test_log.py",),
            "search": (_AUDIT + "test_api.py",),
            "api": (_AUDIT + "test_api.py",),
            "health": (_AUDIT + "test_api.py",),
            "export": (_AUDIT + "test_api.py", _AUDIT + "test_tree.py"),
            "checkpoints": (_AUDIT + "test_tree.py", _AUDIT + "test_api.py"),
            "keys": (_AUDIT + "test_rotation.py", _AUDIT + "test_log.py"),
            "keeping": ("tests/trust/retention/test_api.py",),
            "retention": (_AUDIT + "test_tree.py",),
            "rotating": (_AUDIT + "test_rotation.py",),
            "succession": (_AUDIT + "test_rotation.py",),
        },
    ),
    "vault": Package(
        _of("vault", "tables", "shapes"),
        (_VAULT,),
        {
            "cipher": (*_SEALING, _VAULT + "test_promises.py"),
            "envelope": _SEALING,
            "masters": (_VAULT + "test_masters.py", *_SEALING),
            "store": _SEALING,
            "linking": (_VAULT + "test_linking.py",),
            "erasing": (_VAULT + "test_erasing.py",),
            "ledger": (_VAULT + "test_erasing.py",),
            "records": (_VAULT + "test_records.py",),
            "person": (_VAULT + "test_records.py",),
            "upgrading": (_VAULT + "test_upgrade.py",),
            "first_form": (_VAULT + "test_upgrade.py",),
            "reasons": (_VAULT + "test_reasons.py",),
            "resealing": (_VAULT + "test_resealing.py",),
            "rotating": (_VAULT + "test_keys.py",),
            "promises": (_VAULT + "test_promises.py",),
            "upkeep": (_VAULT + "test_upkeep.py",),
        },
    ),
}


@dataclass
class Result:
    """How it went: mutants made, and those that no test noticed."""

    made: int = 0
    survived: list[Mutant] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def killed(self) -> float:
        """The share that was noticed."""
        return 1 - len(self.survived) / self.made if self.made else 0.0


class Standin(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module another source."""

    def __init__(self, name: str, mutant: Mutant) -> None:
        self._name = name
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._mutant.file, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._mutant.source, str(self._mutant.file), "exec"), module.__dict__)


class WithPostgres:
    """A pytest plugin: the tests find the cluster that the parent has started."""

    def __init__(self, url: str) -> None:
        self._url = url

    def pytest_configure(self, config: object) -> None:
        config.workerinput = {"dure_postgres": self._url, "workerid": "gw0"}  # type: ignore[attr-defined]


def _child(mutant: Mutant | None, tests: Sequence[str], postgres: str) -> int:
    """pytest's exit code, in this (forked) process."""
    import pytest

    os.setsid()
    quiet = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(quiet, stream)
    if mutant is not None:
        name = ".".join(mutant.file.relative_to(SOURCE).with_suffix("").parts)
        sys.meta_path.insert(0, Standin(name, mutant))
    loaded = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # the parent has imported plugins already
    words = [
        *loaded,
        "-x",
        "-q",
        "-p",
        "no:xdist",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        "--no-header",
        "--tb=no",
    ]
    return int(pytest.main([*words, *tests], plugins=[WithPostgres(postgres)]))


def fails(mutant: Mutant | None, tests: Sequence[str], postgres: str, within_s: float) -> bool:
    """Whether the tests fail (or do not end) with this mutant."""
    child = os.fork()
    if child == 0:
        code = 99
        with contextlib.suppress(BaseException):
            code = _child(mutant, tests, postgres)
        os._exit(code)
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) != 0
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


@contextlib.contextmanager
def _ready() -> Iterator[str]:
    """Libraries loaded (none of our own), PostgreSQL running: its URL."""
    for name in ("pytest", "hypothesis", "sqlalchemy.ext.asyncio", "fastapi", "httpx", "cryptography.x509", "psycopg"):
        importlib.import_module(name)
    import subprocess

    starter = subprocess.Popen(
        [sys.executable, "-P", "-m", "tests.mutation.cluster"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(SOURCE), str(ROOT)])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdin is not None
    assert starter.stdout is not None
    try:
        yield starter.stdout.readline().strip()
    finally:
        starter.stdin.close()
        starter.wait(60)


def run(
    name: str,
    many: int | None,
    *,
    only: str | None = None,
    quick: bool = False,
    workers: int = 2,
    say: bool = False,
    seed: int = SEED,
) -> Result:
    """Mutate a package, or one module of it. Raises RuntimeError where its tests fail without any fault."""
    package = replace(PACKAGES[name], quick=quick)
    if only is not None:
        package = replace(package, files=tuple(file for file in package.files if file.stem in only.split(",")))
    result = Result()
    began = time.monotonic()
    chosen = mutants.some(list(package.files), many, seed)
    with _ready() as postgres:
        allowed: dict[tuple[str, ...], float] = {}
        for tests in dict.fromkeys(stage for file in package.files for stage in package.stages(file)):
            at = time.monotonic()
            if fails(None, tests, postgres, 900):
                raise RuntimeError(f"{tests} fail without a fault")
            allowed[tests] = max(AT_LEAST_S, 6 * (time.monotonic() - at))

        def survives(mutant: Mutant) -> bool:
            return not any(fails(mutant, tests, postgres, allowed[tests]) for tests in package.stages(mutant.file))

        with ThreadPoolExecutor(workers) as pool:
            for mutant, alive in zip(chosen, pool.map(survives, chosen), strict=True):
                result.made += 1
                if say and result.made % 20 == 0:
                    sys.stdout.write(f"{result.made} of {len(chosen)}, {len(result.survived)} survived\n")
                    sys.stdout.flush()
                if alive:
                    result.survived.append(mutant)
                    if say:
                        sys.stdout.write(f"survived: {mutant}\n")
                        sys.stdout.flush()
    result.seconds = time.monotonic() - began
    return result


def main() -> None:
    """Prints survivors and the share that was killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("package", choices=PACKAGES)
    parser.add_argument("--many", type=int)
    parser.add_argument("--only")
    parser.add_argument("--seed", type=int, default=SEED, help="another draw")
    parser.add_argument("--quick", action="store_true", help="a module's own tests only")
    args = parser.parse_args()
    result = run(args.package, args.many, only=args.only, quick=args.quick, say=True, seed=args.seed)
    sys.stdout.write(f"{args.package}: {result.killed:.1%} of {result.made} killed in {result.seconds:.0f} s\n")


if __name__ == "__main__":
    main()
