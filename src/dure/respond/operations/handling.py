"""What is done with an operation: begun, its incidents grouped, the crisis level moved, casualties and measures told,
ended.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.kernel.errors import Conflict, FieldError, Invalid, NotFound
from dure.kernel.events import Event
from dure.kernel.ids import new_id
from dure.kernel.severity import Severity
from dure.respond import queries as incidents
from dure.respond import timeline
from dure.respond.changes import changed
from dure.respond.operations import model, queries
from dure.respond.operations.model import Change, Consulted, Standing
from dure.respond.policy import scope_of
from dure.respond.timeline import Entry
from dure.respond.types import TYPES
from dure.trust import audit
from dure.trust.principal import Principal

TOLL = ("dead", "missing", "serious", "minor", "evacuated")
"""사망, 실종, 중상, 경상, 대피."""
_STANDING_IN = text(
    "select o.id, o.number from operation_incident g join operation o on o.id = g.operation_id "
    "where g.incident_id = :id and g.removed_at is null"
)
_REMOVE = text(
    "update operation_incident set removed_at = :now, removed_by = :by "
    "where operation_id = :operation and incident_id = :id and removed_at is null"
)
_LAST_LEVEL = text("select coalesce(max(seq), 0) from operation_level where operation_id = :id")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an operation begins with; `kind` is a type of incidents."""

    name: str
    kind: str
    mode: str
    place: str
    summary: str
    incident_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class LevelWanted:
    """A change of the crisis level: to what (None lifts it), why, on what ground, by which office, since when."""

    level: Severity | None
    reason: str
    ground: str
    issued_by: str
    at: datetime | None
    consulted: Consulted | None


async def begin(tx: Tx, principal: Principal, wanted: Wanted) -> UUID:
    """Open an operation with its first incidents. Raises as `add`."""
    id_ = new_id()
    year = tx.now().astimezone(ZoneInfo(city_zone())).year
    number = f"OP{year}-{await queries.next_number(tx, year):03d}"
    await audit.record(tx, principal, "operation.open", "operation", id_)
    await queries.insert(
        tx, "operation",
        id=id_, number=number, name=wanted.name, kind=TYPES.kept(wanted.kind).id, mode=wanted.mode, place=wanted.place,
        summary=await queries.sealed(tx, id_, "operation.summary", wanted.summary), status="open", opened_at=tx.now(),
        opened_by=principal.name, updated_at=tx.now(),
    )  # fmt: skip
    await tx.emit(Event(queries.OPENED, "operation", str(id_), 1))
    if wanted.incident_ids:
        await add(tx, principal, id_, wanted.incident_ids)
    return id_


async def describe(
    tx: Tx, principal: Principal, operation_id: UUID, name: str, place: str, summary: str, expected: int | None
) -> None:
    """Name and describe it anew."""
    await queries.taken(tx, operation_id, expected)
    await audit.record(tx, principal, "operation.describe", "operation", operation_id)
    kept = await queries.sealed(tx, operation_id, "operation.summary", summary)
    await queries.touched(tx, operation_id, "described", name=name, place=place, summary=kept)


