"""`dure bench`: measures the claims of the performance table on this machine, now. It stores nothing."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from dure.commands.speech import pick, write_error

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "benchmarks"
NAMES = ("epidemic", "fire-policy", "ingest", "nearest", "policy", "respond", "status", "video")


def arguments(parser: argparse.ArgumentParser) -> None:
    """`dure bench`'s options."""
    names = ", ".join(NAMES)
    parser.add_argument("name", nargs="?", choices=NAMES, help=pick(f"잴 것 ({names})", f"which ({names})"))
    parser.add_argument("claims", nargs="*", help=pick("그 가운데 일부만", "only some of its claims"))
    nights = pick("판정할 사건 파일 (fire-policy)", "a file of episodes to judge (fire-policy)")
    parser.add_argument("--nights", type=Path, help=nights)
    drawn = pick("곡선을 쓸 CSV (fire-policy)", "where to write the curve, CSV (fire-policy)")
    parser.add_argument("--curve", type=Path, help=drawn)
    parser.add_argument("--json", action="store_true", help=pick("한 줄에 JSON 하나", "one JSON object a line"))


def run(args: argparse.Namespace) -> int:
    """0 when every claim was measured."""
    code = 0
    files = {"--nights": args.nights, "--curve": args.curve}
    told = [word for option, file in files.items() if file is not None for word in (option, str(file.resolve()))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    for name in [args.name] if args.name else NAMES:
        module = f"benchmarks.{name.replace('-', '_')}"
        command = [
            sys.executable,
            "-P",
            "-m",
            module,
            *args.claims,
            *(["--json"] if args.json else []),
            *(told if name == "fire-policy" else []),
        ]
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode or code
    if code:
        write_error(pick("재지 못한 것이 있습니다.", "Something could not be measured."))
    return code
