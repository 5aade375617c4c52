"""Screening stations over HTTP. Thin."""

import asyncio
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query
from pydantic import Field, StringConstraints

from dure.engine.web import Model, Router, TxDep, Whole
from dure.kernel.errors import FieldError, Invalid
from dure.services.epidemic.care.looking import today
from dure.services.epidemic.screening import booking, lanes
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(prefix="/epidemic", tags=["epidemic: screening"])
Reads = Annotated[Principal, Depends(require("epidemic.screening"))]
Runs = Annotated[Principal, Depends(require("epidemic.screen"))]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=20)]


class SlotForm(Model):
    """When."""

    at: datetime


class CodeForm(Model):
    """The word of a booking."""

    code: Code


class ComeForm(Model):
    """The word of a booking; without one they have come without a time."""

    code: Code | None = None


class CallForm(Model):
    """To which lane."""

    lane: Annotated[int, Whole, Field(ge=1, le=50)]


@router.get("/stations")
async def list_stations(tx: TxDep, _: Reads) -> dict[str, Any]:
    """All stations."""
    names = ("id", "code", "name", "kind", "lanes", "slot_minutes", "opens", "closes", "address", "open", "version")
    return {"items": [{name: row[name] for name in names} for row in await booking.stations(tx)], "next": None}


@router.get("/stations/{station_id}/slots")
async def list_slots(tx: TxDep, _: Reads, station_id: UUID, day: date) -> dict[str, Any]:
    """The times of a day that are still to be had."""
    return {"items": await booking.free(tx, station_id, day), "next": None}


@router.post("/stations/{station_id}/bookings", status_code=201)
async def book(tx: TxDep, who: Runs, station_id: UUID, form: SlotForm) -> dict[str, Any]:
    """Take a time for somebody. One lane and time is given once, whoever asks at the same moment."""
    if form.at.tzinfo is None:
        raise Invalid("engine.fields.wrong", fields=[FieldError("at", "respond.since.wrong")])
    return await booking.book(tx, who, station_id, form.at)


@router.post("/stations/{station_id}/cancellations", status_code=204)
async def cancel(tx: TxDep, who: Runs, station_id: UUID, form: CodeForm) -> None:
    """Give a time back."""
    await booking.cancel(tx, who, station_id, form.code)


@router.post("/stations/{station_id}/tickets", status_code=201)
async def come(tx: TxDep, who: Runs, station_id: UUID, form: ComeForm) -> dict[str, Any]:
    """Somebody has come: their number."""
    return await booking.come(tx, who, station_id, form.code)


@router.post("/stations/{station_id}/calls")
async def call(tx: TxDep, who: Runs, station_id: UUID, form: CallForm) -> dict[str, Any]:
    """Call the next to a lane."""
    return await booking.call(tx, who, station_id, form.lane)


@router.get("/stations/{station_id}/queue")
async def read_queue(tx: TxDep, _: Reads, station_id: UUID) -> dict[str, Any]:
    """What the display shows: numbers alone."""
    return await booking.display(tx, station_id)


@router.get("/lanes")
async def lanes_needed(
    tx: TxDep,
    _: Reads,
    people: Annotated[int, Query(ge=0, le=5_000)],
    kind: Literal["walk", "drive"] = "drive",
    hours: Annotated[float, Query(ge=1, le=24)] = 9,
) -> dict[str, Any]:
    """How many lanes and people a forecast day needs."""
    rule = lanes.rule_of(today(tx))
    days = await asyncio.to_thread(lanes.needed, kind, people, hours, rule)
    enough = [one for one in days if one.wait_most <= rule["patient_minutes"]]
    least = min(enough, key=lambda one: one.lanes, default=None)
    return {
        "lanes": None if least is None else least.lanes,
        "staff": None if least is None else least.staff,
        "days": [asdict(one) for one in days],
        "target_minutes": rule["patient_minutes"],
        "source": rule["source"],
    }
