"""Making a report: of any moment again, each night by itself, and kept as it was read."""

import asyncio
import hashlib
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.kernel.ids import new_id
from dure.services.epidemic.reports import queries
from dure.services.epidemic.reports.figures import Asked, Cut, figures
from dure.trust import audit
from dure.trust.principal import Principal, system

NIGHT = time(22, 0)
"""When the headquarters meet: the report of the day."""
QUIET = timedelta(days=28)
"""Without a case for so long, no report is made by itself."""


async def made(tx: Tx, disease: str, as_of: datetime, cut: Cut) -> dict[str, Any]:
    """The report as it is known that it was at `as_of`: what came or was corrected later is not in it."""
    zone, as_of = city_zone(), as_of.astimezone(UTC)  # one moment is written in one way, whoever asks
    rows = await queries.known(tx, disease, as_of, zone)
    before = await queries.known(tx, disease, as_of - timedelta(days=1), zone)
    tests = await queries.tests(tx, disease, as_of)
    asked = Asked(as_of, cut, ZoneInfo(zone), await queries.own_districts(tx))
    found = await asyncio.to_thread(figures, rows, before, tests, asked)
    return {"disease": disease, "cut": cut, **found}


def digest_of(report: dict[str, Any]) -> str:
    """SHA-256 of a report's figures: who makes it again can show that it is the same."""
    return hashlib.sha256(msgspec.json.encode(report, order="sorted")).hexdigest()


async def keep(
    tx: Tx, who: Principal, disease: str, as_of: datetime, cut: Cut, *, scheduled: bool = False
) -> UUID | None:
    """Make a report and keep it; its id, None where the night's own stands already."""
    report = await made(tx, disease, as_of, cut)
    id_ = new_id()
    values = {
        "id": id_,
        "disease": disease,
        "as_of": as_of,
        "scheduled": scheduled,
        "made_at": tx.now(),
        "made_by": who.name,
        "content": report,
        "digest": digest_of(report),
    }
    if not await queries.add(tx, values):
        return None
    await audit.record(tx, who, "epidemic.report", "epidemic_report", id_)
    return id_


def night_before(now: datetime, zone: ZoneInfo) -> datetime:
    """The last 22:00 that has been."""
    local = now.astimezone(zone)
    tonight = datetime.combine(local.date(), NIGHT, zone)
    return tonight if tonight <= local else tonight - timedelta(days=1)


async def nightly(context: Context) -> None:
    """At 22:00, the report of each disease that still has cases; later where the city was off. Each minute."""
    async with context.database.transaction() as tx:
        as_of = night_before(tx.now(), ZoneInfo(city_zone()))
        for disease in await queries.live(tx, as_of - QUIET):
            if not await queries.is_made(tx, disease, as_of):
                await keep(tx, system("epidemic"), disease, as_of, "none", scheduled=True)
