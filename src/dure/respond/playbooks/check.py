"""Whether a plan can be carried out: does everybody in it exist, can every step be reached, do its times agree. Pure.

`twins` holds the Korean and the English text of one manual against each other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from dure.respond.playbooks.faults import Fault, Faults
from dure.respond.playbooks.model import (
    Act,
    Assign,
    Automate,
    Condition,
    ConditionKind,
    Decide,
    Due,
    HandOff,
    Happening,
    Notify,
    Party,
    PartyKind,
    Playbook,
    Ref,
    RefKind,
    Step,
    Target,
    Wait,
    WaitKind,
    Warn,
    When,
    inside,
    walk,
)
from dure.respond.playbooks.plain import act_name, to_json
from dure.respond.playbooks.words import AGENCY_KINDS, GROUPS


@dataclass(frozen=True, slots=True)
class Known:
    """What the city has. None means that nobody can say yet, and nothing is refused for it."""

    kinds: frozenset[str] | None = None
    agency_kinds: frozenset[str] = AGENCY_KINDS
    agencies: Mapping[str, Party] = field(default_factory=dict)  # by the name they are called
    groups: frozenset[str] = GROUPS
    templates: frozenset[str] | None = None
    automations: frozenset[str] | None = None


_NATURAL: Final = tuple(Happening)
"""The order in which an incident's moments come: none waits for a later one."""


def check(playbook: Playbook, known: Known) -> tuple[Fault, ...]:
    """All that keeps a plan from being carried out."""
    faults = Faults()
    if known.kinds is not None and playbook.kind not in known.kinds:
        faults.add(2, 1, 0, "kind_unknown", kind=playbook.kind)
    for act in playbook.acts():
        _names(act, known, faults)
    _references(playbook, faults)
    _cycles(playbook, faults)
    _deadlines(playbook, faults)
    _reach(playbook, faults)
    return faults.found


def _names(act: Act, known: Known, faults: Faults) -> None:
    if isinstance(act, Notify | HandOff | Assign | Decide):
        for party in act.to:
            _party(act, party, known, faults)
    if isinstance(act, HandOff):
        for party in act.to:
            if party.kind in (PartyKind.GROUP, PartyKind.ROLE):
                faults.add(act.line, 1, 0, "not_agency", who=party.words)
    named = act.template if isinstance(act, Notify | Warn) else ""
    if named and known.templates is not None and named not in known.templates:
        faults.add(act.line, 1, 0, "template_unknown", template=named)
    if isinstance(act, Automate) and known.automations is not None and act.automation not in known.automations:
        faults.add(act.line, 1, 0, "automation_unknown", automation=act.automation)


def _party(act: Act, party: Party, known: Known, faults: Faults) -> None:
    there = {
        PartyKind.AGENCY_KIND: party.id in known.agency_kinds,
        PartyKind.AGENCY: any(one.id == party.id for one in known.agencies.values()),
        PartyKind.ROLE: True,
        PartyKind.GROUP: party.id in known.groups,
        PartyKind.UNKNOWN: False,
    }[party.kind]
    if not there:
        key = "party_unknown" if party.kind is PartyKind.UNKNOWN else "party_missing"
        faults.add(act.line, 1, 0, key, who=party.words)


def _refs(playbook: Playbook) -> Iterator[tuple[int, int, Ref]]:
    """Every moment that is referred to: line, step, moment."""
    for target in playbook.targets:
        yield target.line, target.step, target.start
        yield target.line, target.step, target.stop
    for step in playbook.steps:
        if step.due:
            yield step.due.line, step.number, step.due.since
        for act in (*walk(step.acts), *walk(step.late)):
            due: Due | None = getattr(act, "due", None)
            if due:
                yield due.line, step.number, due.since
            if isinstance(act, Wait) and act.until:
                yield act.line, step.number, act.until
            if isinstance(act, When) and act.condition.kind is ConditionKind.LATE:
                yield act.line, step.number, Ref(RefKind.STEP, act.condition.of)


def _references(playbook: Playbook, faults: Faults) -> None:
    numbers = {str(step.number) for step in playbook.steps}
    for line, _step, ref in _refs(playbook):
        if ref.kind is RefKind.STEP and ref.id not in numbers:
            faults.add(line, 1, 0, "step_unknown", n=ref.id)


def _blocking(acts: tuple[Act, ...]) -> Iterator[Wait]:
    """The waits that a step must pass to be done: those at its top and inside 함께. What stands under a condition may
    never come, but where it comes it holds as well.
    """
    for act in acts:
        if isinstance(act, Wait):
            yield act
        for held in inside(act):
            yield from _blocking(held)


