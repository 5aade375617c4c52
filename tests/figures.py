"""Writes the README's table of figures from what `./dure bench ingest --json` has just measured.

`./dure bench ingest --json | .venv/bin/python -m tests.figures`
"""

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_PART = re.compile(r"<!-- figures -->.*?(?=\n## |\Z)", re.DOTALL)
_HEADS = {
    "README.md": ("what", "here", "peer", "peer's", "ratio (above 1 is better)"),
    "README.ko.md": ("무엇", "여기", "상대", "상대의 값", "비 (1보다 크면 낫다)"),
}


def table(lines: Iterable[dict[str, Any]], heads: tuple[str, ...]) -> str:
    """The claims as a Markdown table."""
    rows = ["| " + " | ".join(heads) + " |", "|---|---:|---|---:|---:|"]
    for line in lines:
        theirs = "" if line["theirs"] is None else f"{number(line['theirs'])} {line['unit']}"
        ratio = "" if line["ratio"] is None else number(line["ratio"])
        here = f"{number(line['ours'])} {line['unit']}"
        rows.append(f"| {line['claim']} | {here} | {line['peer'] or ''} | {theirs} | {ratio} |")
    return "\n".join(rows)


def number(value: float) -> str:
    """Three significant digits, thousands apart."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def main() -> int:
    """Rewrite both READMEs; 1 where nothing was measured."""
    lines = [json.loads(line) for line in sys.stdin if line.lstrip().startswith("{")]
    if not lines:
        return 1
    for name, heads in _HEADS.items():
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        path.write_text(_PART.sub(f"<!-- figures -->\n\n{table(lines, heads)}\n", text, count=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
