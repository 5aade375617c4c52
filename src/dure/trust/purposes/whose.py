"""To whom a person belongs by the ledger: the offices that have a standing purpose for them."""

from uuid import UUID

from dure.engine.database import Tx
from dure.trust.policy import Resource
from dure.trust.purposes import queries


async def person(tx: Tx, id_: str) -> Resource:
    """The offices of the standing entries; every office where one is for any. Raises ValueError for what is no id."""
    rows = await tx.rows(queries.OFFICES, {"person_id": UUID(id_), "now": tx.now()})
    found = {row["agency_id"] for row in rows}
    return Resource() if None in found else Resource(frozenset(found))
