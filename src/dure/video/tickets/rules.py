"""When live pictures open by themselves, as a dated table: for whom, for what, how far around, on what ground. Pure.

The rules are the city's own (agreements of control centres with 112 and 119 rooms); the grounds are PIPA article 18(2):
number 3, urgent for life, body or property; number 7, for an investigation; number 10, urgent for public safety (since
15 September 2023). What no rule opens waits for a person. Past pictures and files have no rule: they always wait.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from dure.trust.purposes import grounds
from dure.trust.purposes.grounds import Ground
from dure.trust.roles import Role

GROUNDS = ("pipa.18.2.3", "pipa.18.2.7", "pipa.18.2.2", "pipa.18.2.10", "pipa.18.2.8", "pipa.18.2.1", "pipa.15.1.3")
"""On which grounds pictures may be asked for: provision beyond the purpose, with the consent of those who are in them,
and the centre's own duty.
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """Live opens by itself for `role`, for incidents of `types` that came to its agency, from an approved network, for
    cameras within `within_m` metres of the place, for `hours` at most; in force from `since` until before `until`.
    """

    id: str
    role: Role
    types: frozenset[str]
    ground: str
    within_m: float
    hours: float
    since: date
    until: date | None = None


_2026 = date(2026, 1, 1)
TABLE: tuple[Rule, ...] = (
    Rule(
        "119.rescue",
        Role.FIRE,
        frozenset({"fire", "market_fire", "gas", "medical", "traffic", "flood", "crowd", "earthquake"}),
        "pipa.18.2.3",
        1_000,
        6,
        _2026,
    ),
    Rule(
        "112.emergency",
        Role.POLICE,
        frozenset({"crime", "emergency_bell", "missing_person", "traffic", "crowd", "fire", "market_fire"}),
        "pipa.18.2.3",
        1_000,
        6,
        _2026,
    ),
    Rule(
        "disaster.room",
        Role.DISASTER,
        frozenset({"fire", "market_fire", "flood", "gas", "crowd", "earthquake", "power_cut"}),
        "pipa.18.2.10",
        2_000,
        12,
        _2026,
    ),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a rule looks at: the officer's roles, whether the case came to (or from) their agency, whether they ask from
    an approved network, what kind of incident, whether it is a real one, and the farthest of the cameras in metres
    (None where the place or a camera is not on the map).
    """

    roles: frozenset[Role]
    concerned: bool
    approved_network: bool
    type: str
    real: bool
    farthest_m: float | None


def opens(asked: Asked, day: date, table: Iterable[Rule] = TABLE) -> Rule | None:
    """The rule by which live opens by itself, or None: then a person decides."""
    if not (asked.concerned and asked.approved_network and asked.real) or asked.farthest_m is None:
        return None
    for rule in table:
        in_force = rule.since <= day and (rule.until is None or day < rule.until)
        if in_force and rule.role in asked.roles and asked.type in rule.types and asked.farthest_m <= rule.within_m:
            return rule
    return None


def ground(code: str, day: date) -> Ground | None:
    """A legal ground for pictures as of `day`; None where it is none."""
    return grounds.in_force(code, day) if code in GROUNDS else None


def in_force(day: date) -> list[Ground]:
    """The grounds that may be named today, the usual one first."""
    return [found for code in GROUNDS if (found := ground(code, day)) is not None]
