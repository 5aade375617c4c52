"""The decisions: may this be opened now, and what of it. Pure functions, default deny; a refusal is a message's key."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from dure.trust.purposes import codes, grounds
from dure.trust.roles import Role

AFTER_CLOSING = timedelta(hours=24)
"""So long after its case has ended a coded purpose still opens: calls that are owed, a report that is written."""
LONGEST = timedelta(days=5 * 366)
"""An entry of the ledger is renewed after so long at the latest: a purpose without end is none."""
GLASS_LASTS = timedelta(hours=2)
REVIEW_WORKING_DAYS = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the ledger."""

    id: UUID
    person_id: UUID | None
    code: str
    basis: str
    kinds: frozenset[str]
    agency_id: str | None
    from_at: datetime
    until_at: datetime
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """What somebody works on: an incident, by its id, and when it ended."""

    kind: str
    id: str
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Glass:
    """A broken glass: whose, for whom, until when."""

    id: UUID
    person_id: UUID
    account_id: UUID
    reason: str
    until_at: datetime
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    """Leave to open: on what ground, and which kinds of data are shown."""

    code: str
    basis: str
    kinds: frozenset[str]
    purpose_id: UUID | None = None
    case: Case | None = None
    glass_id: UUID | None = None


def by_ledger(
    entry: Entry | None, *, person_id: UUID, agency_id: str | None, case: Case | None, now: datetime, today: date
) -> Leave | str:
    """Leave by an entry of the ledger, or the key of the refusal.

    An entry for nobody in particular (a duty of the office) opens together with a case only; one of an agency is
    that agency's.
    """
    if entry is None or (entry.person_id is not None and entry.person_id != person_id):
        return "trust.purpose.unknown"
    if entry.withdrawn_at is not None and entry.withdrawn_at <= now:
        return "trust.purpose.withdrawn"
    if now < entry.from_at:
        return "trust.purpose.not_yet"
    if now >= entry.until_at:
        return "trust.purpose.over"
    if grounds.in_force(entry.basis, today) is None:
        return "trust.purpose.ground_wrong"
    if entry.agency_id is not None and entry.agency_id != agency_id:
        return "trust.purpose.other_agency"
    if entry.person_id is None and (refusal := _case_refusal(case, now)):
        return refusal
    return Leave(entry.code, entry.basis, entry.kinds, purpose_id=entry.id, case=case)


def by_code(code: str, *, roles: Collection[Role], case: Case | None, now: datetime, today: date) -> Leave | str:
    """Leave by a coded purpose with a case, or the key of the refusal."""
    found = codes.in_force(code, today)
    if found is None or grounds.in_force(found.basis, today) is None:
        return "trust.purpose.code_unknown"
    if found.roles.isdisjoint(roles):
        return "trust.purpose.code_not_yours"
    if refusal := _case_refusal(case, now):
        return refusal
    return Leave(found.code, found.basis, found.kinds, case=case)


def by_glass(glass: Glass | None, *, person_id: UUID, account_id: UUID | None, now: datetime) -> Leave | str:
    """Leave by a broken glass: by whoever broke it, for the one person, for its two hours."""
    if glass is None or glass.account_id != account_id or glass.person_id != person_id:
        return "trust.glass.unknown"
    if now >= glass.until_at or (glass.closed_at is not None and glass.closed_at <= now):
        return "trust.glass.over"
    return Leave("glass", codes.REASONS[glass.reason], frozenset(codes.KINDS) - {"number"}, glass_id=glass.id)


def _case_refusal(case: Case | None, now: datetime) -> str | None:
    if case is None:
        return "trust.purpose.case_needed"
    if case.closed_at is not None and now >= case.closed_at + AFTER_CLOSING:
        return "trust.purpose.case_over"
    return None


def entry_refusal(entry: Entry, *, today: date) -> str | None:
    """Why `entry` may not be put into the ledger, or None."""
    ground = grounds.in_force(entry.basis, today)
    if ground is None:
        return "trust.purpose.ground_wrong"
    if ground.consent and entry.person_id is None:
        return "trust.purpose.consent_of_whom"
    if not entry.kinds or not entry.kinds <= set(codes.KINDS):
        return "trust.purpose.kinds_wrong"
    if entry.until_at <= entry.from_at or entry.until_at - entry.from_at > LONGEST:
        return "trust.purpose.span_wrong"
    return None


def shown_fields(leave: Leave, fields: Collection[str]) -> frozenset[str]:
    """Which of a record's fields are shown open: those whose kind the leave covers."""
    return frozenset(one for one in fields if codes.KIND_OF_FIELD.get(one) in leave.kinds)


def withdrawn(entry: Entry, at: datetime) -> Entry:
    """The entry after its withdrawal."""
    return replace(entry, withdrawn_at=at)


def break_refusal(*, reason: str, is_account: bool, own_overdue: int) -> str | None:
    """Why the glass may not be broken, or None: by people only, for a coded reason, no review of theirs overdue."""
    if not is_account:
        return "trust.account.needed"
    if reason not in codes.REASONS:
        return "trust.glass.reason_unknown"
    if own_overdue:
        return "trust.glass.reviews_overdue"
    return None


def review_refusal(
    *, broke: UUID, reviewer: UUID | None, reviewed_at: datetime | None, escalated: bool, roles: Collection[Role]
) -> str | None:
    """Why somebody may not review, or None. Administrators come in once it is overdue; nobody reviews themself."""
    if reviewer is None:
        return "trust.account.needed"
    if reviewer == broke:
        return "trust.glass.own_review"
    if reviewed_at is not None:
        return "trust.glass.reviewed"
    if {Role.SHIFT_LEAD, Role.AUDITOR}.isdisjoint(roles) and not escalated:
        return "trust.glass.not_yet_yours"
    return None