def _cycles(playbook: Playbook, faults: Faults) -> None:
    """Steps that wait for each other for ever. A wait that ends by itself (at most ...) is none."""
    waits: dict[int, list[tuple[int, int]]] = {}
    for step in playbook.steps:
        for wait in _blocking(step.acts):
            if wait.until and wait.until.kind is RefKind.STEP and not wait.seconds and wait.until.id.isdigit():
                waits.setdefault(step.number, []).append((int(wait.until.id), wait.line))
    done: set[int] = set()
    for start in list(waits):
        _walk_cycle(start, waits, done, faults)


def _walk_cycle(start: int, waits: dict[int, list[tuple[int, int]]], done: set[int], faults: Faults) -> None:
    """Depth first without recursion: a step met again on its own path closes a cycle."""
    path: list[int] = []
    on_path: set[int] = set()
    stack: list[tuple[int, int, int]] = [(start, 0, 0)]
    while stack:
        number, at, _line = stack.pop()
        if at == 0:
            if number in done:
                continue
            path.append(number)
            on_path.add(number)
        following = waits.get(number, [])
        if at >= len(following):
            path.pop()
            on_path.discard(number)
            done.add(number)
            continue
        stack.append((number, at + 1, 0))
        target, line = following[at]
        if target in on_path:
            shown = [*path[path.index(target) :], target]
            faults.add(line, 1, 0, "cycle", steps=" → ".join(str(one) for one in shown))
        elif target not in done:
            stack.append((target, 0, line))


def _deadlines(playbook: Playbook, faults: Faults) -> None:
    for target in playbook.targets:
        _golden(playbook, target, faults)
    for step in playbook.steps:
        if step.due:
            _step_due(step, step.due, faults)
        for act in walk(step.acts):
            due: Due | None = getattr(act, "due", None)
            if due is not None:
                _escalation(act, due, faults)


def _escalation(act: Act, due: Due, faults: Faults) -> None:
    """What is done when it is late must not itself be due before."""
    late: tuple[Act, ...] = getattr(act, "late", ())
    for one in walk(late):
        inner: Due | None = getattr(one, "due", None)
        if (
            inner
            and inner.since == due.since
            and inner.since.kind is not RefKind.BEGIN
            and inner.seconds <= due.seconds
        ):
            faults.add(inner.line, 1, 0, "late_before_due", late_s=int(inner.seconds), due_s=int(due.seconds))


def _step_due(step: Step, due: Due, faults: Faults) -> None:
    """A step cannot be due before what it waits for, nor before its own acts."""
    waited = sum(act.seconds for act in step.acts if isinstance(act, Wait) and act.kind is WaitKind.SPAN)
    if due.since.kind is RefKind.BEGIN and waited >= due.seconds:
        faults.add(due.line, 1, 0, "due_in_wait", due_s=int(due.seconds), wait_s=int(waited))
    for act in step.acts:
        inner: Due | None = getattr(act, "due", None)
        if inner and inner.since == due.since and inner.seconds > due.seconds:
            faults.add(inner.line, 1, 0, "due_after_step", due_s=int(inner.seconds), step_s=int(due.seconds))


def _golden(playbook: Playbook, target: Target, faults: Faults) -> None:
    if target.start == target.stop:
        faults.add(target.line, 1, 0, "golden_nothing", name=target.name)
        return
    start, stop = target.start, target.stop
    if start.kind is stop.kind is RefKind.MOMENT and start.id == Happening.CLOSED.value:
        faults.add(target.line, 1, 0, "golden_backwards", name=target.name)
    if stop.kind is RefKind.MOMENT and stop.id == Happening.SIGNAL.value:
        faults.add(target.line, 1, 0, "golden_backwards", name=target.name)
    needed = _must_wait(playbook, target)
    if needed >= target.seconds:
        faults.add(
            target.line, 1, 0, "golden_too_short", name=target.name, have_s=int(target.seconds), need_s=int(needed)
        )


def _must_wait(playbook: Playbook, target: Target) -> float:
    """Seconds that must pass before the target's end: the spans waited in the step that ends it and, along the
    longest way, in the steps that this one waits for.
    """
    ends = target.step if target.stop.kind is not RefKind.STEP else int(target.stop.id)
    first = int(target.start.id) if target.start.kind is RefKind.STEP else 0
    memo: dict[int, float] = {}
    return _waited({step.number: step for step in playbook.steps}, ends, first, memo)


def _waited(steps: Mapping[int, Step], number: int, first: int, memo: dict[int, float]) -> float:
    """Seconds that step `number` must wait from the beginning of `first`, by way of what it waits for."""
    order: list[int] = [number]
    while order:
        at = order[-1]
        step = steps.get(at)
        if step is None or at == first:
            memo[at] = 0.0
            order.pop()
            continue
        before = [
            int(wait.until.id)
            for wait in step.acts
            if isinstance(wait, Wait) and wait.until and wait.until.kind is RefKind.STEP and not wait.seconds
        ]
        unknown = [one for one in before if one not in memo and one not in order]
        if unknown:
            order.append(unknown[0])
            continue
        own = sum(act.seconds for act in step.acts if isinstance(act, Wait) and act.kind is WaitKind.SPAN)
        memo[at] = own + max((memo.get(one, 0.0) for one in before), default=0.0)
        order.pop()
    return memo.get(number, 0.0)


