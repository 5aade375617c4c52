"""The plan of a market over HTTP, and whose market it is."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel, StringConstraints

from dure.engine.web import Model, Router, TxDep
from dure.services.market_fire.plan import reach, reading
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(prefix="/market-fire", tags=["market-fire"])
Reads = Annotated[Principal, Depends(require("market_fire.read"))]
Configures = Annotated[Principal, Depends(require("market_fire.configure"))]
Agency = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
StateName = Literal["alarm", "pre_alarm", "works", "silent", "fault", "normal", "unwatched"]


class Detector(BaseModel):
    """A stall's detector and what it said last: Cel, smoke, % of the battery, dBm."""

    id: str
    state: str
    fault: str | None
    last_seen: datetime | None
    heat: float | None
    smoke: bool | None
    battery: float | None
    rssi: float | None


class Stall(BaseModel):
    """A stall. `outline`: a closed ring of [lon, lat]; `source`: from a file of plans, from the base map, or a box in
    its row. `since`: when it began to stand so, where that is known. `version` grows with its state.
    """

    id: UUID
    code: str
    name: str
    zone: str | None
    floor: str | None
    number: str | None
    shop: str | None
    business: str | None
    hours: str | None
    fire: str | None
    has_person: bool
    state: StateName
    since: datetime | None
    version: int
    works_until: datetime | None
    outline: list[list[float]]
    source: Literal["drawn", "map", "row"]
    detectors: list[Detector]


class Mark(BaseModel):
    """A gate, a shut-off (`shuts`: gas or electricity) or a hydrant; `distance_m` from the plan's middle."""

    id: UUID
    kind: Literal["gate", "shutoff", "hydrant"]
    name: str
    lon: float
    lat: float
    zone: str | None
    shuts: str | None
    works: bool
    distance_m: float


class Plan(BaseModel):
    """A market's plan. `middle` is [lon, lat]; `counts` of stalls by state; `as_of` is when it was looked at."""

    id: UUID
    code: str
    name: str
    address: str | None
    agency_id: str | None
    middle: list[float]
    counts: dict[StateName, int]
    stalls: list[Stall]
    marks: list[Mark]
    as_of: datetime


class AssociationForm(Model):
    """Whose market it is; null: the association that the market's file names."""

    agency_id: Agency | None


@router.get("/markets/{market_id}/plan", response_model=Plan)
async def read_plan(tx: TxDep, by: Reads, market_id: UUID) -> dict[str, Any]:
    """The stalls of a market with their outlines and how each stands, gates, shut-offs and hydrants."""
    market = await reach.market(tx, by, market_id)
    stalls = await reading.stalls(tx, market)
    around = reading.middle_of_plan(stalls, market)
    counts: dict[str, int] = {}
    for one in stalls:
        counts[one["state"]] = counts.get(one["state"], 0) + 1
    return {
        **{name: market[name] for name in ("id", "code", "name", "address", "agency_id")},
        "middle": [around.lon, around.lat],
        "counts": counts,
        "stalls": stalls,
        "marks": await reading.marks(tx, market, around),
        "as_of": tx.now(),
    }


@router.put("/markets/{market_id}/association", status_code=204)
async def name_association(tx: TxDep, by: Configures, market_id: UUID, body: AssociationForm) -> None:
    """Name the merchants' association that sees this market and no other."""
    await reach.name(tx, by, market_id, body.agency_id)
