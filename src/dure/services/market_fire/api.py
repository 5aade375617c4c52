"""The markets' watch over HTTP."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel

from dure.engine.web import Router, TxDep
from dure.services.market_fire import queries
from dure.services.market_fire.plan.reach import reach_of
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(prefix="/market-fire", tags=["market-fire"])
HEARD_WITHIN = timedelta(minutes=10)


class Market(BaseModel):
    """One market: counts of its stalls and detectors, `heard` of them within the last ten minutes, and of the stalls
    that are `alarming`; `agency_id` is its merchants' association.
    """

    id: UUID
    code: str
    name: str
    address: str | None
    lon: float | None
    lat: float | None
    stalls: int
    detectors: int
    heard: int
    faulty: int
    off: int
    alarming: int
    agency_id: str | None


class Markets(BaseModel):
    """All markets within reach; a city has few, so `next` is always null. `as_of` is when they were counted."""

    items: list[Market]
    next: None = None
    as_of: datetime


@router.get("/markets")
async def list_markets(tx: TxDep, by: Annotated[Principal, Depends(require("market_fire.read"))]) -> Markets:
    """The markets and how well they are watched."""
    now = tx.now()
    rows = await queries.markets(tx, now - HEARD_WITHIN, reach_of(by))
    return Markets(items=[Market(**row) for row in rows], as_of=now)
