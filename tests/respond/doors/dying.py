"""A sender that a test kills: `python -m tests.respond.doors.dying <database url> <city folder>`."""

import asyncio
import sys
from pathlib import Path

from dure.engine.database import Database
from dure.respond.doors.client import Client
from dure.respond.doors.sender import Sender
from dure.trust.address import networks


async def main() -> None:
    """Send until killed."""
    url, folder = sys.argv[1:]
    out = Client(networks(["127.0.0.0/8"]))
    await Sender(Database(url, pool_size=4, folder=Path(folder)), out, "http://city/api/v1/doors").run()


if __name__ == "__main__":
    asyncio.run(main())
