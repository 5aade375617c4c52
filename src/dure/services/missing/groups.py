"""Whom the manual means by the guardian: an id of the vault, never a name."""

from collections.abc import Sequence
from uuid import UUID

from dure.engine.database import Tx
from dure.kernel.errors import NotFound
from dure.notices.model import To
from dure.respond.runs import parties
from dure.services.missing import queries

GUARDIAN = "guardian"


async def guardian(tx: Tx, incident_id: UUID) -> Sequence[To]:
    """Who has reported somebody missing, until it is over; empty before the report."""
    try:
        row = await queries.one(tx, incident_id)
    except NotFound:
        return ()
    return () if row["guardian_id"] is None else (To(row["guardian_id"]),)


def register() -> None:
    """Tell the runs of manuals who it is."""
    parties.register(GUARDIAN, guardian)
