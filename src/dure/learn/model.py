"""Reviews and findings: their states, and who may bring them on. Pure."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from dure.kernel.errors import Conflict


class ReviewState(StrEnum):
    """열림, 작성됨, 종결."""

    OPEN = "open"
    WRITTEN = "written"
    CLOSED = "closed"


QUESTIONS = ("happened", "expected", "why", "changes")
"""무슨 일이 있었나, 무엇을 기대했나, 왜 달랐나, 무엇을 바꾸나."""

_REVIEW: Mapping[ReviewState, frozenset[ReviewState]] = {
    ReviewState.OPEN: frozenset({ReviewState.WRITTEN}),
    ReviewState.WRITTEN: frozenset({ReviewState.OPEN, ReviewState.CLOSED}),
    ReviewState.CLOSED: frozenset({ReviewState.OPEN}),
}


def next_review(now: ReviewState, wanted: ReviewState, answers: Mapping[str, str]) -> ReviewState:
    """The state that follows. Raises Conflict where it cannot, or while one of the four questions has no answer."""
    if wanted not in _REVIEW[now]:
        raise Conflict("learn.review.not_in_state", state=now.value)
    if wanted is not ReviewState.OPEN and not all(answers.get(one, "").strip() for one in QUESTIONS):
        raise Conflict("learn.review.unanswered")
    return wanted


class FindingState(StrEnum):
    """적는 중, 제안됨, 받지 않음, 발행됨, 훈련함, 끝남."""

    OPEN = "open"
    PROPOSED = "proposed"
    DECLINED = "declined"
    PUBLISHED = "published"
    REHEARSED = "rehearsed"
    CLOSED = "closed"


class FindingAct(StrEnum):
    """What moves a finding on."""

    WRITE = "write"
    PROPOSE = "propose"
    APPROVE = "approve"
    DECLINE = "decline"
    REHEARSE = "rehearse"
    CLOSE = "close"


_FINDING: Mapping[tuple[FindingState, FindingAct], FindingState] = {
    (FindingState.OPEN, FindingAct.WRITE): FindingState.OPEN,
    (FindingState.DECLINED, FindingAct.WRITE): FindingState.OPEN,
    (FindingState.PROPOSED, FindingAct.WRITE): FindingState.OPEN,
    (FindingState.OPEN, FindingAct.PROPOSE): FindingState.PROPOSED,
    (FindingState.PROPOSED, FindingAct.APPROVE): FindingState.PUBLISHED,
    (FindingState.PROPOSED, FindingAct.DECLINE): FindingState.DECLINED,
    (FindingState.PUBLISHED, FindingAct.REHEARSE): FindingState.REHEARSED,
    (FindingState.REHEARSED, FindingAct.REHEARSE): FindingState.REHEARSED,
    (FindingState.REHEARSED, FindingAct.CLOSE): FindingState.CLOSED,
    (FindingState.DECLINED, FindingAct.CLOSE): FindingState.CLOSED,
}
"""What is published is closed only after a drill; what was declined, by whoever takes note of it."""


def next_finding(now: FindingState, act: FindingAct) -> FindingState:
    """The state that follows. Raises Conflict where the act makes no sense in this state."""
    following = _FINDING.get((now, act))
    if following is None:
        key = "learn.finding.not_rehearsed" if now is FindingState.PUBLISHED else "learn.finding.not_in_state"
        raise Conflict(key, state=now.value)
    return following


class Shift(StrEnum):
    """4조3교대: 06–14, 14–22, 22–06 by the city's clock."""

    DAY = "day"
    EVENING = "evening"
    NIGHT = "night"


def shift_of(at: datetime, zone: ZoneInfo) -> Shift:
    """The shift that was on duty."""
    hour = at.astimezone(zone).hour
    if 6 <= hour < 14:
        return Shift.DAY
    return Shift.EVENING if 14 <= hour < 22 else Shift.NIGHT
