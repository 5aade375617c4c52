"""Deadlines in received time: a heap in which a sleeper stands once."""

import heapq
from typing import Protocol


class Sleeper(Protocol):
    """Something to be woken. `queued` belongs to the timers."""

    queued: float | None

    def wakes_at(self) -> float | None:
        """When, in received time (Unix seconds); None for not at all."""
        ...

    def wake(self, now: float) -> None:
        """Received time has come to `now`. Waking too early must do nothing."""
        ...


class Timers:
    """What is to be woken when."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Sleeper]] = []
        self._count = 0

    def arm(self, sleeper: Sleeper) -> None:
        """Wake `sleeper` at its time. Standing in the heap earlier is enough: it is then asked again."""
        when = sleeper.wakes_at()
        if when is None or (sleeper.queued is not None and sleeper.queued <= when):
            return
        sleeper.queued = when
        self._count += 1
        heapq.heappush(self._heap, (when, self._count, sleeper))

    def advance(self, now: float) -> None:
        """Wake all whose time has come by `now`, the earliest first and each as at its own moment, so that it makes no
        difference how often anybody looks."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            when, _, sleeper = heapq.heappop(heap)
            if sleeper.queued != when:
                continue
            sleeper.queued = None
            sleeper.wake(when)
            self.arm(sleeper)

    def next_at(self) -> float | None:
        """The received time of the next entry."""
        return self._heap[0][0] if self._heap else None
