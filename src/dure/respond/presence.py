"""Who is in an incident's room now, and on which part of it. A browser says so every few seconds; what falls silent is
gone within seconds, whether it said goodbye or not. What somebody types is told to nobody.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, RowMapping, Uuid, bindparam, text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.live import LiveEntity
from dure.kernel.errors import Conflict
from dure.kernel.events import Event, Scalar
from dure.respond import reading
from dure.respond.policy import desk_of, scope_of
from dure.respond.types import TYPES
from dure.trust.principal import Principal

EVENT: Final = "RoomChanged.v1"
BEAT_S: Final = 4
"""How often a browser says that it is there."""
GONE: Final = timedelta(seconds=11)
"""So long after its last word a browser counts as gone: two beats may be lost on a bad network."""
SWEEP_S: Final = 2.0
MOST_TABS: Final = 8
"""So many windows of one account in one room."""


class Part(StrEnum):
    """Where in the room somebody is; the last ones are acts that others should not begin at the same time."""

    ROOM = "room"
    MANUAL = "manual"
    TASKS = "tasks"
    DECISIONS = "decisions"
    FILES = "files"
    CAMERAS = "cameras"
    HANDOFFS = "handoffs"
    TIMELINE = "timeline"
    DECIDING = "deciding"
    HANDING_OFF = "handing_off"
    WEIGHING = "weighing"
    MERGING = "merging"
    LOCATING = "locating"
    CLOSING = "closing"


_THERE = text(
    "select part from incident_presence where incident_id = :id and actor = :actor and tab = :tab and seen_at > :alive"
)
_BE = text(
    "insert into incident_presence (incident_id, actor, tab, name, agency_id, part, since, seen_at) "
    "values (:id, :actor, :tab, :name, :agency, :part, :now, :now) on conflict (incident_id, actor, tab) do update set "
    "part = excluded.part, seen_at = excluded.seen_at, name = excluded.name, agency_id = excluded.agency_id"
)
_TABS = text("select count(*) from incident_presence where incident_id = :id and actor = :actor and tab <> :tab")
_LEAVE = text("delete from incident_presence where incident_id = :id and actor = :actor and tab = :tab")
_LOST = text("delete from incident_presence where incident_id = :id and agency_id = any(:agencies)")
_SILENT = text("delete from incident_presence where seen_at < :before returning incident_id")
_ROOM = text("select 1 from incident_room where incident_id = :id")
_VERSION = text(
    "insert into incident_room (incident_id, version) values (:id, 1) "
    "on conflict (incident_id) do update set version = incident_room.version + 1 returning version"
)
_PEOPLE = text(
    "select incident_id, actor, name, agency_id, min(since) as since, array_agg(part order by seen_at desc) as parts "
    "from incident_presence where incident_id = any(:ids) group by incident_id, actor, name, agency_id "
    "order by min(since), actor"
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))
_VERSIONS = text("select incident_id, version from incident_room where incident_id = any(:ids)").bindparams(
    bindparam("ids", type_=ARRAY(Uuid))
)
_OCCUPIED = text("select distinct incident_id from incident_presence")


async def be(tx: Tx, principal: Principal, incident_id: UUID, tab: str, part: Part) -> None:
    """Say that a browser's window is in the room of an incident that its person sees, on a part of it. Others hear only
    what is new. Raises Conflict for a window too many.
    """
    values = {"id": incident_id, "actor": principal.actor, "tab": tab}
    before = await tx.scalar(_THERE, {**values, "alive": tx.now() - GONE})
    if before is None and int(await tx.scalar(_TABS, values)) >= MOST_TABS:
        raise Conflict("respond.room.windows", most=MOST_TABS)
    said = {"name": principal.name, "agency": desk_of(principal), "part": part.value, "now": tx.now()}
    await tx.execute(_BE, {**values, **said})
    if before != part.value:
        await tell(tx, incident_id)


async def leave(tx: Tx, principal: Principal, incident_id: UUID, tab: str) -> None:
    """Say goodbye. Again changes nothing."""
    gone = await tx.execute(_LEAVE, {"id": incident_id, "actor": principal.actor, "tab": tab})
    if gone.rowcount:
        await tell(tx, incident_id)


async def lost(tx: Tx, incident_id: UUID, agencies: Collection[str], told: Mapping[str, Scalar]) -> None:
    """These agencies see the incident no more: they are not in its room, and it leaves their screens."""
    if await tx.scalar(_ROOM, {"id": incident_id}) is None:
        return
    await tx.execute(_LOST, {"id": incident_id, "agencies": list(agencies)})
    await tell(tx, incident_id, told)


async def tell(tx: Tx, incident_id: UUID, told: Mapping[str, Scalar] | None = None) -> None:
    """Let the screens hear who is there now."""
    version = int(await tx.scalar(_VERSION, {"id": incident_id}))
    await tx.emit(Event(EVENT, "room", str(incident_id), version, dict(told or {})))


async def sweep(context: Context) -> None:
    """Take out who has fallen silent."""
    async with context.database.transaction() as tx:
        rows = await tx.rows(_SILENT, {"before": tx.now() - GONE})
        for incident_id in sorted({row["incident_id"] for row in rows}):
            await tell(tx, incident_id)


async def load(tx: Tx, ids: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    """Rooms by their incident's id, also where nobody is in them."""
    found = [UUID(each) for each in ids]
    people: dict[UUID, list[RowMapping]] = {}
    for row in await tx.rows(_PEOPLE, {"ids": found}):
        people.setdefault(row["incident_id"], []).append(row)
    versions = {row["incident_id"]: row["version"] for row in await tx.rows(_VERSIONS, {"ids": found})}
    incidents = await reading.by_ids(tx, ids)
    return {
        str(row["id"]): {
            "id": str(row["id"]),
            "version": versions.get(row["id"], 0),
            "people": [_shown(each) for each in people.get(row["id"], ())],
            **{name: row[name] for name in ("type", "reported_by_agency", "drill_for")},
            "handed_to": list(row["handed_to"]),
        }
        for row in incidents
    }


def _shown(row: RowMapping) -> dict[str, Any]:
    return {"name": row["name"], "agency": row["agency_id"], "since": row["since"], "parts": list(row["parts"])}


async def snapshot(tx: Tx) -> Sequence[dict[str, Any]]:
    """The rooms where somebody is."""
    ids = [str(row["incident_id"]) for row in await tx.rows(_OCCUPIED)]
    return list((await load(tx, ids)).values()) if ids else []


def visible(viewer: Any, value: dict[str, Any]) -> bool:
    """Who sees the incident sees who is in its room; nobody else hears that there is a room."""
    assert isinstance(viewer, Principal)
    return scope_of(viewer, TYPES).covers(
        value["type"], value["handed_to"], value["reported_by_agency"], value["drill_for"]
    )


def live(left: Any) -> LiveEntity:
    """The room as screens follow it; `left` as for incidents."""
    return LiveEntity("room", "incident.read", load, snapshot, visible, left=left)
