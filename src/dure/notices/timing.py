"""When a notice may go out, and when it is tried again. Pure."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from uuid import UUID

from dure.notices.model import Report

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=10)
LONGEST_WAIT_LIFE = timedelta(seconds=30)
JITTER = 0.2
ASK_AFTER = timedelta(seconds=5)
"""So long after an unheard attempt its gateway is not asked: the request may still be on its way in."""
LOST_AFTER = timedelta(seconds=20)
"""So long after its beginning an attempt that nobody ended is one whose process died; longer than any request lasts."""
REPORTS = (timedelta(seconds=3), timedelta(seconds=10), timedelta(seconds=30), timedelta(minutes=2),
           timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))  # fmt: skip
REPORTS_END = timedelta(hours=72)
"""A phone that was off for three days gets no SMS any more: the providers' own limit."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The city's quiet hours and rates, from `begins` on. Between `quiet_from` and `quiet_until` (city time; equal: no
    quiet hours) only life safety goes out. One number gets at most `per_number_hour` texts an hour, the city sends at
    most `per_city_minute`; life safety is not held up by the first, and goes first in the second.
    """

    begins: date
    quiet_from: time
    quiet_until: time
    per_number_hour: int
    per_city_minute: int
    source: str


USUAL = (
    Rule(
        date(2026, 1, 1), time(21), time(8), 10, 600,
        "도시 자체 기준. 밤 시간은 정보통신망법 제50조 제3항(광고 21시~8시)을 따른다",
    ),
)  # fmt: skip


def rule_of(rules: tuple[Rule, ...], day: date) -> Rule:
    """The rule that holds on `day`; before the first one, the first."""
    held = [one for one in rules if one.begins <= day]
    return max(held, key=lambda one: one.begins) if held else min(rules, key=lambda one: one.begins)


def quiet_until(rule: Rule, now: datetime, zone: tzinfo, *, life_safety: bool) -> datetime | None:
    """When the quiet hours end that hold `now`; None where a notice may go out."""
    here = now.astimezone(zone)
    begin, end, at = rule.quiet_from, rule.quiet_until, here.time()
    if life_safety or begin == end:
        return None
    overnight = begin > end
    if not (begin <= at or at < end if overnight else begin <= at < end):
        return None
    day = here.date() + timedelta(days=1) if overnight and at >= begin else here.date()
    return datetime.combine(day, end, zone).astimezone(now.tzinfo)


def again_at(notice_id: UUID, tries: int, now: datetime, *, life_safety: bool) -> datetime:
    """When to try after `tries` times that did not go out: twice as long each time up to a longest wait, and up to a
    fifth more or less, by the notice and the try, so that a thousand of them do not come back together.
    """
    longest = LONGEST_WAIT_LIFE if life_safety else LONGEST_WAIT
    wait: timedelta = min(FIRST_WAIT * (1 << min(max(tries, 1) - 1, 16)), longest)
    drawn = hashlib.sha256(notice_id.bytes + tries.to_bytes(4, "big")).digest()
    share = int.from_bytes(drawn[:4], "big") / 2**32
    return now + wait * (1 + JITTER * (2 * share - 1))


def held_back(rule: Rule, number_hour: int, city_minute: int, *, life_safety: bool) -> timedelta | None:
    """How long to wait where a number or the city had its share; None where it may go."""
    if city_minute >= rule.per_city_minute:
        return timedelta(seconds=1 if life_safety else 5)
    if not life_safety and number_hour >= rule.per_number_hour:
        return timedelta(minutes=5)
    return None


def ask_at(sent_at: datetime, now: datetime, report: Report | None) -> datetime | None:
    """When to ask for a delivery report: soon at first, then ever more rarely; None once it has come or never will."""
    if report is not None and report is not Report.UNDER_WAY:
        return None
    for after in REPORTS:
        if sent_at + after > now:
            return sent_at + after
    return now + REPORTS[-1] if now - sent_at < REPORTS_END else None
