"""Runs the tests of a package against mutants of it: a mutant that no test notices is a test that is missing.

Each mutant has a process of its own, forked from one that has the libraries loaded and one PostgreSQL running; the
mutated source stands in for the module's file at import. The tests are run once without a fault, to know which enter
which function; those that enter a mutant's are run with it, the quickest first, until one fails.
`python -m tests.mutation.run policy [--many N]` prints those that survived.
"""

import argparse
import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import pickle
import resource
import signal
import sys
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType, ModuleType

import pytest

from tests.mutation import mutants
from tests.mutation.mutants import Mutant

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
TRUST = SOURCE / "dure" / "trust"
SEED = 20261122
MOST_BYTES = 3 << 30
"""A mutant that takes memory for ever ends here, and counts as noticed."""
AT_LEAST_S = 30
AS_LONG = 8
"""So many times the seconds that its tests take without a fault, a mutant has: the machine may be busy."""


@dataclass(frozen=True)
class Package:
    """What is mutated, and the tests that should notice. `own` names by module the tests that notice what runs when the
    module is loaded.
    """

    files: tuple[Path, ...]
    tests: tuple[str, ...]
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def every(self) -> tuple[str, ...]:
        """All its tests, each named once."""
        named = dict.fromkeys((*self.tests, *(one for tests in self.own.values() for one in tests)))
        return tuple(one for one in named if not any(one != other and one.startswith(other) for other in named))


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


class Reached:
    """A pytest plugin: which tests enter which functions of the files that are mutated, and how long each takes; and
    which functions are entered as modules are loaded, before the first test.
    """

    def __init__(self, files: Collection[Path]) -> None:
        self._files = {str(file): file for file in files}
        self.loading: set[tuple[str, str]] = set()
        self._now = self.loading
        self.by_test: dict[str, set[tuple[str, str]]] = {}
        self.seconds: dict[str, float] = {}
        sys.settrace(self._called)

    def _called(self, frame: FrameType, _event: str, _arg: object) -> None:
        code = frame.f_code
        if code.co_filename in self._files:
            self._now.add((code.co_filename, code.co_qualname))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._now = self.by_test.setdefault(item.nodeid, set())
        began = time.monotonic()
        sys.settrace(self._called)
        threading.settrace(self._called)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]
            self.seconds[item.nodeid] = time.monotonic() - began


def _child(mutant: Mutant | None, tests: Sequence[str], postgres: str, *plugins: object) -> int:
    """pytest's exit code, in this (forked) process."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
    quiet = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(quiet, stream)
    if mutant is not None:
        name = ".".join(mutant.file.relative_to(SOURCE).with_suffix("").parts)
        sys.meta_path.insert(0, Standin(name, mutant))
    loaded = ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # the parent has imported plugins already
    without = ("-p", "no:xdist", "-p", "no:cacheprovider", "-p", "no:randomly")
    words = [*loaded, *without, "-x", "-q", "--no-header", "--tb=no"]
    return int(pytest.main([*words, *tests], plugins=[WithPostgres(postgres), *plugins]))


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


@dataclass(frozen=True)
class Known:
    """The tests of a package, the quickest first: what each enters, what is entered as modules are loaded, and the
    seconds that each takes without a fault.
    """

    reached: Mapping[str, Collection[tuple[str, str]]]
    loading: Collection[tuple[str, str]]
    seconds: Mapping[str, float]

    def noticing(self, mutant: Mutant, own: Sequence[str]) -> list[str]:
        """The tests that could notice a mutant: those that enter its function; of what runs at the module's loading,
        its own, then all others.
        """
        place = (str(mutant.file), mutant.within)
        if mutant.within is None or place in self.loading:
            return sorted(self.reached, key=lambda one: not one.startswith(tuple(own)))
        return [one for one, entered in self.reached.items() if place in entered]

    def allowed(self, tests: Collection[str]) -> float:
        """Seconds after which tests that have not ended are taken to hang."""
        return max(AT_LEAST_S, AS_LONG * sum(self.seconds[one] for one in tests))


def know(package: Package, postgres: str) -> Known:
    """Run all tests once without a fault. Raises RuntimeError where one fails."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        code = 99
        with contextlib.suppress(BaseException):
            plugin = Reached(package.files)
            code = _child(None, package.every(), postgres, plugin)
            with os.fdopen(write, "wb") as out:
                pickle.dump((plugin.by_test, plugin.loading, plugin.seconds), out)
        os._exit(code)
    os.close(write)
    with os.fdopen(read, "rb") as told:
        whole = told.read()
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0:
        raise RuntimeError(f"{package.every()} fail without a fault")
    by_test, loading, seconds = pickle.loads(whole)
    return Known({one: by_test[one] for one in sorted(by_test, key=seconds.__getitem__)}, loading, seconds)


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
    workers: int = 2,
    say: bool = False,
    seed: int = SEED,
) -> Result:
    """Mutate a package, or one module of it. Raises RuntimeError where its tests fail without any fault."""
    package = PACKAGES[name]
    if only is not None:
        package = replace(package, files=tuple(file for file in package.files if file.stem in only.split(",")))
    result = Result()
    began = time.monotonic()
    chosen = mutants.some(list(package.files), many, seed)
    with _ready() as postgres:
        known = know(package, postgres)

        def survives(mutant: Mutant) -> bool:
            tests = known.noticing(mutant, package.own.get(mutant.file.stem, package.tests))
            return not tests or not fails(mutant, tests, postgres, known.allowed(tests))

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
    args = parser.parse_args()
    result = run(args.package, args.many, only=args.only, say=True, seed=args.seed)
    sys.stdout.write(f"{args.package}: {result.killed:.1%} of {result.made} killed in {result.seconds:.0f} s\n")


if __name__ == "__main__":
    main()
