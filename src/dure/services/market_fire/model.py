"""What a market fire is: its clocks from a dated table, what joins it, whom it concerns. Pure."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dure.kernel.severity import Severity
from dure.respond.types import ClockType, IncidentType, Moment, SafeMerge

MARKET_FIRE = "market_fire"
_TABLE = Path(__file__).with_name("targets.toml")
_CLOCKS = (
    ("signal_to_confirmed", Moment.SIGNAL, frozenset({Moment.CONFIRMED, Moment.CLOSED})),
    ("signal_to_acknowledged", Moment.SIGNAL, frozenset({Moment.ACKNOWLEDGED, Moment.CLOSED})),
    ("signal_to_handed_off", Moment.SIGNAL, frozenset({Moment.HANDED_OFF, Moment.CLOSED})),
    ("signal_to_answered", Moment.SIGNAL, frozenset({Moment.ANSWERED, Moment.CLOSED})),
    ("handed_off_to_answered", Moment.HANDED_OFF, frozenset({Moment.ANSWERED, Moment.CLOSED})),
)
"""Name, what starts it, what stops it."""
_TITLES = {"signal_to_answered": "market_fire.clock.signal_to_answered"}
"""Clocks that only this kind has."""


@dataclass(frozen=True, slots=True)
class Target:
    """One line of the dated table: `clock` aims at `target_s` seconds from the day `since`; `source` says why."""

    clock: str
    since: date
    target_s: float
    source: str


def targets(path: Path = _TABLE) -> tuple[Target, ...]:
    """The dated table. Raises ValueError naming the line that is not one."""
    lines = tomllib.loads(path.read_text(encoding="utf-8")).get("target", [])
    return tuple(_target(number, line) for number, line in enumerate(lines, 1))


def _target(number: int, line: object) -> Target:
    match line:
        case {
            "clock": str(clock),
            "since": date() as since,
            "target_s": int() | float() as seconds,
            "source": str(source),
        }:
            if seconds > 0 and source.strip():
                return Target(clock, since, float(seconds), source)
    raise ValueError(f"target {number} needs clock, since, target_s above 0 and a source")


def in_force(lines: Iterable[Target], day: date) -> dict[str, Target]:
    """The target of each clock on `day`: the newest that has begun."""
    found: dict[str, Target] = {}
    for line in sorted(lines, key=lambda line: line.since):
        if line.since <= day:
            found[line.clock] = line
    return found


def incident_type(day: date, lines: Iterable[Target] | None = None) -> IncidentType:
    """The kind of incident as it is on `day`; a clock without a target in force is left out."""
    aims = in_force(targets() if lines is None else lines, day)
    return IncidentType(
        MARKET_FIRE,
        "market_fire.title",
        Severity.SERIOUS,
        30,
        tuple(
            ClockType(name, starts, stops, aims[name].target_s, _TITLES.get(name, ""))
            for name, starts, stops in _CLOCKS
            if name in aims
        ),
        agencies=("fire", "police", "merchants", "gas", "power"),
        seen_by=frozenset({"fire", "disaster"}),
        group="fire",
        window_s=1_800,
        radius_m=60,
        safe_merge=SafeMerge(50, 600),
        spread=((2, Severity.CRITICAL),),
        verify_within_s=60,
        device_kinds=frozenset({"fire_detector"}),
        live_opens=True,
    )
