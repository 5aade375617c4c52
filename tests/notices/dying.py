"""A sender that a test kills: `python -m tests.notices.dying <database url> <city folder> <gateway url>`."""

import asyncio
import sys
from pathlib import Path

from dure.engine.database import Database
from dure.notices import Channel
from dure.notices.sender import Sender, Way
from dure.notices.solapi import Solapi


async def main() -> None:
    """Send until killed."""
    url, folder, gateway = sys.argv[1:]
    provider = Solapi(gateway, "SIMULATED", "simulated-secret", "0421234567")
    ways = [Way((Channel.SMS, Channel.LMS), provider)]
    await Sender(Database(url, pool_size=4, folder=Path(folder)), ways).run()


if __name__ == "__main__":
    asyncio.run(main())
