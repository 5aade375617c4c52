"""Roles within one incident: who leads it (지휘), operates, is the agency's liaison (연락관), keeps the record (기록).
One leads and one records at a time; handing over says to whom.
"""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, Forbidden, NotFound, PreconditionFailed
from dure.kernel.ids import new_id
from dure.respond import queries, timeline
from dure.respond.changes import changed, taken
from dure.respond.model import Status
from dure.respond.timeline import Entry
from dure.trust import audit
from dure.trust.principal import Principal


class IncidentRole(StrEnum):
    """What somebody is in an incident."""

    LEAD = "lead"
    OPERATOR = "operator"
    LIAISON = "liaison"
    RECORDER = "recorder"


ONE = frozenset({IncidentRole.LEAD, IncidentRole.RECORDER})
"""Held by one at a time."""
_HELD = text("select role from incident_role where incident_id = :id and actor = :actor and until is null")
_STANDING = text(
    "select r.* from incident_role r join incident i on i.id = r.incident_id "
    "where (i.id = :id or i.merged_into = :id) order by r.until is not null, "
    "array_position(array['lead', 'operator', 'liaison', 'recorder'], r.role), r.since, r.id limit 200"
)
_NOW = text(
    "select * from incident_role where incident_id = :id and role = :role and until is null "
    "and (:one or actor = :actor) for update"
)
_END = text(
    "update incident_role set until = :now, ended_by = :by, version = version + 1 where id = :id and until is null"
)


async def held_by(tx: Tx, incident_id: UUID, actor: str) -> set[str]:
    """The roles that somebody holds in an incident."""
    return {row["role"] for row in await tx.rows(_HELD, {"id": incident_id, "actor": actor})}


async def of_incident(tx: Tx, incident_id: UUID) -> list[dict[str, Any]]:
    """Who holds which role, and who did before; those who do come first."""
    return [_shown(row) for row in await tx.rows(_STANDING, {"id": incident_id})]


def _shown(row: RowMapping) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "role": row["role"],
        "name": row["name"],
        "actor": row["actor"],
        "agency": row["agency_id"],
        "since": row["since"],
        "given_by": row["given_by"],
        "until": row["until"],
        "ended_by": row["ended_by"],
        "version": row["version"],
    }


async def give(
    tx: Tx, principal: Principal, incident_id: UUID, role: IncidentRole, to: RowMapping | None, expected: UUID | None
) -> None:
    """Give a role to an account (`to`: id, label, desk) or take it oneself; who led or recorded before hands over.

    `expected` is the holder's row that the giver had read. Raises Conflict for a closed incident, PreconditionFailed
    where somebody else holds it by now, Forbidden where an agency gives more than its own liaison.
    """
    incident = await taken(tx, principal, incident_id)
    if incident["status"] == Status.CLOSED:
        raise Conflict("respond.incident.closed")
    actor, name, desk = _person(principal, to)
    if not principal.may("incident.handle") and not (role is IncidentRole.LIAISON and desk == principal.agency_id):
        raise Forbidden("respond.role.not_yours")
    before = await tx.row(_NOW, {"id": incident_id, "role": role.value, "one": role in ONE, "actor": actor})
    if before is not None and before["actor"] == actor:
        return
    if role in ONE and expected is not None and (before is None or before["id"] != expected):
        holder = before["name"] if before is not None else "none"
        raise PreconditionFailed("respond.role.changed", name=holder, role=role.value)
    if before is not None:
        await tx.execute(_END, {"id": before["id"], "now": tx.now(), "by": principal.name})
    row = {"id": new_id(), "incident_id": incident_id, "role": role.value, "actor": actor, "name": name,
           "agency_id": desk, "since": tx.now(), "given_by": principal.name}  # fmt: skip
    await queries.insert(tx, "incident_role", [row])
    said = {"role": role.value, "name": name, "before": before["name"] if before is not None else ""}
    key = "role_handed" if before is not None else "role_taken" if actor == principal.actor else "role_given"
    await timeline.add(tx, incident_id, Entry.ROLE, key, said, actor=principal.name)
    await changed(tx, incident_id, "role")
    await audit.record(tx, principal, "incident.role_give", "incident", incident_id, purpose=f"{role.value}:{actor}")


def _person(principal: Principal, to: RowMapping | None) -> tuple[str, str, str | None]:
    if to is None:
        return principal.actor, principal.name, principal.agency_id
    return f"account:{to['id']}", to["label"], to["desk"]


async def end(tx: Tx, principal: Principal, incident_id: UUID, role_id: UUID) -> None:
    """Lay a role down, or have the control room end it. Again changes nothing. Raises NotFound, Forbidden."""
    await taken(tx, principal, incident_id, merged_too=True)
    row = await tx.row(
        text("select * from incident_role where id = :id and incident_id = :incident for update"),
        {"id": role_id, "incident": incident_id},
    )
    if row is None:
        raise NotFound("respond.role.unknown")
    if row["actor"] != principal.actor and not principal.may("incident.handle"):
        raise Forbidden("respond.role.not_yours")
    if row["until"] is not None:
        return
    await tx.execute(_END, {"id": role_id, "now": tx.now(), "by": principal.name})
    said = {"role": row["role"], "name": row["name"]}
    await timeline.add(tx, incident_id, Entry.ROLE, "role_ended", said, actor=principal.name)
    await changed(tx, incident_id, "role")
    await audit.record(tx, principal, "incident.role_end", "incident", incident_id, purpose=row["role"])
