"""A turn is asked for in the transaction that decided on it; the relay's process makes it (turner.py)."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, Forbidden
from dure.kernel.geometry import LonLat
from dure.kernel.ids import new_id
from dure.trust import audit
from dure.trust.principal import Principal
from dure.video.ptz import rules

CHANNEL = "dure_turn"
"""Notified whenever a turn was asked for."""
Act = Literal["move", "stop", "preset", "place", "home"]
_CAMERA = text(
    "select c.ptz, c.purposes, c.name, v.camera_id is not null as known from camera c "
    "left join video_control v on v.camera_id = c.id where c.id = :id"
)
_ASK = text(
    "insert into video_turn (id, camera_id, incident_id, act, pan, tilt, zoom, preset, lon, lat, by, by_name, "
    "asked_at) values (:id, :camera, :incident, :act, :pan, :tilt, :zoom, :preset, :lon, :lat, :by, :name, :now)"
)


@dataclass(frozen=True, slots=True)
class Turn:
    """What is asked: `move` with a speed (-1 to 1 each), `preset` by its token, or `place`: the preset (`preset` names
    it, or the nearest) that looks at `place`.
    """

    act: Act
    pan: float = 0.0
    tilt: float = 0.0
    zoom: float = 0.0
    preset: str = ""
    place: LonLat | None = None


async def check(tx: Tx, camera_id: str, group: str) -> None:
    """Whether a camera can and may be turned for an incident of this group of types. Raises Conflict for one that
    cannot, Forbidden where its registered purposes do not cover it.
    """
    row = await tx.row(_CAMERA, {"id": camera_id})
    if row is None or not row["ptz"] or not row["known"]:
        raise Conflict("video.turn.cannot", camera=camera_id)
    if not rules.within(row["purposes"], group):
        raise Forbidden("video.turn.other_purpose", camera=camera_id)


async def ask(tx: Tx, by: Principal, camera_id: str, incident_id: UUID | None, group: str, turn: Turn) -> UUID:
    """Ask, and leave the line in the audit log; both stand before the camera hears of it. Who may ask was decided
    before (`rules.may_turn`, or a manual that says so). Raises what `check` raises.
    """
    await check(tx, camera_id, group)
    return await _written(tx, by, camera_id, incident_id, turn)


async def home(tx: Tx, by: Principal, camera_id: str, incident_id: UUID | None) -> UUID:
    """Let a camera look home again: always within its purposes."""
    return await _written(tx, by, camera_id, incident_id, Turn("home"))


async def _written(tx: Tx, by: Principal, camera_id: str, incident_id: UUID | None, turn: Turn) -> UUID:
    made = new_id()
    values: dict[str, Any] = {
        "id": made,
        "camera": camera_id,
        "incident": incident_id,
        "act": turn.act,
        "pan": turn.pan,
        "tilt": turn.tilt,
        "zoom": turn.zoom,
        "preset": turn.preset,
        "lon": None if turn.place is None else turn.place.lon,
        "lat": None if turn.place is None else turn.place.lat,
        "by": by.actor,
        "name": by.name,
        "now": tx.now(),
    }
    await tx.execute(_ASK, values)
    await audit.record(tx, by, "video.turn", "camera", camera_id, purpose=f"turn:{turn.act}", case=incident_id)
    await tx.execute(text(f"notify {CHANNEL}"))
    return made
