"""A run as the incident room shows it: the manual's steps and acts, how each stands, who holds it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import NotFound
from dure.respond.model import clock_state
from dure.respond.playbooks.model import Act, Happening, Parallel, Playbook, Step, Wait, When
from dure.respond.playbooks.plain import act_name
from dure.respond.runs import keeping, noting, replies
from dure.respond.runs.keeping import Kept
from dure.respond.runs.said import answers, by_hand
from dure.respond.runs.state import Item, ItemStatus, RunStatus
from dure.respond.views import Reader
from dure.trust.vault import texts

Value = dict[str, Any]
TOLD = (
    Happening.CONFIRMED,
    Happening.DISPATCHED,
    Happening.ARRIVED,
    Happening.CONTROLLED,
    Happening.EVACUATED,
    Happening.FOUND,
    Happening.RESTORED,
)
"""Moments that people tell; the others the incident knows by itself."""


async def whole(tx: Tx, incident_id: UUID, language: str, reader: Reader) -> Value:
    """The run of an incident in the reader's language. Raises NotFound where it has none."""
    kept = await keeping.load(tx, incident_id, lock=False)
    if kept is None:
        raise NotFound("respond.run.none")
    mail = await tx.rows(
        text("select * from run_mail where run_id = :run and outcome = 'taken' order by id desc limit 500"),
        {"run": kept.id},
    )
    said = texts.opened(tx, "run_mail", [{**one, "incident_id": incident_id} for one in mail], "reason")
    plan, asked = keeping.plan_of(kept.row, language), await replies.by_act(tx, kept.id)
    return _Shown(kept, plan, await keeping.attempts(tx, incident_id), asked, reader, tx.now()).value(said)


class _Shown:
    def __init__(
        self,
        kept: Kept,
        plan: Playbook,
        attempts: Sequence[RowMapping],
        asked: Mapping[tuple[str, int], Sequence[Value]],
        reader: Reader,
        now: datetime,
    ) -> None:
        self._kept = kept
        self._plan = plan
        self._items = kept.state.items
        self._attempts = attempts
        self._asked = asked
        self._reader = reader
        self._now = now
        self._live = kept.state.status in {RunStatus.RUNNING, RunStatus.DONE}

    def value(self, said: Sequence[Value]) -> Value:
        row, plan = self._kept.row, self._plan
        steps = [self._step(step) for step in plan.steps]
        known = {**self._kept.state.moments}
        return {
            "id": str(row["id"]),
            "incident_id": str(row["incident_id"]),
            "kind": row["kind"],
            "title": plan.title,
            "playbook_version": row["playbook_version"],
            "status": row["status"],
            "started_at": row["started_at"],
            "ended_at": row["ended_at"],
            "version": row["version"],
            "steps": steps,
            "steps_done": sum(step["status"] in {"done", "skipped"} for step in steps),
            "moments": [{"id": one.value, "title": self._moment(one), "at": known.get(one.value)} for one in TOLD],
            "said": [{name: one[name] for name in ("at", "by", "kind", "of", "value", "reason")} for one in said],
        }

    def _moment(self, one: Happening) -> str:
        return self._reader.say(f"respond.moment.{one.value}")

    def _step(self, step: Step) -> Value:
        acts = [*self._acts(step.acts, 0, late=False), *self._acts(step.late, 1, late=True)]
        open_acts = [one for one in acts if one["status"] in {"running", "stuck"}]
        own = self._stands(str(step.number), step)
        nearest = min((one["due_at"] for one in (own, *open_acts) if one["due_at"] is not None), default=None)
        return {
            **own,
            "number": step.number,
            "title": step.title,
            "prose": list(step.prose),
            "holders": list(dict.fromkeys(name for one in (open_acts or acts) for name in one["to"])),
            "stuck": any(one["status"] == "stuck" for one in acts),
            "late": own["late_at"] is not None or any(one["late_at"] is not None for one in open_acts),
            "waits": any(one["act"] == "wait" for one in open_acts) and all(one["act"] == "wait" for one in open_acts),
            "next_due_at": nearest,
            "acts": acts,
        }

    def _acts(self, acts: Sequence[Act], depth: int, *, late: bool) -> Iterator[Value]:
        """Acts in reading order. What lateness or a condition has not begun is left out."""
        for act in acts:
            if (late or depth > 0) and act.id not in self._items:
                continue
            yield self._act(act, depth, late=late)
            if isinstance(act, Parallel | When):
                yield from self._acts(act.acts, depth + 1, late=False)
            if isinstance(act, When):
                yield from self._acts(act.otherwise, depth + 1, late=False)
            yield from self._acts(getattr(act, "late", ()), depth + 1, late=True)

    def _act(self, act: Act, depth: int, *, late: bool) -> Value:
        return {
            **self._stands(act.id, act),
            "act": act_name(act),
            "depth": depth,
            "late_branch": late,
            "text": act.condition.words if isinstance(act, When) else noting.words(act),
            "to": [party.words for party in getattr(act, "to", ())],
            "answers": [{"id": one, "words": self._words(act, one)} for one in answers(act)],
            "replies": list(self._asked.get((act.id, self._attempt(act.id)), ())),
            "waits_for": act.kind.value if isinstance(act, Wait) else None,
            "errors": [
                self._reader.say(one["error"])
                for one in self._attempts
                if one["act_id"] == act.id and one["error"] and one["attempt"] == self._attempt(act.id)
            ],
        }

    def _attempt(self, key: str) -> int:
        item = self._items.get(key)
        return 0 if item is None else item.attempt

    def _words(self, act: Act, answer: str) -> str:
        given = {one.id: one.words for one in getattr(act, "answers", ())}
        return given.get(answer) or self._reader.say(f"respond.run.answer_{answer}")

    def _stands(self, key: str, thing: Step | Act) -> Value:
        item = self._items.get(key)
        shown = item or Item(ItemStatus.WAITING)
        state = None
        if shown.due_at is not None and shown.begun_at is not None:
            target_s = (shown.due_at - shown.begun_at).total_seconds()
            state = clock_state(shown.begun_at, shown.ended_at, target_s, self._now).value
        return {
            "id": key,
            "status": shown.status.value,
            "attempt": shown.attempt,
            "begun_at": shown.begun_at,
            "due_at": shown.due_at,
            "late_at": shown.late_at,
            "ended_at": shown.ended_at,
            "answer": shown.answer,
            "by": shown.by,
            "clock": state,
            "may": self._may(item, thing),
        }

    def _may(self, item: Item | None, thing: Step | Act) -> list[str]:
        """What people can do with it now, if they may."""
        if not self._live:
            return []
        if item is None or item.status is ItemStatus.WAITING:
            return ["skip"]
        if item.over:
            return ["redo", "override"] if not isinstance(thing, Step) and answers(thing) else ["redo"]
        acts = ["skip", "redo", "override"]
        if not isinstance(thing, Step):
            if answers(thing) and item.answer is None:
                acts.insert(0, "answer")
            elif by_hand(thing):
                acts.insert(0, "done")
        return acts
