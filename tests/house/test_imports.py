"""The import contract stands without exceptions, and says the order that the house has."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINT = "import sys; sys.path.insert(0, 'src'); from importlinter.cli import lint_imports_command as c; c()"


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-c", LINT, "--no-cache"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def test_imports_go_down_only() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


def test_there_is_no_list_of_exceptions() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    assert all("ignore_imports" not in contract for contract in settings["contracts"])
    (layers,) = [contract for contract in settings["contracts"] if contract["type"] == "layers"]
    assert layers["exhaustive"] is True
    order = [layer.replace("(", "").replace(")", "") for layer in layers["layers"][1:]]
    assert " > ".join(order) == (
        "services > learn > respond > detect | video > sense > city > notices > documents > trust > engine > kernel"
    )
