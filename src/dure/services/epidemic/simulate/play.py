"""The sample epidemic through the real system: each day's files are imported, and its report is made and kept.

What a day told counts as known at the end of that day: a city that plays February in November would else have learnt
all of it in November.
"""

import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import text

from dure.city.imports.service import run_import
from dure.engine.database import Database
from dure.engine.settings import city_zone
from dure.kernel.ids import new_id
from dure.services.epidemic.reports import making, queries
from dure.services.epidemic.simulate import diary
from dure.services.epidemic.simulate.outbreak import DISEASE, Outbreak
from dure.trust.principal import system
from dure.trust.vault import Vault

_KNOWN = text("update epidemic_case_version set known_at = :night where disease = :disease and known_at >= :since")


@dataclass(frozen=True, slots=True)
class Played:
    """A day that was played, and what the city says of it that night."""

    day: date
    cases: int
    fresh: int
    died: int
    recovered: int
    refused: int


async def play(database: Database, vault: Vault, outbreak: Outbreak, most: int | None = None) -> AsyncIterator[Played]:
    """Day by day; again is the same as once. Raises UnreadableFile where the city does not take its own files."""
    zone = ZoneInfo(city_zone())
    for one in diary.days(outbreak, most):
        async with database.transaction() as tx:
            since = tx.now()
        refused = 0
        with tempfile.TemporaryDirectory() as folder:
            for kind, content in (("cases", one.cases), ("contacts", one.contacts)):
                if content is not None:
                    path = Path(folder) / f"{kind}.csv"
                    path.write_text(content, encoding="utf-8")
                    refused += len((await run_import(database, vault, kind, path)).rejected)
        night = datetime.combine(one.day + timedelta(days=1), time(), zone).astimezone(UTC)
        async with database.transaction() as tx:
            await tx.execute(_KNOWN, {"night": night - timedelta(seconds=1), "disease": DISEASE, "since": since})
            tests = {"day": one.day, "tested": one.tested, "positive": one.positive, "told_by": "simulate"}
            await queries.add_tests(tx, {**tests, "id": new_id(), "disease": DISEASE, "known_at": night})
            if not await queries.is_made(tx, DISEASE, night):
                await making.keep(tx, system("dure simulate"), DISEASE, night, "none", scheduled=True)
            report = await making.made(tx, DISEASE, night, "none")
        now = report["totals"]
        yield Played(one.day, now["cases"], now["fresh"], now["died"], now["recovered"], refused)
