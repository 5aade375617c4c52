"""The browser of the tests: the system's Chromium, else the one that npm's @sparticuz/chromium ships."""

import fcntl
import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from dure.commands.node import environment_with_node

ROOT = Path(__file__).parents[1]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run")
"""Tests run as root in containers: Chromium's own sandbox cannot start there, and nothing is fetched from outside."""
FOLDER = Path(tempfile.gettempdir()) / f"dure-chromium-{os.getuid()}"
_UNPACK = "import('@sparticuz/chromium').then(async m => console.log(await m.default.executablePath()))"


@functools.cache
def launch_options() -> dict[str, Any]:
    """How Playwright starts the browser. Raises FileNotFoundError where there is none and none can be unpacked."""
    told = os.environ.get("DURE_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if told is not None:
        return {"executable_path": told, "args": list(ARGUMENTS)}
    path = _unpacked()
    environment = dict(os.environ)
    if "not found" in subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout:
        environment["LD_LIBRARY_PATH"] = str(FOLDER / "al2023" / "lib")
    return {"executable_path": path, "args": list(ARGUMENTS), "env": environment}


def _unpacked() -> str:
    """The packaged browser, unpacked once, with the libraries that it brings for systems that lack them."""
    if not (ROOT / "node_modules" / "@sparticuz" / "chromium").exists():
        raise FileNotFoundError("no Chromium: install the system's, or let ./dure build the console first")
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    environment = {**environment_with_node(), "TMPDIR": str(FOLDER), "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x"}
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            ["node", "-e", _UNPACK], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
    return done.stdout.strip().splitlines()[-1]
