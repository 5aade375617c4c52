"""The bodies and answers of purposes over HTTP."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from dure.engine.web import Flag, Line, Model, Passage
from dure.trust.purposes.citizens import Checked
from dure.trust.purposes.rights import Kind
from dure.trust.shapes import PersonOut, Purpose, Secret, Slug

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]{0,39}$")]
CaseId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
Kinds = Annotated[list[Code], Field(min_length=1, max_length=10)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
Standing = Literal["standing", "waiting", "over", "withdrawn"]
Format = Literal["json", "csv"]


class GroundOut(BaseModel):
    """One line of the table of lawful bases."""

    code: str
    article: str
    since: date
    until: date | None
    consent: bool
    other_purpose: bool
    in_force: bool


class CodeOut(BaseModel):
    """One coded purpose that the asker's desk may use with a case."""

    code: str
    basis: str
    kinds: list[str]


class Grounds(BaseModel):
    """The tables of purposes, as of now."""

    items: list[GroundOut]
    codes: list[CodeOut]
    reasons: list[str]
    kinds: list[str]
    cases: list[str]


class PurposeIn(Model):
    """A new entry of the ledger. Without `person_id` it is a duty of the office, which opens with a case only."""

    person_id: UUID | None = None
    code: Code = "own"
    basis: Code
    text: Purpose
    kinds: Kinds
    agency_id: Slug | None = None
    document: Line | None = None
    from_at: AwareDatetime | None = None
    until_at: AwareDatetime


class PurposeOut(BaseModel):
    """An entry of the ledger; `state` says how it stands now."""

    id: UUID
    person_id: UUID | None
    code: str
    basis: str
    text: str
    kinds: list[str]
    agency_id: str | None
    document: str | None
    from_at: datetime
    until_at: datetime
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    state: Standing
    version: int


class PurposeMade(BaseModel):
    """The new entry's id."""

    id: UUID


class Purposes(BaseModel):
    """A page of the ledger."""

    items: list[PurposeOut]
    next: str | None


class WhyIn(Model):
    """Why, in words."""

    why: Purpose


class OpenIn(Model):
    """Why the record is opened: words, and one of an entry of the ledger, a coded purpose, or a broken glass. A coded
    purpose, and an entry that is a duty, name the case.
    """

    purpose: Purpose
    purpose_id: UUID | None = None
    code: Code | None = None
    glass_id: UUID | None = None
    case_kind: Code | None = None
    case_id: CaseId | None = None


class Opened(PersonOut):
    """The record: open as far as the ground reaches (`kinds`), masked beyond."""

    kinds: list[str]
    basis: str


class LinkIn(Model):
    """How the desk made sure of who it is."""

    checked: Checked


class CitizenIn(Model):
    """A link's secret."""

    token: Secret


class Entered(BaseModel):
    """A session was opened; its secret is in the cookie."""

    expires_in_s: int


class GlassIn(Model):
    """Whose record, why (a coded reason), what happens, and the case if there is one."""

    person_id: UUID
    reason: Code
    words: Purpose
    case_kind: Code | None = None
    case_id: CaseId | None = None


class GlassOut(BaseModel):
    """A broken glass and how its review stands; `review_note` is for reviewers only."""

    id: UUID
    version: int
    person_id: UUID
    account_id: UUID
    actor_name: str
    agency_id: str | None
    reason: str
    case_kind: str | None
    case_id: str | None
    opened_at: datetime
    until_at: datetime
    closed_at: datetime | None
    review_due_at: datetime
    escalated_at: datetime | None
    reviewed_at: datetime | None
    verdict: str | None
    review_note: str | None = None


class Glasses(BaseModel):
    """A page of broken glass."""

    items: list[GlassOut]
    next: str | None


class GlassOpening(BaseModel):
    """The record was opened under the glass: line `seq` of the audit log."""

    seq: int
    at: datetime
    address: str | None
    outcome: str
    kinds: list[str]


class GlassRead(GlassOut):
    """A broken glass as its reviewer reads it. `words`: what was said ("■■■" where its key was destroyed; null where
    the line is gone by the rules of retention); `person_name` is masked, null where the person was erased.
    """

    words: str | None
    person_name: str | None
    case_no: str | None
    reviewed_by_name: str | None
    openings: list[GlassOpening]


class ReviewIn(Model):
    """A reviewer's judgement."""

    verdict: Literal["proper", "improper"]
    note: Passage


class ReadOut(BaseModel):
    """One line about a person, as the person sees it: which office, never which official."""

    at: datetime
    action: str
    agency: str | None
    agency_name: str | None
    agency_name_en: str | None
    by_system: bool
    code: str | None
    basis: str | None
    article: str | None
    purpose: str | None
    kinds: list[str] | None
    outcome: str
    glass: bool
    verdict: str | None


class Reads(BaseModel):
    """A page of what was read."""

    items: list[ReadOut]
    next: str | None


class RequestIn(Model):
    """What a person asks for; a correction names the right values."""

    kind: Kind
    text: Words = ""
    changes: dict[Literal["name", "phone", "second_phone", "address", "birth_date", "email"], Line] = Field(
        default_factory=dict
    )


class RequestOut(BaseModel):
    """A request as its person sees it."""

    id: UUID
    kind: str
    state: str
    received_at: datetime
    due_at: datetime
    rule: str
    decided_at: datetime | None
    ground: str | None
    article: str | None
    answer: str | None
    open_until: datetime | None
    given_at: datetime | None
    version: int


class Requests(BaseModel):
    """A page of a person's requests."""

    items: list[RequestOut]
    next: str | None


class QueuedOut(BaseModel):
    """A request as the desk's queue shows it: no words, who it is by id only."""

    id: UUID
    person_id: UUID
    kind: str
    state: str
    received_at: datetime
    due_at: datetime
    rule: str
    overdue: bool
    decided_at: datetime | None
    ground: str | None
    given_at: datetime | None
    version: int


class Queue(BaseModel):
    """A page of the queue."""

    items: list[QueuedOut]
    next: str | None


class RefusalOut(BaseModel):
    """A ground on which this request may be refused."""

    code: str
    article: str


class RequestRead(QueuedOut):
    """A request with its words, and on which grounds it may be refused."""

    text: str
    changes: dict[str, str]
    refusals: list[RefusalOut]


class DecisionIn(Model):
    """The desk's answer; a refusal names its ground. What is answered the person reads."""

    accept: Flag
    answer: Passage
    ground: Code | None = None


class CopyIn(Model):
    """Which file."""

    format: Format = "json"
