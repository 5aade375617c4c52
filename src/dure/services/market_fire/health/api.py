"""The state of detectors over HTTP, and as a file."""

import csv
import io
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import BaseModel

from dure.engine import paging
from dure.engine.paging import Cursor, Limit
from dure.engine.web import ContextDep, LanguageDep, Router, TxDep
from dure.services.market_fire.health import reading
from dure.services.market_fire.health.judging import Group, Reason
from dure.services.market_fire.plan.reach import reach_of
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(prefix="/market-fire", tags=["market-fire"])
Reads = Annotated[Principal, Depends(require("market_fire.read"))]


class Health(BaseModel):
    """A detector, what it said last (Cel, smoke, % of the battery, dBm), and why somebody should look at it."""

    id: str
    name: str
    market_id: UUID
    market: str
    stall_id: UUID
    stall: str
    groups: list[Group]
    reasons: list[Reason]
    last_seen: datetime | None
    heat: float | None
    smoke: bool | None
    battery: float | None
    rssi: float | None
    tamper: bool | None
    self_test: bool | None
    model: str | None
    firmware: str | None
    installed: date | None
    due_on: date | None
    tested: datetime | None


class Healths(BaseModel):
    """A page of detectors; `counts` by group over all that were asked for but for the group."""

    items: list[Health]
    next: str | None
    total: int
    counts: dict[Group, int]
    as_of: datetime


def _asked(
    market_id: UUID | None = None,
    group: Group | None = None,
    q: Annotated[str, Query(max_length=100)] = "",
    sound: Annotated[bool, Query(description="sound ones, too")] = False,
) -> reading.Asked:
    return reading.Asked(market_id, group, q, sound)


Asked = Annotated[reading.Asked, Depends(_asked)]


@router.get("/health", response_model=Healths)
async def list_health(tx: TxDep, by: Reads, asked: Asked, cursor: Cursor = None, limit: Limit = 100) -> dict[str, Any]:
    """Detectors that need somebody, the most urgent first: of all markets within reach, or of one."""
    after = paging.decode(cursor, int)
    start = max(0, after[0]) if after else 0
    every = await reading.found(tx, reach_of(by), reading.Asked(asked.market, None, asked.words, asked.sound))
    found = [one for one in every if asked.group is None or asked.group in one["groups"]]
    counts = {group: sum(group in one["groups"] for one in every) for group in Group}
    items = found[start : start + limit]
    more = start + limit < len(found)
    return {
        "items": items,
        "next": paging.encode((start + limit,)) if more else None,
        "total": len(found),
        "counts": counts,
        "as_of": tx.now(),
    }


_COLUMNS = (
    "market", "stall", "id", "groups", "reasons", "last_seen", "battery", "rssi", "tamper", "self_test", "model",
    "firmware", "installed", "due_on", "tested",
)  # fmt: skip


@router.get(
    "/health.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "the list as CSV"}},
)
async def export(tx: TxDep, by: Reads, asked: Asked, context: ContextDep, language: LanguageDep) -> Response:
    """The same list as CSV (UTF-8 with BOM), for whoever goes with a ladder."""

    def say(key: str) -> str:
        return context.catalogue.text(language, key)

    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out)
    writer.writerow([say(f"market_fire.health.{name}") for name in _COLUMNS])
    for one in await reading.found(tx, reach_of(by), asked):
        told = {
            **one,
            "groups": ", ".join(say(f"market_fire.group.{name}") for name in one["groups"]),
            "reasons": ", ".join(say(f"market_fire.reason.{name}") for name in one["reasons"]),
        }
        writer.writerow([_cell(told[name]) for name in _COLUMNS])
    headers = {"content-disposition": 'attachment; filename="detectors.csv"'}
    return Response(out.getvalue(), headers=headers, media_type="text/csv; charset=utf-8")


def _cell(value: Any) -> str:
    """A cell; what a spreadsheet would take for a formula is quoted off."""
    plain = "" if value is None else value.isoformat() if isinstance(value, date) else str(value)
    return f"'{plain}" if plain[:1] in {"=", "+", "@", "\t", "\r"} else plain
