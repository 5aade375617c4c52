"""The figures of a report, out of the cases as they were known. Pure: the same rows give the same report."""

import tomllib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping

from dure.services.epidemic.reports.forecast import expected
from dure.services.epidemic.reports.nowcast import nowcast
from dure.services.epidemic.situation import USUAL, Serial, filled, reproduction

Cut = Literal["none", "national"]
SHOWN = 15
"""Clusters and sources of a report, the largest first; the rest stand together."""
LAST = 14
"""Days of a report's curve."""
OUTSIDE, UNTOLD = "*outside", "*untold"
Row = Mapping[str, Any] | RowMapping


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which moment; `cut` says whether the national cut-off of that day holds, `own` names the city's districts."""

    as_of: datetime
    cut: Cut
    zone: ZoneInfo
    own: frozenset[str] = frozenset()
    serial: Serial = USUAL


@cache
def _cuts() -> tuple[tuple[date, int], ...]:
    told = tomllib.loads(files(__package__).joinpath("report.toml").read_text("utf-8"))["cut_off"]
    return tuple(sorted((one["since"], one["hour"]) for one in told))


def cut_off(asked: Asked) -> datetime:
    """What was reported by then is counted: the last official hour before the report, or the report's own moment."""
    if asked.cut == "none":
        return asked.as_of
    local = asked.as_of.astimezone(asked.zone)
    hour = next((hour for since, hour in reversed(_cuts()) if since <= local.date()), _cuts()[0][1])
    at = datetime.combine(local.date(), time(hour), asked.zone)
    return at if at <= local else at - timedelta(days=1)


def figures(rows: Sequence[Row], before: Sequence[Row], tests: Sequence[Row], asked: Asked) -> dict[str, Any]:
    """The report. `rows` are confirmed cases as known at the moment, `before` as known a day earlier; `tests` the tests
    by day as known at the moment.
    """
    cut = cut_off(asked)
    night = Asked(asked.as_of - timedelta(days=1), asked.cut, asked.zone, asked.own, asked.serial)
    counted = [row for row in rows if row["reported_at"] <= cut]
    earlier = [row for row in before if row["reported_at"] <= cut_off(night)]
    since = cut - timedelta(days=1)
    fresh = [row for row in counted if row["reported_at"] > since]
    last = cut.astimezone(asked.zone).date() - timedelta(days=1 if cut.astimezone(asked.zone).time() == time() else 0)
    days = filled(_days(counted), last)
    return {
        "as_of": asked.as_of,
        "cut_off": cut,
        "since": since,
        "totals": _totals(counted, since),
        "before": _totals(earlier, cut_off(night) - timedelta(days=1)),
        "districts": _by(counted, fresh, earlier, lambda row: place(row["district"], asked.own)),
        "ages": _by(counted, fresh, earlier, lambda row: _decade(row["age"])),
        "clusters": _most(_by(counted, fresh, earlier, lambda row: row["cluster"] or UNTOLD)),
        "sources": _most(_by(counted, fresh, earlier, lambda row: row["source"] or UNTOLD)),
        "tests": _tests(tests, last),
        "curve": [_json(day) for day in days[-LAST:]],
        "reproduction": [_json(one) for one in reproduction(days, "reported", asked.serial)[-LAST:]],
        "nowcast": [_json(asdict(one)) for one in nowcast(_delays(counted), last)],
        "forecast": [
            _json(asdict(one))
            for one in expected([day["reported"] for day in days], last, (asked.serial.mean, asked.serial.sd))
        ],
        "serial": asdict(asked.serial),
    }


def place(district: str | None, own: Collection[str]) -> str:
    """The city's own district, whoever comes from elsewhere (타지역) as one, and who nobody told of."""
    if district is None:
        return UNTOLD
    return district if not own or district in own else OUTSIDE


def _totals(rows: Sequence[Row], since: datetime) -> dict[str, int]:
    outcomes = Counter(row["outcome"] for row in rows)
    return {
        "cases": len(rows),
        "fresh": sum(row["reported_at"] > since for row in rows),
        "imported": sum(bool(row["imported"]) for row in rows),
        "died": outcomes["died"],
        "recovered": outcomes["recovered"],
        "under_care": len(rows) - outcomes["died"] - outcomes["recovered"],
    }


def _by(rows: Sequence[Row], fresh: Sequence[Row], before: Sequence[Row], name: Any) -> list[dict[str, Any]]:
    """Counts by a name, the most first; what is told of nobody last."""
    cases, new, old = (Counter(name(row) for row in some) for some in (rows, fresh, before))
    died = Counter(name(row) for row in rows if row["outcome"] == "died")
    return [
        {"name": key, "cases": n, "fresh": new[key], "change": n - old[key], "died": died[key]}
        for key, n in sorted(cases.items(), key=lambda one: (one[0].startswith("*"), -one[1], one[0]))
    ]


def _most(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The largest; the others as one."""
    named = [one for one in lines if one["name"] != UNTOLD]
    rest = named[SHOWN:]
    other = [
        {"name": "*others", **{key: sum(one[key] for one in rest) for key in ("cases", "fresh", "change", "died")}}
    ]
    return named[:SHOWN] + (other if rest else []) + [one for one in lines if one["name"] == UNTOLD]


def _decade(age: int | None) -> str:
    return UNTOLD if age is None else f"{min(age // 10, 8) * 10}"


def _days(rows: Sequence[Row]) -> list[dict[str, Any]]:
    found: dict[date, Counter[str]] = {}
    for row in rows:
        told = found.setdefault(row["reported_on"], Counter())
        told["reported"] += 1
        told["imported"] += bool(row["imported"])
        for column, name in (("onset_on", "begun"), ("died_on", "died")):
            if row[column] is not None:
                found.setdefault(row[column], Counter())[name] += 1
    names = ("reported", "imported", "begun", "died")
    return [{"day": day, **{name: told[name] for name in names}} for day, told in sorted(found.items())]


def _delays(rows: Sequence[Row]) -> list[tuple[date, date]]:
    return [(row["onset_on"], row["reported_on"]) for row in rows if row["onset_on"] is not None]


def _tests(rows: Sequence[Row], last: date) -> dict[str, Any]:
    """Tests up to the last whole day, and of that day; positivity as a share, None where nobody was tested."""
    known = [row for row in rows if row["day"] <= last]
    day = [row for row in known if row["day"] == last]

    def told(some: Sequence[Row]) -> dict[str, Any]:
        tested, positive = sum(row["tested"] for row in some), sum(row["positive"] for row in some)
        return {"tested": tested, "positive": positive, "positivity": positive / tested if tested else None}

    return {"day": told(day), "all": told(known)}


def _json(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}
