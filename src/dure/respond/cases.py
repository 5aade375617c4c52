"""Incidents as cases: what a coded purpose names when a person's record is opened, and what readers of the audit log
know them by.
"""

from collections.abc import Collection, Mapping
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
_NUMBERS = text("select id::text as id, receipt_no from incident where id = any(:ids)")
_MEANT = text(
    """
    with recursive meant as (
      select id, 0 as far from incident
      where receipt_no = :named or external_ref = :named or id = cast(:id as uuid)
      union select i.id, far + 1 from incident i join meant m on i.merged_into = m.id where far < 20
    )
    select id::text as id from meant group by id order by min(far), id limit 1000
    """
)


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


def _id(named: str) -> UUID | None:
    try:
        return UUID(named)
    except ValueError:
        return None


async def _numbers(tx: Tx, ids: Collection[str]) -> Mapping[str, str]:
    """Receipt numbers by id."""
    known = [found for one in ids if (found := _id(one)) is not None]
    rows = await tx.rows(_NUMBERS, {"ids": known}) if known else []
    return {row["id"]: row["receipt_no"] for row in rows}


async def _meant(tx: Tx, named: str) -> list[str]:
    """The incident of this receipt number, id, or number that its reporter gave it; then those that went into it."""
    return [row["id"] for row in await tx.rows(_MEANT, {"named": named, "id": _id(named)})]


INCIDENT = CaseKind("incident", _find, _numbers, _meant)
