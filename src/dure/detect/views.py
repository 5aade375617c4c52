"""Alarms as screens and programs see them (contract.md, with more), and what screens begin with."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from dure.city.queries import WatchedDevice, devices_for_detection
from dure.engine.database import Tx
from dure.engine.live import LiveEntity
from dure.kernel.units import PROPERTIES
from dure.trust.vault import texts

RECENT: Final = timedelta(minutes=30)
PAST_AT_MOST: Final = 5_000
COLUMNS: Final = """
    a.*, s.id as shelf_id, s.until as shelved_until, s.reason as shelved_reason, s.words as shelved_words, s.shelved_by
    from alarm a left join alarm_shelf s
        on s.rule = a.rule and s.subject = a.subject and s.ended_at is null and not a.life_safety
"""
_BY_ID = text(f"select {COLUMNS} where a.id = any(:ids)")
_SNAPSHOT = text(
    f"select {COLUMNS} where a.closed_at is null or a.raised_at > :since or a.closed_at > :since "
    "order by a.raised_at desc, a.id desc limit 2000"
)
WORDS: Final = "alarm.judged_words"
"""What a person added when they judged: sealed, as words about an incident are (`vault.texts`)."""
SHELF_WORDS: Final = "alarm_shelf.words"
"""What a person added when they shelved, sealed alike under a key of the shelf's own."""
_PLAIN: Final = (
    "id", "rule", "subject", "device", "stage", "severity", "category", "lane", "incident_type", "life_safety", "late",
    "property", "value", "recent", "count", "onset_at", "raised_at", "cleared_at", "acknowledged_at", "acknowledged_by",
    "judged_at", "judged_by", "judged_reason", "judged_words", "incident_id", "version",
    "shelved_until", "shelved_reason", "shelved_words", "shelved_by",
)  # fmt: skip


async def shown(tx: Tx, rows: Sequence[Mapping[Any, Any]]) -> list[dict[str, Any]]:
    """Rows (of `COLUMNS`) in the form of the API: with names and places of their devices."""
    names = {name for row in rows for name in (row["device"], row["group_id"]) if name}
    known = {one.id: one for one in await devices_for_detection(tx, sorted(names))} if names else {}
    words = texts.opened_lines(tx, WORDS, {row["id"]: row["judged_words"] for row in rows})
    shelves = {row["shelf_id"]: row["shelved_words"] for row in rows if row["shelf_id"] is not None}
    shelved = texts.opened_lines(tx, SHELF_WORDS, shelves)
    return [
        _shown(row, known) | {"judged_words": words[row["id"]], "shelved_words": shelved.get(row["shelf_id"])}
        for row in rows
    ]


def _shown(row: Mapping[Any, Any], known: Mapping[str, WatchedDevice]) -> dict[str, Any]:
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


_PAST = text(
    f"""
    select a.*, s.id as shelf_id, s.until as shelved_until, s.reason as shelved_reason, s.words as shelved_words,
        s.shelved_by
    from alarm a left join alarm_shelf s
        on s.rule = a.rule and s.subject = a.subject and not a.life_safety
        and s.shelved_at <= :at and (s.ended_at is null or s.ended_at > :at)
    where a.raised_at <= :at and (a.closed_at is null or a.closed_at > :since)
    order by a.closed_at is null or a.closed_at > :at desc, a.raised_at desc, a.id desc limit {PAST_AT_MOST}
    """
)


async def past(tx: Tx, at: datetime) -> Sequence[dict[str, Any]]:
    """The alarms that stood `at`, or had ended within `RECENT` before, as they were then (values as first raised)."""
    rows = await tx.rows(_PAST, {"at": at, "since": at - RECENT})
    return await shown(tx, [as_of(dict(row), at) for row in rows])


def as_of(row: dict[str, Any], at: datetime) -> dict[str, Any]:
    """The row as it was: what happened later has not happened."""
    later = {name for name in _TIMES if row[name] is not None and row[name] > at}
    then = {name: None for time in later for name in (time, *_TIMES[time])}
    if "closed_at" not in later and row["closed_at"] is not None:
        return {**row, **then}
    if "cleared_at" not in later and row["cleared_at"] is not None:
        stage = "cleared"
    else:
        stage = "confirmed" if row["judged_at"] is not None and "judged_at" not in later else "pre_alarm"
    return {**row, **then, "stage": stage}


_TIMES: Final[dict[str, tuple[str, ...]]] = {
    "cleared_at": (),
    "closed_at": (),
    "acknowledged_at": ("acknowledged_by",),
    "judged_at": ("judged_by", "judged_reason", "judged_words"),
}
"""Columns that say when something happened to an alarm, and those that tell more of it."""

LIVE = LiveEntity("alarm", "alarm.read", _load, _snapshot, past=past)