def _reach(playbook: Playbook, faults: Faults) -> None:
    for step in playbook.steps:
        _unreachable(step.acts, (), faults)
        _unreachable(step.late, (), faults)
        _never_late(step, faults)


def _never_late(step: Step, faults: Faults) -> None:
    if step.due is not None or any(getattr(act, "due", None) for act in walk(step.acts)):
        return
    for act in walk(step.acts):
        late = isinstance(act, When) and act.condition.kind is ConditionKind.LATE
        if isinstance(act, When) and late and act.condition.of == str(step.number):
            faults.add(act.line, 1, 0, "never_late", n=step.number)


def _unreachable(acts: tuple[Act, ...], within: tuple[tuple[Condition, bool], ...], faults: Faults) -> None:
    """Branches that contradict a condition they stand in."""
    for act in acts:
        if isinstance(act, When):
            if _contradicts(act.condition, within):
                faults.add(act.line, 1, 0, "unreachable", condition=act.condition.words)
            _unreachable(act.acts, (*within, (act.condition, True)), faults)
            _unreachable(act.otherwise, (*within, (act.condition, False)), faults)
        else:
            for held in inside(act):
                _unreachable(held, within, faults)


def _contradicts(condition: Condition, within: tuple[tuple[Condition, bool], ...]) -> bool:
    for outer, holds in within:
        if outer.kind is not condition.kind:
            continue
        same = (outer.of, outer.value, outer.words) == (condition.of, condition.value, condition.words)
        if same and not holds:
            return True
        another = outer.kind is ConditionKind.ANSWER and outer.of == condition.of and outer.value != condition.value
        if another and holds:
            return True
    return False


_WORDING: Final = frozenset({"language", "owner", "title", "intro", "prose", "line", "text", "words", "name"})
"""What differs between two languages."""


def twins(one: Playbook, other: Playbook) -> tuple[Fault, ...]:
    """Where `other` does not say the same as `one`; lines are those of `other`."""
    faults = Faults()
    for field_name in ("kind", "severity", "version"):
        if getattr(one, field_name) != getattr(other, field_name):
            faults.add(1, 1, 0, "twin_front", field=field_name)
    if len(one.steps) != len(other.steps):
        faults.add(other.steps[-1].line if other.steps else 1, 1, 0, "twin_steps", a=len(one.steps), b=len(other.steps))
    for left, right in zip(one.steps, other.steps, strict=False):
        _twin_acts(left.acts, right.acts, right.line, left.number, faults)
        _twin_acts(left.late, right.late, right.line, left.number, faults)
        if _span(left.due) != _span(right.due):
            faults.add(right.line, 1, 0, "twin_act", id=str(right.number))
    for number, target in enumerate(other.targets):
        if number >= len(one.targets) or _bare_target(one.targets[number]) != _bare_target(target):
            faults.add(target.line, 1, 0, "twin_golden", name=target.name)
    if len(one.targets) > len(other.targets):
        faults.add(1, 1, 0, "twin_golden", name=one.targets[len(other.targets)].name)
    return faults.found


def _twin_acts(left: tuple[Act, ...], right: tuple[Act, ...], line: int, step: int, faults: Faults) -> None:
    if len(left) != len(right):
        faults.add(line, 1, 0, "twin_count", n=step, a=len(left), b=len(right))
    for one, other in zip(left, right, strict=False):
        if act_name(one) != act_name(other) or _bare(one) != _bare(other):
            faults.add(other.line, 1, 0, "twin_act", id=other.id)


def _span(due: Due | None) -> tuple[float, Ref] | None:
    return None if due is None else (due.seconds, due.since)


def _bare_target(target: Target) -> Any:
    return target.id, target.step, target.start, target.stop, target.seconds, [_bare(act) for act in target.late]


def _bare(act: Act) -> Any:
    """An act without its wording."""
    return _stripped(_plain(act))


def _plain(act: Act) -> Any:
    holder = Playbook("", "", None, "", "", "", (), (), (Step(1, "", 0, (), (act,)),))
    return to_json(holder)["steps"][0]["acts"][0]


def _stripped(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _people(one) if key == "to" else _stripped(one) for key, one in value.items() if key not in _WORDING
        }
    return [_stripped(one) for one in value] if isinstance(value, list) else value


def _people(parties: list[dict[str, str]]) -> list[tuple[str, str]]:
    """Who, in no order: languages name people in their own."""
    return sorted((party["kind"], party["id"]) for party in parties)
