"""Drills: incidents that are not earnest, and whom they may reach. Everybody else is played by who leads the drill."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Column, ForeignKey, Table, Text, Uuid, text

from dure.engine.database import Tx, metadata
from dure.notices.practice import Practice

incident_practice = Table(
    "incident_practice",
    metadata,
    Column("incident_id", Uuid, ForeignKey("incident.id", ondelete="CASCADE"), primary_key=True),
    Column("accounts", ARRAY(Uuid), nullable=False, server_default=text("'{}'")),
    Column("agencies", ARRAY(Text), nullable=False, server_default=text("'{}'")),
)
"""Who takes part in a drill. A drill without a row reaches nobody."""

_OF = text(
    "select i.mode <> 'real' as practice, p.accounts, p.agencies from incident i "
    "left join incident_practice p on p.incident_id = i.id where i.id = :id"
)
_AGENCIES = text("select agencies from incident_practice where incident_id = :id")
_PUT = text("insert into incident_practice (incident_id, accounts, agencies) values (:id, :accounts, :agencies)")


async def of(tx: Tx, incident_id: UUID) -> Practice | None:
    """Who takes part, or None where the incident is earnest (or not there)."""
    row = await tx.row(_OF, {"id": incident_id})
    if row is None or not row["practice"]:
        return None
    return Practice(frozenset(row["accounts"] or ()), frozenset(row["agencies"] or ()))


async def takes_part(tx: Tx, incident_id: UUID) -> Sequence[str] | None:
    """The agencies of a led drill; None for any other incident."""
    found: Sequence[str] | None = await tx.scalar(_AGENCIES, {"id": incident_id})
    return found


async def take_part(tx: Tx, incident_id: UUID, accounts: Sequence[UUID], agencies: Sequence[str]) -> None:
    """Name those whom a drill reaches."""
    await tx.execute(_PUT, {"id": incident_id, "accounts": list(accounts), "agencies": list(agencies)})
