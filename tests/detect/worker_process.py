"""A process that works shard 0, for tests that kill it: `python -m tests.detect.worker_process` with DURE_* set."""

import asyncio
import logging

from dure.detect import worker
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import from_environment
from dure.engine.stream import Stream
from dure.engine.texts import catalogue


async def main() -> None:
    """Work until killed. Snapshots come often, so that kills fall between them and within; the wall clock stands still,
    so that the packs alone decide what is expected."""
    logging.basicConfig(level=logging.WARNING)
    worker.SNAPSHOT_S = 0.2  # type: ignore[misc]
    settings = from_environment()
    database = Database(settings.database_url, folder=settings.data)
    stream = await Stream.connect(settings.nats_url, name="worker")
    context = Context(settings, database, stream, catalogue())
    await worker.Detector(context, 0, wall=lambda: 0.0).run()


if __name__ == "__main__":
    asyncio.run(main())
