"""Which bed is whose: all patients and all free beds at once, at the least sum of what counts, and why. Pure.

A patient and a ward either fit or not (grade, isolation, oxygen, sex). Where they fit, distance, language, household
and beds that are better than needed are weighed; going without a bed weighs by how ill somebody is and how long they
have waited. The plan is the best there is (`transport`), and its prices say what a bed is worth to others: that is the
reason where somebody does not get the one that would have been best for them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from dure.kernel.geometry import EARTH_RADIUS_M, LonLat, distance_m
from dure.services.epidemic.care.dated import in_force, rows
from dure.services.epidemic.care.transport import NEVER, Plan, Whole
from dure.services.epidemic.care.triage import Level, Oxygen, Placement

WEIGHTS = rows(Path(__file__).with_name("beds.toml"), "weights")
GRADES = (Placement.CENTRE, Placement.HOSPITAL, Placement.INTENSIVE)
_BREATHS = tuple(Oxygen)
OTHERS = 3
"""How many other wards a reason tells of."""
UNPLACED = -1


@dataclass(frozen=True, slots=True)
class Ward:
    """Free beds that are alike. `facility` and `code` name it."""

    id: str
    facility: str
    code: str
    kind: Placement
    free: int
    sex: str | None = None
    isolation: bool = False
    oxygen: Oxygen = Oxygen.NONE
    languages: frozenset[str] = frozenset()
    at: LonLat | None = None


@dataclass(frozen=True, slots=True)
class Patient:
    """Who waits. `household` is the facility where somebody of the same household lies already, if any."""

    id: str
    level: Level
    placement: Placement
    sex: str | None = None
    score: int | None = None
    oxygen: Oxygen = Oxygen.NONE
    isolation: bool = False
    high_risk: bool = False
    worse: bool = False
    waiting_h: float = 0.0
    language: str | None = None
    household: str | None = None
    at: LonLat | None = None


def unfit(patient: Patient, ward: Ward) -> str | None:
    """Why they cannot lie there, in a word; None where they can."""
    if GRADES.index(ward.kind) < GRADES.index(patient.placement):
        return "grade"
    if _BREATHS.index(ward.oxygen) < _BREATHS.index(patient.oxygen):
        return "oxygen"
    if patient.isolation and not ward.isolation:
        return "isolation"
    if ward.sex is not None and patient.sex is not None and ward.sex != patient.sex:
        return "sex"
    return None


def weighed(patient: Patient, ward: Ward, weights: Mapping[str, Any]) -> dict[str, int]:
    """What counts against a bed there, each by its word; all zero would be ideal. Only for who fits."""
    far = 0
    if patient.at is not None and ward.at is not None:
        far = min(round(distance_m(patient.at, ward.at)), weights["farthest"])
    counted = {
        "distance": far,
        "over_grade": weights["over_grade"] * (GRADES.index(ward.kind) - GRADES.index(patient.placement)),
        "spare_isolation": weights["spare_isolation"] * (ward.isolation and not patient.isolation),
        "spare_oxygen": weights["spare_oxygen"] * max(_BREATHS.index(ward.oxygen) - _BREATHS.index(patient.oxygen), 0),
        "language": weights["language"] * (patient.language not in {None, "ko", *ward.languages}),
        "household": weights["household"] * (patient.household not in {None, ward.facility}),
    }
    return {word: amount for word, amount in counted.items() if amount}


def without(patient: Patient, weights: Mapping[str, Any]) -> int:
    """What it weighs that they get no bed."""
    return int(
        weights["none"][patient.level.word]
        + weights["none_score"] * (patient.score or 0)
        + weights["none_risk"] * patient.high_risk
        + weights["none_worse"] * patient.worse
        + weights["none_hour"] * min(patient.waiting_h, weights["none_hours"])
    )


def costs(patients: Sequence[Patient], wards: Sequence[Ward], weights: Mapping[str, Any]) -> Whole:
    """(patients, wards and one more: none). The same as `unfit` and `weighed`, for all at once."""
    table = np.empty((len(patients), len(wards) + 1), dtype=np.int64)
    table[:, -1] = [without(one, weights) for one in patients]
    if not patients:
        return table
    far = distances([one.at for one in patients], [one.at for one in wards], weights["farthest"])
    places = np.array([GRADES.index(one.placement) for one in patients])
    breaths = np.array([_BREATHS.index(one.oxygen) for one in patients])
    sexes = np.array([one.sex or "" for one in patients])
    isolated = np.array([one.isolation for one in patients])
    tongues = np.array([one.language or "ko" for one in patients])
    homes = np.array([one.household or "" for one in patients])
    for n, ward in enumerate(wards):
        grade = GRADES.index(ward.kind) - places
        air = _BREATHS.index(ward.oxygen) - breaths
        cannot = (grade < 0) | (air < 0)
        if not ward.isolation:
            cannot |= isolated
        if ward.sex is not None:
            cannot |= (sexes != "") & (sexes != ward.sex)
        counted = far[:, n] + weights["over_grade"] * grade + weights["spare_oxygen"] * np.maximum(air, 0)
        counted += weights["spare_isolation"] * (ward.isolation & ~isolated)
        counted += weights["language"] * ~np.isin(tongues, ["ko", *ward.languages])
        counted += weights["household"] * ((homes != "") & (homes != ward.facility))
        table[:, n] = np.where(cannot, NEVER, counted)
    return table


def distances(people: Sequence[LonLat | None], places: Sequence[LonLat | None], farthest: int) -> Whole:
    """(people, places) metres, at most `farthest`; 0 where one of the two is not known."""
    nowhere = LonLat(np.nan, np.nan)
    a = np.radians(np.array([one or nowhere for one in people], dtype=float).reshape(-1, 2))
    b = np.radians(np.array([one or nowhere for one in places], dtype=float).reshape(-1, 2))
    x = (b[None, :, 0] - a[:, None, 0]) * np.cos((a[:, None, 1] + b[None, :, 1]) / 2)
    y = b[None, :, 1] - a[:, None, 1]
    metres = np.nan_to_num(np.hypot(x, y) * EARTH_RADIUS_M, nan=0.0)
    found: Whole = np.minimum(np.rint(metres), farthest).astype(np.int64)
    return found


def weights_of(day: date) -> Mapping[str, Any]:
    """The scales that hold on `day`."""
    return in_force(WEIGHTS, day)


@dataclass(frozen=True, slots=True)
class Other:
    """A ward that somebody does not get. `word`: unfit.<why>, worse (by `by` of the scales), taken (it would be better
    by `by`, but whoever has it would lose more) or needed (somebody who needs it more would get none).
    """

    ward: str
    word: str
    by: int


@dataclass(frozen=True, slots=True)
class Given:
    """What the plan has for a patient: the ward (None: none), what counts against it, and some others with why not."""

    patient: str
    ward: str | None
    counted: Mapping[str, int]
    others: tuple[Other, ...]
    word: str
    """best: no other would have been better. next: the best that was left. full: fitting beds are taken by who needs
    them more. unfit: there is no bed that fits.
    """


def explained(
    patients: Sequence[Patient], wards: Sequence[Ward], table: Whole, plan: Plan, weights: Mapping[str, Any]
) -> list[Given]:
    """Why each has what they have."""
    return [_given(one, wards, table[n], int(plan.of[n]), plan.price, weights) for n, one in enumerate(patients)]


def _given(
    patient: Patient, wards: Sequence[Ward], row: Whole, chosen: int, price: Whole, weights: Mapping[str, Any]
) -> Given:
    placed = chosen < len(wards)
    order = [int(n) for n in np.argsort(row[:-1], kind="stable") if n != chosen]
    fitting = [n for n in order if row[n] < NEVER]
    others = [_other(wards[n], int(row[n]), int(row[chosen]), int(price[n]), weights) for n in fitting[:OTHERS]]
    closed = [n for n in order if row[n] >= NEVER][: OTHERS - len(others)]
    others += [Other(wards[n].id, f"unfit.{unfit(patient, wards[n])}", 0) for n in closed]
    if not placed:
        return Given(patient.id, None, {}, tuple(others), "full" if fitting else "unfit")
    better = any(row[n] < row[chosen] for n in fitting)
    counted = weighed(patient, wards[chosen], weights)
    return Given(patient.id, wards[chosen].id, counted, tuple(others), "next" if better else "best")


def _other(ward: Ward, cost: int, chosen: int, price: int, weights: Mapping[str, Any]) -> Other:
    if cost >= chosen:
        return Other(ward.id, "worse", cost - chosen)
    if price >= min(weights["none"].values()) // 2:
        return Other(ward.id, "needed", chosen - cost)
    return Other(ward.id, "taken", chosen - cost)
