"""What every change of an incident has in common: who sees it may touch it, the version is checked, screens hear of
it.
"""

from collections.abc import Collection
from typing import Any, NoReturn
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.kernel.errors import Conflict, FieldError, NotFound, PreconditionFailed
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
    if expected is not None and expected != row["version"]:
        await _changed_meanwhile(tx, incident_id)
    if row["merged_into"] is not None and not merged_too:
        raise Conflict("respond.incident.merged", receipt_no=root["receipt_no"])
    return row


_LAST = text(
    "select at, actor, key, params from timeline where incident_id = :id and kind <> 'signal' "
    "order by at desc, seq desc limit 1"
)


async def _changed_meanwhile(tx: Tx, incident_id: UUID) -> NoReturn:
    """Say who did what last: the reader decides anew with it before them. Raises PreconditionFailed."""
    last = await tx.row(_LAST, {"id": incident_id})
    if last is None:
        raise PreconditionFailed("respond.incident.changed", by="none", at="")
    at = last["at"].astimezone(ZoneInfo(city_zone())).strftime("%H:%M:%S")
    what = FieldError("", last["key"], {**last["params"], "words": "", "count": 1})
    raise PreconditionFailed("respond.incident.changed", fields=[what], by=last["actor"] or "none", at=at)


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
