"""The ladder: who is told next when something is not done in time. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

MOST_RUNGS: Final = 12
MOST_ROUNDS: Final = 3
"""So often the last rung is told; after that the fault stands until a person takes it up."""


class RungKind(StrEnum):
    """Who stands on a rung."""

    CREW = "crew"  # all on duty by the ladder's own roster
    LEAD = "lead"  # who leads them
    ROSTER = "roster"  # all on duty by another roster (당직)
    ACCOUNTS = "accounts"  # named accounts, on call at all times


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung: its name, who stands on it, and how long they have before the next one is told."""

    ko: str
    en: str
    kind: RungKind
    wait_s: int
    accounts: tuple[UUID, ...] = ()
    roster_id: UUID | None = None


USUAL: Final = (
    Rung("근무조", "Shift on duty", RungKind.CREW, 120),
    Rung("관제팀장", "Shift lead", RungKind.LEAD, 180),
)
"""Until a city says otherwise: the shift, then its lead."""


@dataclass(frozen=True, slots=True)
class Found:
    """A rung at a moment: who stands on it, and which of them can be reached."""

    rung: int
    people: tuple[UUID, ...]
    reachable: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Climb:
    """What to do now. `told`: the rung whose people are told, None where nobody is left to tell. `empty`: rungs passed
    over because nobody stands there or nobody can be reached. `rung` and `rounds`: where the next look goes on.
    """

    told: Found | None
    empty: tuple[Found, ...]
    rung: int
    rounds: int


def climb(found: Sequence[Found], rung: int, rounds: int) -> Climb:
    """From `rung` on, the first where somebody can be reached. Past the top, the highest that has somebody is told
    again, `MOST_ROUNDS` times in all.
    """
    passed: list[Found] = []
    for one in found[rung:]:
        if one.reachable:
            return Climb(one, tuple(passed), one.rung + 1, rounds)
        passed.append(one)
    top = next((one for one in reversed(found) if one.reachable), None)
    again = None if rounds >= MOST_ROUNDS else top
    return Climb(again, tuple(passed), len(found), rounds + (again is not None))


def first_rung(ladder: Sequence[Rung], role: str | None) -> int:
    """Where a thing begins that `role` holds: those who hold it know of it, so it goes to the rung above them. What
    another agency holds (None) begins at the foot.
    """
    held = {"operator": RungKind.CREW, "shift_lead": RungKind.LEAD}.get(role or "")
    above = [number + 1 for number, one in enumerate(ladder) if one.kind is held]
    return min(above[-1], len(ladder) - 1) if above else 0


def to_json(ladder: Sequence[Rung]) -> list[dict[str, Any]]:
    """As it is kept."""
    return [
        {"ko": one.ko, "en": one.en, "kind": one.kind.value, "wait_s": one.wait_s,
         "accounts": [str(each) for each in one.accounts],
         "roster_id": None if one.roster_id is None else str(one.roster_id)}
        for one in ladder
    ]  # fmt: skip


def from_json(kept: Sequence[Mapping[str, Any]]) -> tuple[Rung, ...]:
    """A kept ladder."""
    return tuple(
        Rung(
            one["ko"],
            one["en"],
            RungKind(one["kind"]),
            one["wait_s"],
            tuple(UUID(each) for each in one["accounts"]),
            UUID(one["roster_id"]) if one["roster_id"] else None,
        )
        for one in kept
    )
