"""Whose people are: records of another agency's people are not there for an agency's desk, masked or open."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import UUID

from fastapi import Request

from dure.engine.database import Tx
from dure.kernel.errors import NotFound
from dure.trust.policy import Grants, Resource, joined, within
from dure.trust.principal import Principal

Find = Callable[[Tx, str], Awaitable[object]]
Finders = Mapping[str, Sequence[Find]]


def finders_of(request: Request) -> Finders:
    """What the rooms contribute: by the name of an entity, who knows to whom one of them belongs."""
    found: Finders = getattr(request.app.state, "whose", {})
    return found


async def whose(tx: Tx, finders: Finders, entity: str, id_: str) -> Resource:
    """To whom one thing belongs, by all rooms that know. Where none keeps such things, belonging means nothing. Raises
    NotFound where a room has no such thing, ValueError for what is no id.
    """
    parts = [await find(tx, id_) for find in finders.get(entity, ())]
    return joined(part for part in parts if isinstance(part, Resource)) if parts else Resource()


async def people(request: Request, tx: Tx, who: Principal, permission: str, ids: Sequence[UUID]) -> list[UUID]:
    """Those of `ids` whom `who` may know of: everybody for the control room, for an agency's desk its own cases."""
    grants: Grants = request.app.state.grants
    finders = finders_of(request)
    return [one for one in ids if within(who, permission, await whose(tx, finders, "person", str(one)), grants)]


async def check_person(request: Request, tx: Tx, who: Principal, permission: str, person_id: UUID) -> None:
    """Raises NotFound for a person of another agency, as for one that is not there."""
    if not await people(request, tx, who, permission, [person_id]):
        raise NotFound("trust.person.unknown")
