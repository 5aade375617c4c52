"""What the API takes and gives (OpenAPI is made from it). Times are ISO 8601 in UTC."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from dure.detect.rulefile import LONGEST_TEXT
from dure.engine.web import Line, Model, Whole

Stage = Literal["pre_alarm", "confirmed", "cleared", "false"]
SeverityName = Literal["critical", "serious", "watch", "notice"]
Toml = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT)]


class Names(BaseModel):
    """A name in both languages."""

    ko: str
    en: str


class Alarm(BaseModel):
    """An alarm. `recent` is the run-up to it, [Unix seconds, value], oldest first; `limit` is the number that the value
    was held against; `members` how many devices it stands for; `device` is null where it stands for a group."""

    id: str
    rule: str
    rule_name: Names
    subject: str
    device: str | None
    device_name: str | None
    group: str | None
    members: int
    place: str | None
    lon: float | None
    lat: float | None
    stage: Stage
    severity: SeverityName
    category: Literal["event", "fault"]
    fault: bool
    lane: str
    incident_type: str | None
    life_safety: bool
    late: bool
    open: bool
    count: int
    property: str | None
    unit: str | None
    value: float | None
    limit: float | None
    recent: list[tuple[float, float]]
    onset_at: datetime
    raised_at: datetime
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    judged_at: datetime | None
    judged_by: str | None
    judged_reason: str | None
    judged_words: str | None
    confirmed_at: datetime | None
    shelved_until: datetime | None
    shelved_reason: str | None
    shelved_words: str | None
    shelved_by: str | None
    incident_id: str | None
    version: int


FalseReason = Literal["steam", "cooking", "disinfection", "works", "fault", "test", "other"]
"""Why a detector spoke without need: steam, cooking smoke, spraying, building works, a defect, a test."""
RealReason = Literal["camera", "site", "call", "more", "other"]
"""How a person knows that it is so: seen on camera, seen on site, told by a caller, by further detectors."""


class Doubted(Model):
    """Why an alarm is false; `other` asks for words."""

    reason: FalseReason | None = None
    text: Line | None = None


class Confirmed(Model):
    """How somebody knows that an alarm is so; `other` asks for words."""

    reason: RealReason | None = None
    text: Line | None = None


class Alarms(BaseModel):
    """A page of alarms, newest first."""

    items: list[Alarm]
    next: str | None


class Flood(BaseModel):
    """Whether more than `limit` new alarms came in the last minutes: more than a person can follow (IEC 62682)."""

    count: int
    limit: int
    minutes: int
    flooding: bool


class Mark(BaseModel):
    """An alarm as a line of the strip."""

    id: str
    rule: str
    severity: SeverityName
    stage: Stage
    late: bool
    onset_at: datetime
    raised_at: datetime
    ended_at: datetime | None


class Lane(BaseModel):
    """One line of the strip; its name is `detect.lane.<lane>` of the catalogue where there is one."""

    lane: str
    alarms: list[Mark]


class Summary(BaseModel):
    """The strip below the board, as of a moment."""

    as_of: datetime
    since: datetime
    open: dict[SeverityName, int]
    stages: dict[Stage, int]
    shelved: int
    chattering: int
    flood: Flood
    lanes: list[Lane]


ShelfReason = Literal["works", "disinfection", "maintenance", "fault", "test", "other"]
"""Why alarms are hidden for a while: building works, spraying, a detector being serviced, a defect, a test."""


class Shelving(Model):
    """Until when, and why; `other` asks for words."""

    until: AwareDatetime
    reason: ShelfReason
    text: Line | None = None


class Rule(BaseModel):
    """A rule in force. `owner` is the room or service that brought it, or "city"; `overridden`: the city changed it."""

    id: str
    name: Names
    toml: str
    enabled: bool
    kind: str
    kinds: list[str]
    severity: SeverityName
    category: Literal["event", "fault"]
    lane: str
    incident: str | None
    life_safety: bool
    source: str
    built_in: bool
    overridden: bool
    open_alarms: int
    version: int
    updated_at: datetime | None
    updated_by: str | None


class Rules(BaseModel):
    """All rules; a city has few, so `next` is always null."""

    items: list[Rule]
    next: None = None


class RuleText(Model):
    """One `[[rule]]` table in TOML."""

    toml: Toml


class RuleSwitch(Model):
    """On or off."""

    enabled: Annotated[bool, Field(strict=True)]


class RuleUndo(Model):
    """The version to go back to; 0 is the rule as it came with the city."""

    version: Annotated[Whole, Field(ge=0, le=2**31 - 1)]


class RuleVersion(BaseModel):
    """What a rule was; `toml` is null where it was taken out."""

    version: int
    toml: str | None
    enabled: bool
    at: datetime | None
    by: str


class RuleVersions(BaseModel):
    """The newest first."""

    items: list[RuleVersion]
    next: None = None


class WrongLine(BaseModel):
    """What is wrong with a rule, where and why."""

    line: int
    field: str
    key: str
    reason: str


class RuleCheck(BaseModel):
    """Whether a text is a rule."""

    ok: bool
    errors: list[WrongLine]


class RuleTrial(Model):
    """A rule to try on what was observed between two times, at most one day of it."""

    toml: Toml
    since: Annotated[AwareDatetime, Field(alias="from")]
    until: Annotated[AwareDatetime, Field(alias="to")]


class WouldBe(BaseModel):
    """An alarm that a rule would have raised."""

    subject: str
    device: str | None
    onset_at: datetime
    matured_at: datetime
    cleared_at: datetime | None
    late: bool
    value: float | None


class RuleTried(BaseModel):
    """What a rule would have raised; `readings` were looked at, `truncated` says that there was more of either."""

    readings: int
    raised: list[WouldBe]
    truncated: bool
