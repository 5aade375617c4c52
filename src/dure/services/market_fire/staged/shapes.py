"""What the API of the stages takes and gives. Times are ISO 8601 in UTC."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from dure.detect.shapes import FalseReason
from dure.engine.web import Line, Model

StageName = Literal["quiet", "pre_alarm", "paused", "reported", "false"]
WhoName = Literal["operator", "owner", "sent", "device"]
SaysName = Literal["fire", "not_fire", "unknown"]
WorkName = Literal["works", "disinfection", "welding", "test"]


class AnswerForm(Model):
    """What somebody in the control room says: `who` has seen it or reported it (the operator on video, somebody at the
    stall, the site's own automatic notification system). That it is no fire asks for the cause.
    """

    says: SaysName
    who: Literal["operator", "sent", "device"] = "operator"
    cause: FalseReason | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.says == "not_fire") != (self.cause is not None):
            raise ValueError("a cause belongs to what is no fire")
        if self.who == "device" and self.says != "fire":
            raise ValueError("a device reports a fire or nothing")
        return self


class SignOut(BaseModel):
    """What speaks for a fire, since when. `weight` is the step of the ladder that it reaches; 4 is enough alone."""

    kind: str
    device: str
    place: str | None
    weight: int
    since: datetime
    cleared_at: datetime | None
    doubts: list[str]


class AnswerOut(BaseModel):
    """Who answered what, and how it came."""

    who: WhoName
    says: SaysName
    cause: str | None
    way: Literal["screen", "link", "key", "call", "alarm"]
    by: str
    at: datetime


class GroundsOut(BaseModel):
    """Why the stall is judged as it is at this hour. `step`: the step of warmth that confirms."""

    stall: str | None
    trades: bool
    steamy: bool
    steam: tuple[int, int] | None
    works: WorkName | None
    until: datetime | None
    announced_by: str | None
    answer_s: float
    step: int
    shifted: str | None


class VerificationOut(BaseModel):
    """Where the verification of an incident stands. `deadline_at`: when it goes up by itself."""

    incident_id: UUID
    stage: StageName
    since: datetime
    began_at: datetime
    deadline_at: datetime | None
    extended: str | None
    why: str | None
    reported_at: datetime | None
    grounds: GroundsOut
    signs: list[SignOut]
    answers: list[AnswerOut]
    open: bool
    version: int


class AnnounceForm(Model):
    """Works that somebody announced, for a whole market or some of its stalls; half a day at most."""

    market_id: UUID
    stalls: Annotated[list[UUID], Field(max_length=200, default_factory=list)]
    kind: WorkName
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    announced_by: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
    note: Line | None = None


class AnnouncementOut(BaseModel):
    """One announcement; `stalls` are names, none of them: the whole market."""

    id: UUID
    market_id: UUID
    market: str
    stalls: list[str]
    kind: WorkName
    starts_at: datetime
    ends_at: datetime
    announced_by: str
    note: str | None
    told_by: str
    ended_at: datetime | None
    ended_by: str | None
    version: int


class AnnouncementsOut(BaseModel):
    """What is announced now and for later, soonest first, or what was."""

    items: list[AnnouncementOut]
    next: str | None
