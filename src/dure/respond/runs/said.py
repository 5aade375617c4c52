"""What people say to a run, and what it does to the items. Pure."""

from dataclasses import replace

from dure.respond.playbooks.model import (
    Act,
    Assign,
    Automate,
    ConditionKind,
    Decide,
    Happening,
    Notify,
    OpenCameras,
    Step,
    Target,
    TurnCamera,
    Wait,
    WaitKind,
    Warn,
    When,
)
from dure.respond.runs import clockwork
from dure.respond.runs.course import Course
from dure.respond.runs.index import Thing
from dure.respond.runs.state import Item, ItemStatus, Message, Note, Outcome, Say, Withdraw

BY_HAND = (Assign, Notify, OpenCameras, TurnCamera, Automate, Warn)
"""Acts that a person may simply call done. A hand-off is acknowledged where it stands."""


def answers(thing: Thing) -> tuple[str, ...]:
    """The ids of the answers that may be given; empty where nothing is asked."""
    if isinstance(thing, Decide):
        return tuple(one.id for one in thing.answers) or ("yes", "no")
    if isinstance(thing, Notify):
        return tuple(one.id for one in thing.answers)
    if isinstance(thing, When) and thing.condition.kind is ConditionKind.ASKED:
        return ("yes", "no")
    return ()


def by_hand(thing: Thing) -> bool:
    """Whether a person may call it done."""
    if isinstance(thing, Wait):
        return thing.kind is WaitKind.PERSON
    return isinstance(thing, BY_HAND)


def take(course: Course, message: Message) -> Outcome:
    """Take one message in."""
    if course.aborted:
        return Outcome.RUN_OVER
    if message.say is Say.ABORT:
        return _abort(course, message)
    if message.say is Say.MOMENT:
        return _moment(course, message)
    thing = course.index.things.get(message.of)
    if thing is None or isinstance(thing, Target):
        return Outcome.UNKNOWN
    match message.say:
        case Say.DONE:
            return _done(course, message, thing)
        case Say.ANSWER:
            return _answer(course, message, thing)
        case Say.SKIP:
            return _cut(course, message, ItemStatus.SKIPPED)
        case Say.OVERRIDE:
            return _override(course, message, thing)
        case Say.REDO:
            return _redo(course, message)


def _standing(course: Course, of: str) -> Item | Outcome:
    item = course.items.get(of)
    if item is None or item.status is ItemStatus.WAITING:
        return Outcome.NOT_BEGUN
    return Outcome.OVER if item.over else item


def _done(course: Course, message: Message, thing: Thing) -> Outcome:
    if not by_hand(thing):
        return Outcome.UNFIT
    item = _standing(course, message.of)
    if isinstance(item, Outcome):
        return item
    _withdraw(course, message.of, item)
    course.end(message.of, by=message.by)
    course.notes.append(Note("act_done", message.of, message.by))
    return Outcome.TAKEN


def _answer(course: Course, message: Message, thing: Thing) -> Outcome:
    if not answers(thing):
        return Outcome.UNFIT
    if message.value not in answers(thing):
        return Outcome.NO_ANSWER
    item = _standing(course, message.of)
    if isinstance(item, Outcome):
        return item
    if item.answer is not None:
        return Outcome.OVER
    _withdraw(course, message.of, item)
    _give(course, message, thing)
    course.notes.append(Note("answered", message.of, message.by, message.value))
    return Outcome.TAKEN


def _give(course: Course, message: Message, thing: Thing) -> None:
    """An answer ends what asked; a condition goes on with the acts that it chose."""
    if isinstance(thing, When):
        item = course.begin(message.of)
        course.items[message.of] = replace(item, answer=message.value, by=message.by)
    else:
        course.end(message.of, by=message.by, answer=message.value)


def _cut(course: Course, message: Message, status: ItemStatus) -> Outcome:
    """End an item with all that is inside it: it counts as skipped, or as done."""
    item = course.items.get(message.of)
    if item is not None and item.over:
        return Outcome.OVER
    for act in course.index.below(message.of):
        _skip(course, act.id, message.by)
    if item is not None:
        _withdraw(course, message.of, item)
    course.end(message.of, status, by=message.by, answer=message.value)
    name = "skipped" if status is ItemStatus.SKIPPED else "overridden"
    course.notes.append(Note(name, message.of, message.by, message.value))
    return Outcome.TAKEN


def _skip(course: Course, of: str, by: str | None) -> None:
    item = course.items.get(of)
    if item is not None and item.over:
        return
    if item is not None:
        _withdraw(course, of, item)
    course.end(of, ItemStatus.SKIPPED, by=by)


