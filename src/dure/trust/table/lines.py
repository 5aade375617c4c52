"""The readable table as screens quote it. What decides is `trust.policy`; tests hold the two together."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dure.kernel.messages import Language

SOURCES = Path(__file__).parents[2]
_PARAMETER = re.compile(r"\{([a-z]+)_id\}")
_ENTITY = {"run": "import"}
"""Where a path names a thing otherwise than people do."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: the action (also the permission's name), what it is in words, and what its routes are about."""

    action: str
    ko: str
    en: str
    needs: frozenset[str]
    shared: bool
    about: frozenset[str]

    def text(self, language: Language) -> str:
        """The action in the reader's words."""
        return self.ko if language == "ko" else self.en


@cache
def lines() -> tuple[Line, ...]:
    """All lines, the rooms' first, then those in the services' folders."""
    files = [Path(__file__).with_name("expected.toml"), *sorted((SOURCES / "services").glob("*/table.toml"))]
    return tuple(
        Line(
            one["action"],
            one["ko"],
            one["en"],
            frozenset(one.get("needs", ())),
            bool(one.get("shared", False)),
            _about(one.get("routes", ())),
        )
        for file in files
        for one in tomllib.loads(file.read_text(encoding="utf-8")).get("line", ())
    )


def _about(routes: list[str]) -> frozenset[str]:
    named = {name for route in routes for name in _PARAMETER.findall(route)}
    return frozenset(_ENTITY.get(name, name) for name in named)


@cache
def about(entity: str) -> tuple[Line, ...]:
    """The lines of what can be done with one `entity`: a camera, an incident."""
    return tuple(line for line in lines() if entity in line.about)
