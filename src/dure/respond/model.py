"""States of an incident and the pure decisions about it. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from dure.kernel.errors import Conflict
from dure.kernel.severity import Severity, graver


class Status(StrEnum):
    """열림, 확인, 이관, 종결."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    HANDED_OFF = "handed_off"
    CLOSED = "closed"


class Outcome(StrEnum):
    """What it turned out to be."""

    REAL = "real"
    FALSE = "false"
    DRILL = "drill"


class Mode(StrEnum):
    """Whether it is earnest. A drill and a test never mix with what is real."""

    REAL = "real"
    DRILL = "drill"
    TEST = "test"


class Source(StrEnum):
    """Where an incident comes from."""

    CALL_112 = "112"
    CALL_119 = "119"
    DISASTER = "disaster"
    OPERATOR = "operator"
    BELL = "bell"
    ANALYTICS = "analytics"
    CITIZEN = "citizen"
    SENSOR = "sensor"


class HandoffKind(StrEnum):
    """이관 (passed on), 공동대응 요청 (asked to act together), 상황전파 (told)."""

    TRANSFER = "transfer"
    JOINT = "joint"
    TELL = "tell"


class HandoffStatus(StrEnum):
    """Sent to the agency's own screen; acknowledged or declined by it."""

    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    DECLINED = "declined"


class Act(StrEnum):
    """What people do to an incident that can change its state."""

    ACKNOWLEDGE = "acknowledge"
    HAND_OFF = "hand_off"
    TAKE_BACK = "take_back"
    CLOSE = "close"
    REOPEN = "reopen"


_AFTER: dict[tuple[Status, Act], Status] = {
    (Status.OPEN, Act.ACKNOWLEDGE): Status.ACKNOWLEDGED,
    (Status.ACKNOWLEDGED, Act.ACKNOWLEDGE): Status.ACKNOWLEDGED,
    (Status.HANDED_OFF, Act.ACKNOWLEDGE): Status.HANDED_OFF,
    (Status.OPEN, Act.HAND_OFF): Status.HANDED_OFF,
    (Status.ACKNOWLEDGED, Act.HAND_OFF): Status.HANDED_OFF,
    (Status.HANDED_OFF, Act.HAND_OFF): Status.HANDED_OFF,
    (Status.HANDED_OFF, Act.TAKE_BACK): Status.ACKNOWLEDGED,
    (Status.OPEN, Act.CLOSE): Status.CLOSED,
    (Status.ACKNOWLEDGED, Act.CLOSE): Status.CLOSED,
    (Status.HANDED_OFF, Act.CLOSE): Status.CLOSED,
    (Status.CLOSED, Act.REOPEN): Status.ACKNOWLEDGED,
}


def after(status: Status, act: Act) -> Status:
    """The state that follows. Raises Conflict where the act makes no sense in this state."""
    following = _AFTER.get((status, act))
    if following is None:
        raise Conflict("respond.incident.not_in_state", status=status.value, act=act.value)
    return following


def moves_to_agency(kind: HandoffKind) -> bool:
    """Whether a hand-off makes the incident handed off: telling somebody (상황전파) leaves it where it is."""
    return kind is not HandoffKind.TELL


@dataclass(frozen=True, slots=True)
class Weight:
    """How grave an incident is: what is shown, and what the signals alone say.

    A person may set the shown one. Signals raise it again only when they have become graver than they were, so that
    the 40th alarm of a known fire does not overrule somebody who has looked.
    """

    shown: Severity
    by_signals: Severity


def heavier(weight: Weight, signal: Severity) -> Weight:
    """The weight after one more signal. It never falls."""
    by_signals = graver(weight.by_signals, signal)
    if by_signals.rank < weight.by_signals.rank:
        return Weight(graver(weight.shown, by_signals), by_signals)
    return weight


def by_spread(steps: Iterable[tuple[int, Severity]], subjects: int) -> Severity:
    """What the number of different devices in alarm says by itself: `steps` are (from how many, severity)."""
    reached = [severity for least, severity in steps if subjects >= least]
    return min(reached, key=lambda severity: severity.rank, default=Severity.NOTICE)


class ClockState(StrEnum):
    """In time, near its target (from 80 %), over it."""

    IN_TIME = "in_time"
    NEAR = "near"
    OVER = "over"


NEAR_SHARE = 0.8
"""From this share of its target a running clock is near (amber on the screen)."""


def clock_state(started_at: datetime, stopped_at: datetime | None, target_s: float, now: datetime) -> ClockState:
    """How a clock stands. A stopped clock is in time or over, never near; exactly on target is in time."""
    elapsed = ((stopped_at or now) - started_at).total_seconds()
    if elapsed > target_s:
        return ClockState.OVER
    if stopped_at is None and elapsed >= NEAR_SHARE * target_s:
        return ClockState.NEAR
    return ClockState.IN_TIME


@dataclass(frozen=True, slots=True)
class ClockTimes:
    """One clock of one incident: when it started and stopped by that incident's own account."""

    name: str
    started_at: datetime
    stopped_at: datetime | None
    target_s: float


def joined_clocks(own: Iterable[ClockTimes]) -> dict[str, ClockTimes]:
    """The clocks of incidents that were merged: each by its earliest start and, once anybody stopped it, its earliest
    stop.

    The public waited from the first call; whoever answered first answered for all.
    """
    joined: dict[str, ClockTimes] = {}
    for clock in own:
        known = joined.get(clock.name)
        if known is None:
            joined[clock.name] = clock
            continue
        stops = [stop for stop in (known.stopped_at, clock.stopped_at) if stop is not None]
        joined[clock.name] = ClockTimes(
            clock.name,
            min(known.started_at, clock.started_at),
            min(stops, default=None),
            min(known.target_s, clock.target_s),
        )
    return joined


def city_day(at: datetime, zone: str) -> date:
    """The calendar day of `at` where the city is."""
    return at.astimezone(ZoneInfo(zone)).date()


def receipt_no(city_code: str, day: date, number: int) -> str:
    """접수번호: city code, day and the day's running number, `HB20261205-0031`. It grows a digit after 9,999."""
    return f"{city_code}{day:%Y%m%d}-{number:04d}"


def is_overdue(status: Status, acknowledge_by: datetime | None, now: datetime) -> bool:
    """Whether nobody has taken up an open incident within its target."""
    return status is Status.OPEN and acknowledge_by is not None and now > acknowledge_by
