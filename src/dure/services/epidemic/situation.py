"""The situation as of a moment: totals, what a day brought, the curve, Rt. From versions, so any past one again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping

from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.services.epidemic import queries
from dure.services.epidemic.reproduction import estimated, serial_interval

By = Literal["reported", "begun"]
WINDOW = 7
"""Days for which one Rt holds."""
LONGEST = 2_000
"""Days of a curve; of a longer one the last are shown."""
QUIET = timedelta(days=28)
"""Without any case: a curve goes on for as long, and ends."""
FIT_FOR = 11
"""Cases in a window below which its Rt would tell of the prior: Cori et al. 2013 ask for a coefficient of variation
below 0.3, which is one divided by the root of the cases and one.
"""


@dataclass(frozen=True, slots=True)
class Serial:
    """The serial interval, days."""

    mean: float
    sd: float


USUAL = Serial(4.7, 2.9)
"""Where nothing is chosen: COVID-19 in early 2020 (Nishiura, Linton, Akhmetzhanov, International Journal of Infectious
Diseases 93, 2020).
"""


async def shown(tx: Tx, disease: str, as_of: datetime, by: By, serial: Serial) -> dict[str, Any]:
    """The whole situation as it was known at `as_of`. Raises ValueError for an impossible serial interval."""
    zone = city_zone()
    since = as_of - timedelta(days=1)
    now = await queries.totals(tx, disease, as_of, since, zone)
    before = await queries.totals(tx, disease, since, since - timedelta(days=1), zone)
    days = filled(await queries.days(tx, disease, as_of, zone), as_of.astimezone(ZoneInfo(zone)).date())
    return {
        "as_of": as_of,
        "since": since,
        "totals": dict(now),
        "before": dict(before),
        "days": days,
        "districts": [dict(row) for row in await queries.districts(tx, disease, as_of, since, zone)],
        "ages": [dict(row) for row in await queries.ages(tx, disease, as_of, zone)],
        "reproduction": reproduction(days, by, serial),
    }


def filled(rows: Iterable[Mapping[str, Any] | RowMapping], last: date) -> list[dict[str, Any]]:
    """Every day from the first with a case to `last` (or until it has long been over), zeros where nothing was; at most
    LONGEST, the latest.
    """
    known = {row["day"]: row for row in rows if row["day"] <= last}
    if not known:
        return []
    last = min(last, max(known) + QUIET)
    count = min((last - min(known)).days + 1, LONGEST)
    names = ("reported", "imported", "begun", "died")
    wanted = [last - timedelta(days=ago) for ago in range(count - 1, -1, -1)]
    return [{"day": day, **{name: known[day][name] if day in known else 0 for name in names}} for day in wanted]


def reproduction(days: Sequence[Mapping[str, Any]], by: By, serial: Serial) -> list[dict[str, Any]]:
    """Rt for each week that ends on a day and has enough cases. Imported cases are kept apart where days
    of report are counted; of those who fell ill nobody says which day's were imported.
    """
    abroad = [day["imported"] if by == "reported" else 0 for day in days]
    local = [day[by] - one for day, one in zip(days, abroad, strict=True)]
    if len(days) <= WINDOW:
        return []
    weights = serial_interval(serial.mean, serial.sd)
    found = estimated(local, weights, imported=abroad, window=WINDOW)
    return [
        {"day": days[end]["day"], "mean": float(mean), "low": float(low), "high": float(high), "cases": int(cases)}
        for end, mean, low, high, cases in zip(found.ends, found.mean, found.low, found.high, found.cases, strict=True)
        if cases >= FIT_FOR
    ]