async def add(tx: Tx, principal: Principal, operation_id: UUID, incident_ids: tuple[UUID, ...]) -> None:
    """Group incidents under it. One that is there already stays. Raises NotFound for an incident that `principal` may
    not know of, Conflict where it stands in another operation, was merged away or is of another mode.
    """
    row = await queries.taken(tx, operation_id)
    for incident_id in dict.fromkeys(incident_ids):
        incident, root = await incidents.locked_with_root(tx, incident_id)
        scope = scope_of(principal, TYPES)
        handed = [] if scope.everything else await incidents.handed_to(tx, root["id"])
        if not scope.covers(root["type"], handed, root["reported_by_agency"]):
            raise NotFound("respond.incident.unknown")
        if incident["merged_into"] is not None:
            raise Conflict("respond.incident.merged", receipt_no=root["receipt_no"])
        if incident["mode"] != row["mode"]:
            raise Conflict("respond.operations.mode", receipt_no=incident["receipt_no"])
        other = await tx.row(_STANDING_IN, {"id": incident_id})
        if other is not None and other["id"] == operation_id:
            continue
        if other is not None:
            raise Conflict("respond.operations.grouped", receipt_no=incident["receipt_no"], number=other["number"])
        await audit.record(tx, principal, "operation.group", "operation", operation_id, case=incident_id)
        await queries.insert(
            tx, "operation_incident",
            id=new_id(), operation_id=operation_id, incident_id=incident_id, added_at=tx.now(), added_by=principal.name,
        )  # fmt: skip
        told = {"number": row["number"], "name": row["name"]}
        await timeline.add(tx, incident_id, Entry.MERGE, "operation_joined", told, actor=principal.name)
        await changed(tx, incident_id, "operation")
    await queries.touched(tx, operation_id, "incidents")


async def remove(tx: Tx, principal: Principal, operation_id: UUID, incident_id: UUID) -> None:
    """Take an incident out. Raises NotFound where it is not in it."""
    row = await queries.taken(tx, operation_id)
    await audit.record(tx, principal, "operation.ungroup", "operation", operation_id, case=incident_id)
    values = {"operation": operation_id, "id": incident_id, "now": tx.now(), "by": principal.name}
    if (await tx.execute(_REMOVE, values)).rowcount == 0:
        raise NotFound("respond.operations.incident.unknown")
    told = {"number": row["number"], "name": row["name"]}
    await timeline.add(tx, incident_id, Entry.MERGE, "operation_left", told, actor=principal.name)
    await changed(tx, incident_id, "operation")
    await queries.touched(tx, operation_id, "incidents")


async def level(tx: Tx, principal: Principal, operation_id: UUID, wanted: LevelWanted) -> Change:
    """Issue, raise, lower or lift the crisis level; every change is kept.

    Raises as `model.moved`, and Invalid where 심각 comes or goes and nobody said how the ministry was consulted.
    """
    row = await queries.taken(tx, operation_id)
    before = None if row["level"] is None else Severity(row["level"])
    at = tx.now() if wanted.at is None else wanted.at
    change = model.moved(Standing(before, row["level_since"]), wanted.level, at, tx.now())
    asked = model.asks_consultation(before, wanted.level)
    if asked and wanted.consulted is None:
        raise Invalid("engine.fields.wrong", fields=[FieldError("consulted", "respond.operations.level.consult")])
    id_ = new_id()
    await audit.record(tx, principal, f"operation.level_{change.value}", "operation", operation_id)
    await queries.insert(
        tx, "operation_level",
        id=id_, operation_id=operation_id, seq=await tx.scalar(_LAST_LEVEL, {"id": operation_id}) + 1,
        change=change.value, before=row["level"], after=wanted.level, at=at, issued_by=wanted.issued_by,
        ground=wanted.ground, reason=await queries.sealed(tx, operation_id, "operation_level.reason", wanted.reason),
        consulted=wanted.consulted if asked else None,
        consulted_at=tx.now() if asked and wanted.consulted is Consulted.BEFORE else None,
        told_at=tx.now(), told_by=principal.name,
    )  # fmt: skip
    await queries.touched(tx, operation_id, "level", level=wanted.level, level_since=at)
    return change


async def consulted(tx: Tx, principal: Principal, operation_id: UUID, level_id: UUID) -> None:
    """The ministry was consulted after an urgent change. Raises NotFound, Conflict where nothing waits."""
    await queries.taken(tx, operation_id, closed_too=True)
    row = await queries.part(tx, "operation_level", "level", operation_id, level_id, lock=True)
    if row["consulted"] != Consulted.LATER or row["consulted_at"] is not None:
        raise Conflict("respond.operations.level.no_consultation")
    await audit.record(tx, principal, "operation.consulted", "operation", operation_id)
    await queries.update(tx, "operation_level", level_id, consulted_at=tx.now())
    await queries.touched(tx, operation_id, "level")


