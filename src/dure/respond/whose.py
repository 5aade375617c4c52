"""To whom an incident belongs, for the question who could see it."""

from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.respond import reading
from dure.respond.policy import Scope
from dure.respond.types import TYPES
from dure.trust.policy import Resource, joined
from dure.trust.roles import Role


async def incident(tx: Tx, id_: str) -> Resource:
    """The agencies that it came to or that reported it, and the desks whose field it is; those of the incident that it
    was merged into, too. Raises NotFound, and ValueError for what is no id.
    """
    row = await reading.one(tx, UUID(id_), Scope(everything=True))
    field = TYPES.kept(row["type"]).seen_by
    agencies = {*row["handed_to"], *field}
    if row["reported_by_agency"] is not None:
        agencies.add(row["reported_by_agency"])
    whose = Resource(frozenset(agencies), frozenset(Role(role) for role in field if role in set(Role)))
    if row["merged_into"] is None:
        return whose
    return joined((whose, await incident(tx, str(row["merged_into"]))))


_OF_CALLER = text(
    "select id from incident where caller_id = :person "
    "union select incident_id from report where caller_id = :person limit 100"
)


async def person(tx: Tx, id_: str) -> Resource:
    """The agencies of the incidents that a person called about."""
    rows = await tx.rows(_OF_CALLER, {"person": UUID(id_)})
    return joined([Resource(frozenset()), *[await incident(tx, str(row["id"])) for row in rows]])
