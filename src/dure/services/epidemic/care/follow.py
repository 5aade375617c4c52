"""Who waits, in which order they are called, who has gone unseen for too long, and who gets worse. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from dure.services.epidemic.care.dated import in_force, rows
from dure.services.epidemic.care.triage import Found, Level, Oxygen

_FILE = Path(__file__).with_name("follow.toml")
LIMITS = rows(_FILE, "limits")
WARNINGS = rows(_FILE, "warning")


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody at home. `level` None: nobody has judged them yet. `seen_at` is when somebody spoke with them last, or
    when they were reported; `since` when they began to wait.
    """

    id: str
    level: Level | None
    seen_at: datetime
    since: datetime
    score: int | None = None
    age: int | None = None
    high_risk: bool = False
    worse: bool = False


def limit(level: Level | None, *, worse: bool, day: date) -> timedelta:
    """How long somebody may go unseen."""
    table = in_force(LIMITS, day)
    hours = table["untriaged" if level is None else level.word]
    return timedelta(hours=min(hours, table["worse"]) if worse else hours)


def due(one: Waiting, day: date) -> datetime:
    """By when somebody has to speak with them."""
    return one.seen_at + limit(one.level, worse=one.worse, day=day)


def worst_first(waiting: Sequence[Waiting], now: datetime, day: date) -> list[Waiting]:
    """In the order in which they are called: who gets worse, then the more ill; whom nobody has judged counts as
    severe, because they may be. Among equals who is overdue longest, then the older.
    """

    def place(one: Waiting) -> tuple[Any, ...]:
        level = Level.SEVERE if one.level is None else one.level
        return (
            not one.worse,
            -level,
            -(one.score or 0),
            not one.high_risk,
            due(one, day) - now,
            -(one.age or 0),
            one.since,
            one.id,
        )

    return sorted(waiting, key=place)


def unseen(waiting: Sequence[Waiting], now: datetime, day: date) -> list[Waiting]:
    """Those whom nobody has seen in time, the longest first."""
    return sorted((one for one in waiting if due(one, day) < now), key=lambda one: (due(one, day), one.id))


def worsening(
    before: Found | None, after: Found, scores: tuple[int | None, int | None], day: date
) -> tuple[tuple[str, str], ...]:
    """Signs that somebody gets worse, as (word, value): now by themselves, or against the look before."""
    table: Mapping[str, Any] = in_force(WARNINGS, day)
    signs: list[tuple[str, str]] = []
    if after.consciousness not in {None, "alert"}:
        signs.append(("consciousness", str(after.consciousness)))
    if after.dyspnoea and not (before is not None and before.dyspnoea):
        signs.append(("dyspnoea", ""))
    if after.temperature is not None and after.temperature >= table["temperature_c"]:
        signs.append(("fever", f"{after.temperature:.1f}"))
    old, new = scores
    if old is not None and new is not None and new - old >= table["score_up"]:
        signs.append(("score", f"{old}→{new}"))
    if before is not None:
        if before.breaths is not None and after.breaths is not None:
            more = after.breaths - before.breaths
            if more >= table["breaths_up"]:
                signs.append(("breaths", f"{before.breaths:.0f}→{after.breaths:.0f}"))
        if list(Oxygen).index(after.oxygen) > list(Oxygen).index(before.oxygen):
            signs.append(("oxygen", after.oxygen.value))
    return tuple(signs)
