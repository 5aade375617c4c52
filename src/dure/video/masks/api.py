"""Masks over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Path, Response
from pydantic import BaseModel, Field, StringConstraints

from dure.engine.web import ContextDep, Flag, Model, Router, TxDep
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.vault import reasons
from dure.trust.web import require
from dure.video.masks import keeping, lifts, shapes, still
from dure.video.serve import finder

router = Router(tags=["video"])
Reads = Annotated[Principal, Depends(require("mask.read"))]
Edits = Annotated[Principal, Depends(require("mask.edit"))]
Stills = Annotated[Principal, Depends(require("mask.still"))]
Lifts = Annotated[Principal, Depends(require("mask.lift"))]
Ends = Annotated[Principal, Depends(require("mask.end"))]
Allows = Annotated[Principal, Depends(require("mask.allow"))]
CameraId = Annotated[str, Path(min_length=1, max_length=120)]
Purpose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=200)]
Coordinate = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
PointIn = Annotated[list[Coordinate], Field(min_length=2, max_length=2)]
PolygonIn = Annotated[list[PointIn], Field(min_length=3, max_length=shapes.MOST_POINTS)]


class MaskForm(Model):
    """What is to be covered, as shares of the picture's width and height, and why; nothing: the mask is taken away."""

    polygons: Annotated[list[PolygonIn], Field(max_length=shapes.MOST_POLYGONS)]
    reason: Purpose


class StillForm(Model):
    """Why a picture is looked at."""

    purpose: Purpose


class WordForm(Model):
    """Whether it is allowed, and where not, why."""

    allow: Flag
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""


class LiftForm(Model):
    """Which camera, for which incident, why, and for how many minutes."""

    camera_id: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    incident_id: UUID
    purpose: Purpose
    minutes: Annotated[int, Field(ge=1, le=30)] = 5


class AllowForm(Model):
    """Whether it is allowed."""

    allow: Flag


class MaskOut(BaseModel):
    """A version of a camera's mask. It waits for a second person as long as it neither holds nor was refused."""

    id: UUID
    polygons: list[list[list[float]]]
    reason: str
    asked_at: datetime
    asked_name: str
    holds_from: datetime | None
    decided_at: datetime | None
    decided_name: str | None
    refused: str | None


class MasksOut(BaseModel):
    """What is covered now, and a camera's versions, the newest first."""

    now: list[list[list[float]]]
    items: list[MaskOut]
    next: None = None


class LiftOut(BaseModel):
    """Who looks beneath a mask, for which incident, why, and until when."""

    id: UUID
    camera_id: str
    incident_id: UUID
    purpose: str
    minutes: int
    asked_at: datetime
    asked_name: str
    decided_at: datetime | None
    decided_name: str | None
    ends_at: datetime | None
    ended_at: datetime | None
    ended_name: str | None
    state: Literal["waiting", "standing", "refused", "over"]


class LiftsOut(BaseModel):
    """The newest first."""

    items: list[LiftOut]
    next: None = None


async def _shown(tx: TxDep, camera_id: str) -> MasksOut:
    rows = await keeping.versions(tx, camera_id)
    now: list[Any] = [[list(point) for point in polygon] for polygon in await keeping.now_of(tx, camera_id)]
    return MasksOut(now=now, items=[MaskOut.model_validate(dict(row)) for row in rows])


async def _lifts(tx: TxDep) -> LiftsOut:
    return LiftsOut(items=[LiftOut.model_validate(row) for row in await lifts.listing(tx)])


@router.get("/cameras/{camera_id}/masks")
async def read_masks(tx: TxDep, _who: Reads, camera_id: CameraId) -> MasksOut:
    """What of a camera's picture is covered, since when, by whom and why."""
    await keeping.known(tx, camera_id)
    return await _shown(tx, camera_id)


@router.post("/cameras/{camera_id}/masks", status_code=201)
async def change_masks(tx: TxDep, who: Edits, camera_id: CameraId, form: MaskForm) -> MasksOut:
    """A camera's next mask. It holds at once where it covers all that was covered; else a second person decides. 422
    for polygons that cross themselves or lie outside, 409 where another one waits.
    """
    await keeping.change(tx, who, camera_id, shapes.checked(form.polygons), form.reason)
    return await _shown(tx, camera_id)


@router.post("/masks/{mask_id}/decision")
async def decide_mask(tx: TxDep, who: Allows, mask_id: UUID, form: WordForm) -> MasksOut:
    """A second person's word on a mask that uncovers something."""
    camera_id = await keeping.decide(tx, who, mask_id, None if form.allow else form.reason or "-")
    return await _shown(tx, camera_id)


@router.post(
    "/cameras/{camera_id}/still",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "one picture, masked as it is now"}},
)
async def take_still(tx: TxDep, who: Stills, camera_id: CameraId, form: StillForm, context: ContextDep) -> Response:
    """One picture of a camera to draw its mask on. Its line is in the audit log before it leaves. 503 with the reason
    where the camera shows nothing.
    """
    await keeping.known(tx, camera_id)
    why = await reasons.sealed(tx, who, form.purpose)
    await audit.record(tx, who, "video.still", "camera", camera_id, purpose=why)
    polygons = await keeping.now_of(tx, camera_id)
    content = await still.picture(finder(context), camera_id, polygons)
    return Response(content, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


@router.get("/mask-lifts")
async def list_lifts(tx: TxDep, _who: Reads) -> LiftsOut:
    """Who looked beneath masks, who asks to, and who does now: the newest hundred."""
    return await _lifts(tx)


@router.post("/mask-lifts", status_code=201)
async def ask_lift(tx: TxDep, who: Lifts, form: LiftForm) -> LiftsOut:
    """Ask to see a camera without its mask, for an incident and some minutes; somebody else decides."""
    await lifts.ask(tx, who, form.camera_id, form.incident_id, form.purpose, form.minutes)
    return await _lifts(tx)


@router.post("/mask-lifts/{lift_id}/decision")
async def decide_lift(tx: TxDep, who: Allows, lift_id: UUID, form: AllowForm) -> LiftsOut:
    """Allow it from now on, or not. Nobody decides on their own request."""
    await lifts.decide(tx, who, lift_id, allow=form.allow)
    return await _lifts(tx)


@router.post("/mask-lifts/{lift_id}/end")
async def end_lift(tx: TxDep, who: Ends, lift_id: UUID) -> LiftsOut:
    """Cover again before its time is over."""
    await lifts.end(tx, who, lift_id)
    return await _lifts(tx)
