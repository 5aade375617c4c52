"""Who a manual means: agencies of the city, and groups of people whom a service knows."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.notices.model import To
from dure.respond.playbooks.model import Party, PartyKind

Find = Callable[[Tx, UUID], Awaitable[Sequence[To]]]
"""The people of a group about an incident, by its id."""

_groups: dict[str, Find] = {}


def register(group: str, find: Find) -> None:
    """Tell who the group of this id is (`owner`, `gas_duty` ...); a later one replaces it."""
    _groups[group] = find


async def agency(tx: Tx, party: Party) -> str | None:
    """The agency that is meant: by its id, or the city's first of that kind. None where there is none."""
    column = {PartyKind.AGENCY: "id", PartyKind.AGENCY_KIND: "kind"}.get(party.kind)
    if column is None:
        return None
    found = await tx.scalar(text(f"select id from agency where {column} = :id order by id limit 1"), {"id": party.id})
    return None if found is None else str(found)


async def receivers(tx: Tx, party: Party, incident_id: UUID) -> Sequence[To]:
    """Whom a notice to `party` goes to; empty where nobody can be reached by dure."""
    if party.kind is PartyKind.GROUP:
        find = _groups.get(party.id)
        return await find(tx, incident_id) if find is not None else ()
    found = await agency(tx, party)
    return () if found is None else (To(agency_id=found),)
