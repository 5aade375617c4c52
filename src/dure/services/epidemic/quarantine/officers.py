"""Which officer looks after whom: everybody at once, by language, distance and load, at the least sum; and why. Pure.

The load counts for each further person more than for the last, so that it is shared where nothing speaks against it.
Who has an officer keeps them unless something is worth the change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from dure.kernel.geometry import LonLat, distance_m
from dure.services.epidemic.care.beds import distances
from dure.services.epidemic.care.dated import in_force, rows
from dure.services.epidemic.care.transport import Plan, Whole

WEIGHTS = rows(Path(__file__).with_name("officers.toml"), "weights")
OTHERS = 2


@dataclass(frozen=True, slots=True)
class Officer:
    """An officer. `languages` beside Korean; `capacity` people at most."""

    id: str
    capacity: int
    languages: frozenset[str] = frozenset()
    at: LonLat | None = None
    district: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in quarantine. `officer`: whom they have now."""

    id: str
    language: str = "ko"
    at: LonLat | None = None
    district: str | None = None
    officer: str | None = None


def weights_of(day: date) -> Mapping[str, Any]:
    """The scales that hold on `day`."""
    return in_force(WEIGHTS, day)


def weighed(person: Person, officer: Officer, weights: Mapping[str, Any]) -> dict[str, int]:
    """What counts against this officer, each by its word, the load aside."""
    known = person.at is not None and officer.at is not None
    far = min(round(distance_m(person.at, officer.at)), weights["farthest"]) if known else 0  # type: ignore[arg-type]
    counted = {
        "distance": far,
        "elsewhere": weights["elsewhere"] * (not known and person.district != officer.district),
        "language": weights["language"] * (person.language not in {"ko", *officer.languages}),
        "change": weights["change"] * (person.officer not in {None, officer.id}),
    }
    return {word: amount for word, amount in counted.items() if amount}


def costs(people: Sequence[Person], officers: Sequence[Officer], weights: Mapping[str, Any]) -> Whole:
    """(people, officers). The same as `weighed`, for all at once."""
    if not people or not officers:
        return np.zeros((len(people), len(officers)), dtype=np.int64)
    table = distances([one.at for one in people], [one.at for one in officers], weights["farthest"])
    placed = np.array([one.at is not None for one in people])
    homes = np.array([one.district or "" for one in people])
    tongues = np.array([one.language for one in people])
    now = np.array([one.officer or "" for one in people])
    for n, officer in enumerate(officers):
        unknown = ~placed if officer.at is not None else np.full(len(people), True)
        column = weights["elsewhere"] * (unknown & (homes != (officer.district or "")))
        column += weights["language"] * ~np.isin(tongues, ["ko", *officer.languages])
        column += weights["change"] * ((now != "") & (now != officer.id))
        table[:, n] += column
    return table


@dataclass(frozen=True, slots=True)
class Given:
    """Whom somebody gets, what counts against it, and others: worse or taken, each by how much."""

    person: str
    officer: str
    counted: Mapping[str, int]
    others: tuple[tuple[str, str, int], ...]


def explained(
    people: Sequence[Person], officers: Sequence[Officer], table: Whole, plan: Plan, weights: Mapping[str, Any]
) -> list[Given]:
    """Why each has whom they have."""
    found = []
    for n, person in enumerate(people):
        chosen = int(plan.of[n])
        near = [int(one) for one in np.argsort(table[n], kind="stable")[: OTHERS + 1] if one != chosen][:OTHERS]
        others = tuple(
            (officers[one].id, "taken" if table[n, one] < table[n, chosen] else "worse",
             abs(int(table[n, one] - table[n, chosen])))
            for one in near
        )  # fmt: skip
        counted = weighed(person, officers[chosen], weights)
        found.append(Given(person.id, officers[chosen].id, counted, others))
    return found
