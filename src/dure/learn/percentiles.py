"""Golden times over a period: percentiles in the database, and how few measurements may still be called one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ARRAY, RowMapping, Text, bindparam, text

from dure.engine.database import Tx

By = Literal["type", "place", "district", "shift"]
DIMENSIONS: tuple[By, ...] = ("type", "place", "district", "shift")
LEAST: Mapping[str, int] = {"p50": 5, "p90": 10, "p95": 20}
"""From so many measurements on a percentile is shown. p95 of fewer than 20 would be the slowest of all under another
name: the largest of n is at or below the true p95 in 0.95^n of samples, more than a third for n < 20.
"""
MOST = 2_000


@dataclass(frozen=True, slots=True)
class Period:
    """Closed incidents whose clocks started in [since, until); drills apart from what was earnest."""

    since: datetime
    until: datetime
    mode: Literal["real", "drill"] = "real"
    types: tuple[str, ...] = ()


async def over(tx: Tx, period: Period, by: Sequence[By], types: Sequence[str] | None) -> list[dict[str, Any]]:
    """One line for each clock and group, seconds throughout. `types` are those that the reader sees; None: all."""
    dimensions = [one for one in DIMENSIONS if one in by]
    columns = "".join(f"{one}, " for one in dimensions)
    where = "" if types is None else "and type = any(:seen) "
    wanted = "and type = any(:types) " if period.types else ""
    statement = text(
        f"select {columns}name, max(title_ko) as title_ko, max(title_en) as title_en, max(type) as any_type, "
        "count(*) as closed, count(seconds) as n, count(*) filter (where seconds <= target_s) as met, "
        "min(target_s) as target_least, max(target_s) as target_most, "
        "percentile_cont(0.5) within group (order by seconds) as p50, "
        "percentile_cont(0.9) within group (order by seconds) as p90, "
        "percentile_cont(0.95) within group (order by seconds) as p95, "
        "min(seconds) as least, max(seconds) as most from measured_clock "
        f"where mode = :mode and outcome <> 'false' and started_at >= :since and started_at < :until {where}{wanted}"
        f"group by {columns}name order by {columns}name limit :limit"
    )
    values: dict[str, Any] = {"mode": period.mode, "since": period.since, "until": period.until, "limit": MOST}
    lists: dict[str, Sequence[str]] = {}
    if types is not None:
        lists["seen"] = list(types)
    if period.types:
        lists["types"] = list(period.types)
    rows = await tx.rows(
        statement.bindparams(*[bindparam(name, type_=ARRAY(Text)) for name in lists]), {**values, **lists}
    )
    return [_line(row, dimensions) for row in rows]


def _line(row: RowMapping, dimensions: Sequence[str]) -> dict[str, Any]:
    return {
        **{one: row[one] for one in dimensions},
        "name": row["name"],
        "title_ko": row["title_ko"],
        "title_en": row["title_en"],
        "any_type": row["any_type"],
        "closed": row["closed"],
        "n": row["n"],
        "met": row["met"],
        "target_s": row["target_least"] if row["target_least"] == row["target_most"] else None,
        **honest(row["n"], {one: row[one] for one in LEAST}),
        "least": row["least"],
        "most": row["most"],
    }


def honest(n: int, percentiles: Mapping[str, float | None]) -> dict[str, float | None]:
    """The percentiles that `n` measurements can carry; the others are None."""
    return {name: value if n >= LEAST[name] else None for name, value in percentiles.items()}
