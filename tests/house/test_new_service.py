"""`dure new service NAME`: what it makes passes every check of the house, in a copy of the tree."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from dure.commands import new
from dure.commands.node import environment_with_node, npm

ROOT = Path(__file__).parents[2]
NAME = "river_gate_watch"
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "node_modules", "dist", "e2e", "chaos", "house")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with a new service in it."""
    root = tmp_path_factory.mktemp("tree") / "새 나무"
    root.mkdir()
    for name in ("src", "tests", "console"):
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, root / name, ignore=_LEFT_OUT)
    for name in ("pyproject.toml", "package.json", "package-lock.json"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, root / name)
    if (ROOT / ".mypy_cache").exists():
        shutil.copytree(ROOT / ".mypy_cache", root / ".mypy_cache")
    if (ROOT / "node_modules").exists():
        (root / "node_modules").symlink_to(ROOT / "node_modules")
    assert new.refusal(root, NAME) is None
    new.make(root, NAME)
    return root


def run(tree: Path, command: Sequence[str]) -> None:
    paths = os.pathsep.join([str(tree / "src"), str(tree)])
    environment = {**environment_with_node(), "PYTHONPATH": paths, "PYTHONUTF8": "1"}
    environment.pop("PYTEST_XDIST_WORKER", None)
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def made(tree: Path) -> list[str]:
    places = (f"src/dure/services/{NAME}", f"tests/services/{NAME}", "src/dure/app.py")
    return [str(tree / place) for place in places]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "words",
    [
        ["ruff", "check", "--no-cache"],
        ["ruff", "format", "--check", "--no-cache"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_its_files_pass(tree: Path, words: list[str]) -> None:
    run(tree, [sys.executable, "-P", "-m", *words, *made(tree)])


@pytest.mark.timeout(300)
def test_its_types_are_strict(tree: Path) -> None:
    run(tree, [sys.executable, "-P", "-m", "mypy"])


@pytest.mark.timeout(300)
def test_its_imports_its_texts_and_its_own_tests_pass(tree: Path) -> None:
    program = "import sys; sys.path.insert(0, 'src'); from importlinter.cli import lint_imports_command as c; c()"
    run(tree, [sys.executable, "-P", "-c", program, "--no-cache"])
    (tree / "tests" / "house").mkdir()
    shutil.copy(ROOT / "tests" / "house" / "test_texts.py", tree / "tests" / "house")
    asked = [f"tests/services/{NAME}", "tests/house/test_texts.py"]
    run(tree, [sys.executable, "-P", "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *asked])


@pytest.mark.timeout(300)
def test_its_screens_pass(tree: Path) -> None:
    run(tree, npm(["run", "types"]))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Bus", "cli.new.form"),
        ("bus-watch", "cli.new.form"),
        ("../up", "cli.new.form"),
        ("버스", "cli.new.form"),
        ("a" * 31, "cli.new.form"),
        ("gate2", "cli.new.form"),
        ("_bus", "cli.new.form"),
        ("class", "cli.new.reserved"),
        ("json", "cli.new.reserved"),
        ("test", "cli.new.reserved"),
        ("market_fire", "cli.new.exists"),
        ("kernel", "cli.new.exists"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(name: str, why: str) -> None:
    assert new.refusal(ROOT, name) == why
