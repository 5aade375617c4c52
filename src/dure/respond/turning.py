"""Turning an incident's cameras: by the centre's own people, for an open incident that the camera was chosen for, and
within what the camera was registered for (Personal Information Protection Act, Article 25(5)).
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Path, Query
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy import text

from dure.engine.database import Tx
from dure.engine.web import Model, Number, Router, TxDep
from dure.kernel.errors import Conflict, Forbidden
from dure.kernel.geometry import LonLat
from dure.respond import reading
from dure.respond.model import Status
from dure.respond.pictures import chosen
from dure.respond.policy import scope_of
from dure.respond.types import TYPES
from dure.trust.principal import Principal
from dure.trust.web import require
from dure.video.ptz import asking, rules
from dure.video.ptz.asking import Turn

router = Router(tags=["video"])
Turns = Annotated[Principal, Depends(require("video.turn"))]
CameraId = Annotated[str, Path(min_length=1, max_length=120)]
Speed = Annotated[Number, Field(ge=-1, le=1)]
_STATE = text(
    "select c.ptz, c.purposes, v.presets, l.act, l.outcome, l.why, l.by_name from camera c "
    "left join video_control v on v.camera_id = c.id left join lateral (select * from video_turn t "
    "where t.camera_id = c.id order by t.asked_at desc, t.id desc limit 1) l on true where c.id = :id"
)
_PTZ = text(
    "select k.camera_id from incident_camera k join camera c on c.id = k.camera_id and c.ptz "
    "join video_control v on v.camera_id = c.id where k.incident_id = :id order by k.rank"
)


class TurnForm(Model):
    """Which camera, for which incident, and how: `move` with a speed for a second, `stop`, `preset` by its token,
    `place` (the incident's), `home`.
    """

    camera_id: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    incident_id: UUID
    act: Literal["move", "stop", "preset", "place", "home"]
    pan: Speed = 0.0
    tilt: Speed = 0.0
    zoom: Speed = 0.0
    preset: Annotated[str, StringConstraints(max_length=100)] = ""


class TurnOut(BaseModel):
    """The turn that was asked for; the camera hears of it at once."""

    id: UUID


class PresetOut(BaseModel):
    """A position that the camera remembers."""

    token: str
    name: str


class TurningOut(BaseModel):
    """Whether the camera can and may be turned for the incident, where to, and how the last turn went."""

    turns: bool
    within_purposes: bool
    presets: list[PresetOut]
    act: str | None
    outcome: str | None
    why: str | None
    by: str | None


@router.post("/video/turns", status_code=202)
async def turn_camera(tx: TxDep, form: TurnForm, who: Turns) -> TurnOut:
    """Turn a camera of an open incident. Its line is in the audit log before the camera hears of it. 403 for whoever is
    not of the centre, for a camera that was not chosen, and where its registered purposes do not cover the incident;
    409 where the incident is closed or the camera cannot be turned.
    """
    row = await _incident(tx, who, form.incident_id)
    if form.camera_id not in await chosen(tx, row["id"]):
        raise Forbidden("video.camera.not_chosen")
    place = LonLat(row["lon"], row["lat"]) if form.act == "place" and row["located"] else None
    turn = Turn(form.act, form.pan, form.tilt, form.zoom, form.preset, place)
    group = TYPES.kept(row["type"]).merge_group
    return TurnOut(id=await asking.ask(tx, who, form.camera_id, row["id"], group, turn))


@router.get("/video/cameras/{camera_id}/turning")
async def read_turning(tx: TxDep, who: Turns, camera_id: CameraId, incident_id: Annotated[UUID, Query()]) -> TurningOut:
    """Whether a camera of an open incident can and may be turned, and how its last turn went."""
    row = await _incident(tx, who, incident_id)
    found = await tx.row(_STATE, {"id": camera_id})
    if found is None or camera_id not in await chosen(tx, row["id"]):
        raise Forbidden("video.camera.not_chosen")
    presets: list[dict[str, Any]] = found["presets"] or []
    return TurningOut(
        turns=bool(found["ptz"]) and found["presets"] is not None,
        within_purposes=rules.within(found["purposes"], TYPES.kept(row["type"]).merge_group),
        presets=[PresetOut(token=one["token"], name=one["name"]) for one in presets],
        act=found["act"],
        outcome=found["outcome"],
        why=found["why"],
        by=found["by_name"],
    )


async def _incident(tx: Tx, who: Principal, incident_id: UUID) -> Any:
    """The open incident. Raises Forbidden for whoever is not of the centre, NotFound, Conflict for one that is over."""
    if not rules.may_turn(who):
        raise Forbidden("video.turn.centre_only")
    row = await reading.one(tx, incident_id, scope_of(who, TYPES))
    if row["status"] == Status.CLOSED or row["merged_into"] is not None:
        raise Conflict("respond.incident.closed")
    return row


async def to_place(tx: Tx, by: Principal, incident: Any, preset: str) -> list[str]:
    """Turn those of an incident's cameras that can and may be turned to its place (a manual's step); which they are."""
    if not incident["located"]:
        return []
    turned = []
    place = LonLat(incident["lon"], incident["lat"])
    group = TYPES.kept(incident["type"]).merge_group
    for row in await tx.rows(_PTZ, {"id": incident["id"]}):
        try:
            await asking.ask(tx, by, row["camera_id"], incident["id"], group, Turn("place", preset=preset, place=place))
        except (Conflict, Forbidden):
            continue  # it was put up for something else
        turned.append(str(row["camera_id"]))
    return turned
