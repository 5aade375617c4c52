"""One catalogue for screens and Python: every message in both languages, with the same arguments, readable by the
formatter."""

import ast
import json
import re
from pathlib import Path

import pytest

from dure.engine.texts import SOURCE, catalogue
from dure.kernel.messages import Language, formatted

ROOT = Path(__file__).parents[2]
ROOMS = sorted(path.parent for path in SOURCE.rglob("locale/ko.json"))


def texts(folder: Path, language: str) -> dict[str, str]:
    return dict(json.loads((folder / f"{language}.json").read_text(encoding="utf-8")))


class Asked(dict[str, str | int | float | None]):
    """Arguments that note which of them a message uses; a rule's own name stands in each language's own argument."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, name: str, default: object = None) -> int:  # type: ignore[override]
        self.names.add(name.removesuffix("_ko").removesuffix("_en"))
        return 1


def arguments_of(message: str, language: Language) -> set[str]:
    asked = Asked()
    formatted(message, language, asked)
    return asked.names


@pytest.mark.parametrize("folder", ROOMS, ids=lambda path: str(path.relative_to(SOURCE)))
def test_both_languages_say_the_same_things(folder: Path) -> None:
    korean, english = texts(folder, "ko"), texts(folder, "en")
    assert korean.keys() == english.keys()
    for key in korean:
        assert korean[key].strip(), key
        assert english[key].strip(), key
        asked = arguments_of(korean[key], "ko"), arguments_of(english[key], "en")
        assert asked[0] <= asked[1] or asked[1] <= asked[0], (
            key,
            asked,
        )  # a language may say less, never something else


def test_no_room_takes_a_key_of_another() -> None:
    assert len(catalogue().keys("ko")) == sum(len(texts(folder, "ko")) for folder in ROOMS)


def test_every_key_that_code_names_exists() -> None:
    known = catalogue().keys("ko")
    rooms = {key.split(".")[0] for key in known}
    named = re.compile(
        r"""(?:BadRequest|Unauthenticated|Forbidden|NotFound|Conflict|PreconditionFailed|TooLarge|Invalid|TooMany|"""
        r"""Unavailable|CannotStart|message)\(\s*"([a-z_]+(?:\.[a-z0-9_]+)+)\""""
    )
    missing = [
        f"{path.relative_to(SOURCE)}: {key}"
        for path in SOURCE.rglob("*.py")
        for key in named.findall(path.read_text(encoding="utf-8"))
        if key.split(".")[0] in rooms and key not in known
    ]
    assert missing == []


def audited() -> set[str]:
    """Every action that some code writes into the audit log by its name."""
    found: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "record":
                said = [one.value for one in node.args[2:3] if isinstance(one, ast.Constant)]
                found |= {one for one in said if isinstance(one, str) and "." in one}
    return found


def test_every_action_of_the_audit_log_has_its_words() -> None:
    actions, have = audited(), texts(ROOT / "console/src/locale", "ko").keys() | catalogue().keys("ko")
    assert len(actions) > 150
    assert [one for one in sorted(actions) if not {f"audit.action.{one}", f"trust.action.{one}"} & have] == []
