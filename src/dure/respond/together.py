"""What many people share in one room: tasks, roles, decisions, attachments, and who could be given a task or a role."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.respond import decisions, reading, roles
from dure.respond.attachments import keeping
from dure.respond.policy import scope_of
from dure.respond.tasks import reading as tasks
from dure.respond.types import TYPES
from dure.respond.views import Reader
from dure.trust.principal import Principal

_PEOPLE = text(
    "select a.id, a.label, a.agency_id, coalesce(a.agency_id, (select h.role from held_roles(a.id, :now) h "
    "where h.role in ('police', 'fire', 'disaster') order by 1 limit 1)) as desk, "
    "array(select distinct h.role from held_roles(a.id, :now) h order by 1) as roles "
    "from account a where a.state = 'active' order by a.label, a.id limit 2000"
)
_HANDLE = frozenset({"admin", "operator", "shift_lead"})


async def parts(tx: Tx, principal: Principal, incident_id: UUID, reader: Reader) -> dict[str, Any]:
    """The shared parts of an incident as the reader sees them."""
    incident = await reading.one(tx, incident_id, scope_of(principal, TYPES))
    return {
        "tasks": await tasks.of_incident(tx, principal, incident, reader),
        "roles": await roles.of_incident(tx, incident_id),
        "decisions": await decisions.of_incident(tx, incident_id),
        "attachments": await keeping.of_incident(tx, principal, incident_id),
    }


async def people(tx: Tx, principal: Principal, incident_id: UUID) -> dict[str, Any]:
    """Whom a task or a role may go to: the control room, and the agencies that see the incident. Labels of desks only;
    who acts for an agency is shown their own colleagues and the control room.
    """
    incident = await reading.one(tx, incident_id, scope_of(principal, TYPES))
    seeing: dict[str, bool] = {}
    found = []
    for row in await tx.rows(_PEOPLE, {"now": tx.now()}):
        control, desk = bool(_HANDLE & set(row["roles"])), row["desk"]
        if desk is not None and desk not in seeing:
            seeing[desk] = await tasks.sees(tx, incident, desk)
        if control or (desk is not None and seeing[desk]):
            person = {"actor": f"account:{row['id']}", "name": row["label"], "agency": desk, "control": control}
            found.append(person)
    agencies = [
        {"id": row["id"], "name": row["name"], "name_en": row["name_en"]}
        for row in await tx.rows(text("select id, name, name_en from agency order by name, id limit 500"))
        if await tasks.sees(tx, incident, row["id"])
    ]
    return {"people": found, "agencies": agencies, "roles": sorted(tasks.ROLES)}


async def person(tx: Tx, actor: str) -> Any:
    """An account that may be given something: id, label, desk. Raises Invalid."""
    return await tasks.account(tx, actor)
