"""Reports from 112, 119, bells, analytics, citizens and operators: with or without coordinates, often more than one
of a thing.

The same call (source and external reference) is one incident for ever. Any other report opens an incident with its
own receipt number; where `joining` says it is safe, that merges into the one that stands, reversibly, and else it is
suggested.
"""

from dataclasses import dataclass
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.geometry import LonLat
from dure.kernel.ids import new_id
from dure.kernel.severity import Severity
from dure.respond import cameras, clocks, merging, opening, places, queries, timeline
from dure.respond.changes import changed, taken
from dure.respond.joining import Likeness, Spot, Standing, likeness
from dure.respond.merging import Merger
from dure.respond.model import Mode, Source, Status
from dure.respond.opening import Opening, Place
from dure.respond.policy import desk_of
from dure.respond.timeline import Entry
from dure.respond.types import TYPES, IncidentType, Moment
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.vault import Person, Vault, texts


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody tells. `caller` goes to the vault; `description` is free text and stays out of events and logs."""

    kind: IncidentType
    source: Source
    description: str
    mode: Mode = Mode.REAL
    severity: Severity | None = None
    external_ref: str | None = None
    at: LonLat | None = None
    address: str | None = None
    caller: Person | None = None

    def digest(self, tx: Tx) -> bytes:
        """What was said as a number, to tell the same told twice from news."""
        return texts.same(tx, msgspec.json.encode((self.kind.id, self.description, self.at, self.address)))


@dataclass(frozen=True, slots=True)
class Received:
    """The incident that a report is now part of, and whether this opened one."""

    incident_id: UUID
    opened: bool


async def receive(tx: Tx, principal: Principal, report: Report, vault: Vault) -> Received:
    """Take a report in; the incident to show, which is another's when the report merged into it."""
    if report.external_ref is not None:
        await queries.lock_reference(tx, report.source, report.external_ref)
        known = await tx.scalar(
            text("select incident_id from call_reference where source = :source and external_ref = :ref"),
            {"source": report.source.value, "ref": report.external_ref},
        )
        if known is not None:
            return Received(await _again(tx, principal, known, report, vault), opened=False)
    place = await places.resolve(tx, report.at, report.address)
    await queries.lock_group(tx, report.kind.merge_group, report.mode)
    incident_id = await _open(tx, principal, report, place, await _caller(tx, report, vault))
    into = await _merged_by_rule(tx, incident_id, report, place.spot)
    return Received(into or incident_id, opened=True)


async def _open(tx: Tx, principal: Principal, report: Report, place: Place, caller_id: UUID | None) -> UUID:
    opened = Opening(
        kind=report.kind,
        severity=report.severity or report.kind.severity,
        mode=report.mode,
        source=report.source,
        place=place,
        signal_at=tx.now(),
        description=report.description,
        external_ref=report.external_ref,
        caller_id=caller_id,
        reported_by_agency=desk_of(principal),
        counts={"report_count": 1},
    )
    incident_id = await opening.open_incident(tx, opened)
    await _keep(tx, principal, incident_id, report, caller_id)
    if report.external_ref is not None:
        reference = {"source": report.source.value, "external_ref": report.external_ref, "incident_id": incident_id}
        await queries.insert(tx, "call_reference", [reference])
    await timeline.add(
        tx, incident_id, Entry.REPORT, "opened_by_report", {"source": report.source}, actor=principal.name
    )
    if place.at is None:
        await timeline.add(tx, incident_id, Entry.PLACE, "not_located", {"n": len(place.candidates)})
    await opening.begin_work(tx, incident_id, opened)
    await audit.record(tx, principal, "incident.report", "incident", incident_id)
    return incident_id


async def _merged_by_rule(tx: Tx, incident_id: UUID, report: Report, spot: Spot) -> UUID | None:
    """Merge the new incident into the oldest that is safely the same; that one, or None."""
    found = await queries.nearby(tx, report.kind, report.mode, spot, tx.now())
    mine = next((one for one in found if one.id == incident_id), None)
    if mine is None:
        return None
    safe = [one for one in found if likeness(mine, one) is Likeness.SAFE]
    for candidate in sorted(safe, key=_age):
        target = await queries.locked(tx, candidate.id)
        if target["merged_into"] is None and target["status"] != Status.CLOSED:
            row = await queries.locked(tx, incident_id)
            await merging.join(tx, row, target, Merger("", by_rule=True))
            return candidate.id
    return None


def _age(incident: Standing) -> tuple[object, UUID]:
    return incident.opened_at, incident.id


async def _again(tx: Tx, principal: Principal, incident_id: UUID, report: Report, vault: Vault) -> UUID:
    """The same call once more: count it, or keep what it adds; news of the place locates an incident that had none."""
    row, root = await queries.locked_with_root(tx, incident_id)
    told_before = await tx.scalar(
        text("update report set times = times + 1 where incident_id = :id and digest = :digest returning id"),
        {"id": incident_id, "digest": report.digest(tx)},
    )
    if told_before is not None:
        await timeline.fold(
            tx, incident_id, Entry.REPORT, "report_repeated", {"source": report.source}, group=f"repeated:{told_before}"
        )
        await changed(tx, incident_id, "report")
    else:
        await _keep(tx, principal, incident_id, report, await _caller(tx, report, vault))
        await timeline.add(
            tx,
            incident_id,
            Entry.REPORT,
            "report_added",
            {"source": report.source},
            actor=principal.name,
            words=report.description,
        )
        await changed(tx, incident_id, "report", report_count=row["report_count"] + 1)
        if not row["located"] and row["status"] != Status.CLOSED:
            place = await places.resolve(tx, report.at, report.address)
            if place.at is not None:
                await _locate(tx, row, place, None)
    await audit.record(tx, principal, "incident.report", "incident", incident_id)
    root_id: UUID = root["id"]
    return root_id


async def _keep(tx: Tx, principal: Principal, incident_id: UUID, report: Report, caller_id: UUID | None) -> None:
    await queries.insert(
        tx,
        "report",
        [
            {
                "id": new_id(),
                "incident_id": incident_id,
                "source": report.source.value,
                "external_ref": report.external_ref,
                "type": report.kind.id,
                "description": await texts.sealed(tx, incident_id, "report.description", report.description),
                "lon": report.at.lon if report.at else None,
                "lat": report.at.lat if report.at else None,
                "address": report.address,
                "caller_id": caller_id,
                "digest": report.digest(tx),
                "received_at": tx.now(),
                "received_by": principal.name,
            }
        ],
    )


async def _caller(tx: Tx, report: Report, vault: Vault) -> UUID | None:
    if report.caller is None:
        return None
    return (await vault.put(tx, report.caller))[0]


async def locate(tx: Tx, principal: Principal, incident_id: UUID, place: Place, expected: int | None = None) -> None:
    """Say where it is, or correct it; cameras are chosen anew. Raises as `changes.taken`."""
    row = await taken(tx, principal, incident_id, expected)
    await _locate(tx, row, place, principal.name)
    await audit.record(tx, principal, "incident.locate", "incident", incident_id)


async def _locate(tx: Tx, row: RowMapping, place: Place, actor: str | None) -> None:
    assert place.at is not None
    kind = TYPES.kept(row["type"])
    await clocks.moment(tx, row["id"], kind, Moment.LOCATED, tx.now())
    name = "relocated" if row["located"] else "located"
    await timeline.add(tx, row["id"], Entry.PLACE, name, {"place": place.name or place.address or ""}, actor=actor)
    await cameras.choose(tx, row["id"], kind, place.at, actor=actor)
    await changed(tx, row["id"], "place", **place.columns())
