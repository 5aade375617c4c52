"""One transaction of a command, in a city that runs or stands still."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from dure.engine.database import Tx

T = TypeVar("T")


def in_city(data: Path | None, act: "Callable[[Tx], Awaitable[T]]") -> T:
    """What `act` gives, done in a transaction of its own; `data` is the city's folder (None: the usual one).

    Raises PostgresFailed or EngineMissing where the database cannot be had, and what `act` raises.
    """
    from dure.engine.database import Database
    from dure.engine.servers.access import database_url
    from dure.engine.servers.place import Place, default_folder

    place = Place(data or default_folder())

    async def once(url: str) -> T:
        database = Database(url, pool_size=1, folder=place.folder)
        try:
            async with database.transaction() as tx:
                return await act(tx)
        finally:
            await database.close()

    with database_url(place) as url:
        return asyncio.run(once(url))
