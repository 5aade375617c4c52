"""Alarms as screens and programs see them (contract.md, with more), and what screens begin with."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.city.queries import WatchedDevice, devices_for_detection
from dure.engine.database import Tx
from dure.engine.live import LiveEntity
from dure.kernel.units import PROPERTIES

RECENT: Final = timedelta(minutes=30)
COLUMNS: Final = """
    a.*, s.until as shelved_until, s.reason as shelved_reason, s.shelved_by
    from alarm a left join alarm_shelf s
        on s.rule = a.rule and s.subject = a.subject and s.ended_at is null and not a.life_safety
"""
_BY_ID = text(f"select {COLUMNS} where a.id = any(:ids)")
_SNAPSHOT = text(
    f"select {COLUMNS} where a.closed_at is null or a.raised_at > :since or a.closed_at > :since "
    "order by a.raised_at desc, a.id desc limit 2000"
)
_PLAIN: Final = (
    "id", "rule", "subject", "device", "stage", "severity", "category", "lane", "incident_type", "life_safety", "late",
    "property", "value", "recent", "count", "onset_at", "raised_at", "cleared_at", "acknowledged_at", "acknowledged_by",
    "judged_at", "judged_by", "judged_reason", "judged_words", "incident_id", "version",
    "shelved_until", "shelved_reason", "shelved_by",
)  # fmt: skip


async def shown(tx: Tx, rows: Sequence[RowMapping]) -> list[dict[str, Any]]:
    """Rows (of `COLUMNS`) in the form of the API: with names and places of their devices."""
    names = {name for row in rows for name in (row["device"], row["group_id"]) if name}
    known = {one.id: one for one in await devices_for_detection(tx, sorted(names))} if names else {}
    return [_shown(row, known) for row in rows]


def _shown(row: RowMapping, known: Mapping[str, WatchedDevice]) -> dict[str, Any]:
    device = known.get(row["device"] or row["group_id"] or "")
    unit = PROPERTIES[row["property"]].unit if row["property"] in PROPERTIES else None
    seen = {name: row[name] for name in _PLAIN}
    return seen | {
        "id": str(row["id"]),
        "incident_id": None if row["incident_id"] is None else str(row["incident_id"]),
        "rule_name": {"ko": row["rule_ko"], "en": row["rule_en"]},
        "group": row["group_id"],
        "members": len(row["members"]),
        "device_name": None if device is None else device.name,
        "place": None if device is None else device.place,
        "lon": None if device is None else device.lon,
        "lat": None if device is None else device.lat,
        "unit": unit,
        "limit": row["threshold"],
        "fault": row["category"] == "fault",
        "open": row["closed_at"] is None,
        "confirmed_at": row["judged_at"] if row["stage"] != "false" else None,
    }


async def by_ids(tx: Tx, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """The alarms with these ids, in no order."""
    return await shown(tx, await tx.rows(_BY_ID, {"ids": list(ids)}))


async def _load(tx: Tx, ids: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    return {one["id"]: one for one in await by_ids(tx, [UUID(one) for one in ids])}


async def _snapshot(tx: Tx) -> Sequence[dict[str, Any]]:
    return await shown(tx, await tx.rows(_SNAPSHOT, {"since": tx.now() - RECENT}))


LIVE = LiveEntity("alarm", "alarm.read", _load, _snapshot)
