"""A new master key: every wrapped key is wrapped by it, then the old one is destroyed. Data is not touched.

Killed at any moment, it goes on from there when it is asked again; other processes read and write meanwhile.
"""

from collections.abc import Callable

from sqlalchemy import text

from dure.engine.database import Database
from dure.trust import audit
from dure.trust.principal import system
from dure.trust.vault.records import Vault
from dure.trust.vault.upgrading import upgrade


async def rotate(database: Database, vault: Vault, told: Callable[[int], None] = lambda _left: None) -> int:
    """Rotate, or finish a rotation that was cut off; how many keys there are. `told` hears how many are left.

    Records of the first form are upgraded before: they are sealed by what the first master key gives.
    """
    await upgrade(database, vault)
    generation = vault.keys.begin_rotation()
    async with database.transaction() as tx:
        await audit.record(tx, system("dure vault"), "vault.rotate", "vault_key", generation)
    while left := vault.keys.rewrap():
        told(left)
    while not vault.keys.end_rotation():
        vault.keys.rewrap()
    async with database.transaction() as tx:
        await tx.execute(text("update vault_state set rotated_at = :now"), {"now": tx.now()})
    return vault.keys.count()
