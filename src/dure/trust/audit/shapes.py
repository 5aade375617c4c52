"""The bodies and answers of the log's HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, StringConstraints

from dure.engine.web import Model

Purpose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=200)]
Note = Annotated[str, StringConstraints(min_length=1, max_length=4_000)]


class StoredLine(BaseModel):
    """A line as it is read. `purpose_kept` is there where words of the purpose were sealed: that is what the log holds
    and proves; "■■■" in `purpose` are words whose key was destroyed. `case_no`, and `entity_no` where the thing is a
    case itself, are the numbers that people know it by today; the log does not hold them, and no proof covers them.
    """

    id: UUID
    at: datetime
    actor: str
    actor_name: str
    agency_id: str | None
    address: str | None
    action: str
    entity: str
    entity_id: str
    person_id: UUID | None
    purpose: str | None
    purpose_kept: str | None = None
    case_id: str | None
    outcome: str
    case_kind: str | None = None
    case_no: str | None = None
    entity_no: str | None = None


class AuditLine(StoredLine):
    """A line of the audit log with its number."""

    seq: int


class AuditLines(BaseModel):
    """A page of the audit log."""

    items: list[AuditLine]
    next: str | None


class CheckpointOut(BaseModel):
    """The city's signed word: a C2SP signed note."""

    number: int
    size: int
    at: datetime
    note: str


class KeyChange(BaseModel):
    """The checkpoints after number `after` are signed by `key`; `note` is signed by the key before and by it."""

    number: int
    key: str
    after: int
    size: int
    at: datetime
    note: str


class KeyChanges(BaseModel):
    """Every change of the key, the first one first."""

    items: list[KeyChange]


class Checkpoints(BaseModel):
    """A page of checkpoints, the oldest first."""

    items: list[CheckpointOut]
    next: str | None


class ProofOut(BaseModel):
    """That the log of `second` lines begins with that of `first` (RFC 6962, 2.1.2), in hex."""

    first: int
    second: int
    proof: list[str]


class ProvenLine(BaseModel):
    """A line with its proof; `line` is null where it was destroyed by the rules of retention."""

    seq: int
    leaf: str
    line: StoredLine | None
    checkpoint: CheckpointOut | None
    proof: list[str]


class WitnessIn(Model):
    """A witness's public key, as `dure audit witness` prints it."""

    key: Annotated[str, StringConstraints(min_length=20, max_length=300)]


class WitnessOut(BaseModel):
    """A witness, how much of the log it saw, and when."""

    name: str
    key: str
    added_at: datetime
    size: int | None
    seen_at: datetime | None


class Witnesses(BaseModel):
    """Every witness."""

    items: list[WitnessOut]
    next: str | None = None


class CosignatureIn(Model):
    """A checkpoint with a witness's line below it."""

    note: Note


class ExportIn(Model):
    """What to take out, and why."""

    purpose: Purpose
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class Health(BaseModel):
    """How the log is: `unsigned` lines wait for their minute; `age_s` is the last checkpoint's."""

    lines: int
    kept: int
    destroyed: int
    unsigned: int
    oldest_at: datetime | None
    key: str
    checkpoint: CheckpointOut | None
    age_s: float | None
    stale: bool
    witnesses: list[WitnessOut]
    as_of: datetime
