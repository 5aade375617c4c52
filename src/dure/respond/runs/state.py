"""How a run stands, what is told to it, and what follows: plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from dure.kernel.severity import Severity


class RunStatus(StrEnum):
    """진행, 완료, 종결로 끝남, 중단."""

    RUNNING = "running"
    DONE = "done"
    ENDED = "ended"  # the incident is closed or merged: it goes on if that is undone
    ABORTED = "aborted"


class ItemStatus(StrEnum):
    """How a step, act or golden time stands. What has not come up yet has no item at all."""

    WAITING = "waiting"  # it was begun once and shall begin again
    RUNNING = "running"
    STUCK = "stuck"  # it cannot be done as written: a person redoes, skips or overrides it
    DONE = "done"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Item:
    """One step ("3"), act ("3.2") or golden time ("3.g1"). `answer` of a condition is `yes` or `no`."""

    status: ItemStatus
    attempt: int = 1
    begun_at: datetime | None = None
    due_at: datetime | None = None
    late_at: datetime | None = None
    ended_at: datetime | None = None
    answer: str | None = None
    by: str | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more is to be done about it."""
        return self.status in {ItemStatus.DONE, ItemStatus.SKIPPED}


@dataclass(frozen=True, slots=True)
class State:
    """A run: its status, its items by id, and the moments that people told."""

    status: RunStatus = RunStatus.RUNNING
    items: Mapping[str, Item] = field(default_factory=dict)
    moments: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of an attempt: done (`ok`) at a time by somebody, or it cannot be done."""

    of: str
    attempt: int
    ok: bool
    at: datetime
    by: str | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class World:
    """What a run sees of its incident. The same facts may be seen any number of times."""

    open: bool
    severity: Severity
    moments: Mapping[str, datetime] = field(default_factory=dict)
    settled: tuple[Settled, ...] = ()


class Say(StrEnum):
    """What people say to a run."""

    DONE = "done"
    ANSWER = "answer"
    SKIP = "skip"
    REDO = "redo"
    OVERRIDE = "override"  # count it as done, whatever became of it; a decision gets another answer
    MOMENT = "moment"  # something happened: arrived, found ...
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody said: `of` which item (empty for the run), `value` an answer or a moment, `by` a desk's label."""

    say: Say
    of: str
    by: str
    value: str | None = None


class Outcome(StrEnum):
    """What a message did."""

    TAKEN = "taken"
    UNKNOWN = "unknown"  # there is no such item
    NOT_BEGUN = "not_begun"
    OVER = "over"  # it is done or skipped already
    UNFIT = "unfit"  # such an act is not ended in this way
    NO_ANSWER = "no_answer"  # it is none of the answers
    RUN_OVER = "run_over"


@dataclass(frozen=True, slots=True)
class Begin:
    """An attempt at an act begins."""

    of: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Withdraw:
    """What an attempt asked of people is no longer wanted."""

    of: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Note:
    """A line of the timeline: `respond.timeline.run_<name>` about an item."""

    name: str
    of: str = ""
    by: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows. `wake_at` is the nearest time at which something happens by itself."""

    state: State
    effects: tuple[Begin | Withdraw, ...]
    notes: tuple[Note, ...]
    outcomes: tuple[Outcome, ...]
    wake_at: datetime | None
