"""The bodies of requests, read strictly."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, Strict, StringConstraints

from dure.engine.web import Line, Model, Number, Passage, Whole
from dure.kernel.errors import FieldError, Invalid
from dure.kernel.geometry import LonLat, is_position
from dure.kernel.severity import Severity
from dure.respond.model import HandoffKind, Mode, Outcome, Source

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]
Reference = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128)]
Slug = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class CallerForm(Model):
    """Who called; kept in the person vault and nowhere else."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""
    phone: Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)] = ""


class ReportForm(Model):
    """A report. Without coordinates the address is looked up; without either the incident waits to be located."""

    type: Slug
    description: Words
    source: Source
    external_ref: Reference | None = None
    lon: Number | None = None
    lat: Number | None = None
    address: Line | None = None
    mode: Mode = Mode.REAL
    severity: Severity | None = None
    caller: CallerForm | None = None


class PlaceForm(Model):
    """Where an incident is: coordinates, one of its candidates (counted from 0), or an address that is clear."""

    lon: Number | None = None
    lat: Number | None = None
    name: Line | None = None
    address: Line | None = None
    candidate: Whole | None = None


class NoteForm(Model):
    """What a person writes; `corrects`: the id of the note on the timeline that it corrects."""

    text: Passage
    corrects: Whole | None = None


class SeverityForm(Model):
    """How grave it is, and why."""

    severity: Severity
    reason: Passage


class HandoffForm(Model):
    """To whom, in which of the three kinds, and what they should know."""

    agency: Slug
    kind: HandoffKind
    note: Words = ""


class AnswerForm(Model):
    """What the agency adds to its answer."""

    note: Words = ""


class CloseForm(Model):
    """What it turned out to be, and why that is so."""

    outcome: Outcome
    reason: Passage


class ReasonForm(Model):
    """Why."""

    reason: Passage


class MergeForm(Model):
    """The incident that this one goes into."""

    into: UUID


class SplitForm(Model):
    """Why an alarm does not belong to the incident, and whether it gets one of its own."""

    reason: Passage
    into: Literal["new", "none"] = "new"


class UnmergeForm(Model):
    """The merged incident to take out; without it the one in the path is taken out of where it is."""

    incident: UUID | None = None


class SettingsForm(Model):
    """The city's settings for incidents."""

    city_code: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,4}$")]
    cameras: Annotated[int, Strict(), Field(ge=1, le=20)]
    camera_radius_m: Annotated[float, Strict(), Field(gt=0, le=50_000, allow_inf_nan=False)]


def position(lon: float | None, lat: float | None) -> LonLat | None:
    """The two as a place, or None for neither. Raises Invalid naming the field that is wrong."""
    if lon is None and lat is None:
        return None
    if lon is None or lat is None:
        raise Invalid(
            "engine.fields.wrong", fields=[FieldError("lon" if lon is None else "lat", "respond.position.half")]
        )
    if not is_position(lon, lat):
        fields = [FieldError("lon", "respond.position.wrong"), FieldError("lat", "respond.position.wrong")]
        raise Invalid("engine.fields.wrong", fields=fields)
    return LonLat(lon, lat)
