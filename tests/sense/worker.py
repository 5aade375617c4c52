"""A process of facts of the tests: the doors and history, as `python -m tests.sense.worker`, to be killed."""

from collections.abc import Iterable

from dure.engine.context import Context
from dure.processes.running import Job, run
from dure.sense.room import ROOM


async def jobs(context: Context) -> Iterable[Job]:
    """What sense runs in the stream process."""
    return [(task.name, task.run(context)) for task in ROOM.tasks if task.process == "stream"]


if __name__ == "__main__":
    run("stream", jobs)
