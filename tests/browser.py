"""The browser of the tests: the system's Chromium, else the one that npm's @sparticuz/chromium ships."""

import functools
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from dure.commands.node import environment_with_node

ROOT = Path(__file__).parents[1]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run")
"""Tests run as root in containers: Chromium's own sandbox cannot start there, and nothing is fetched from outside."""
_UNPACK = "import('@sparticuz/chromium').then(async m => console.log(await m.default.executablePath()))"


@functools.cache
def launch_options() -> dict[str, Any]:
    """How Playwright starts the browser. Raises FileNotFoundError where there is none and none can be unpacked."""
    told = os.environ.get("DURE_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    path = told or _unpacked({})
    options: dict[str, Any] = {"executable_path": path, "args": list(ARGUMENTS)}
    if told is None and _lacks_libraries(path):
        # The package brings the libraries that a bare system lacks, and unpacks them where it believes to be needed.
        _unpacked({"AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x"})
        options["env"] = {**os.environ, "LD_LIBRARY_PATH": str(Path(path).parent / "al2023" / "lib")}
    return options


def _unpacked(more: dict[str, str]) -> str:
    if not (ROOT / "node_modules" / "@sparticuz" / "chromium").exists():
        raise FileNotFoundError("no Chromium: install the system's, or let ./dure build the console first")
    environment = {**environment_with_node(), **more}
    done = subprocess.run(
        ["node", "-e", _UNPACK], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip().splitlines()[-1]


def _lacks_libraries(path: str) -> bool:
    return "not found" in subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
