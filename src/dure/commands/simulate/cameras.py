"""Simulated cameras: they speak RTSP over a socket, and nothing is encoded while nobody watches.

`dure simulate cameras` serves them until it is ended; `dure up --sample` serves them by itself, in the relay's process.
"""

import asyncio
import os
import signal

from dure.city.sample import pictures
from dure.commands.simulate.rtsp import Cameras
from dure.commands.simulate.telling import Teller
from dure.engine.context import Context
from dure.engine.database import Database

SWITCH = "DURE_SAMPLE_CAMERAS"
"""Set to 1 by `dure up --sample`."""
RECORDED = "DURE_SAMPLE_RECORDED"
"""How many of the sample's cameras are recorded from the beginning; 5 where it is not set."""


async def opened(database: Database, cameras: Cameras, count: int | None = None) -> tuple[int, int]:
    """Begin to serve, on the port of before where it is free, and register the sample's cameras there: the port, and
    how many were told anew.
    """
    async with database.transaction() as tx:
        before = await pictures.port_before(tx)
    try:
        port = await cameras.open("127.0.0.1", before or 0)
    except OSError:
        port = await cameras.open("127.0.0.1", 0)
    async with database.transaction() as tx:
        return port, await pictures.register(tx, port, count)


async def beside(context: Context) -> None:
    """The sample's cameras, for as long as the process that relays them lives."""
    cameras = Cameras()
    try:
        _port, told = await opened(context.database, cameras)
        if told:
            async with context.database.transaction() as tx:
                await pictures.record(tx, int(os.environ.get(RECORDED, "5")))
        await asyncio.Event().wait()
    finally:
        await cameras.close()


def wanted() -> bool:
    """Whether this city plays its own cameras."""
    return os.environ.get(SWITCH) == "1"


async def play(database: Database, teller: Teller, count: int | None) -> int:
    """Serve until it is ended, which is not a failure."""
    cameras = Cameras()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        port, told = await opened(database, cameras, count)
        teller.say("cameras_up", port=port, told=told)
        await stop.wait()
    finally:
        await cameras.close()
    teller.say("cameras_down")
    return 0
