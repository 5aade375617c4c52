"""`dure video`: says to whoever receives exported pictures whether they are as the city made them."""

import argparse
import importlib.util
import json
from pathlib import Path
from types import ModuleType

from dure.commands.speech import pick, write, write_error

PROGRAM = Path(__file__).resolve().parents[3] / "docs" / "verify_video.py"
"""What a receiver without dure runs: the same answers, by the same lines."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """`dure video`'s options."""
    parser.add_argument("action", choices=["verify"], help=pick("내보낸 영상을 확인합니다", "check exported pictures"))
    parser.add_argument("file", type=Path, help=pick("받은 묶음 (ZIP)", "the archive that was received (ZIP)"))
    own = pick(
        "따로 받은 도시의 공개 열쇠, 또는 그것이 든 파일", "the city's public key, had by another way, or its file"
    )
    parser.add_argument("--key", help=own)
    parser.add_argument("--json", action="store_true", help=pick("JSON으로 씁니다", "print JSON"))


def run(args: argparse.Namespace) -> int:
    """0: whole, 1: changed, 2: not read."""
    code, told = _program().said(args.file, args.key)
    lines = told.split("\n")
    if args.json:
        state = ("whole", "changed", "not_read")[code]
        write(json.dumps({"state": state, "said": lines}, ensure_ascii=False))
    elif code == 2:
        write_error(told)
    else:
        for line in lines:
            write(line)
    return int(code)


def _program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_video", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
