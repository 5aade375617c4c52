"""What every change of an incident has in common: who sees it may touch it, the version is checked, screens hear of
it.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from dure.engine.database import Tx
from dure.engine.web import check_version
from dure.kernel.errors import Conflict, NotFound
from dure.kernel.events import Event, Scalar
from dure.respond import practice, presence, queries
from dure.respond.policy import scope_of
from dure.respond.types import TYPES
from dure.trust.principal import Principal
from dure.video import openings

OPENED = "IncidentOpened.v1"
CHANGED = "IncidentChanged.v1"
LOST = "lost"
"""In an event's data: the agencies (ids, a blank between) that the incident was handed to until then."""


async def taken(
    tx: Tx, principal: Principal, incident_id: UUID, expected: int | None = None, *, merged_too: bool = False
) -> RowMapping:
    """The incident, locked for a change by `principal`.

    Raises NotFound where there is none that they may know of, PreconditionFailed where they read another version,
    Conflict where it was merged into another (unless `merged_too`).
    """
    row, root = await queries.locked_with_root(tx, incident_id)
    scope = scope_of(principal, TYPES)
    handed = [] if scope.everything else await queries.handed_to(tx, root["id"])
    part = None if scope.everything else await practice.takes_part(tx, incident_id)
    if not any(scope.covers(each["type"], handed, each["reported_by_agency"], part) for each in (row, root)):
        raise NotFound("respond.incident.unknown")
    check_version(expected, row["version"])
    if row["merged_into"] is not None and not merged_too:
        raise Conflict("respond.incident.merged", receipt_no=root["receipt_no"])
    return row


async def changed(tx: Tx, incident_id: UUID, what: str, *, reached: Collection[str] = (), **values: Any) -> None:
    """Write `values` to the incident and tell everybody `what` changed; also of the one it was merged into, which
    shows it. `reached`: the agencies that it had been handed to before; those that it no longer is are named in the
    event, so that it leaves their screens, and their pictures are judged anew.
    """
    row = await queries.update(tx, incident_id, **values)
    told: dict[str, Scalar] = {"change": what}
    if reached and (lost := set(reached).difference(await queries.handed_to(tx, incident_id))):
        told[LOST] = " ".join(sorted(lost))
        await presence.lost(tx, incident_id, lost, {LOST: told[LOST]})
        await openings.look_again(tx)
    await tx.emit(Event(CHANGED, "incident", str(incident_id), row["version"], told))
    if row["merged_into"] is not None:
        await changed(tx, row["merged_into"], what)
