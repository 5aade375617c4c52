"""Tasks end, also those that lose a cancellation."""

import asyncio
import contextlib

from dure.engine.tasks import ended


async def test_a_task_that_loses_a_cancellation_is_asked_again() -> None:
    lost = 0

    async def deaf() -> None:
        nonlocal lost
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            lost += 1
            if lost == 2:
                return

    async def failing() -> None:
        raise ValueError

    tasks = [asyncio.create_task(one) for one in (deaf(), failing(), asyncio.Event().wait())]
    await asyncio.wait(tasks, timeout=0)
    await ended(tasks, again_s=0.01)
    assert lost == 2
    assert tasks[2].cancelled()
    assert isinstance(tasks[1].exception(), ValueError)


async def test_a_task_has_its_time_to_tidy_up() -> None:
    tidy, free = asyncio.Event(), asyncio.Event()

    async def careful() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            free.set()
            await tidy.wait()

    task = asyncio.create_task(careful())
    await asyncio.wait([task], timeout=0)
    ending = asyncio.create_task(ended([task]))
    await free.wait()
    tidy.set()
    await ending
    assert task.cancelled()
    await ended([task])
