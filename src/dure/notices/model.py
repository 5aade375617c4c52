"""What a notice is, how it stands, and what each answer of the other side makes of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from dure.kernel.messages import Language, Value


class Channel(StrEnum):
    """How a notice goes out. A text that is too long for an SMS becomes an LMS by itself."""

    SMS = "sms"
    LMS = "lms"
    VOICE = "voice"
    EMAIL = "email"
    PUSH = "push"


class Medium(StrEnum):
    """What it arrives at: a phone's messages, a phone's bell, a mailbox, a browser."""

    TEXT = "text"
    VOICE = "voice"
    EMAIL = "email"
    PUSH = "push"


MEDIUM: Mapping[Channel, Medium] = {
    Channel.SMS: Medium.TEXT,
    Channel.LMS: Medium.TEXT,
    Channel.VOICE: Medium.VOICE,
    Channel.EMAIL: Medium.EMAIL,
    Channel.PUSH: Medium.PUSH,
}
TO_PHONE = frozenset({Medium.TEXT, Medium.VOICE})


class Status(StrEnum):
    """How a notice stands. `sending` is the intent on the disk: to whoever asks it is still queued."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"  # the gateway has accepted it
    DELIVERED = "delivered"
    FAILED = "failed"  # it went out and did not arrive, or its time was over
    UNKNOWN = "unknown"  # it may have gone out: nobody heard the answer
    REFUSED = "refused"  # it did not go out, and will not

    @property
    def shown(self) -> "Status":
        """What screens and clients are told."""
        return Status.QUEUED if self is Status.SENDING else self


FINAL = frozenset({Status.DELIVERED, Status.FAILED, Status.REFUSED})


@dataclass(frozen=True, slots=True)
class To:
    """Whom: exactly one of a person of the vault, a staff account and an agency (its slug). Their number or address is
    read at the moment of sending and nowhere before.
    """

    person_id: UUID | None = None
    account_id: UUID | None = None
    agency_id: str | None = None

    def __post_init__(self) -> None:
        if sum(one is not None for one in (self.person_id, self.account_id, self.agency_id)) != 1:
            raise ValueError("a notice goes to exactly one person, account or agency")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A notice that somebody wants sent.

    `template` names a text (`notices.templates`), `values` fill it. `key` is the caller's own name for this notice: the
    same key, channel and receiver twice is one notice, and one phone gets no second text for one key. `life_safety`
    goes before everything else and through quiet hours. `by` is who wants it (`Principal.actor`, "playbook:<id>").
    Without `good_for` it is worth sending for a day. With `call_after` whoever has not acknowledged a text or push so
    long after it was wanted is called: for people on duty. `link` is an address that stands below the text, whatever
    the city made of the template. `answers` are what a call asks for: the first is the telephone's key 1.
    """

    channel: Channel
    to: To
    template: str
    key: str
    values: Mapping[str, Value] = field(default_factory=dict)
    life_safety: bool = False
    incident_id: UUID | None = None
    language: Language | None = None
    by: str = "system"
    good_for: timedelta = timedelta(days=1)
    call_after: timedelta | None = None
    link: str = ""
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """The gateway has it; `gateway_id` is its own name for it."""

    gateway_id: str | None = None


@dataclass(frozen=True, slots=True)
class Declined:
    """The gateway has it not and will not take it; `code` says why in its words."""

    code: str


@dataclass(frozen=True, slots=True)
class NotNow:
    """It surely did not go out: the gateway was not reached, or said "later"."""

    code: str


@dataclass(frozen=True, slots=True)
class Unheard:
    """It was handed over and no answer came back: it may have gone out."""

    code: str


Outcome = Accepted | Declined | NotNow | Unheard


class Report(StrEnum):
    """What the other side says of a notice that it accepted."""

    UNDER_WAY = "under_way"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Found:
    """The gateway knows it. `replied`: whoever was called has pressed a key; `key`: which, where it says so."""

    gateway_id: str
    report: Report
    code: str = ""
    at: datetime | None = None
    replied: bool = False
    key: int | None = None


class Absent(StrEnum):
    """The gateway does not show it."""

    SURELY = "surely"  # it lists all that it took, and this is not there
    CANNOT_SAY = "cannot_say"  # it keeps no such list, or refuses to look


Lookup = Found | Absent


class Doubt(StrEnum):
    """What becomes of a notice that may have gone out."""

    WENT = "went"
    AGAIN = "again"
    AGAIN_DOUBLED = "again_doubled"  # it may arrive twice: counted
    PERSON = "person"


def settled(lookup: Lookup, *, life_safety: bool) -> Doubt:
    """What the gateway's answer about our own reference means. Where it cannot say, a life counts more than a second
    message, and everything else waits for a person.
    """
    if isinstance(lookup, Found):
        return Doubt.WENT
    if lookup is Absent.SURELY:
        return Doubt.AGAIN
    return Doubt.AGAIN_DOUBLED if life_safety else Doubt.PERSON


def reported(now: Status, report: Report) -> Status:
    """The status after a delivery report. Reports come late, twice and out of order: what arrived has arrived, and a
    report never brings back what had ended otherwise.
    """
    if report is Report.UNDER_WAY:
        return Status.SENT if now in {Status.SENDING, Status.UNKNOWN} else now
    if report is Report.DELIVERED:
        return Status.DELIVERED
    return Status.FAILED if now not in FINAL else now
