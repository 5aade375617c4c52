"""The process that the drills kill: the queue of runs and nothing else. `python worker.py <database url> <folder>`."""

import asyncio
import sys
from pathlib import Path

from dure.engine.database import Database
from dure.engine.jobs import Worker
from dure.respond.runs.interpreter import QUEUE


async def main(url: str, folder: str) -> None:
    """Works until it is killed."""
    database = Database(url, folder=Path(folder))

    async def report(_name: str, _waiting_s: float | None) -> None:
        """Nobody is told: the test looks for itself."""

    await Worker(database, [QUEUE]).run(report)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
