"""The readable table as the oracle reads it. Nothing here imports what decides: only the table's own words."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).parents[3] / "src" / "dure"
WHOLE = SOURCES / "trust" / "table" / "expected.toml"
NEEDS = frozenset({"purpose", "network", "account", "step_up"})
_WORDS = frozenset(
    {"action", "ko", "en", "all", "own", "needs", "shared", "anybody", "thing", "routes", "live", "events", "mqtt"}
)


@dataclass(frozen=True)
class Line:
    """One action: who may with anybody's things (`all`), who with those of their own agency only (`own`), its needs."""

    action: str
    ko: str
    en: str
    all: frozenset[str]
    own: frozenset[str]
    needs: frozenset[str]
    shared: bool
    anybody: bool
    thing: str | None
    routes: tuple[str, ...]
    live: tuple[str, ...]
    events: tuple[str, ...]
    mqtt: tuple[str, ...]


def files() -> list[Path]:
    """The table, and the lines that each service keeps in its own folder."""
    return [WHOLE, *sorted((SOURCES / "services").glob("*/table.toml"))]


@cache
def groups() -> dict[str, tuple[str, ...]]:
    """Names of several roles at once."""
    return {name: tuple(roles) for name, roles in tomllib.loads(WHOLE.read_text(encoding="utf-8"))["groups"].items()}


@cache
def roles() -> tuple[str, ...]:
    """All roles that there are, as the table has them."""
    return groups()["everyone"]


@cache
def lines() -> tuple[Line, ...]:
    """All lines, the rooms' first. Raises ValueError for a word or a role that the table does not know."""
    return tuple(_line(one, file) for file in files() for one in _read(file))


def _read(file: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8")).get("line", [])
    return found


def _line(one: dict[str, Any], file: Path) -> Line:
    where = f"{file.name}: {one.get('action')}"
    if strange := set(one) - _WORDS:
        raise ValueError(f"{where}: no such word: {sorted(strange)}")
    if strange := set(one.get("needs", ())) - NEEDS:
        raise ValueError(f"{where}: nothing needs {sorted(strange)}")
    return Line(
        action=one["action"],
        ko=one["ko"],
        en=one["en"],
        all=_roles(one.get("all", ()), where),
        own=_roles(one.get("own", ()), where),
        needs=frozenset(one.get("needs", ())),
        shared=one.get("shared", False),
        anybody=one.get("anybody", False),
        thing=one.get("thing"),
        routes=tuple(one.get("routes", ())),
        live=tuple(one.get("live", ())),
        events=tuple(one.get("events", ())),
        mqtt=tuple(one.get("mqtt", ())),
    )


def _roles(names: list[str] | tuple[str, ...], where: str) -> frozenset[str]:
    found: set[str] = set()
    for name in names:
        several = groups().get(name, (name,))
        if strange := set(several) - set(roles()):
            raise ValueError(f"{where}: no such role: {sorted(strange)}")
        found |= set(several)
    return frozenset(found)


@cache
def by_route() -> dict[str, Line]:
    """The line of each `METHOD /path`."""
    return {route: line for line in lines() for route in line.routes}
