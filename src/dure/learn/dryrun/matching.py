"""Which act of one manual is which act of another, and how long people took for it. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from statistics import median
from typing import Any

from dure.respond.playbooks.model import Act, Playbook, When
from dure.respond.playbooks.plain import act_name
from dure.respond.runs.index import index
from dure.respond.runs.state import Item, ItemStatus

_SPACE = re.compile(r"\s+")


class Basis(StrEnum):
    """Where a time comes from."""

    SAME = "same"  # as long as on that day
    USUAL = "usual"  # the median of the last runs of this kind
    MACHINE = "machine"  # no person is waited for
    UNKNOWN = "unknown"  # nobody has ever done it: it stays open


@dataclass(frozen=True, slots=True)
class Took:
    """How long an act takes, and how it ends. `answer` is in the manual's words, or yes and no; `skipped`: it was left
    out on that day.
    """

    seconds: float
    basis: Basis
    answer: str | None = None
    skipped: bool = False


def words_of(thing: Any) -> str:
    """What an act says, for telling it from others."""
    said = thing.condition.words if isinstance(thing, When) else getattr(thing, "text", "")
    return _SPACE.sub(" ", said).strip().casefold()


def parties_of(thing: Any) -> frozenset[tuple[str, str]]:
    """Whom an act goes to."""
    return frozenset((party.kind.value, party.id or party.words) for party in getattr(thing, "to", ()))


def matched(old: Playbook, new: Playbook) -> dict[str, str]:
    """The old plan's act for each act of the new one, by id; steps by their titles. What says the same is the same;
    else the same kind of act for the same people in the step of the same title. Each old act is used once.
    """
    titles = {step.title: step.number for step in old.steps}
    steps = {step.number: titles[step.title] for step in new.steps if step.title in titles}
    found = {str(number): str(of) for number, of in steps.items()}
    left, right = _acts(old), _acts(new)
    taken: set[str] = set()
    for exact in (True, False):
        waiting: defaultdict[Any, list[str]] = defaultdict(list)
        for key, (act, step) in left.items():
            if key not in taken:
                waiting[_sign(act, step, exact=exact)].append(key)
        for key, (act, step) in right.items():
            if key in found or (not exact and step not in steps):
                continue
            candidates = waiting.get(_sign(act, steps.get(step, -1), exact=exact), [])
            if candidates:
                found[key] = candidates.pop(0)
                taken.add(found[key])
    return found


def _acts(plan: Playbook) -> dict[str, tuple[Act, int]]:
    places = index(plan).steps
    return {act.id: (act, places[act.id]) for act in plan.acts()}


def _sign(act: Act, step: int, *, exact: bool) -> Any:
    if exact:
        return act_name(act), parties_of(act), words_of(act)
    return act_name(act), parties_of(act), step


def answered(act: Any, item: Item) -> str | None:
    """What was answered, in the manual's words (a condition's and an open question's are yes and no)."""
    given = {one.id: one.words for one in getattr(act, "answers", ())}
    return None if item.answer is None else given.get(item.answer, item.answer)


def of_day(plan: Playbook, items: Mapping[str, Item]) -> dict[str, Took]:
    """How long each act took on that day, by its id there. What never ended is left out."""
    found: dict[str, Took] = {}
    for act in plan.acts():
        item = items.get(act.id)
        if item is None or item.begun_at is None:
            continue
        at = _answered_at(act, item, items) if isinstance(act, When) else item.ended_at if item.over else None
        if at is None:
            continue
        seconds = max(0.0, (at - item.begun_at).total_seconds())
        skipped = item.status is ItemStatus.SKIPPED
        found[act.id] = Took(seconds, Basis.SAME, answered(act, item), skipped)
    return found


def _answered_at(act: When, item: Item, items: Mapping[str, Item]) -> datetime | None:
    """When a condition was answered: what it chose begins at once, and the condition itself ends only with that."""
    if item.answer is None:
        return item.ended_at if item.over else None
    chosen = act.acts if item.answer == "yes" else act.otherwise
    first = items.get(chosen[0].id) if chosen else None
    return item.ended_at if first is None or first.begun_at is None else first.begun_at


def usual(runs: Iterable[tuple[Playbook, Mapping[str, Item]]]) -> dict[Any, float]:
    """The median seconds over some runs, by kind of act and people."""
    seen: defaultdict[Any, list[float]] = defaultdict(list)
    for plan, items in runs:
        for key, took in of_day(plan, items).items():
            act = plan.act(key)
            if act is not None and not took.skipped:
                seen[act_name(act), parties_of(act)].append(took.seconds)
    return {sign: median(seconds) for sign, seconds in seen.items()}
