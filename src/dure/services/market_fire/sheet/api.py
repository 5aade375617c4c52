"""The fire station's sheet over HTTP: as a page with the owner masked, in the open with a purpose, and as a PDF."""

import asyncio
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Response
from pydantic import BaseModel, StringConstraints

from dure.engine.settings import city_zone
from dure.engine.web import ContextDep, Model, Router, TxDep
from dure.respond import reading
from dure.respond.policy import scope_of
from dure.respond.types import TYPES
from dure.services.market_fire.sheet import gathering, owners, paper
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(prefix="/market-fire/incidents/{incident_id}", tags=["market-fire"])
Reads = Annotated[Principal, Depends(require("market_fire.sheet"))]
Opens = Annotated[Principal, Depends(require("market_fire.sheet_open"))]
Wind = Literal["n", "ne", "e", "se", "s", "sw", "w", "nw"]


class PurposeForm(Model):
    """Why."""

    purpose: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=200)]


class Owner(BaseModel):
    """Who keeps a stall: masked, or open."""

    person_id: UUID
    name: str | None
    phone: str | None


class BurningStall(BaseModel):
    """A stall whose detector has spoken."""

    id: UUID
    name: str
    zone: str | None
    floor: str | None
    number: str | None
    shop: str | None
    business: str | None
    hours: str | None
    fire: str | None
    state: str
    owner: Owner | None


class Reading(BaseModel):
    """What a sensor said last."""

    property: str
    value: float | bool
    unit: str | None
    at: datetime


class Said(BaseModel):
    """What a sensor has said, and for how many seconds (until it ended, else until now)."""

    device: str
    stall: str | None
    rule: dict[str, str]
    stage: str
    onset_at: datetime
    ended_at: datetime | None
    seconds: float
    times: int
    fault: str | None
    last_seen: datetime | None
    readings: list[Reading]


class Neighbour(BaseModel):
    """A stall beside a burning one; `hazard` is what burns there by day."""

    id: UUID
    name: str
    number: str | None
    shop: str | None
    business: str | None
    state: str
    hazard: str | None
    distance_m: float
    towards: Wind


class Near(BaseModel):
    """A gate, a shut-off or a hydrant, from the burning stall."""

    id: UUID
    name: str
    zone: str | None
    shuts: str | None
    works: bool
    distance_m: float
    towards: Wind


class SheetCamera(BaseModel):
    """A camera chosen for the incident."""

    id: str
    name: str | None
    distance_m: float
    state: str
    reason: str


class SheetMarket(BaseModel):
    """The market."""

    id: UUID
    name: str
    address: str | None
    phone: str | None


class DrawnStall(BaseModel):
    """A stall on the sheet's plan."""

    id: UUID
    number: str
    zone: str | None
    outline: list[list[float]]
    role: Literal["burning", "beside", "other"]
    hazard: bool
    alarm: bool


class DrawnMark(BaseModel):
    """A gate, shut-off or hydrant on the plan."""

    id: UUID
    kind: Literal["gate", "shutoff", "hydrant"]
    name: str
    lon: float
    lat: float
    shuts: str | None


class SheetPlan(BaseModel):
    """The plan around the burning stall."""

    stalls: list[DrawnStall]
    marks: list[DrawnMark]


class Sheet(BaseModel):
    """What the fire station receives. `stage` and `why` are those of the verification."""

    incident_id: UUID
    receipt_no: str
    opened_at: datetime
    signal_at: datetime
    confirmed_at: datetime | None
    closed_at: datetime | None
    mode: str
    severity: str
    version: int
    stage: str | None
    why: str | None
    reported_at: datetime | None
    market: SheetMarket
    stalls: list[BurningStall]
    says: list[Said]
    neighbours: list[Neighbour]
    shutoffs: list[Near]
    gates: list[Near]
    hydrants: list[Near]
    cameras: list[SheetCamera]
    plan: SheetPlan
    as_of: datetime


async def _seen(tx: TxDep, by: Principal, incident_id: UUID) -> dict[str, Any]:
    """The sheet of an incident that they see. Raises NotFound."""
    await reading.one(tx, incident_id, scope_of(by, TYPES))
    return await gathering.sheet(tx, incident_id)


@router.get("/sheet", response_model=Sheet)
async def read(tx: TxDep, by: Reads, incident_id: UUID, response: Response) -> dict[str, Any]:
    """The sheet with owners masked."""
    response.headers["Cache-Control"] = "no-store"
    return await _seen(tx, by, incident_id)


@router.post("/sheet/open", response_model=Sheet)
async def open_owners(tx: TxDep, by: Opens, incident_id: UUID, form: PurposeForm, response: Response) -> dict[str, Any]:
    """The sheet with owners and their numbers; the lines are in the audit log before they leave."""
    response.headers["Cache-Control"] = "no-store"
    return await owners.opened(tx, by, await _seen(tx, by, incident_id), form.purpose)


@router.post(
    "/sheet/pdf",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}, "description": "the sheet on paper, in Korean"}},
)
async def print_sheet(tx: TxDep, by: Opens, incident_id: UUID, form: PurposeForm, context: ContextDep) -> Response:
    """The sheet as a PDF in Korean, with owners and their numbers."""
    sheet = await owners.opened(tx, by, await _seen(tx, by, incident_id), form.purpose)

    def say(key: str) -> str:
        return context.catalogue.text("ko", key)

    made = await asyncio.to_thread(
        paper.printed, sheet, say, zone=city_zone(), console=context.settings.console, printed_by=by.name
    )
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{sheet["receipt_no"]}.pdf"',
    }
    return Response(made, media_type="application/pdf", headers=headers)