async def toll(
    tx: Tx, principal: Principal, operation_id: UUID, figures: dict[str, int | None], as_of: datetime, source: str
) -> None:
    """Casualties as of a time, by a source. Raises Invalid for a time that lies ahead, or where nothing is told."""
    await queries.taken(tx, operation_id, closed_too=True)
    if as_of > tx.now():
        raise Invalid("engine.fields.wrong", fields=[FieldError("as_of", "respond.operations.ahead")])
    if all(value is None for value in figures.values()):
        raise Invalid("engine.fields.wrong", fields=[FieldError("dead", "respond.operations.toll.empty")])
    await audit.record(tx, principal, "operation.toll", "operation", operation_id)
    await queries.insert(
        tx, "operation_toll", id=new_id(), operation_id=operation_id, as_of=as_of, source=source, told_at=tx.now(),
        told_by=principal.name, **{name: figures.get(name) for name in TOLL},
    )  # fmt: skip
    await queries.touched(tx, operation_id, "toll")


async def entry(
    tx: Tx, principal: Principal, operation_id: UUID, kind: str, words: str, agency_id: str | None, at: datetime | None
) -> None:
    """A measure taken, or a request made (to an agency, where one is named). Raises NotFound for an agency."""
    await queries.taken(tx, operation_id)
    if at is not None and at > tx.now():
        raise Invalid("engine.fields.wrong", fields=[FieldError("at", "respond.operations.ahead")])
    if agency_id is not None:
        await incidents.agency(tx, agency_id)
    await audit.record(tx, principal, f"operation.{kind}", "operation", operation_id)
    await queries.insert(
        tx, "operation_entry",
        id=new_id(), operation_id=operation_id, kind=kind, agency_id=agency_id,
        words=await queries.sealed(tx, operation_id, "operation_entry.words", words),
        state="open" if kind == "request" else None, at=at or tx.now(), told_by=principal.name,
    )  # fmt: skip
    await queries.touched(tx, operation_id, kind)


async def answer(tx: Tx, principal: Principal, operation_id: UUID, entry_id: UUID, state: str, words: str) -> None:
    """What became of a request. Raises NotFound, Conflict where it is answered already."""
    await queries.taken(tx, operation_id)
    row = await queries.part(tx, "operation_entry", "entry", operation_id, entry_id, lock=True)
    if row["state"] != "open":
        raise Conflict("respond.operations.entry.answered")
    await audit.record(tx, principal, "operation.request_answer", "operation", operation_id)
    kept = await queries.sealed(tx, operation_id, "operation_entry.answer", words)
    said = {"answer": kept, "answered_at": tx.now(), "answered_by": principal.name}
    await queries.update(tx, "operation_entry", entry_id, state=state, **said)
    await queries.touched(tx, operation_id, "request")


async def close(tx: Tx, principal: Principal, operation_id: UUID, reason: str, expected: int | None) -> None:
    """End it. Raises Conflict while a crisis level stands: it is lifted first."""
    row = await queries.taken(tx, operation_id, expected)
    if row["level"] is not None:
        raise Conflict("respond.operations.level.stands")
    await audit.record(tx, principal, "operation.close", "operation", operation_id)
    kept = await queries.sealed(tx, operation_id, "operation.close_reason", reason)
    values = {"status": "closed", "closed_at": tx.now(), "closed_by": principal.name, "close_reason": kept}
    await queries.touched(tx, operation_id, "closed", **values)


async def reopen(tx: Tx, principal: Principal, operation_id: UUID, expected: int | None) -> None:
    """Go on with it. Raises Conflict where it runs."""
    row = await queries.taken(tx, operation_id, expected, closed_too=True)
    if row["status"] == "open":
        raise Conflict("respond.operations.open")
    await audit.record(tx, principal, "operation.reopen", "operation", operation_id)
    values = {"status": "open", "closed_at": None, "closed_by": None, "close_reason": None}
    await queries.touched(tx, operation_id, "reopened", **values)
