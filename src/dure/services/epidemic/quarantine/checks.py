"""Self-checks: when one is due, when it is missed, what follows, and what an answer says. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dure.services.epidemic.care.dated import in_force, rows

CHECKS = rows(Path(__file__).with_name("checks.toml"), "checks")
SYMPTOMS = ("fever", "cough", "sore_throat", "dyspnoea", "taste", "muscle", "diarrhoea")


class Step(IntEnum):
    """How far it has escalated."""

    NONE = 0
    OFFICER = 1  # their officer calls
    VISIT = 2  # somebody goes there, and an alarm stands


def rule_of(day: date) -> Mapping[str, Any]:
    """The rule that holds on `day`."""
    return in_force(CHECKS, day)


def due_slots(now: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The times of yesterday and today that have come and whose check can still be asked for."""
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        rule = rule_of(day)
        for at in rule["times"]:
            slot = datetime.combine(day, at, zone)
            if slot <= now < slot + timedelta(hours=rule["missed_after_h"]):
                yield slot


def step_of(missed: int, day: date) -> Step:
    """What follows so many missed in a row."""
    rule = rule_of(day)
    if missed >= rule["visit_at"]:
        return Step.VISIT
    return Step.OFFICER if missed >= rule["officer_at"] else Step.NONE


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody says of themselves: degrees Celsius, or None where they have no thermometer."""

    temperature: float | None
    symptoms: tuple[str, ...]
    at_home: bool


def signs(answer: Answer, day: date) -> tuple[tuple[str, str], ...]:
    """What their officer should know at once, as (word, value)."""
    found: list[tuple[str, str]] = []
    if answer.temperature is not None and answer.temperature >= rule_of(day)["fever_c"]:
        found.append(("fever", f"{answer.temperature:.1f}"))
    found += [("symptom", one) for one in SYMPTOMS if one in answer.symptoms]
    if not answer.at_home:
        found.append(("out", ""))
    return tuple(found)
