"""`dure new service NAME`: a folder for a new service that passes every check from the first minute."""

import argparse
import importlib.util
import keyword
import re
import subprocess
import sys
from pathlib import Path

from dure.commands.speech import message, pick, write, write_error

ROOT = Path(__file__).resolve().parents[3]
_NAME = re.compile(r"[a-z]+(_[a-z]+)*")
_LONGEST = 30
_TAKEN = frozenset({"test", "tests", "service", "services", "template", "new", "api", "locale", "console"})


def arguments(parser: argparse.ArgumentParser) -> None:
    """`dure new`'s words."""
    parser.add_argument("what", choices=["service"], help=pick("무엇을 만들지", "what to make"))
    parser.add_argument("name", help=pick("이름 (예: bus_watch)", "its name (for example bus_watch)"))


def run(args: argparse.Namespace) -> int:
    """0 when it stands, 2 for a name that cannot be used."""
    wrong = refusal(ROOT, args.name)
    if wrong is not None:
        write_error(message(wrong, name=args.name))
        return 2
    for path in make(ROOT, args.name):
        write(str(path.relative_to(ROOT)))
    write(message("cli.new.next", name=args.name))
    return 0


def refusal(root: Path, name: str) -> str | None:
    """The message's key where a service cannot be called so; None where it can."""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        return "cli.new.form"
    if keyword.iskeyword(name) or name in _TAKEN or name in sys.stdlib_module_names:
        return "cli.new.reserved"
    if (root / "src" / "dure" / "services" / name).exists() or (root / "src" / "dure" / name).exists():
        return "cli.new.exists"
    return None


def make(root: Path, name: str) -> list[Path]:
    """Writes the service's folder, migration and tests, and its line in app.py; all that was written."""
    template, service = root / "src" / "dure" / "services" / "_template", root / "src" / "dure" / "services" / name
    versions = root / "src" / "dure" / "migrations" / "versions"
    previous = _newest(versions)
    number = int(previous.split("_")[0]) + 1
    values = {
        "@name@": name,
        "@Name@": "".join(part.capitalize() for part in name.split("_")),
        "@path@": name.replace("_", "-"),
        "@previous@": previous,
        "@revision@": f"{number:04}_{name}",
    }
    targets = {"migration.py": versions / f"{number:04}_{name}.py"}
    written = []
    for source in sorted(template.rglob("*.tmpl")):
        inside = source.relative_to(template).with_suffix("")
        target = targets.get(str(inside)) or (
            root / "tests" / "services" / name / inside.name if inside.parts[0] == "tests" else service / inside
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_filled(source.read_text(encoding="utf-8"), values), encoding="utf-8")
        written.append(target)
    written.append(_switched_on(root / "src" / "dure" / "app.py", name))
    _format(root, [path for path in written if path.suffix == ".py"])
    return written


def _format(root: Path, files: list[Path]) -> None:
    """Lines break elsewhere with a longer name. Without ruff (it belongs to the test tools) they stay as they are."""
    if importlib.util.find_spec("ruff") is not None:
        command = [sys.executable, "-P", "-m", "ruff", "format", "-q", *map(str, files)]
        subprocess.run(command, cwd=root, check=False)


def _filled(text: str, values: dict[str, str]) -> str:
    for mark, value in values.items():
        text = text.replace(mark, value)
    return text


def _newest(versions: Path) -> str:
    """The revision that no other follows."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in versions.glob("[0-9]*.py"))
    revisions = set(re.findall(r'^revision(?:: str)? = "([^"]+)"', text, re.MULTILINE))
    followed = set(re.findall(r'^down_revision(?:: [^=]+)? = "([^"]+)"', text, re.MULTILINE))
    newest: str
    (newest,) = revisions - followed
    return newest


def _switched_on(app: Path, name: str) -> Path:
    text = app.read_text(encoding="utf-8")
    head, tail = text.split("SERVICES: tuple[str, ...] = (\n", 1)
    listed, rest = tail.split(")", 1)
    app.write_text(f'{head}SERVICES: tuple[str, ...] = (\n{listed}    "{name}",\n){rest}', encoding="utf-8")
    return app
