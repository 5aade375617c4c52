"""The bodies and answers of retention over HTTP."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, StringConstraints

from dure.engine.web import Line, Model
from dure.trust.retention.model import Scope
from dure.trust.shapes import Purpose

Standing = Literal["standing", "released", "over"]
Target = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class RuleOut(BaseModel):
    """One line of the table: since when, how many days after what, where it is written."""

    since: date
    days: int
    source: str
    confirm: bool
    in_force: bool


class KindOut(BaseModel):
    """A kind of data and its rules. `collected` is false where no room of this city keeps any yet. `days` is what
    holds now, with the city's own setting or by the facts that `why` says.
    """

    name: str
    label: str
    begins: str
    collected: bool
    days: int
    why: list[str]
    rules: list[RuleOut]


class TermOut(BaseModel):
    """A form of the notice: kept for `days`, where a fact asks for it for `longer`; from `people` on they are many."""

    since: date
    days: int
    longer: int
    people: int
    source: str
    in_force: bool


class FactsIn(Model):
    """What the city handles: 50,000 people or more, unique identifiers (PIPA 24), sensitive information (PIPA 23)."""

    many_people: bool
    unique_ids: bool
    sensitive: bool


class LogOut(BaseModel):
    """How long the audit log is kept: the notice's forms, what was told and what the vault shows (`seen_...`), and the
    facts that decide it: `untold`, `many_people`, `unique_ids`, `sensitive`, or `none`.
    """

    days: int
    why: list[str]
    terms: list[TermOut]
    told: FactsIn | None
    told_by: str | None
    told_at: datetime | None
    since: date | None
    seen_people: int
    seen_unique_ids: bool


class KindsOut(BaseModel):
    """What is kept how long and why."""

    items: list[KindOut]
    log: LogOut
    next: None = None


class ThingOut(BaseModel):
    """An example, by id."""

    id: str
    at: datetime
    end: datetime | None


class ComingOut(BaseModel):
    """A kind's part of the next night."""

    name: str
    label: str
    days: int
    source: str
    going: int
    held: int
    more: bool
    examples: list[ThingOut]
    held_examples: list[ThingOut]


class NightOut(BaseModel):
    """One night's job: how far it is, or when it was done."""

    day: date
    started_at: datetime
    finished_at: datetime | None


class Tomorrow(BaseModel):
    """What goes next, and when."""

    at: datetime
    last: NightOut | None
    items: list[ComingOut]
    next: None = None


class RecordOut(BaseModel):
    """One batch that was destroyed. `digest`: SHA-256 over the sorted ids, each followed by a line feed."""

    id: UUID
    day: date
    kind: str
    label: str
    at: datetime
    things: int
    digest: str
    first_at: datetime
    last_at: datetime
    rule_since: date
    rule_days: int
    source: str
    actor: str


class Records(BaseModel):
    """A page of the record of destruction."""

    items: list[RecordOut]
    next: str | None


class HoldIn(Model):
    """What to hold, why, until when; a period alone, or beside a target."""

    scope: Scope
    target: Target | None = None
    reason: Purpose
    document: Line | None = None
    until_at: AwareDatetime
    from_at: AwareDatetime | None = None
    to_at: AwareDatetime | None = None


class HoldOut(BaseModel):
    """A hold; `state` says how it stands now."""

    id: UUID
    scope: Scope
    target: str | None
    from_at: datetime | None
    to_at: datetime | None
    reason: str
    document: str | None
    created_at: datetime
    created_by: str
    until_at: datetime
    released_at: datetime | None
    released_by: str | None
    released_why: str | None
    state: Standing
    version: int


class Holds(BaseModel):
    """A page of holds."""

    items: list[HoldOut]
    next: str | None


class ReleaseIn(Model):
    """Why it ends."""

    why: Purpose
