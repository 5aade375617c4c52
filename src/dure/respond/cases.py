"""Incidents as cases: what a coded purpose names when a person's record is opened."""

from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.errors import NotFound
from dure.respond import reading
from dure.respond.policy import scope_of
from dure.respond.types import TYPES
from dure.trust.principal import Principal
from dure.trust.purposes.cases import CaseKind
from dure.trust.purposes.model import Case

_BY_NUMBER = text("select id from incident where receipt_no = :number")


async def _find(tx: Tx, principal: Principal, named: str) -> Case | None:
    """The incident of this id or receipt number, where the asker sees it; one that was merged ends with the one it went
    into.
    """
    incident_id = await tx.scalar(_BY_NUMBER, {"number": named})
    try:
        row = await reading.one(tx, incident_id or UUID(named), scope_of(principal, TYPES))
        if row["merged_into"] is not None:
            row = await reading.one(tx, row["merged_into"], scope_of(principal, TYPES))
    except (NotFound, ValueError):
        return None
    return Case("incident", str(row["id"]), row["closed_at"])


INCIDENT = CaseKind("incident", _find)
