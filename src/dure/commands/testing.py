"""`dure test`: every check of the house, then the tests on real engines; with arguments of pytest, those tests only."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from dure.commands.speech import pick, write, write_error

ROOT = Path(__file__).resolve().parents[3]


def main(words: Sequence[str]) -> int:
    """The exit code: 0 when all passed. pytest's closing line comes last."""
    if "--help" in words or "-h" in words:
        write(pick("사용법: ./dure test [--long] [pytest 인자]", "Usage: ./dure test [--long] [pytest arguments]"))
        return 0
    picked = [word for word in words if word != "--long"]
    failed = [] if picked else [name for name, command in _checks() if not _passes(name, command)]
    code = _pytest(list(words), parallel=not any(word.startswith("-n") for word in picked))
    if failed:
        write_error(pick("통과하지 못한 검사: ", "Checks that failed: ") + ", ".join(failed))
    return code or (1 if failed else 0)


def _checks() -> list[tuple[str, list[str]]]:
    from dure.commands.node import npm

    python = [sys.executable, "-P", "-m"]
    imports = "import sys; sys.path.insert(0, 'src'); from importlinter.cli import lint_imports_command as c; c()"
    checks = [
        ("ruff", [*python, "ruff", "check", "."]),
        ("ruff format", [*python, "ruff", "format", "--check", "."]),
        ("mypy", [*python, "mypy"]),
        ("import-linter", [sys.executable, "-P", "-c", imports, "--no-cache"]),
    ]
    if (ROOT / "package-lock.json").exists():
        checks.append(("console", npm(["run", "check"])))
    return checks


def _passes(name: str, command: Sequence[str]) -> bool:
    """Runs one check; it speaks only when it fails."""
    from dure.commands.node import environment_with_node

    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment_with_node(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    good = done.returncode == 0
    if not good:
        sys.stdout.write(done.stdout.decode("utf-8", "replace"))
    verdict = pick("통과", "ok") if good else pick("실패", "FAILED")
    write(f"{name:<14} {verdict}  {time.monotonic() - began:.1f} s")
    return good


def _pytest(words: list[str], *, parallel: bool) -> int:
    from dure.commands.node import environment_with_node

    command = [sys.executable, "-P", "-m", "pytest", *words]
    if parallel:
        command += ["-n", "2"]
    environment = environment_with_node()
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
