"""`dure bench`: measures the claims of the performance table on this machine, now. It stores nothing."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from dure.commands.speech import pick, write_error

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "benchmarks"
NAMES = ("ingest", "nearest", "policy", "respond", "status")


def arguments(parser: argparse.ArgumentParser) -> None:
    """`dure bench`'s options."""
    names = ", ".join(NAMES)
    parser.add_argument("name", nargs="?", choices=NAMES, help=pick(f"잴 것 ({names})", f"which ({names})"))
    parser.add_argument("claims", nargs="*", help=pick("그 가운데 일부만", "only some of its claims"))
    parser.add_argument("--json", action="store_true", help=pick("한 줄에 JSON 하나", "one JSON object a line"))


def run(args: argparse.Namespace) -> int:
    """0 when every claim was measured."""
    code = 0
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    for name in [args.name] if args.name else NAMES:
        command = [sys.executable, "-P", "-m", f"benchmarks.{name}", *args.claims, *(["--json"] if args.json else [])]
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode or code
    if code:
        write_error(pick("재지 못한 것이 있습니다.", "Something could not be measured."))
    return code
