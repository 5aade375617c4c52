"""The work process's part for a market's fire, as a process of its own: `worker.py URL FOLDER UNIX_SECONDS` by a clock
that stands at that second. It says "ready" and goes on until it is killed.
"""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from dure.engine.consumers import Runner
from dure.engine.database import Database
from dure.engine.outbox import Relay
from dure.kernel.clock import HeldClock
from dure.services.market_fire import service
from tests.services.market_fire.staged.conftest import CONSUMERS, Market


async def work(url: str, folder: Path, at: float) -> None:
    """Everything that waits, again and again."""
    service.register()
    clock = HeldClock(datetime.fromtimestamp(at, UTC))
    database = Database(url, clock=clock, folder=folder)
    relay = Relay(database, None, "urn:test")  # type: ignore[arg-type]
    await relay.take()
    market = Market(database, clock, relay, [Runner(database, one) for one in CONSUMERS])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        await market.go()
        await asyncio.sleep(0.01)


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])))
