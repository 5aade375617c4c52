"""What conditions and waits of a manual come to at a moment. Pure."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from dure.kernel.severity import Severity
from dure.respond.playbooks.model import Condition, ConditionKind, Happening, Wait, WaitKind
from dure.respond.runs.state import Item


def verdict(
    condition: Condition,
    items: Mapping[str, Item],
    moments: Mapping[str, datetime],
    now: datetime,
    zone: ZoneInfo,
    severity: Severity,
) -> bool | None:
    """Whether a condition holds; None while nobody can know. What was skipped has no answer and is not late."""
    item = items.get(condition.of)
    match condition.kind:
        case ConditionKind.ANSWER:
            if item is None or (item.answer is None and not item.over):
                return None
            return item.answer == condition.value
        case ConditionKind.LATE:
            if item is None or (item.late_at is None and not item.over):
                return None
            return item.late_at is not None
        case ConditionKind.SEVERITY:
            return severity.rank <= Severity(condition.value).rank
        case ConditionKind.CONFIRMED:
            return Happening.CONFIRMED.value in moments
        case ConditionKind.HOURS:
            return within(condition.value, now.astimezone(zone).time())
        case ConditionKind.ASKED:
            return None


def within(hours: str, at: time) -> bool:
    """Whether the wall clock shows a time within "22:00-06:00", the end excluded; over midnight where it must be."""
    begin, end = (time.fromisoformat(part.strip()) for part in hours.split("-"))
    if begin <= end:
        return begin <= at < end
    return at >= begin or at < end


def limit(wait: Wait, begun_at: datetime, zone: ZoneInfo) -> datetime | None:
    """When a wait is over by the clock; None where it lasts as long as it takes."""
    if wait.kind is WaitKind.CLOCK:
        return next_at(time.fromisoformat(wait.at), begun_at, zone)
    if wait.kind is WaitKind.SPAN or wait.seconds:
        return begun_at + timedelta(seconds=wait.seconds)
    return None


def next_at(at: time, after: datetime, zone: ZoneInfo) -> datetime:
    """The first time after `after` at which the city's clock shows `at`, in UTC."""
    local = after.astimezone(zone)
    found = local.replace(hour=at.hour, minute=at.minute, second=at.second, microsecond=0)
    if found <= local:
        found += timedelta(days=1)
    return found.astimezone(after.tzinfo)
