"""The process that the drills kill: the queue of runs and nothing else."""

import asyncio
from pathlib import Path

from dure.engine.database import Database
from dure.engine.jobs import Worker
from dure.respond.runs.interpreter import QUEUE


def work(url: str, folder: str) -> None:
    """Works until it is killed."""
    asyncio.run(_work(url, folder))


async def _work(url: str, folder: str) -> None:
    database = Database(url, folder=Path(folder))

    async def report(_name: str, _waiting_s: float | None) -> None:
        """Nobody is told: the test looks for itself."""

    await Worker(database, [QUEUE]).run(report)
