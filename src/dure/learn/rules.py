"""Which closings need a review: a city's own list, in force from a day on, read from top to bottom. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import msgspec


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What it fits: an empty list fits all, None either. `days` are calendar days until the review is due."""

    name: str
    review: bool
    days: int = 14
    modes: list[str] = []
    outcomes: list[str] = []
    severities: list[str] = []
    types: list[str] = []
    clock_over: bool | None = None
    handed_off: bool | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """An incident at its closing."""

    type: str
    severity: str
    mode: str
    outcome: str
    clock_over: bool
    handed_off: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """The list in force from `from_day` on; a drill with at least `pass_score` points rehearses its finding."""

    from_day: date
    rules: tuple[Rule, ...]
    pass_score: int
    source: str


def fits(rule: Rule, closing: Closing) -> bool:
    """Whether a rule is about such a closing."""
    lists = (
        (rule.modes, closing.mode),
        (rule.outcomes, closing.outcome),
        (rule.severities, closing.severity),
        (rule.types, closing.type),
    )
    flags = ((rule.clock_over, closing.clock_over), (rule.handed_off, closing.handed_off))
    return all(not wanted or is_ in wanted for wanted, is_ in lists) and all(
        wanted is None or wanted is is_ for wanted, is_ in flags
    )


def deciding(rules: Sequence[Rule], closing: Closing) -> Rule | None:
    """The first rule that fits; None where none does: then no review is asked for."""
    return next((rule for rule in rules if fits(rule, closing)), None)
