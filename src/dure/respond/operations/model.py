"""The decisions about an operation. Pure."""

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

from dure.kernel.errors import Conflict, FieldError, Invalid
from dure.kernel.severity import Severity


class Change(StrEnum):
    """What a change of the crisis level does."""

    ISSUE = "issue"
    RAISE = "raise"
    LOWER = "lower"
    LIFT = "lift"


class Consulted(StrEnum):
    """When the Minister of the Interior and Safety was consulted about 심각 (재난안전법 제38조제3항)."""

    BEFORE = "before"
    LATER = "later"  # it was urgent: consult without delay


@dataclass(frozen=True, slots=True)
class Standing:
    """The level as it stands: None where none was issued or it was lifted, and since when."""

    level: Severity | None = None
    since: datetime | None = None


def moved(standing: Standing, wanted: Severity | None, at: datetime, now: datetime) -> Change:
    """What it is to go from `standing` to `wanted` at `at`.

    Raises Conflict where it is so already, Invalid where `at` lies ahead or before the change that stands.
    """
    if wanted == standing.level:
        raise Conflict("respond.operations.level.same")
    if at > now:
        raise Invalid("engine.fields.wrong", fields=[FieldError("at", "respond.operations.level.ahead")])
    if standing.since is not None and at < standing.since:
        raise Invalid("engine.fields.wrong", fields=[FieldError("at", "respond.operations.level.before")])
    if wanted is None:
        return Change.LIFT
    if standing.level is None:
        return Change.ISSUE
    return Change.RAISE if wanted.rank < standing.level.rank else Change.LOWER


def asks_consultation(before: Severity | None, after: Severity | None) -> bool:
    """Whether 심각 is issued or lifted, which the ministry is consulted about (재난안전법 제38조제3항)."""
    return Severity.CRITICAL in {before, after} and before != after


class ReportKind(StrEnum):
    """최초보고, 중간보고, 최종보고 (재난안전법 시행규칙 제5조제1항)."""

    FIRST = "first"
    INTERIM = "interim"
    FINAL = "final"


class ReportState(StrEnum):
    """How a report stands; an approved one is frozen."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    DISCARDED = "discarded"


def next_report(kind: ReportKind, approved: Sequence[ReportKind], *, closed: bool) -> int:
    """Which one of its kind the next report is (from 1), after those `approved`.

    The first comes once and before all others; an interim one while the operation runs; the final one when it has
    ended, and again where it must be corrected. Raises Conflict out of turn.
    """
    begun = ReportKind.FIRST in approved
    if kind is ReportKind.FIRST and begun:
        raise Conflict("respond.operations.report.first_made")
    if kind is not ReportKind.FIRST and not begun:
        raise Conflict("respond.operations.report.first_missing")
    if kind is ReportKind.INTERIM and closed:
        raise Conflict("respond.operations.report.over")
    if kind is ReportKind.FINAL and not closed:
        raise Conflict("respond.operations.report.running")
    return approved.count(kind) + 1


State = TypeVar("State", bound=StrEnum)
Acts = Mapping[str, tuple[Collection[State], State]]
"""From which states an act leads to which one."""


def after(acts: Acts[State], state: State, act: str, key: str) -> State:
    """The state after an act. Raises Conflict (`key`) out of turn."""
    before, then = acts[act]
    if state not in before:
        raise Conflict(key)
    return then


REPORT_ACTS: Final[Acts[ReportState]] = {
    "submit": ({ReportState.DRAFT}, ReportState.SUBMITTED),
    "return": ({ReportState.SUBMITTED}, ReportState.DRAFT),
    "approve": ({ReportState.SUBMITTED}, ReportState.APPROVED),
    "discard": ({ReportState.DRAFT}, ReportState.DISCARDED),
}


class MeetingState(StrEnum):
    """How a meeting stands; signed minutes are frozen."""

    PLANNED = "planned"
    HELD = "held"
    SIGNED = "signed"
    CANCELLED = "cancelled"


MEETING_ACTS: Final[Acts[MeetingState]] = {
    "hold": ({MeetingState.PLANNED}, MeetingState.HELD),
    "sign": ({MeetingState.HELD}, MeetingState.SIGNED),
    "cancel": ({MeetingState.PLANNED}, MeetingState.CANCELLED),
}


class PostState(StrEnum):
    """How a revision of what citizens are told stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    RETURNED = "returned"


POST_ACTS: Final[Acts[PostState]] = {
    "submit": ({PostState.DRAFT, PostState.RETURNED}, PostState.SUBMITTED),
    "return": ({PostState.SUBMITTED}, PostState.RETURNED),
    "approve": ({PostState.SUBMITTED}, PostState.APPROVED),
}


_HOUSE_NUMBER = re.compile(r"(?:산|B|지하)?\d[\d-]*(?:번지|호|동|층)?,?")


def coarse(address: str | None) -> str:
    """An address as far as the street or quarter: no house number and nothing after it, so that nobody's home is
    shown on a wall.
    """
    kept: list[str] = []
    for word in (address or "").split():
        if _HOUSE_NUMBER.fullmatch(word) or word.startswith(("(", "#")):
            break
        kept.append(word.rstrip(","))
    return " ".join(kept)


def canonical(value: Mapping[str, Any]) -> bytes:
    """A value as bytes that are the same wherever it is written down: JSON, keys in order, no blanks, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain).encode(
        "utf-8", "surrogatepass"
    )


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def digest(value: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()
