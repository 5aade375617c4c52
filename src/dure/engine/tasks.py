"""Ending tasks for certain."""

import asyncio
from collections.abc import Collection
from typing import Any

AGAIN_S = 3.0
"""How long a task may tidy up before it is asked again."""


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
