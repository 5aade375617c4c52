"""What the ways in leave behind is deleted once it is over."""

from dure.engine.database import Tx
from dure.trust.entry import guard, known, passkeys, second
from dure.trust.entry.sso import ending, flow


async def forget_old(tx: Tx) -> None:
    """Delete counts of failures, challenges, second steps, attempts and browsers that are over."""
    for part in (guard, passkeys, second, known, flow, ending):
        await part.forget_old(tx)
