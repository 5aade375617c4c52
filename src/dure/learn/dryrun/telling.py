"""What would have been beside what was, line by line of the manual. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from dure.learn.dryrun.going import Gone, Past
from dure.learn.dryrun.matching import answered
from dure.respond.playbooks.model import Act, Parallel, Playbook, Step, When
from dure.respond.playbooks.plain import act_name
from dure.respond.runs.state import Item

Value = dict[str, Any]


def told(plan: Playbook, past: Past, gone: Gone) -> Value:
    """Steps with their acts, the manual's golden times, and what the old manual had that this one has not. All times
    are seconds since the run began.
    """
    return {
        "begun_at": past.begun_at,
        "ended_at": past.ended_at,
        "length_s": (past.ended_at - past.begun_at).total_seconds(),
        "steps": [_step(step, past, gone) for step in plan.steps],
        "targets": _targets(plan, past, gone),
        "gone": [
            {"step": step.number, "title": step.title, "line": step.line}
            for step in past.plan.steps
            if str(step.number) not in {of for of in gone.same.values() if of.isdigit()}
        ],
    }


def _since(at: datetime | None, past: Past) -> float | None:
    return None if at is None else round((at - past.begun_at).total_seconds(), 3)


def _stands(item: Item | None, thing: Any, past: Past) -> Value | None:
    if item is None:
        return None
    return {
        "status": item.status.value,
        "begun_s": _since(item.begun_at, past),
        "due_s": _since(item.due_at, past),
        "late_s": _since(item.late_at, past),
        "ended_s": _since(item.ended_at, past),
        "answer": None if thing is None else answered(thing, item),
    }


def _pair(key: str, thing: Any, past: Past, gone: Gone) -> Value:
    then = gone.same.get(key)
    old = None if then is None else (past.plan.act(then) or past.plan.step(int(then) if then.isdigit() else 0))
    return {
        "did": _stands(past.items.get(then), old, past) if then is not None else None,
        "would": _stands(gone.items.get(key), thing, past),
        "new": then is None,
    }


def _step(step: Step, past: Past, gone: Gone) -> Value:
    return {
        "number": step.number,
        "title": step.title,
        "line": step.line,
        **_pair(str(step.number), step, past, gone),
        "acts": [*_acts(step.acts, 0, past, gone), *_acts(step.late, 1, past, gone)],
    }


def _acts(acts: Sequence[Act], depth: int, past: Past, gone: Gone) -> Iterator[Value]:
    for act in acts:
        yield {
            "id": act.id,
            "act": act_name(act),
            "line": act.line,
            "depth": depth,
            "text": act.condition.words if isinstance(act, When) else getattr(act, "text", ""),
            "to": [party.words for party in getattr(act, "to", ())],
            "basis": basis.value if (basis := gone.bases.get(act.id)) else None,
            **_pair(act.id, act, past, gone),
        }
        if isinstance(act, Parallel | When):
            yield from _acts(act.acts, depth + 1, past, gone)
        if isinstance(act, When):
            yield from _acts(act.otherwise, depth + 1, past, gone)
        yield from _acts(getattr(act, "late", ()), depth + 1, past, gone)


def _targets(plan: Playbook, past: Past, gone: Gone) -> list[Value]:
    then = {target.name: target.id for target in past.plan.targets}
    return [
        {
            "id": target.id,
            "name": target.name,
            "line": target.line,
            "seconds": target.seconds,
            "did_s": _spent(past.items.get(then.get(target.name, ""))),
            "would_s": _spent(gone.items.get(target.id)),
        }
        for target in plan.targets
    ]


def _spent(item: Item | None) -> float | None:
    if item is None or item.begun_at is None or item.ended_at is None or not item.over:
        return None
    return round((item.ended_at - item.begun_at).total_seconds(), 3)