def _withdraw(course: Course, of: str, item: Item) -> None:
    if item.status in {ItemStatus.RUNNING, ItemStatus.STUCK}:
        course.effects.append(Withdraw(of, item.attempt))


def _override(course: Course, message: Message, thing: Thing) -> Outcome:
    possible = ("yes", "no") if isinstance(thing, When) else answers(thing)
    if message.value is None:
        if possible:
            return Outcome.NO_ANSWER
        return _cut(course, message, ItemStatus.DONE)
    if message.value not in possible:
        return Outcome.NO_ANSWER
    item = course.items.get(message.of)
    if item is not None:
        _withdraw(course, message.of, item)
    if isinstance(thing, When):
        _choose(course, thing, message.value, message.by)
    else:
        course.end(message.of, by=message.by, answer=message.value)
        _weigh_again(course, message)
    course.notes.append(Note("overridden", message.of, message.by, message.value))
    return Outcome.TAKEN


def _choose(course: Course, act: When, answer: str, by: str | None) -> None:
    """A condition is taken the other way: what it had begun is skipped, what it now chooses begins."""
    item = course.begin(act.id)
    if item.answer == answer:
        return
    left = act.acts if answer == "no" else act.otherwise
    for each in left:
        if each.id in course.items:
            _skip(course, each.id, by)
            for inner in course.index.below(each.id):
                if inner.id in course.items:
                    _skip(course, inner.id, by)
    course.items[act.id] = replace(item, status=ItemStatus.RUNNING, ended_at=None, answer=answer, by=by)
    for each in act.acts if answer == "yes" else act.otherwise:
        again(course, each)
    reopen(course, act.id)


def _weigh_again(course: Course, message: Message) -> None:
    """An answer was changed: conditions that went by it go the right way."""
    for key, thing in course.index.things.items():
        item = course.items.get(key)
        if not isinstance(thing, When) or item is None or item.answer is None or item.status is ItemStatus.SKIPPED:
            continue
        if thing.condition.kind is not ConditionKind.ANSWER or thing.condition.of != message.of:
            continue
        seen = {**course.moments, **course.world.moments}
        verdict = clockwork.verdict(thing.condition, course.items, seen, course.now, course.zone, course.world.severity)
        if verdict is not None:
            _choose(course, thing, "yes" if verdict else "no", message.by)


def _redo(course: Course, message: Message) -> Outcome:
    """Once more: a new attempt of the item and of all inside it. What the old attempt asked is withdrawn."""
    item = course.items.get(message.of)
    if item is None or item.status is ItemStatus.WAITING:
        return Outcome.NOT_BEGUN
    _anew(course, message.of)
    for act in course.index.below(message.of):
        _anew(course, act.id)
    reopen(course, message.of)
    course.notes.append(Note("redone", message.of, message.by))
    return Outcome.TAKEN


def again(course: Course, act: Act) -> None:
    """An act that was skipped, and all inside it, begins anew when its turn comes."""
    for key in (act.id, *(one.id for one in course.index.below(act.id))):
        item = course.items.get(key)
        if item is not None and item.status is ItemStatus.SKIPPED:
            _anew(course, key)


def _anew(course: Course, key: str) -> None:
    item = course.items.get(key)
    if item is None or item.status is ItemStatus.WAITING:
        return
    _withdraw(course, key, item)
    course.items[key] = Item(ItemStatus.WAITING, item.attempt + 1)


def reopen(course: Course, key: str) -> None:
    """What holds the item is not over any more."""
    for above in course.index.above(key):
        item = course.items.get(above)
        if item is not None and item.over and not isinstance(course.index.things[above], Target):
            course.items[above] = replace(item, status=ItemStatus.RUNNING, ended_at=None)


def _moment(course: Course, message: Message) -> Outcome:
    if message.value not in set(Happening):
        return Outcome.UNKNOWN
    if message.value in course.moments or message.value in course.world.moments:
        return Outcome.OVER
    course.moments[message.value] = course.now
    course.notes.append(Note("moment", "", message.by, message.value))
    return Outcome.TAKEN


def _abort(course: Course, message: Message) -> Outcome:
    for key, item in list(course.items.items()):
        if not item.over and not isinstance(course.index.things.get(key), Step):
            _skip(course, key, message.by)
    for key, item in list(course.items.items()):
        if not item.over:
            course.end(key, ItemStatus.SKIPPED, by=message.by)
    course.aborted = True
    course.notes.append(Note("aborted", "", message.by))
    return Outcome.TAKEN
