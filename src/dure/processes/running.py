"""How every process lives: it opens the engines, runs its jobs, and ends when one of them ends or it is told to."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvloop

from dure import app
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import from_environment
from dure.engine.stream import Stream
from dure.engine.tasks import ended
from dure.engine.texts import catalogue

log = logging.getLogger("dure")

_BEAT_S = 1.0
Job = tuple[str, Coroutine[None, None, None]]


def run(name: str, jobs: Callable[[Context], Awaitable[Iterable[Job]]]) -> None:
    """Run the process `name` until SIGTERM (exit 0) or until a job ends (exit 1: the supervisor starts it anew)."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True
    )
    for chatty in ("httpx", "nats", "granian.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    sys.exit(uvloop.run(_main(name, jobs)))


async def _main(name: str, jobs: Callable[[Context], Awaitable[Iterable[Job]]]) -> int:
    settings = from_environment()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    database = Database(settings.database_url, folder=settings.data)
    stream = await Stream.connect(settings.nats_url, name=f"dure-{name}")
    try:
        context = Context(settings, database, stream, catalogue())
        tasks = {asyncio.create_task(job): label for label, job in await jobs(context)}
        loop.call_soon(_put_up_sign)
        return await _until_stopped(tasks, stop)
    finally:
        await stream.close()
        await database.close()


def _put_up_sign() -> None:
    """Tells the supervisor that this process has opened its engines and begun its tasks."""
    sign = os.environ.get("DURE_READY_FILE")
    if sign:
        Path(sign).touch()
        _beat(sign)


def _beat(sign: str) -> None:
    """Touches the sign each second: where it stays as it is, the loop does not turn any more."""
    with suppress(OSError):  # the disk is full, or the folder is being moved: the health page still tells
        os.utime(sign)
    asyncio.get_running_loop().call_later(_BEAT_S, _beat, sign)


async def _until_stopped(tasks: dict[asyncio.Task[None], str], stop: asyncio.Event) -> int:
    stopped = asyncio.create_task(stop.wait())
    everything: list[asyncio.Task[Any]] = [*tasks, stopped]
    done, _ = await asyncio.wait(everything, return_when=asyncio.FIRST_COMPLETED)
    await ended(everything)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    if stopped in done:
        return 0
    for task, result in zip(tasks, results, strict=True):
        if task in done:
            log.error("task %s ended", tasks[task], exc_info=result if isinstance(result, BaseException) else None)
    return 1


def room_jobs(process: app.Process, context: Context) -> list[Job]:
    """The tasks that the rooms run in this process."""
    return [
        (f"{room.name}.{task.name}", task.run(context))
        for room in app.ROOMS
        for task in room.tasks
        if task.process == process
    ]
