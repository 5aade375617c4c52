"""The headquarters (지역재난안전대책본부): who sits in it, from agencies and from associations.

A member is a seat of an organisation. Who sits there is a record of the person vault, shown masked; it is opened like
any other, with a purpose.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict
from dure.kernel.ids import new_id
from dure.respond import queries as incidents
from dure.respond.operations import queries
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.vault import Person, Vault

_LEFT = text("update operation_member set left_at = :now where id = :id and left_at is null")


async def seat(
    tx: Tx, principal: Principal, vault: Vault, operation_id: UUID, side: str, organisation: str,
    agency_id: str | None, seat: str, person: Person | None, at: datetime | None = None,
) -> UUID:  # fmt: skip
    """Seat somebody. Raises NotFound for an agency that the city has not."""
    await queries.taken(tx, operation_id)
    if agency_id is not None:
        await incidents.agency(tx, agency_id)
    id_ = new_id()
    person_id = None
    if person is not None:
        person_id, _ = await vault.put(tx, person)
    await audit.record(tx, principal, "operation.seat", "operation_member", id_, person_id=person_id)
    await queries.insert(
        tx, "operation_member",
        id=id_, operation_id=operation_id, side=side, organisation=organisation, agency_id=agency_id, seat=seat,
        person_id=person_id, joined_at=at or tx.now(), joined_by=principal.name,
    )  # fmt: skip
    await queries.touched(tx, operation_id, "members")
    return id_


async def leave(tx: Tx, principal: Principal, operation_id: UUID, member_id: UUID) -> None:
    """Somebody leaves their seat; that they had it stays. Raises NotFound, Conflict where they left before."""
    await queries.taken(tx, operation_id, closed_too=True)
    await queries.part(tx, "operation_member", "member", operation_id, member_id)
    await audit.record(tx, principal, "operation.unseat", "operation_member", member_id)
    if (await tx.execute(_LEFT, {"id": member_id, "now": tx.now()})).rowcount == 0:
        raise Conflict("respond.operations.member.left")
    await queries.touched(tx, operation_id, "members")
