"""What the work process does for the vault: finish destructions that a crash cut off, and upgrade what is of the first
form.
"""

import logging

from dure.engine.context import Context
from dure.trust.vault import erasing, linking
from dure.trust.vault.records import at
from dure.trust.vault.upgrading import upgrade

log = logging.getLogger(__name__)
FINISH_EVERY_S = 10
LOOK_EVERY_S = 300


async def finish(context: Context) -> None:
    """Destructions that were ordered and not carried out yet."""
    async with context.database.transaction() as tx:
        await erasing.finish(tx, at(context.settings.data))


async def look(context: Context) -> None:
    """Records and words of an earlier form are upgraded, once; then likely doubles among people are looked for."""
    vault = at(context.settings.data)
    upgraded = await upgrade(context.database, vault)
    if upgraded:
        log.info("%d rows of an earlier form of the vault were upgraded", upgraded)
    async with context.database.transaction() as tx:
        await linking.look(tx, vault)
