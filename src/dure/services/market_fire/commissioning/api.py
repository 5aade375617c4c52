"""Putting detectors into use, over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Path
from pydantic import BaseModel, StringConstraints
from sqlalchemy import RowMapping

from dure.engine.paging import Limit
from dure.engine.web import Model, Router, TxDep
from dure.services.market_fire.commissioning import acts
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(prefix="/market-fire/markets/{market_id}", tags=["market-fire"])
Commissions = Annotated[Principal, Depends(require(acts.PERMISSION))]
DeviceId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Firmware = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9._+ -]{1,40}$")]


class Placeable(BaseModel):
    """A detector that may be placed here; `stall` is where it stands now."""

    id: str
    name: str
    state: str
    fault: str | None
    group: str | None
    last_seen: datetime | None
    stall_id: UUID | None
    stall: str | None
    firmware: str | None


class Place(Model):
    """Which detector in which stall; `firmware` as its label says."""

    device_id: Code
    stall_id: UUID
    firmware: Firmware | None = None


class Commissioning(BaseModel):
    """A detector being put into use. `arrived`: what it has said since somebody was asked to press; `pressed`: the
    press is among it. `can_undo` while it still stands where it was placed.
    """

    id: UUID
    device_id: str
    stall_id: UUID
    stall: str
    state: Literal["placed", "done", "undone"]
    firmware: str | None
    began_at: datetime
    began_by: str
    press_asked_at: datetime | None
    arrived: dict[str, float | bool]
    pressed: bool
    heard_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None
    can_undo: bool
    version: int


class Commissionings(BaseModel):
    """The newest of a market."""

    items: list[Commissioning]
    next: None = None


def _shown(row: RowMapping) -> dict[str, Any]:
    heard = acts.arrived(row)
    names = (
        "id", "device_id", "stall_id", "stall", "state", "firmware", "began_at", "began_by", "press_asked_at",
        "ended_at", "ended_by", "version",
    )  # fmt: skip
    return {
        **{name: row[name] for name in names},
        "arrived": dict(heard.values),
        "pressed": heard.pressed,
        "heard_at": heard.at,
        "can_undo": row["state"] != "undone" and row["stands_in"] == row["stall_id"],
    }


@router.get("/detectors/{device_id}", response_model=Placeable)
async def read_detector(tx: TxDep, by: Commissions, market_id: UUID, device_id: DeviceId) -> dict[str, Any]:
    """The detector whose code was scanned: known, and where it stands now."""
    row = await acts.detector(tx, by, market_id, device_id)
    return {
        **{name: row[name] for name in ("id", "name", "state", "fault", "last_seen", "stall")},
        "group": row["group_id"],
        "stall_id": row["asset_id"],
        "firmware": row["attrs"].get("firmware"),
    }


@router.get("/commissionings", response_model=Commissionings)
async def list_commissionings(tx: TxDep, by: Commissions, market_id: UUID, limit: Limit = 50) -> dict[str, Any]:
    """Detectors that were put into use in this market, the newest first."""
    return {"items": [_shown(row) for row in await acts.listing(tx, by, market_id, limit)]}


@router.post("/commissionings", status_code=201, response_model=Commissioning)
async def begin(tx: TxDep, by: Commissions, market_id: UUID, body: Place) -> dict[str, Any]:
    """Place a detector in a stall; its test press is awaited from now on."""
    id_ = await acts.begin(tx, by, market_id, body.device_id, body.stall_id, body.firmware)
    return _shown(await acts.one(tx, by, market_id, id_))


@router.get("/commissionings/{commissioning_id}", response_model=Commissioning)
async def read(tx: TxDep, by: Commissions, market_id: UUID, commissioning_id: UUID) -> dict[str, Any]:
    """How far it is: asked each second while somebody presses."""
    return _shown(await acts.one(tx, by, market_id, commissioning_id))


@router.post("/commissionings/{commissioning_id}/press", response_model=Commissioning)
async def press(tx: TxDep, by: Commissions, market_id: UUID, commissioning_id: UUID) -> dict[str, Any]:
    """Somebody presses now, once more."""
    await acts.press(tx, by, market_id, commissioning_id)
    return _shown(await acts.one(tx, by, market_id, commissioning_id))


@router.post("/commissionings/{commissioning_id}/done", response_model=Commissioning)
async def done(tx: TxDep, by: Commissions, market_id: UUID, commissioning_id: UUID) -> dict[str, Any]:
    """The press has arrived: in use."""
    await acts.done(tx, by, market_id, commissioning_id)
    return _shown(await acts.one(tx, by, market_id, commissioning_id))


@router.post("/commissionings/{commissioning_id}/undo", response_model=Commissioning)
async def undo(tx: TxDep, by: Commissions, market_id: UUID, commissioning_id: UUID) -> dict[str, Any]:
    """As it was before it was placed."""
    await acts.undo(tx, by, market_id, commissioning_id)
    return _shown(await acts.one(tx, by, market_id, commissioning_id))
