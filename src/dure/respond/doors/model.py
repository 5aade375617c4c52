"""What goes out by a door and what comes back: states and decisions. Pure."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from dure.respond.model import HandoffStatus


class Way(StrEnum):
    """What a door speaks."""

    REST = "rest"
    EDXL1 = "edxl1"
    EDXL2 = "edxl2"


class What(StrEnum):
    """What a letter is about."""

    HANDOFF = "handoff"
    MESSAGE = "message"
    CLOSED = "closed"


class Sending(StrEnum):
    """How far a letter has come. `unknown`: it may have arrived. `dead`: it will not go by itself any more."""

    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    SENT = "sent"
    DEAD = "dead"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Taken:
    """The other side has it; `number` is its own number of it."""

    number: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The other side does not take it, and would not the next time."""

    code: str


@dataclass(frozen=True, slots=True)
class NotNow:
    """Surely not taken: nobody there, or too much asked. `after` is how long the other side wants us to wait."""

    code: str
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Unheard:
    """Nobody can say whether it was taken."""

    code: str


Outcome = Taken | Refused | NotNow | Unheard


class Lookup(StrEnum):
    """What the other side answers when it is asked after our reference."""

    THERE = "there"
    ABSENT = "absent"
    CANNOT_SAY = "cannot_say"
    AWAY = "away"


_LATER = frozenset({408, 425, 429})
"""Statuses that say "not now" of themselves (RFC 9110, RFC 8470, RFC 6585)."""


def outcome_of(status: int, number: str | None = None, after: timedelta | None = None) -> Outcome:
    """What an HTTP status means for a letter: 2xx and 409 (its reference is there already) are taken; other 4xx and a
    redirection, which is never followed, are refusals; at 503 nothing was taken; other 5xx leave it open.
    """
    if 200 <= status < 300 or status == 409:
        return Taken(number)
    if status in _LATER or status == 503:
        return NotNow(f"http_{status}", after)
    if 300 <= status < 500:
        return Refused(f"http_{status}")
    return Unheard(f"http_{status}")


FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(minutes=5)
LONGEST_WAIT_LIFE = timedelta(seconds=30)
MOST_TRIES = 60
MOST_TRIES_LIFE = 600
"""About five hours, at the longest waits. What is dead by then waits for a person; it is never thrown away."""
LOST_AFTER = timedelta(seconds=25)
"""So long after its beginning an attempt that nobody ended is one whose process died; longer than any request lasts."""
ASK_AFTER = timedelta(seconds=2)
JITTER = 0.2


def again_at(reference: UUID, tries: int, now: datetime, *, life_safety: bool) -> datetime:
    """When to try after `tries` attempts: twice as long each time up to a longest wait, a fifth more or less by the
    reference, so that a city's letters do not all come at once when an agency is back.
    """
    longest = LONGEST_WAIT_LIFE if life_safety else LONGEST_WAIT
    wait: timedelta = min(FIRST_WAIT * (1 << min(max(tries, 1) - 1, 16)), longest)
    drawn = hashlib.sha256(reference.bytes + tries.to_bytes(4, "big")).digest()
    share = int.from_bytes(drawn[:4], "big") / 2**32
    return now + wait * (1 + JITTER * (2 * share - 1))


def spent(tries: int, *, life_safety: bool) -> bool:
    """Whether so many attempts are enough."""
    return tries >= (MOST_TRIES_LIFE if life_safety else MOST_TRIES)


class Doubt(StrEnum):
    """What follows from having asked after a letter."""

    ARRIVED = "arrived"
    AGAIN = "again"
    AGAIN_DOUBLED = "again_doubled"
    PERSON = "person"
    LATER = "later"


def settled(lookup: Lookup, *, life_safety: bool) -> Doubt:
    """Where the other side cannot say, life safety goes again and is counted; the rest waits for a person."""
    match lookup:
        case Lookup.THERE:
            return Doubt.ARRIVED
        case Lookup.ABSENT:
            return Doubt.AGAIN
        case Lookup.AWAY:
            return Doubt.LATER
        case Lookup.CANNOT_SAY:
            return Doubt.AGAIN_DOUBLED if life_safety else Doubt.PERSON


class Said(StrEnum):
    """What an agency's system tells about a hand-off."""

    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    DONE = "done"
    MESSAGE = "message"


class Progress(StrEnum):
    """How far an agency that acknowledged has come."""

    ACCEPTED = "accepted"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a hand-off stands. `said_at` is the agency's time of what moved it last."""

    status: HandoffStatus
    progress: Progress | None = None
    said_at: datetime | None = None


class Verdict(StrEnum):
    """What becomes of what was said: it moves the hand-off; it is old news and only noted; it contradicts what the
    agency said before, which a person has to clear up with it.
    """

    TAKEN = "taken"
    NOTED = "noted"
    CONTRADICTS = "contradicts"


_RANK = {Said.ACKNOWLEDGED: 1, Said.ACCEPTED: 2, Said.DONE: 3}


def rank(stand: Stand) -> int:
    """Sent 0, acknowledged 1, accepted 2, done 3."""
    if stand.status is HandoffStatus.SENT:
        return 0
    return {None: 1, Progress.ACCEPTED: 2, Progress.DONE: 3}[stand.progress]


def heard(stand: Stand, said: Said, said_at: datetime) -> tuple[Verdict, Stand]:
    """What an agency's word does to a hand-off, in whatever order words come in.

    Forward words (acknowledged, accepted, done) only ever move it forward, so any order of them ends the same. A
    refusal counts until the agency has accepted; a refusal that is older than what it said since is old news. After a
    refusal newer words contradict it: the incident came back to the control room then, and somebody handles it.
    """
    if said is Said.MESSAGE:
        return Verdict.NOTED, stand
    older = stand.said_at is not None and said_at < stand.said_at
    if stand.status is HandoffStatus.DECLINED:
        old = said is Said.DECLINED or older
        return (Verdict.NOTED if old else Verdict.CONTRADICTS), stand
    if said is Said.DECLINED:
        if older:
            return Verdict.NOTED, stand
        if rank(stand) >= _RANK[Said.ACCEPTED]:
            return Verdict.CONTRADICTS, stand
        return Verdict.TAKEN, Stand(HandoffStatus.DECLINED, None, said_at)
    if _RANK[said] <= rank(stand):
        return Verdict.NOTED, stand
    progress = None if said is Said.ACKNOWLEDGED else Progress(said.value)
    latest = said_at if stand.said_at is None else max(said_at, stand.said_at)
    return Verdict.TAKEN, replace(stand, status=HandoffStatus.ACKNOWLEDGED, progress=progress, said_at=latest)
