"""What a look at a run stands on: all that it reads, in one round trip, with the incident and the run locked."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import NotFound
from dure.respond import queries
from dure.respond.runs import keeping, parties, sight
from dure.respond.runs.keeping import Kept

_HANDED = text("select id, agency_id, kind from handoff where incident_id = :id and status <> 'declined'")
_CAMERAS = text("select exists (select from incident_camera where incident_id = :id) as chosen")


@dataclass(slots=True)
class Ground:
    """The incident, its run, and what this look asks after. `seen`: what `sight.world_of` needs; `handed`: hand-offs
    that stand, by agency and kind; `cameras`: whether they are chosen.
    """

    incident: RowMapping
    kept: Kept
    seen: list[list[Any]] | None
    handed: dict[tuple[str, str], UUID]
    cameras: bool


async def taken(tx: Tx, incident_id: UUID) -> Ground | None:
    """The ground of an incident's run; None where there is none. Incident first, run second is the order of locks."""
    values = {"id": incident_id}
    rest = (*sight.asked(incident_id), parties.ALL, (_HANDED, values), (_CAMERAS, values))
    root, runs, items, *seen = await tx.look(
        (queries.ROOT, values), *keeping.asked(incident_id, lock=True, merged=False), *rest
    )
    if not root:  # merged, or not there: its root is locked first
        try:
            incident, _root = await queries.locked_with_root(tx, incident_id)
        except NotFound:
            return None
        runs, items, *seen = await tx.look(*keeping.asked(incident_id, lock=True), *rest)
        root = [incident]
    kept = await keeping.made_of(tx, runs, items)
    if kept is None:
        return None
    handed, attempts, agencies, standing, cameras = seen
    parties.read(tx, agencies)
    return Ground(
        root[0],
        kept,
        [handed, attempts],
        {(row["agency_id"], row["kind"]): row["id"] for row in standing},
        cameras[0]["chosen"],
    )
