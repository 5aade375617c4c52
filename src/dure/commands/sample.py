"""`dure up --sample`: fills an empty city with 한빛시."""

import asyncio
from pathlib import Path

from dure.city.sample.load import is_empty, load
from dure.city.sample.make import make_city
from dure.commands.speech import message, write_error
from dure.engine.database import Database
from dure.respond.queries import begin_numbers_with
from dure.respond.shifts.sample import man
from dure.trust import vault

CITY_CODE = "HB"
"""What the sample city's receipt numbers begin with."""


def empty(url: str) -> bool:
    """Whether the city behind `url` has nothing in it yet."""
    return asyncio.run(_empty(url))


async def _empty(url: str) -> bool:
    database = Database(url, pool_size=1)
    try:
        async with database.transaction() as tx:
            return await is_empty(tx)
    finally:
        await database.close()


def fill(url: str, folder: Path) -> bool:
    """Fill the city behind `url`, whose secrets are in `folder`; False, and a line that says so, where it is not
    empty."""
    return asyncio.run(_fill(url, folder))


async def _fill(url: str, folder: Path) -> bool:
    database = Database(url, pool_size=1, folder=folder)
    try:
        async with database.transaction() as tx:
            if not await is_empty(tx):
                write_error(message("cli.up.sample_not_empty"))
                return False
            write_error(message("cli.up.sampling"))
            await load(tx, make_city(), vault.at(folder))
            await begin_numbers_with(tx, CITY_CODE)
            await man(tx)
            return True
    finally:
        await database.close()
