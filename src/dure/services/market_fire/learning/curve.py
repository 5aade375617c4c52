"""The curve of the policy: what the benchmark drew on its tuning seed, and where this city stands."""

import csv
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from dure.engine.database import Tx
from dure.services.market_fire.learning import queries

_FILE: Final = Path(__file__).with_name("curve.csv")
"""Written by `dure bench fire-policy --curve FILE`; its first line says on what."""


@cache
def measured() -> dict[str, Any]:
    """The points: policy, false reports in 1,000 stall-nights, delay in the median and at the 95th percentile (s)."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        told = file.readline().removeprefix("#").strip()
        points = [
            {
                "policy": row["policy"],
                "false_per_1000": float(row["false_per_1000"]),
                "median_s": _finite(row["median_s"]),
                "p95_s": _finite(row["p95_s"]),
            }
            for row in csv.DictReader(file)
        ]
    return {"told": told, "points": points}


def _finite(text: str) -> float | None:
    return None if text == "inf" else float(text)


async def own(tx: Tx) -> dict[str, Any] | None:
    """This city's last year; None before it has watched a stall for a night."""
    row = await queries.own_year(tx, tx.now() - timedelta(days=365))
    if row is None or (row["stall_nights"] or 0) < 1:
        return None
    nights = float(row["stall_nights"])
    return {
        "stall_nights": int(nights),
        "false_reports": row["false_reports"],
        "fires": row["fires"],
        "false_per_1000": row["false_reports"] / nights * 1_000,
        "median_s": row["median_s"],
    }
