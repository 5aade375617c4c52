"""What a view ticket is and when it is good. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from dure.trust.policy import is_purpose
from dure.trust.principal import Principal
from dure.trust.roles import CONTROL_ROOM, Role

Kind = Literal["live", "past", "export"]
State = Literal["requested", "approved", "refused", "ended"]
Ended = Literal["expired", "revoked", "closed", "merged"]
KINDS: tuple[Kind, ...] = ("live", "past", "export")
STATES: tuple[State, ...] = ("requested", "approved", "refused", "ended")
MOST_CAMERAS = 16
LONGEST = timedelta(hours=72)
"""So long a ticket is good at most."""
LONGEST_SPAN = timedelta(hours=24)
"""So much of the past one ticket opens at most."""
REQUEST_WAITS = timedelta(hours=24)
"""A request that nobody decides on ends after that."""
CENTRE = CONTROL_ROOM | {Role.ADMIN}
"""Who sees live pictures as the centre's own work, and decides what others may see."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the past, from `begin` until before `end`."""

    begin: datetime
    end: datetime

    def holds(self, begin: datetime, end: datetime) -> bool:
        """Whether another stretch lies within it."""
        return self.begin <= begin < end <= self.end


@dataclass(frozen=True, slots=True)
class Right:
    """An approved ticket as what it allows: who, from where, which cameras, which span (None: live), until when."""

    id: UUID
    number: int
    kind: Kind
    incident_id: UUID
    receipt_no: str
    camera_ids: tuple[str, ...]
    around: bool
    officer: tuple[str, UUID]
    network: str | None
    address: str | None
    span: Span | None
    expires_at: datetime
    ground: str | None
    document: str | None
    approved_by: str
    provided: bool
    """Shown to another agency; else the centre's own use."""


def is_the_officers(right: Right, principal: Principal) -> bool:
    """Whether it is this person's, asking from where it was given: the approved network, else that address alone."""
    if right.officer != (principal.kind, principal.id):
        return False
    if right.network is not None:
        return right.network == principal.network
    return right.address == principal.address


def allows_live(right: Right, principal: Principal, camera_id: str, now: datetime) -> bool:
    """Whether it opens this camera's live picture now."""
    return right.kind == "live" and _good(right, principal, [camera_id], now)


def allows_past(right: Right, principal: Principal, camera_id: str, span: Span, now: datetime) -> bool:
    """Whether it opens this stretch of this camera's past. A ticket for a file opens what the file will hold."""
    return (
        right.span is not None and right.span.holds(span.begin, span.end) and _good(right, principal, [camera_id], now)
    )


def allows_export(right: Right, principal: Principal, camera_ids: Collection[str], span: Span, now: datetime) -> bool:
    """Whether these cameras and this stretch may leave as a file under it."""
    return (
        right.kind == "export"
        and bool(camera_ids)
        and right.span is not None
        and right.span.holds(span.begin, span.end)
        and _good(right, principal, camera_ids, now)
    )


def _good(right: Right, principal: Principal, camera_ids: Collection[str], now: datetime) -> bool:
    return now < right.expires_at and set(camera_ids) <= set(right.camera_ids) and is_the_officers(right, principal)


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decides, on what ground and by which document, and why in their words."""

    ground: str | None = None
    document: str | None = None
    reason: str = ""


Refusal = Literal["not_waiting", "own", "document", "ground", "reason"]


def refused(
    state: str, kind: Kind, officer: tuple[str, UUID], decider: Principal, decision: Decision, *, approve: bool
) -> Refusal | None:
    """Why a decision cannot stand; None where it can. Nobody decides on what they asked for themselves; past pictures
    and files need a legal ground and a document number (PIPA 18(2), 18(5)); a refusal needs a reason.
    """
    if state != "requested":
        return "not_waiting"
    if officer == (decider.kind, decider.id):
        return "own"
    if not approve:
        return None if is_purpose(decision.reason) else "reason"
    if kind == "live":
        return None
    if not decision.ground:
        return "ground"
    return None if (decision.document or "").strip() else "document"
