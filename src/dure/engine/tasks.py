"""Beginning and ending tasks for certain."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from dure.kernel.errors import Unavailable

log = logging.getLogger(__name__)
TRY_S = 0.5
AGAIN_S = 3.0
"""How long a task may tidy up before it is asked again."""


async def begun(what: str, begin: Callable[[], Awaitable[Any]]) -> None:
    """Do `begin` once the engines answer: until then it is tried again each half second. `what` names it in the log.

    A process whose first step finds an engine away, or everybody at its door at once, would end and begin anew, and
    all that it does with it.
    """
    while True:
        try:
            await begin()
        except Unavailable as error:
            log.warning("%s waits to begin: %s", what, error)
            await asyncio.sleep(TRY_S)
        else:
            return


async def ended(tasks: Collection[asyncio.Task[Any]], *, again_s: float = AGAIN_S) -> None:
    """Cancel `tasks` and wait until all have ended, however they end.

    Asking once is not enough: a cancellation that comes in the same moment as an answer is lost in Python 3.11's
    `asyncio.wait_for` (python/cpython#86296), which the stream's client uses for each question, and a loop goes on.
    """
    running = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=again_s)
