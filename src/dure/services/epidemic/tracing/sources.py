"""What holds for each source of movements on a day: ground, approval, when it is destroyed. A dated table."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

SOURCES = ("interview", "card", "telecom", "transit", "cctv")


@dataclass(frozen=True, slots=True)
class Terms:
    """From `since` on: `approval` by somebody else, destroyed `keep_days` after it was given, on the ground `basis`."""

    since: date
    approval: bool
    keep_days: int
    basis: str


@cache
def _all() -> dict[str, tuple[Terms, ...]]:
    told = tomllib.loads(files(__package__).joinpath("sources.toml").read_text("utf-8"))
    return {name: tuple(Terms(**one) for one in rows) for name, rows in told.items()}


def terms(source: str, day: date) -> Terms:
    """The terms of a source on a day. Raises LookupError where none hold yet."""
    fitting = [one for one in _all()[source] if one.since <= day]
    if not fitting:
        raise LookupError(source)
    return max(fitting, key=lambda one: one.since)
