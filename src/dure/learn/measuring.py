"""Golden-time clocks of a closed incident, measured: the kind's own and those of the manual that was run.

A clock that only the closing stopped never got its answer: it is kept without seconds, so that no percentile takes
the closing for an arrival.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from shapely.geometry import Point, shape
from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.kernel.messages import LANGUAGES
from dure.learn.model import shift_of
from dure.respond import reading
from dure.respond.model import ClockTimes, joined_clocks
from dure.respond.playbooks.model import RefKind, Target
from dure.respond.runs import keeping
from dure.respond.types import TYPES, Moment

MANUAL = "manual:"
_PUT = text(
    "insert into measured_clock (incident_id, name, title_ko, title_en, type, severity, mode, outcome, place_key, "
    "place, district, shift, started_at, stopped_at, seconds, target_s) values (:incident_id, :name, :title_ko, "
    ":title_en, :type, :severity, :mode, :outcome, :place_key, :place, :district, :shift, :started_at, :stopped_at, "
    ":seconds, :target_s)"
)
_FORGET = text("delete from measured_clock where incident_id = :id")
_BLOCK = text("select name from asset where id = :id")
_AROUND = text(
    "select name, geometry from boundary where level = 'district' and :lon between min_lon and max_lon "
    "and :lat between min_lat and max_lat order by area_m2"
)


async def measure(tx: Tx, incident: RowMapping) -> bool:
    """Keep the clocks of a closed incident, in place of what an earlier closing kept; whether one was over its target
    or got no answer.
    """
    await forget(tx, incident["id"])
    zone = ZoneInfo(city_zone())
    place, district = await _where(tx, incident)
    common = {
        "incident_id": incident["id"],
        **{name: incident[name] for name in ("type", "severity", "mode", "outcome", "place_key")},
        "place": place,
        "district": district,
    }
    rows = [
        {**common, **one, "shift": shift_of(one["started_at"], zone).value}
        for one in [*await _own(tx, incident), *await _manual(tx, incident)]
    ]
    if rows:
        await tx.execute(_PUT, rows)
    return any(over(row) for row in rows)


async def forget(tx: Tx, incident_id: UUID) -> None:
    """The incident is open again: nothing of it is measured."""
    await tx.execute(_FORGET, {"id": incident_id})


def over(row: Any) -> bool:
    """Whether a measured clock missed its target; without an answer it did."""
    return row["seconds"] is None or row["seconds"] > row["target_s"]


async def _own(tx: Tx, incident: RowMapping) -> list[dict[str, Any]]:
    parts = (await reading.parts(tx, incident["id"]))["clocks"]
    joined = joined_clocks(
        ClockTimes(each["name"], each["own_started_at"], each["own_stopped_at"], each["target_s"]) for each in parts
    )
    types = TYPES.kept(incident["type"]).clocks
    to_the_end = {clock.name for clock in types if clock.stops == {Moment.CLOSED}}
    closed = incident["closed_at"]
    return [
        _row(
            clock.name,
            None,
            clock.started_at,
            clock.stopped_at,
            clock.target_s,
            None if clock.name in to_the_end else closed,
        )
        for clock in joined.values()
    ]


async def _manual(tx: Tx, incident: RowMapping) -> list[dict[str, Any]]:
    kept = await keeping.load(tx, incident["id"], lock=False)
    if kept is None:
        return []
    by_language = {language: keeping.plan_of(kept.row, language).targets for language in LANGUAGES}
    found: dict[str, dict[str, Any]] = {}
    for target in kept.plan.targets:
        item = kept.state.items.get(target.id)
        if item is None or item.begun_at is None:
            continue
        names = {language: _named(targets, target) for language, targets in by_language.items()}
        name = f"{MANUAL}{names['ko']}"
        closing = target.stop.kind is RefKind.MOMENT and target.stop.id == "closed"
        stopped = incident["closed_at"] if closing else item.ended_at if item.over else None
        found[name] = _row(name, names, item.begun_at, stopped, target.seconds, None)
    return list(found.values())


def _named(targets: Sequence[Target], one: Target) -> str:
    return next((each.name for each in targets if each.id == one.id), one.name)


def _row(
    name: str,
    titles: dict[Any, str] | None,
    started: datetime,
    stopped: datetime | None,
    target_s: float,
    closed_at: datetime | None,
) -> dict[str, Any]:
    reached = None if stopped is None or stopped == closed_at else stopped
    return {
        "name": name,
        "title_ko": None if titles is None else titles["ko"],
        "title_en": None if titles is None else titles["en"],
        "started_at": started,
        "stopped_at": reached,
        "seconds": None if reached is None else (reached - started).total_seconds(),
        "target_s": target_s,
    }


async def _where(tx: Tx, incident: RowMapping) -> tuple[str | None, str | None]:
    """The market or block, and the district: by the smallest boundary that the place lies in."""
    kind, _, key = (incident["place_key"] or "").partition(":")
    place = await tx.scalar(_BLOCK, {"id": UUID(key)}) if kind == "asset" else None
    if incident["lon"] is None:
        return place, None
    at = Point(incident["lon"], incident["lat"])
    around = await tx.rows(_AROUND, {"lon": incident["lon"], "lat": incident["lat"]})
    district = next((row["name"] for row in around if shape(row["geometry"]).covers(at)), None)
    return place, district
