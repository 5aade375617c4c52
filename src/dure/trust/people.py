"""People of the vault, as other desks see them: masked, and found by whole name or number."""

from uuid import UUID

from dure.engine.database import Tx
from dure.kernel.errors import NotFound
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.vault import Person, Vault


async def masked(tx: Tx, vault: Vault, person_id: UUID) -> Person:
    """What may be shown of a person without opening. Raises NotFound."""
    found = await vault.masked(tx, [person_id])
    if person_id not in found:
        raise NotFound("trust.person.unknown")
    return found[person_id]


async def find(tx: Tx, vault: Vault, principal: Principal, field: str, value: str) -> dict[UUID, Person]:
    """The people with exactly this name or number, masked. Looking for somebody is recorded, whom is not."""
    found = (await vault.find(tx, field, value))[:100]
    await audit.record(tx, principal, "person.find", "person", f"{field}: {len(found)}")
    return await vault.masked(tx, found)
