"""Five around (투망감시): the cameras around an incident, kept with their distance, reason and state at the time."""

from uuid import UUID

from sqlalchemy import text

from dure.city.camera_index import nearest_cameras
from dure.engine.database import Tx
from dure.kernel.geometry import LonLat
from dure.respond import queries, timeline
from dure.respond.timeline import Entry
from dure.respond.types import IncidentType
from dure.video import openings


async def choose(tx: Tx, incident_id: UUID, kind: IncidentType, at: LonLat, *, actor: str | None = None) -> int:
    """Choose anew the cameras around `at`; how many there are.

    Those within the radius of the type, else of the city, come first; where they are too few, the nearest beyond it
    fill up and the timeline says how many they are.
    """
    settings = await queries.settings(tx)
    wanted = kind.cameras or settings["cameras"]
    radius_m = kind.camera_radius_m or settings["camera_radius_m"]
    near = await nearest_cameras(tx, at, wanted)
    chosen = sorted(near, key=lambda choice: choice.distance_m > radius_m)
    beyond = sum(choice.distance_m > radius_m for choice in chosen)
    tx.later(text("delete from incident_camera where incident_id = :id"), {"id": incident_id})
    await queries.insert(
        tx,
        "incident_camera",
        [
            {
                "incident_id": incident_id,
                "rank": rank,
                "camera_id": choice.id,
                "site_id": choice.site_id,
                "distance_m": choice.distance_m,
                "reason": choice.reason,
                "instead_of": choice.instead_of,
                "state": choice.state,
                "chosen_at": tx.now(),
            }
            for rank, choice in enumerate(chosen, start=1)
        ],
    )
    await openings.end(tx, incident_id, "cameras", kept=[choice.id for choice in chosen])
    said = {"n": len(chosen), "beyond": beyond, "metres": round(radius_m)}
    await timeline.add(tx, incident_id, Entry.CAMERA, "cameras_chosen", said, actor=actor)
    return len(chosen)
