"""What the vault's routes take and give."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from dure.engine.web import Model
from dure.trust.shapes import PersonOut, Purpose


class EraseIn(Model):
    """Why the person is erased, in words; it stands in the audit log and in the record of destruction. `confirm` is
    there so that nobody erases by mistake.
    """

    purpose: Purpose
    confirm: Literal["erase"]


class ErasedOut(BaseModel):
    """The destruction that was ordered: it is carried out when this answer leaves."""

    id: UUID
    person_id: UUID


class ProofOut(BaseModel):
    """What shows that a person was destroyed, as of now."""

    subject_id: UUID
    ordered_at: datetime
    ordered_by: str
    ordered_by_name: str | None
    reason: str
    key_destroyed: bool
    records: int
    index_rows: int
    ledger_seq: int | None
    ledger_at: str | None
    ledger_hash: str | None
    ledger_whole: bool


class DestructionOut(BaseModel):
    """One line of what was destroyed."""

    id: UUID
    kind: str
    subject_id: UUID
    reason: str
    by: str
    by_name: str | None
    ordered_at: datetime
    done_at: datetime | None


class Destructions(BaseModel):
    """A page of them, the newest first."""

    items: list[DestructionOut]
    next: str | None


class PairOut(BaseModel):
    """Two records that may be one person's, masked, with what speaks for it."""

    first: PersonOut
    second: PersonOut
    score: float
    why: list[str]
    state: Literal["open", "merged", "different"]
    kept_id: UUID | None
    found_at: datetime
    decided_at: datetime | None
    decided_by: str | None


class Pairs(BaseModel):
    """Pairs, the surest first."""

    items: list[PairOut]
    next: str | None = None


class Looked(BaseModel):
    """How many likely doubles a look found."""

    found: int


class PairIn(Model):
    """Which two records."""

    first: UUID
    second: UUID


class MergeIn(PairIn):
    """Which two records are one person's, and which of them stays."""

    kept: UUID
