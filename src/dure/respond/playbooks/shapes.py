"""What the API takes and gives about playbooks. Times are ISO 8601 in UTC."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, StringConstraints

from dure.engine.web import Model, Whole
from dure.respond.playbooks.outline import LONGEST

Body = Annotated[str, StringConstraints(max_length=LONGEST)]
LanguageName = Literal["ko", "en"]


class Names(BaseModel):
    """A text in the languages that there are."""

    ko: str | None
    en: str | None


class Entry(BaseModel):
    """What is in force for a kind of incident. `kind_title` is a catalogue key, `label` the version that the manual
    calls itself; `number` counts the city's own versions, `newest` is the highest of them; `steps` counts.
    """

    kind: str
    kind_title: str
    title: Names
    owner: Names
    severity: str | None
    label: str
    number: int
    newest: int
    source: str
    languages: list[LanguageName]
    steps: int
    targets: int
    published_at: datetime
    published_by: str


class Entries(BaseModel):
    """All kinds, by id."""

    items: list[Entry]


class Full(BaseModel):
    """One version: its texts, and the plan of each as plain JSON. `version` is the ETag's."""

    kind: str
    number: int
    in_force: bool
    source: str
    note: str
    published_at: datetime
    published_by: str
    texts: Names
    plans: dict[str, Any]
    version: int


class VersionLine(BaseModel):
    """One of the versions that there ever were."""

    number: int
    source: str
    note: str
    published_at: datetime
    published_by: str
    in_force: bool
    languages: list[LanguageName]


class VersionLines(BaseModel):
    """The newest first."""

    items: list[VersionLine]


class CheckForm(Model):
    """A text as somebody types it, and the text of the other language where there is one."""

    language: LanguageName
    text: Body
    twin: Body | None = None


class FaultLine(BaseModel):
    """What is wrong, where: line and column count from 1; a length of 0 means the whole line."""

    line: int
    column: int
    length: int
    key: str
    reason: str


class Checked(BaseModel):
    """Whether it can be carried out, and what is wrong; `steps` counts those that were understood."""

    ok: bool
    steps: int
    faults: list[FaultLine]


class PublishForm(Model):
    """Another version: one text or both, and why."""

    ko: Body | None = None
    en: Body | None = None
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)] = ""


class ReinstateForm(Model):
    """The version to bring back."""

    number: Whole
