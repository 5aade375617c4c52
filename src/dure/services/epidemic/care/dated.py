"""Dated tables: what ministries set from a day on, read from TOML. The row in force is the latest that has begun."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any


def rows(path: Path, name: str) -> tuple[Mapping[str, Any], ...]:
    """The tables called `name` of a file, the oldest first. Raises ValueError where one has no day, source or two begin
    on one day.
    """
    found = sorted(tomllib.loads(path.read_text(encoding="utf-8"))[name], key=lambda one: one["since"])
    days = [one["since"] for one in found]
    if (
        len(set(days)) != len(days)
        or not all(type(day) is date for day in days)
        or not all(one["source"] for one in found)
    ):
        raise ValueError(f"{path.name}: {name}")
    return tuple(found)


def in_force(table: Sequence[Mapping[str, Any]], day: date) -> Mapping[str, Any]:
    """The row that holds on `day`; before the first one, the first."""
    held = [one for one in table if one["since"] <= day]
    return held[-1] if held else table[0]
