"""How long readings and refusals are kept."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.sense import manifest
from dure.trust.retention.model import Kind, Mark, Rule, Thing, due_values

_FILES = text(
    "select path, hour, min_at, max_at from history_file where hour < :before "
    "and (cast(:after_at as timestamptz) is null or (hour, path) > (:after_at, :after_id)) "
    "order by hour, path limit :most for update skip locked"
)
_REFUSALS = text(
    "select door, device, reason, last_at, first_at, md5(door || chr(10) || device || chr(10) || reason) as id "
    "from refusal where last_at < :before and (cast(:after_at as timestamptz) is null or "
    "(last_at, md5(door || chr(10) || device || chr(10) || reason)) > (:after_at, :after_id)) "
    "order by last_at, id limit :most for update skip locked"
)
_FORGET_REFUSALS = text(
    "delete from refusal where md5(door || chr(10) || device || chr(10) || reason) = any(:ids) and last_at <= :last"
)
_HOUR = timedelta(hours=1)


async def _files_due(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
    """Files of whole hours: each may hold any device's readings of its span."""
    return [
        Thing(
            row["path"],
            row["hour"],
            max(row["hour"] + _HOUR, row["max_at"]),
            anyone=frozenset({"device", "incident"}),
        )
        for row in await tx.rows(_FILES, due_values(before, after, most))
    ]


async def _drop_files(_context: Context, tx: Tx, things: Sequence[Thing]) -> None:
    """Out of the manifest; the sweeper deletes what is in no manifest within the hour."""
    await manifest.remove(tx, [one.id for one in things])


async def _refusals_due(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
    return [
        Thing(row["id"], row["last_at"], devices=frozenset({row["device"]} if row["device"] else ()))
        for row in await tx.rows(_REFUSALS, due_values(before, after, most))
    ]


async def _drop_refusals(_context: Context, tx: Tx, things: Sequence[Thing]) -> None:
    values = {"ids": [one.id for one in things], "last": max(one.at for one in things)}
    await tx.execute(_FORGET_REFUSALS, values)


OBSERVATION = Kind(
    "observation",
    (Rule(date(2026, 1, 1), 400, "도시 자체 기준(DURE_HISTORY_DAYS)", confirm=True),),
    _files_due,
    _drop_files,
    days=lambda context: context.settings.history_days,
)
"""Files of readings by the hour. They carry devices' ids, never who wears one; a hold of a device or an incident with a
period holds whole files."""

REFUSAL = Kind("refusal", (Rule(date(2026, 1, 1), 30, "도시 자체 기준"),), _refusals_due, _drop_refusals)
"""What the doors refused, counted; no values of readings."""
