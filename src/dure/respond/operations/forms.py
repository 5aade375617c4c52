"""The bodies of requests, read strictly."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, Strict, StringConstraints

from dure.engine.web import Flag, Line, Model, Passage
from dure.kernel.messages import Language
from dure.kernel.severity import Severity
from dure.respond.operations.model import Consulted, ReportKind
from dure.respond.operations.posts import Words as PostWords

Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]
Long = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000)]
Slug = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Count = Annotated[int, Strict(), Field(ge=0, le=10_000_000)]


class OperationForm(Model):
    """An operation. Its name stands on walls: no person is named in it."""

    name: Line
    kind: Slug = "other"
    mode: Literal["real", "drill", "test"] = "real"
    place: Short = ""
    summary: Text = ""
    incidents: list[UUID] = Field(default_factory=list, max_length=200)


class DescribeForm(Model):
    """Name and description anew."""

    name: Line
    place: Short = ""
    summary: Text = ""


class IncidentsForm(Model):
    """Incidents to group."""

    incidents: list[UUID] = Field(min_length=1, max_length=200)


class LevelForm(Model):
    """A change of the crisis level; without `level` it is lifted."""

    level: Severity | None
    reason: Passage
    ground: Line = Field(description="The law, manual or order that it rests on.")
    issued_by: Line = Field(description="The office that issued it.")
    at: AwareDatetime | None = None
    consulted: Consulted | None = Field(None, description="How the ministry was consulted, where 심각 comes or goes.")


class TollForm(Model):
    """Casualties as of a time. What is left out is not known."""

    as_of: AwareDatetime
    source: Line
    dead: Count | None = None
    missing: Count | None = None
    serious: Count | None = None
    minor: Count | None = None
    evacuated: Count | None = None


class EntryForm(Model):
    """A measure taken or a request made."""

    kind: Literal["measure", "request"]
    words: Passage
    agency: Slug | None = None
    at: AwareDatetime | None = None


class AnswerForm(Model):
    """What became of a request."""

    state: Literal["met", "refused"]
    words: Text = ""


class ReasonForm(Model):
    """Why."""

    reason: Passage


class ReportForm(Model):
    """A report to begin."""

    kind: ReportKind
    language: Language = "ko"


class SectionsForm(Model):
    """Sections of a draft; those left out stay."""

    sections: dict[Slug, Long] = Field(max_length=20)


class PersonForm(Model):
    """Who sits there: kept in the person vault and nowhere else."""

    name: Line
    phone: Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)] = ""
    email: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""


class MemberForm(Model):
    """A seat of the headquarters."""

    side: Literal["public", "private"]
    organisation: Line
    seat: Line
    agency: Slug | None = None
    person: PersonForm | None = None


class MeetingForm(Model):
    """A meeting."""

    starts_at: AwareDatetime
    place: Short = ""
    agenda: list[Line] = Field(default_factory=list, max_length=50)


class AttendanceForm(Model):
    """Who was there, by seat."""

    attendance: dict[UUID, Literal["present", "remote", "proxy", "absent"]] = Field(min_length=1, max_length=500)


class MinutesForm(Model):
    """The minutes; without words they are made from what is known."""

    words: Long | None = None
    language: Language = "ko"


class DecisionForm(Model):
    """What was decided."""

    words: Passage
    meeting: UUID | None = None
    agency: Slug | None = None
    member: UUID | None = None
    incident: UUID | None = None
    due_at: AwareDatetime | None = None


class EndForm(Model):
    """A decision was carried out or dropped."""

    state: Literal["done", "dropped"]
    outcome: Text = ""


class Told(Model):
    """What citizens read, in one language."""

    title: Short = ""
    place: Short = ""
    body: Text = ""
    advice: Text = ""


class PostForm(Model):
    """What citizens are told. Nobody is named in it."""

    ko: Told
    en: Told = Field(default_factory=Told)
    level: Severity | None = None
    over: Flag = False
    operation: UUID | None = None

    def words(self) -> PostWords:
        """As a revision has it."""
        return PostWords({"ko": self.ko.model_dump(), "en": self.en.model_dump()}, self.level, self.over)
