"""Time as a thing that tests can hold. All times in code are aware and in UTC."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The machine's time."""
        return datetime.now(UTC)


class HeldClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self._at = require_aware(at)

    def now(self) -> datetime:
        """Where the clock was last put."""
        return self._at

    def advance(self, seconds: float) -> datetime:
        """Move by `seconds` (negative goes back) and tell the new time."""
        self._at += timedelta(seconds=seconds)
        return self._at

    def set(self, at: datetime) -> None:
        """Put the clock to `at`."""
        self._at = require_aware(at)


def require_aware(at: datetime) -> datetime:
    """`at` in UTC; raises ValueError for a naive time, whose zone nobody can know."""
    if at.tzinfo is None:
        raise ValueError("naive datetime")
    return at.astimezone(UTC)


def from_epoch(seconds: float) -> datetime:
    """Unix seconds to an aware UTC time; raises ValueError or OverflowError beyond year 9999."""
    return datetime.fromtimestamp(seconds, UTC)
