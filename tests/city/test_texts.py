"""Every message that the city or documents can give is in the catalogue, in both languages, with its short form."""

import re
from pathlib import Path

import pytest

from dure.engine.texts import catalogue
from dure.kernel.messages import LANGUAGES, Language, formatted

SOURCE = Path(__file__).parents[2] / "src" / "dure"
KEY = re.compile(r"\"((?:city|documents)\.[a-z_]+(?:\.[a-z_]+)+)\"")
FILES = [*(SOURCE / "city").rglob("*.py"), *(SOURCE / "documents").rglob("*.py"), SOURCE / "commands" / "importing.py"]
PARAMS = {"n": 3, "row": 4, "most": 5, "kilometres": 1.5, "read": 1, "metres": 120.0}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_has_a_text(language: Language) -> None:
    keys = {key for path in FILES for key in KEY.findall(path.read_text("utf-8"))}
    assert len(keys) > 60
    assert keys - catalogue().keys(language) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_reasons_and_notes_have_a_short_form(language: Language) -> None:
    called = re.compile(r"(?:reject|note|Remark)\([^)]*?\"((?:city|documents)\.[a-z_.]+)\"")
    keys = {key for path in FILES for key in called.findall(path.read_text("utf-8"))}
    keys |= {key for key in catalogue().keys(language) if key.startswith(("documents.cell.", "documents.row."))}
    keys = {key for key in keys if not key.endswith(".short")}
    assert len(keys) > 30
    assert {f"{key}.short" for key in keys} - catalogue().keys(language) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_braces_are_left(language: Language) -> None:
    for key in catalogue().keys(language):
        if key.startswith(("city.", "documents.")):
            text = catalogue().text(language, key, PARAMS)
            assert "{" not in text, key
            assert formatted(text.replace("'", "''"), language, {})


def test_reasons_of_the_chooser_have_texts() -> None:
    for reason in ("sees", "turns", "direction_unknown", "nearby", "far", "stands_in", "not_in_use"):
        for language in LANGUAGES:
            assert f"city.nearest.{reason}" in catalogue().keys(language)
