"""A report and what is wrong with it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from dure.kernel.errors import FieldError
from dure.services.epidemic.statutory.classes import Disease, on

Kind = Literal["patient", "suspected", "carrier"]
Test = Literal["positive", "negative", "pending", "none"]
OLDEST = 130
FUTURE = timedelta(minutes=5)
"""So far the other side's clock may be ahead."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a doctor tells of one patient, without who it is but their birth date."""

    disease: str
    kind: Kind
    sex: Literal["m", "f"]
    birth_date: date
    diagnosed_at: datetime
    test: Test
    institution: str
    institution_no: str
    district: str | None = None
    onset_on: date | None = None
    admitted_on: date | None = None
    died_on: date | None = None
    abroad: str | None = None


def faults(told: Told, day: date, now: datetime) -> Iterator[FieldError]:
    """What keeps a report from being taken; `day` is the city's day of the diagnosis."""
    if on(told.disease, day) is None:
        yield FieldError("disease", "epidemic.statutory.disease")
    if told.diagnosed_at > now + FUTURE:
        yield FieldError("diagnosed_at", "epidemic.statutory.future")
    if told.birth_date > day or age(told.birth_date, day) > OLDEST:
        yield FieldError("birth_date", "epidemic.statutory.birth_date")
    for name in ("onset_on", "admitted_on", "died_on"):
        at: date | None = getattr(told, name)
        if at is not None and (at > now.date() + timedelta(days=1) or at < told.birth_date):
            yield FieldError(name, "epidemic.statutory.future" if at > day else "epidemic.statutory.order")
    if told.onset_on is not None and told.onset_on > day:
        yield FieldError("onset_on", "epidemic.statutory.order")
    if told.died_on is not None and told.onset_on is not None and told.died_on < told.onset_on:
        yield FieldError("died_on", "epidemic.statutory.order")
    if told.kind == "patient" and told.test == "negative":
        yield FieldError("test", "epidemic.statutory.negative")


def age(born: date, day: date) -> int:
    """Full years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def status_of(kind: Kind, disease: Disease) -> str:
    """How a case of it stands in the line list: who only carries it counts where the disease's class is the first."""
    if kind == "suspected":
        return "suspected"
    return "probable" if kind == "carrier" and disease.number > 1 else "confirmed"
