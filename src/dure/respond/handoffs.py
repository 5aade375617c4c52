"""Hand-offs to agencies: passed on, asked to act together, told. Recorded, and answered on the agency's own screen in
dure; where an agency has a door of its own (`doors`), they go out by it besides.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.kernel.errors import Conflict, Forbidden, NotFound
from dure.kernel.ids import new_id
from dure.respond import clocks, queries, timeline
from dure.respond.changes import changed, taken
from dure.respond.doors import linked, sending
from dure.respond.doors.model import What
from dure.respond.handling import taking_up
from dure.respond.model import Act, HandoffKind, HandoffStatus, Status, after, city_day, moves_to_agency
from dure.respond.policy import desk_of, may_answer
from dure.respond.timeline import Entry
from dure.respond.types import TYPES, Moment
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.vault import texts

_LIVE = text(
    "select id from handoff where incident_id = :id and agency_id = :agency and kind = :kind and status <> 'declined'"
)
_ANSWER = text(
    "update handoff set status = :status, answered_at = :now, answered_by = :by, answer = :answer where id = :id"
)


async def hand_off(
    tx: Tx,
    principal: Principal,
    incident_id: UUID,
    agency_id: str,
    kind: HandoffKind,
    note: str,
    expected: int | None = None,
) -> UUID:
    """Hand the incident to an agency's screen; the hand-off's id.

    Raises NotFound for an unknown agency, Conflict for a closed incident or while the same hand-off stands.
    """
    row = await taken(tx, principal, incident_id, expected)
    agency = await queries.agency(tx, agency_id)
    status = after(Status(row["status"]), Act.HAND_OFF)
    if await tx.scalar(_LIVE, {"id": incident_id, "agency": agency_id, "kind": kind.value}):
        raise Conflict("respond.handoff.standing", agency=agency["name"])
    by_people = principal.kind != "system"
    handoff_id = await pass_on(tx, principal, row, agency, kind, note)
    # What a playbook passes on stays open until somebody has taken it up, here or there.
    moves = moves_to_agency(kind) and by_people
    values = {"status": status.value, **await taking_up(tx, principal, row)} if moves else {}
    await changed(tx, incident_id, "handoff", **values)
    return handoff_id


async def pass_on(
    tx: Tx, principal: Principal, incident: RowMapping, agency: RowMapping, kind: HandoffKind, note: str
) -> UUID:
    """The hand-off itself, of an incident that the caller has locked and tells of: its row, letter, line and clock.

    Raises Conflict for a closed incident.
    """
    after(Status(incident["status"]), Act.HAND_OFF)
    incident_id, now = incident["id"], tx.now()
    services = linked.services(agency["kind"], incident["type"], kind, city_day(now, city_zone()))
    handoff_id = await _sent(tx, principal, incident_id, agency, kind, note, linked.codes(services))
    await timeline.add(
        tx,
        incident_id,
        Entry.HANDOFF,
        "handed_off",
        {"kind": kind.value, **names(agency)},
        actor=None if principal.kind == "system" else principal.name,
        words=note or None,
    )
    await clocks.moment(tx, incident_id, TYPES.kept(incident["type"]), Moment.HANDED_OFF, now)
    purpose = f"{kind.value}:{agency['id']}"
    await audit.record(tx, principal, "incident.hand_off", "incident", incident_id, purpose=purpose)
    return handoff_id


async def _sent(
    tx: Tx,
    principal: Principal,
    incident_id: UUID,
    agency: RowMapping,
    kind: HandoffKind,
    note: str,
    service: str | None,
) -> UUID:
    handoff_id = new_id()
    row = {
        "id": handoff_id,
        "incident_id": incident_id,
        "agency_id": agency["id"],
        "kind": kind.value,
        "note": await texts.sealed(tx, incident_id, "handoff.note", note),
        "status": HandoffStatus.SENT.value,
        "sent_at": tx.now(),
        "sent_by": principal.name,
        "service": service,
    }
    await queries.insert(tx, "handoff", [row])
    if agency["door"]:
        await sending.post(tx, handoff_id, What.HANDOFF)
    return handoff_id


async def answer(
    tx: Tx, principal: Principal, incident_id: UUID, handoff_id: UUID, status: HandoffStatus, words: str
) -> None:
    """The agency acknowledges or declines; an operator may record it for an agency that answered by telephone.

    The same answer again changes nothing. Raises NotFound, Forbidden for another agency's hand-off, Conflict for
    another answer.
    """
    root = await taken(tx, principal, incident_id, merged_too=True)
    row = await tx.row(
        text(
            "select h.*, i.type, i.status as incident_status from handoff h join incident i on i.id = h.incident_id "
            "where h.id = :id and (i.id = :incident or i.merged_into = :incident) for update of h"
        ),
        {"id": handoff_id, "incident": incident_id},
    )
    if row is None:
        raise NotFound("respond.handoff.unknown")
    if not may_answer(principal, row["agency_id"]):
        raise Forbidden("respond.handoff.not_yours")
    if row["status"] == status.value:
        return
    if row["status"] != HandoffStatus.SENT:
        raise Conflict("respond.handoff.answered", status=row["status"])
    answered = await texts.sealed(tx, row["incident_id"], "handoff.answer", words)
    values = {"id": handoff_id, "status": status.value, "now": tx.now(), "by": principal.name, "answer": answered}
    await tx.execute(_ANSWER, values)
    agency = await queries.agency(tx, row["agency_id"])
    seconds = round((tx.now() - row["sent_at"]).total_seconds())
    own = desk_of(principal) == row["agency_id"]
    name = f"handoff_{status.value}" if own else f"handoff_{status.value}_for"
    await timeline.add(
        tx,
        row["incident_id"],
        Entry.HANDOFF,
        name,
        {"kind": row["kind"], "seconds": seconds, **names(agency)},
        actor=principal.name,
        words=words or None,
    )
    await moved(tx, root, row, status)
    await audit.record(tx, principal, f"incident.handoff_{status.value}", "incident", incident_id)


async def moved(tx: Tx, root: RowMapping, row: RowMapping, status: HandoffStatus) -> None:
    """What an answer does to the incident: a clock stops, or it comes back when nobody took it."""
    incident_id: UUID = row["incident_id"]
    values: dict[str, Any] = {}
    if status is HandoffStatus.ACKNOWLEDGED:
        await clocks.moment(tx, incident_id, TYPES.kept(row["type"]), Moment.ANSWERED, tx.now())
        if row["incident_status"] == Status.OPEN and moves_to_agency(HandoffKind(row["kind"])):
            values["status"] = after(Status.OPEN, Act.HAND_OFF).value
    elif row["incident_status"] == Status.HANDED_OFF and not await tx.scalar(
        text("select exists (select from handoff where incident_id = :id and kind <> 'tell' and status <> 'declined')"),
        {"id": incident_id},
    ):
        values["status"] = after(Status.HANDED_OFF, Act.TAKE_BACK).value
        await timeline.add(tx, incident_id, Entry.STATE, "taken_back")
    if root["id"] != incident_id:
        await clocks.rejoin(tx, root["id"])
    await changed(tx, incident_id, "handoff", **values)


def names(agency: RowMapping) -> dict[str, str]:
    """An agency's names as the timeline keeps them, so that it reads the same after the agency is renamed."""
    return {"agency_id": agency["id"], "agency_ko": agency["name"], "agency_en": agency["name_en"]}
