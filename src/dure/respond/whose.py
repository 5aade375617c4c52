"""To whom an incident belongs, for the question who could see it."""

from uuid import UUID

from dure.engine.database import Tx
from dure.respond import reading
from dure.respond.policy import Scope
from dure.respond.types import TYPES
from dure.trust.policy import Resource
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
    into = await incident(tx, str(row["merged_into"]))
    return Resource((whose.agencies or frozenset()) | (into.agencies or frozenset()), whose.roles | into.roles)
