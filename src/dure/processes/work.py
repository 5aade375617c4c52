"""The process of consequences: the outbox relay, the consumers, and what is done by the clock."""

import asyncio
import logging
from collections.abc import Iterable

from dure import app
from dure.engine import outbox, processes
from dure.engine.consumers import Group
from dure.engine.context import Context
from dure.engine.jobs import Worker
from dure.engine.room import Every
from dure.kernel.errors import Unavailable
from dure.processes.running import Job, room_jobs, run

log = logging.getLogger(__name__)


async def jobs(context: Context) -> Iterable[Job]:
    """Relay, consumers with their watchdog, durable and periodic work, and the rooms' own tasks."""
    relay = outbox.Relay(context.database, context.stream, source=f"urn:dure:{context.settings.public_url}")
    group = Group(context.database, [one for room in app.ROOMS for one in room.consumers])
    relay.moved.append(group.wake)

    async def report(name: str, waiting_s: float | None) -> None:
        async with context.database.transaction() as tx:
            await processes.report_consumer(tx, name, waiting_s)

    worker = Worker(context.database, [queue for room in app.ROOMS for queue in room.jobs])
    everys = [(f"{room.name}.{every.name}", _each(every, context)) for room in app.ROOMS for every in room.every]
    return [
        ("relay", relay.run()),
        ("consumers", group.run(report)),
        ("jobs", worker.run(report)),
        *everys,
        *room_jobs("work", context),
    ]


async def _each(every: Every, context: Context) -> None:
    while True:
        try:
            await every.run(context)
        except Unavailable as error:
            log.warning("%s waits: %s", every.name, error)
        except Exception:  # what one duty stumbles over is no reason to end all that this process does
            log.exception("%s failed and is tried again in %g s", every.name, every.seconds)
        await asyncio.sleep(every.seconds)


if __name__ == "__main__":
    run("work", jobs)
