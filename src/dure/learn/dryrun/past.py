"""A past incident as going through it needs it: from the rows of its run, its timeline and its hand-offs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import NotFound
from dure.kernel.severity import Severity
from dure.learn.dryrun import matching
from dure.learn.dryrun.going import Past
from dure.respond.playbooks.model import Playbook
from dure.respond.runs import keeping, sight
from dure.respond.runs.keeping import Kept
from dure.respond.runs.state import Item

RECENT = 5
"""So many runs make out what is usual."""
_SEVERITIES = text(
    "select at, params ->> 'before' as before, params ->> 'after' as after from timeline "
    "where incident_id = :id and kind = 'severity' order by at, seq"
)
_RECENT = text(
    "select r.incident_id from run r join incident i on i.id = r.incident_id where r.kind = :kind "
    "and i.mode = :mode and i.status = 'closed' and r.incident_id <> :id order by i.closed_at desc limit :most"
)
_NUMBER = text("select playbook_version from run where incident_id = :id")


async def of(tx: Tx, incident: RowMapping, language: str) -> Past:
    """It, with the manual of that day in `language`. Raises NotFound where none was run."""
    kept = await keeping.load(tx, incident["id"], lock=False)
    if kept is None:
        raise NotFound("learn.dryrun.no_run")
    plan = keeping.plan_of(kept.row, language)
    items = kept.state.items
    return Past(
        plan,
        items,
        min((one.begun_at for one in items.values() if one.begun_at is not None), default=kept.row["started_at"]),
        incident["closed_at"] or tx.now(),
        await _moments(tx, incident, kept),
        await _severities(tx, incident),
        matching.of_day(plan, items),
        matching.usual(await _recent(tx, incident, kept.row["kind"], language)),
    )


async def number_of(tx: Tx, incident_id: UUID) -> str:
    """The version that was carried out."""
    return str(await tx.scalar(_NUMBER, {"id": incident_id}))


async def _moments(tx: Tx, incident: RowMapping, kept: Kept) -> Mapping[str, datetime]:
    world = await sight.seen(tx, incident, asks=frozenset())
    return {**kept.state.moments, **world.moments}


async def _severities(tx: Tx, incident: RowMapping) -> tuple[tuple[datetime, Severity], ...]:
    rows = await tx.rows(_SEVERITIES, {"id": incident["id"]})
    first = rows[0]["before"] if rows else incident["severity"]
    changes = [(row["at"], Severity(row["after"])) for row in rows if row["after"]]
    return ((incident["opened_at"], Severity(first or incident["severity"])), *changes)


async def _recent(tx: Tx, incident: RowMapping, kind: str, language: str) -> list[tuple[Playbook, Mapping[str, Item]]]:
    found: list[tuple[Playbook, Mapping[str, Item]]] = []
    values: dict[str, Any] = {"kind": kind, "mode": incident["mode"], "id": incident["id"], "most": RECENT}
    for row in await tx.rows(_RECENT, values):
        kept = await keeping.load(tx, row["incident_id"], lock=False)
        if kept is not None:
            found.append((keeping.plan_of(kept.row, language), kept.state.items))
    return found
