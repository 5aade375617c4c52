"""What the ways in leave behind is deleted once it is over."""

from dure.engine.database import Tx
from dure.trust.entry import guard, known, passkeys, second


async def forget_old(tx: Tx) -> None:
    """Delete counts of failures, challenges, second steps and browsers that are over."""
    for part in (guard, passkeys, second, known):
        await part.forget_old(tx)
