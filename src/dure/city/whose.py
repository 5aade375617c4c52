"""To whom things of the city belong, for the question who could see them: an import to its agency, the rest to all."""

from uuid import UUID

from dure.city import cameras, devices
from dure.city.imports import runs
from dure.engine.database import Tx
from dure.trust.policy import Resource


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
