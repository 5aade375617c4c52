"""The process of facts: the MQTT door, detection, history."""

from collections.abc import Iterable

from dure.engine.context import Context
from dure.processes.running import Job, room_jobs, run


async def jobs(context: Context) -> Iterable[Job]:
    """What the rooms run here."""
    return room_jobs("stream", context)


if __name__ == "__main__":
    run("stream", jobs)
