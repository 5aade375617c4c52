"""What the relay finds out about cameras, told to the registry: which send no picture, and which do again."""

import asyncio
import logging

from dure.city import health
from dure.engine.context import Context
from dure.kernel.errors import Unavailable
from dure.video.relay import SMALL, Relay

log = logging.getLogger(__name__)
EVERY_S = 2.0
_AGAIN_S = 60.0


def told(found: dict[str, str | None], known: dict[str, str]) -> tuple[dict[str, str], set[str]]:
    """What is new of what was found (a trouble, or None for a camera that sends) against what has been told: troubles,
    and cameras that send again. Pure.
    """
    troubles = {id_: why for id_, why in found.items() if why is not None and known.get(id_) != why}
    well = {id_ for id_, why in found.items() if why is None and id_ in known}
    return troubles, well


async def care(context: Context, relay: Relay) -> None:
    """Tell it for as long as the process lives; what lasts is told again each minute."""
    known: dict[str, str] = {}
    rounds = 0
    while True:
        await asyncio.sleep(EVERY_S)
        rounds += 1
        found = {id_: why for id_, why in relay.troubles.items() if not id_.endswith(SMALL)}
        if rounds * EVERY_S % _AGAIN_S == 0:
            known = dict.fromkeys(known, "")
        troubles, well = told(found, known)
        if not troubles and not well:
            continue
        try:
            async with context.database.transaction() as tx:
                await health.note(tx, troubles, well)
        except Unavailable as error:
            log.warning("health of cameras waits: %s", error)
            continue
        known = {**{id_: why for id_, why in known.items() if id_ not in well}, **troubles}
