"""What is said and answered about view tickets."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from dure.engine.web import Flag, Model
from dure.video.tickets.model import MOST_CAMERAS

Purpose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=200)]
Ground = Annotated[str, StringConstraints(pattern=r"^pipa\.[0-9.]{4,12}$")]
Document = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
CameraId = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Kind = Literal["live", "past", "export"]
State = Literal["requested", "approved", "refused", "ended"]


class RequestForm(Model):
    """What is asked for: live, a span of the past, or that span as a file (`export`); of these cameras, else of the
    incident's five; why; on which ground and by which document, as far as they are known; for how many hours.
    """

    purpose: Purpose
    live: Flag = True
    past_from: Annotated[datetime | None, Field(description="With its zone.")] = None
    past_until: Annotated[datetime | None, Field(description="With its zone.")] = None
    export: Flag = False
    camera_ids: Annotated[list[CameraId], Field(min_length=1, max_length=MOST_CAMERAS)] | None = None
    ground: Ground | None = None
    document: Document | None = None
    hours: Annotated[float, Field(gt=0, le=72)] = 6


class ApproveForm(Model):
    """The ground and document where the request did not bring them, and a word about it."""

    ground: Ground | None = None
    document: Document | None = None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


class WhyForm(Model):
    """Why."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=500)]


class CameraOut(BaseModel):
    """A camera of a ticket."""

    id: str
    name: str | None


class TicketOut(BaseModel):
    """A request and what became of it. `mine`: the reader asked for it; `article`: the ground as officials cite it."""

    id: UUID
    number: int
    kind: Kind
    state: State
    incident_id: UUID
    receipt_no: str
    cameras: list[CameraOut]
    around: bool
    officer_name: str
    agency_id: str | None
    agency_name: str | None
    mine: bool
    network: str | None
    address: str | None
    purpose: str
    ground: str | None
    article: str | None
    document: str | None
    past_from: datetime | None
    past_until: datetime | None
    rule: str | None
    requested_at: datetime
    lasts_s: float
    decided_at: datetime | None
    decided_name: str | None
    reason: str | None
    expires_at: datetime | None
    ended_at: datetime | None
    ended_by: Literal["expired", "revoked", "closed", "merged"] | None
    ended_name: str | None
    version: int


class Tickets(BaseModel):
    """Tickets, the newest first."""

    items: list[TicketOut]
    next: str | None = None


class MarkForm(Model):
    """Somebody seen on a picture: on which camera, when (a past picture's own time), where in it (0 to 1 from the
    upper left), on foot or in a car; how many cameras shall be named.
    """

    camera_id: CameraId
    at: Annotated[datetime, Field(description="With its zone.")]
    mover: Literal["person", "car"]
    x: Annotated[float, Field(ge=0, le=1)] = 0.5
    y: Annotated[float, Field(ge=0, le=1)] = 0.5
    n: Annotated[int, Field(ge=1, le=12)] = 6


class NextOut(BaseModel):
    """A camera that they may pass: metres of way, between when, whether the way follows roads, and whether it is
    reached before any other named.
    """

    id: str
    name: str | None
    has_stream: bool
    metres: float
    from_at: datetime
    until_at: datetime
    by_road: bool
    first: bool


class Track(BaseModel):
    """Where to look next, the likeliest first."""

    items: list[NextOut]


class GroundOut(BaseModel):
    """A legal ground that may be named today."""

    code: str
    article: str


class RuleOut(BaseModel):
    """A rule by which live opens by itself."""

    id: str
    role: str
    types: list[str]
    ground: str
    article: str
    within_m: float
    hours: float
    since: str
    until: str | None


class Tables(BaseModel):
    """The dated tables as of today."""

    grounds: list[GroundOut]
    rules: list[RuleOut]
