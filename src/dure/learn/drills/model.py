"""A drill's script and its score. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Inject(StrEnum):
    """What a script tells into a drill."""

    SAY = "say"  # words onto the timeline: somebody calls, somebody sees
    MOMENT = "moment"  # something happens that steps wait for: crews arrive, somebody is found
    SEVERITY = "severity"  # it becomes graver or less grave
    ANSWER = "answer"  # the agency `value` acknowledges what was handed to it


@dataclass(frozen=True, slots=True)
class Part:
    """So many of so many, weighed."""

    name: str
    done: int
    of: int
    weight: int


WEIGHTS = {"steps": 50, "clocks": 30, "decisions": 20}
"""Steps done in time, golden times met, decisions answered (in time where they have a deadline)."""


def score(parts: Iterable[Part]) -> int | None:
    """Points of 100: each part's share by its weight, over the parts that there was anything of. None where there was
    nothing at all.

    score = round(100 * sum(weight * done / of) / sum(weight)), over parts with of > 0.
    """
    there = [part for part in parts if part.of > 0]
    if not there:
        return None
    total = sum(part.weight for part in there)
    return round(100 * sum(part.weight * part.done / part.of for part in there) / total)


@dataclass(frozen=True, slots=True)
class Done:
    """How a step or a decision ended: at all, and late or not. What was skipped was not done."""

    done: bool
    late: bool


def parts(steps: Sequence[Done], clocks: Sequence[bool], decisions: Sequence[Done]) -> tuple[Part, ...]:
    """The parts of a score. `clocks` say whether each was met."""
    return (
        Part("steps", sum(one.done and not one.late for one in steps), len(steps), WEIGHTS["steps"]),
        Part("clocks", sum(clocks), len(clocks), WEIGHTS["clocks"]),
        Part("decisions", sum(one.done and not one.late for one in decisions), len(decisions), WEIGHTS["decisions"]),
    )
