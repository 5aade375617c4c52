"""To whom things of the city belong, for the question who could see them: an import to its agency, the rest to all."""

from uuid import UUID

from sqlalchemy import text

from dure.city import cameras, devices
from dure.city.imports import runs
from dure.engine.database import Tx
from dure.trust.policy import Resource
from dure.trust.roles import RESPONDERS, Role


async def camera(tx: Tx, id_: str) -> Resource:
    """The city's. Raises NotFound."""
    await cameras.detail(tx, id_)
    return Resource()


async def device(tx: Tx, id_: str) -> Resource:
    """The city's. Raises NotFound."""
    await devices.device_of(tx, id_)
    return Resource()


async def import_run(tx: Tx, id_: str) -> Resource:
    """The agency that gave the file. Raises NotFound, and ValueError for what is no id."""
    run = await runs.run_of(tx, UUID(id_))
    return Resource(frozenset({run["agency_id"]}))


_KEPT = text(
    "select exists (select from asset where person_id = :person) as owns, "
    "exists (select from care_person where person_id = :person) as cared_for"
)


async def person(tx: Tx, id_: str) -> Resource:
    """Who keeps a stall is whom responders call; who is cared for is welfare's, and whom responders look for."""
    row = await tx.row(_KEPT, {"person": UUID(id_)})
    assert row is not None
    roles = frozenset[Role]()
    if row["owns"] or row["cared_for"]:
        roles |= RESPONDERS
    if row["cared_for"]:
        roles |= {Role.WELFARE}
    return Resource(frozenset(), roles)
