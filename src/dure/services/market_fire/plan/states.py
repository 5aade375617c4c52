"""How a stall stands: one word of seven, the gravest that holds. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """From the gravest to none. `UNWATCHED`: it has no detector."""

    ALARM = "alarm"
    PRE_ALARM = "pre_alarm"
    WORKS = "works"
    SILENT = "silent"
    FAULT = "fault"
    NORMAL = "normal"
    UNWATCHED = "unwatched"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a stall at a moment. `stages` are those of its fire alarms that stand or whose incident is still
    open; `confirmed`: that incident is a fire. `faults` of its detectors; `off`: those that are switched off.
    """

    detectors: int
    stages: frozenset[str] = frozenset()
    confirmed: bool = False
    faults: frozenset[str] = frozenset()
    off: int = 0
    works: bool = False


def state_of(facts: Facts) -> State:
    """The gravest that holds. Announced works hide no alarm; they stand before silence and faults, which they explain.

    A stall whose only detector burned stays in alarm while its incident is open: the alarm is not lost with the device.
    """
    if facts.stages - {"false"}:
        burning = "confirmed" in facts.stages or facts.confirmed
        return State.ALARM if burning else State.PRE_ALARM
    if facts.works:
        return State.WORKS
    if facts.detectors == 0:
        return State.UNWATCHED
    if "silent" in facts.faults:
        return State.SILENT
    if facts.faults or facts.off >= facts.detectors:
        return State.FAULT
    return State.NORMAL
