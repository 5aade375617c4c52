"""The list as a file for a spreadsheet."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping

from dure.engine.database import Tx
from dure.kernel.sheet import csv_bytes
from dure.respond import reading
from dure.respond.policy import scope_of
from dure.respond.reading import Filter
from dure.respond.types import TYPES
from dure.respond.views import Reader
from dure.trust import audit
from dure.trust.principal import Principal

MOST = 10_000
_COLUMNS = (
    *("receipt_no", "external_ref", "type", "severity", "status", "mode", "source", "opened_at", "acknowledged_at"),
    *("acknowledged_by", "closed_at", "outcome", "place", "address", "lon", "lat", "alarm_count", "report_count"),
    "handed_to",
)


async def csv_of(tx: Tx, principal: Principal, wanted: Filter, reader: Reader, zone: str) -> bytes:
    """The incidents of a list, newest first; the export leaves a line in the audit log."""
    rows = await reading.listed(tx, wanted, scope_of(principal, TYPES), None, MOST)
    await audit.record(tx, principal, "incident.export", "incident", f"{len(rows)} rows")
    return await asyncio.to_thread(_written, rows, reader, ZoneInfo(zone))  # the screens' flow goes on meanwhile


def _written(rows: Sequence[RowMapping], reader: Reader, zone: ZoneInfo) -> bytes:
    say = cache(reader.say)
    head = [say(f"respond.csv.{name}") for name in _COLUMNS]
    return csv_bytes([head, *([_cell(row, name, say, zone) for name in _COLUMNS] for row in rows)])


def _cell(row: RowMapping, name: str, say: Callable[[str], str], zone: ZoneInfo) -> str:
    match name:
        case "type":
            return say(TYPES.kept(row["type"]).title)
        case "severity" | "status" | "mode" | "source" | "outcome":
            return say(f"respond.{name}.{row[name]}") if row[name] else ""
        case "place":
            value = row["name"]
        case "alarm_count":
            value = row["alarms_in_all"]
        case "report_count":
            value = row["reports_in_all"]
        case "handed_to":
            value = " ".join(row["handed_to"])
        case _:
            value = row[name]
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    return "" if value is None else str(value)
