"""Outcomes on their way into the store: one transaction at a time, in order, while detection goes on judging.

What comes while a transaction is under way goes together into the next, so that a burst of alarms never holds up the
readings behind it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from dure.detect.model import Judged, Outcome

MOST: Final = 5_000
"""Outcomes that may wait; with more, detection waits too (the database is away, say)."""


@dataclass(slots=True)
class Batch:
    """Outcomes, and the place in the stream (sequence, and when it was stored in Unix microseconds) up to which they
    are complete.
    """

    position: int
    stored_us: int
    outcomes: list[Judged] = field(default_factory=list)


class Writing:
    """`commit` writes one batch whole or raises; after that nothing more is written, and `flushed` raises the same."""

    def __init__(self, commit: Callable[[Batch], Awaitable[None]]) -> None:
        self._commit = commit
        self._waiting: Batch | None = None
        self._task: asyncio.Task[None] | None = None

    def put(self, outcomes: Sequence[Outcome], judged: datetime, position: int, stored_us: int) -> None:
        """Have these written soon. Raises what writing has failed with."""
        if self._task is not None and self._task.done():
            self._task.result()
        if not outcomes:
            return
        if self._waiting is None:
            self._waiting = Batch(position, stored_us)
        batch = self._waiting
        batch.position, batch.stored_us = position, stored_us
        batch.outcomes += [(one, judged) for one in outcomes]
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())

    @property
    def full(self) -> bool:
        """Whether so many wait that no more should be judged before they are written."""
        return self._waiting is not None and len(self._waiting.outcomes) >= MOST

    async def flushed(self) -> None:
        """Wait until all that was put is written. Raises what writing has failed with."""
        if self._task is not None:
            await asyncio.shield(self._task)

    def drop(self) -> None:
        """Forget what waits: the shard is another's, or about to be read anew."""
        if self._task is not None:
            self._task.cancel()
        self._task = self._waiting = None

    async def _work(self) -> None:
        while self._waiting is not None:
            batch, self._waiting = self._waiting, None
            await self._commit(batch)
