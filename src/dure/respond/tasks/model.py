"""What can be done with a task, and by whom. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

UNDO_WITHIN: Final = timedelta(seconds=30)
"""So long the doer may take the last act back; after that others have acted on it."""


class TaskState(StrEnum):
    """Asked and nobody has it yet, taken by somebody, done, or no longer wanted."""

    ASKED = "asked"
    TAKEN = "taken"
    DONE = "done"
    CANCELLED = "cancelled"


class TaskAct(StrEnum):
    """What people do with it."""

    TAKE = "take"
    DONE = "done"
    GIVE_BACK = "give_back"  # to the control room, with the reason
    HAND_ON = "hand_on"  # to another person, agency or role
    CANCEL = "cancel"
    UNDO = "undo"  # one's own last act, for a moment


AFTER: Final[dict[tuple[TaskState, TaskAct], TaskState]] = {
    (TaskState.ASKED, TaskAct.TAKE): TaskState.TAKEN,
    (TaskState.ASKED, TaskAct.DONE): TaskState.DONE,
    (TaskState.TAKEN, TaskAct.DONE): TaskState.DONE,
    (TaskState.ASKED, TaskAct.GIVE_BACK): TaskState.ASKED,
    (TaskState.TAKEN, TaskAct.GIVE_BACK): TaskState.ASKED,
    (TaskState.ASKED, TaskAct.HAND_ON): TaskState.ASKED,
    (TaskState.TAKEN, TaskAct.HAND_ON): TaskState.ASKED,
    (TaskState.ASKED, TaskAct.CANCEL): TaskState.CANCELLED,
    (TaskState.TAKEN, TaskAct.CANCEL): TaskState.CANCELLED,
}
"""The state that follows; what is missing makes no sense."""


@dataclass(frozen=True, slots=True)
class Of:
    """Of whom it is asked: a person (`account:<uuid>`), else an agency, else a role of the city's or the incident's."""

    role: str | None = None
    agency: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A task as far as rights go. `answers`: it ends by an answer to the manual; `open`: its incident is."""

    state: TaskState
    of: Of
    taken_by: str | None = None
    answers: bool = False
    open: bool = True


@dataclass(frozen=True, slots=True)
class Me:
    """Who looks: actor, agency, roles of the city and of this incident. `handles`: of the control room; `answers`: may
    act for their agency.
    """

    actor: str
    agency: str | None = None
    roles: Collection[str] = ()
    handles: bool = False
    answers: bool = False


def is_mine(task: Held, me: Me) -> bool:
    """Whether it is asked of `me`, or `me` has taken it."""
    if task.taken_by == me.actor or task.of.person == me.actor:
        return True
    if task.of.person is not None:
        return False
    if task.of.agency is not None:
        return task.of.agency == me.agency
    return task.of.role in me.roles


def may(task: Held, me: Me) -> tuple[TaskAct, ...]:
    """What `me` can do with it now, in the order that screens offer. Taking it back is decided by its last act."""
    if not task.open or not (me.handles or me.answers):
        return ()
    mine = is_mine(task, me)
    wanted = {
        TaskAct.TAKE: mine or me.handles,
        TaskAct.DONE: (mine or me.handles) and not task.answers,
        TaskAct.GIVE_BACK: task.taken_by == me.actor
        or (mine and task.state is TaskState.ASKED and (task.of.person or task.of.agency) is not None),
        TaskAct.HAND_ON: mine or me.handles,
        TaskAct.CANCEL: me.handles,
    }
    return tuple(act for act, granted in wanted.items() if granted and (task.state, act) in AFTER)


def may_undo(by: str, act: str, at: datetime, me: Me, now: datetime, *, of_manual: bool) -> bool:
    """Whether the last act on a task may be taken back. What a manual has gone on from is done anew in the manual."""
    if by != me.actor or not timedelta(0) <= now - at <= UNDO_WITHIN or act == TaskAct.UNDO:
        return False
    return not (of_manual and act in {TaskAct.DONE, TaskAct.CANCEL})


def late(state: TaskState, due_at: datetime | None, now: datetime) -> bool:
    """Whether its deadline has passed and nobody has ended it."""
    return state in {TaskState.ASKED, TaskState.TAKEN} and due_at is not None and due_at < now
