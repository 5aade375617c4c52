"""The night's report of a market, and a stall's story."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping

from dure.engine import history
from dure.engine.context import Context
from dure.engine.database import Tx
from dure.sense import manifest
from dure.sense.history_write import folder_of
from dure.services.market_fire.learning import queries
from dure.services.market_fire.learning.proposing import setting_of
from dure.services.market_fire.learning.settings import Bounds, Cause, bounds, is_false

MOST: Final = 500
_HEALTH = """
    select strftime(observed_at at time zone 'UTC' + to_seconds(?), '%Y-%m-%d') as day, device,
        min(value) filter (property = 'battery') as battery, count(*) filter (property = 'heat') as readings
    from read_parquet(?, hive_partitioning = false)
    where device in (select unnest(?::varchar[])) and property in ('battery', 'heat')
        and observed_at >= make_timestamptz(?)
    group by day, device order by day, device
"""


def span(limits: Bounds, night: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The night that began on a day: from when the market closes until it opens."""
    begin = datetime.combine(night, time(), zone) + timedelta(minutes=limits.latest)
    return begin, datetime.combine(night + timedelta(days=1), time(), zone) + timedelta(minutes=limits.earliest)


async def report(tx: Tx, market_id: UUID, night: date, zone: ZoneInfo) -> dict[str, Any]:
    """What a market's detectors said in a night, what came of it, and how they are. Raises NotFound."""
    since, until = span(bounds(), night, zone)
    market = await queries.market(tx, market_id)
    rows = await queries.alarms(tx, since=since, until=until, market=market_id, most=MOST)
    ill = await queries.ill(tx, market_id, tx.now() - timedelta(minutes=10))
    return {
        "market": {"id": market["id"], "name": market["name"], "address": market["address"]},
        "night": night,
        "since": since,
        "until": until,
        "as_of": tx.now(),
        "detectors": market["detectors"],
        "ill": [dict(row) for row in ill],
        "counts": counted(rows),
        "alarms": [shown(row) for row in rows],
    }


def counted(rows: Sequence[RowMapping]) -> dict[str, int]:
    """How many alarms, reports to 119, false ones among both, fires, and alarms whose cause nobody has told."""
    causes = [None if row["cause"] is None else Cause(row["cause"]) for row in rows]
    false = [is_false(cause) for cause in causes]
    reported = [row["reported_at"] is not None for row in rows]
    return {
        "alarms": len(rows),
        "reported": sum(reported),
        "false": sum(false),
        "false_reports": sum(a and b for a, b in zip(false, reported, strict=True)),
        "fires": sum(cause is Cause.FIRE for cause in causes),
        "untold": sum(cause is None for cause in causes),
    }


_SHOWN: Final = (
    *("id", "rule", "device", "stage", "onset_at", "raised_at", "closed_at", "judged_at", "incident_id", "receipt_no"),
    *("cause", "told", "told_at", "told_by", "version", "stall_id", "stall", "market_id", "market", "reported_at"),
)


def shown(row: RowMapping) -> dict[str, Any]:
    """One alarm as screens get it; `delay_s` from its first reading to the report to 119."""
    delay = None if row["reported_at"] is None else (row["reported_at"] - row["onset_at"]).total_seconds()
    return {
        **{name: row[name] for name in _SHOWN},
        "name": {"ko": row["rule_ko"], "en": row["rule_en"]},
        "delay_s": delay,
    }


async def story(tx: Tx, stall_id: UUID) -> dict[str, Any]:
    """A stall's alarms and causes of a year, its setting and all that were proposed, its detectors. Raises NotFound."""
    stall = await queries.stall(tx, stall_id)
    now = tx.now()
    rows = await queries.alarms(tx, since=now - timedelta(days=365), until=now, stall=stall_id, most=MOST)
    setting = setting_of(stall)
    return {
        "stall": {name: stall[name] for name in ("id", "name", "code", "zone", "market_id", "market")},
        "setting": None
        if stall["since"] is None
        else {
            "steam_from": None if setting.steam is None else setting.steam[0],
            "steam_until": None if setting.steam is None else setting.steam[1],
            "answer_s": setting.answer_s,
            "since": stall["since"],
            "approved_by": stall["approved_by"],
        },
        "detectors": [dict(row) for row in await queries.devices(tx, stall_id)],
        "counts": counted(rows),
        "alarms": [shown(row) for row in rows],
        "as_of": now,
    }


async def health(context: Context, tx: Tx, stall_id: UUID, days: int, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Each detector's lowest battery (%EL) and readings a day, from the files of history. Raises NotFound,
    Unavailable."""
    await queries.stall(tx, stall_id)
    devices = [row["id"] for row in await queries.devices(tx, stall_id)]
    now = tx.now()
    since = now - timedelta(days=days)
    found = await manifest.marks(tx)
    paths = await manifest.files_for(tx, since, now, found.origin, found.seq)
    if not paths or not devices:
        return []
    folder = folder_of(context.settings.data)
    offset = (zone.utcoffset(now.astimezone(zone).replace(tzinfo=None)) or timedelta()).total_seconds()
    parameters: list[object] = [offset, [str(folder / path) for path in paths], devices, int(since.timestamp() * 1e6)]
    rows = await history.ask(_HEALTH, parameters, folder=folder / "tmp")
    return [{"day": day, "device": device, "battery": low, "readings": count} for day, device, low, count in rows]
