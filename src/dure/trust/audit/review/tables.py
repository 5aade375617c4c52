"""The dated thresholds, read from thresholds.toml."""

import tomllib
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path

from dure.trust.audit.review.rules import Thresholds

_SETS = ("discloses", "takes_out", "with_case", "around_the_clock")


@cache
def all_tables() -> tuple[Thresholds, ...]:
    """Every table, the oldest first."""
    told = tomllib.loads(Path(__file__).with_name("thresholds.toml").read_text(encoding="utf-8"))["table"]
    found = [
        Thresholds(**{**one, **{name: frozenset(one[name]) for name in _SETS}, "night": tuple(one["night"])})
        for one in told
    ]
    return tuple(sorted(found, key=lambda one: one.since))


def for_month(month: date, tables: Sequence[Thresholds] | None = None) -> Thresholds:
    """The table in force on the month's first day; the first one for what was before all tables."""
    known = all_tables() if tables is None else tables
    fitting = [one for one in known if one.since <= month]
    return fitting[-1] if fitting else known[0]
