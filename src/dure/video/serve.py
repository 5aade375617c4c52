"""The relay's parts put together for one city."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from dure.engine.context import Context
from dure.trust import vault
from dure.trust.who.watch import Watch, watch_of
from dure.video import health, small
from dure.video.doors import Door, Judge
from dure.video.policy import camera_networks
from dure.video.relay import Find, Relay
from dure.video.source import NoPicture, Trouble, located


def finder(context: Context) -> Find:
    """Finds each camera's address in the registry when it is fetched. Raises ValueError for a setting of networks that
    is none.
    """
    allowed = camera_networks(context.settings.camera_networks)

    async def find(camera_id: str) -> str:
        async with context.database.transaction() as tx:
            address = await small.address_of(tx, vault.at(context.settings.data), camera_id)
        if address is None:
            raise NoPicture(Trouble.NO_ADDRESS)
        return await located(address, allowed)

    return find


def relay_of(context: Context) -> Relay:
    """The relay of a city. Raises ValueError, as `finder` does."""
    return Relay(finder(context))


def application(
    context: Context, judge: Judge, watch: Watch | None = None
) -> tuple[Door, Relay, Coroutine[Any, Any, None]]:
    """The door (ASGI), the relay behind it, and what must run beside them. `judge` says which rights still have their
    reason, `watch` looks after who may go on.
    """
    relay = relay_of(context)
    door = Door(context, relay, watch or watch_of(context), judge)
    return door, relay, _care(context, door, relay)


async def _care(context: Context, door: Door, relay: Relay) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(door.look_after())
        group.create_task(door.veils.care(context))
        group.create_task(health.care(context, relay))
