"""Hung or only busy: when a process that does not answer for its health is to be ended and started anew.

Ending one that is merely busy cuts off everybody it serves, at the worst of times, and the work comes back with them.
"""

from dataclasses import dataclass

STILL = 6
"""Checks in a row without any sign of life: no answer, and its loop has not turned."""
UNWELL = 60
"""Checks in a row without one good answer, whatever other signs of life there are: then a new start is worth a try."""


@dataclass(slots=True)
class Pulse:
    """One process, check by check."""

    still: int = 0
    unwell: int = 0
    beat: int | None = None

    def hung(self, *, well: bool, spoke: bool, beat: int | None) -> bool:
        """Whether it is hung; then the count begins anew.

        `well` is a good answer, `spoke` any answer at all ("the database is away" is one), `beat` what the process's
        own loop last left (None where it leaves nothing): another number than before says that the loop turns.
        """
        turned = beat is not None and beat != self.beat
        self.beat = beat
        self.still = 0 if well or spoke or turned else self.still + 1
        self.unwell = 0 if well else self.unwell + 1
        if self.still < STILL and self.unwell < UNWELL:
            return False
        self.still = self.unwell = 0
        return True
