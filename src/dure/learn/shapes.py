"""The bodies of requests, read strictly."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, Strict, StringConstraints

from dure.engine.web import Flag, Line, Model, Number, Passage, Whole
from dure.learn.drills.model import Inject
from dure.respond.playbooks.shapes import Body

Answer = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]
Kind = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]
Slug = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class AnswersForm(Model):
    """The four answers; what is left out stays as it is."""

    happened: Answer | None = None
    expected: Answer | None = None
    why: Answer | None = None
    changes: Answer | None = None


class GiveForm(Model):
    """Who writes it (none: nobody yet), until when."""

    owner_id: UUID | None = None
    due_on: date


class StateForm(Model):
    """The state to bring it to."""

    state: Literal["open", "written", "closed"]


class RuleForm(Model):
    """One line of the policy."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    review: Flag
    days: Annotated[int, Strict(), Field(ge=0, le=365)] = 14
    modes: list[Literal["real", "drill", "test"]] = Field(default_factory=list)
    outcomes: list[Literal["real", "false", "drill"]] = Field(default_factory=list)
    severities: list[Literal["critical", "serious", "watch", "notice"]] = Field(default_factory=list)
    types: list[Slug] = Field(default_factory=list)
    clock_over: Flag | None = None
    handed_off: Flag | None = None


class PolicyForm(Model):
    """The list in force from a day on."""

    from_day: date
    rules: Annotated[list[RuleForm], Field(min_length=1, max_length=50)]
    pass_score: Annotated[int, Strict(), Field(ge=0, le=100)]
    source: Line


class RaiseForm(Model):
    """What should change, and why; `kind` names another manual than the incident's own."""

    title: Line
    why: Words = ""
    kind: Kind | None = None


class FindingForm(Model):
    """A finding's words and the new text of the manual, one language or both."""

    title: Line
    why: Words | None = None
    ko: Body | None = None
    en: Body | None = None


class DecisionForm(Model):
    """Why."""

    reason: Passage


class InjectForm(Model):
    """One line of a script: seconds after the start, what, and with which words."""

    after_s: Annotated[float, Strict(), Field(ge=0, le=86_400, allow_inf_nan=False)]
    act: Inject
    value: Slug | None = None
    words: Words | None = None


class DrillForm(Model):
    """A drill. Without `number` the version in force, or the one that the finding published."""

    kind: Kind
    number: Annotated[int, Strict(), Field(ge=1, le=1_000_000)] | None = None
    finding_id: UUID | None = None
    lon: Number
    lat: Number
    place: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    title: Line
    injects: list[InjectForm] = Field(default_factory=list, max_length=200)
    accounts: list[UUID] = Field(default_factory=list, max_length=200)
    agencies: list[Slug] = Field(default_factory=list, max_length=50)


class DryRunForm(Model):
    """A past incident, and the version (`number`) or the text that it is gone through by; without either the version
    in force.
    """

    incident_id: UUID
    number: Whole | None = None
    text: Body | None = None
    language: Literal["ko", "en"] = "ko"
