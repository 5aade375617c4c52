"""One look at a run: what can happen by itself, happens. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from dure.respond.playbooks import model
from dure.respond.playbooks.model import (
    Act,
    ConditionKind,
    Decide,
    Due,
    Parallel,
    Playbook,
    Ref,
    RefKind,
    Step,
    Target,
    Wait,
    WaitKind,
    When,
)
from dure.respond.runs import clockwork
from dure.respond.runs.index import Index, index
from dure.respond.runs.state import (
    Begin,
    Decision,
    Item,
    ItemStatus,
    Message,
    Note,
    Outcome,
    RunStatus,
    Settled,
    State,
    Withdraw,
    World,
)

MACHINE: Final = (
    model.Notify,
    model.HandOff,
    model.Assign,
    Decide,
    model.OpenCameras,
    model.TurnCamera,
    model.Automate,
    model.Warn,
)
"""Acts that reach beyond the run when they begin."""
LEFT: Final = 0.25
"""The part of a golden time that is left when it is said that it will be missed."""
SOON: Final = "soon"
"""What a golden time's item notes once that was said."""


class Course:
    """One look at a run: a copy of its items that is changed until nothing more follows."""

    def __init__(self, plan: Playbook, before: State, world: World, now: datetime, zone: ZoneInfo) -> None:
        self.plan = plan
        self.index: Index = index(plan)
        self.items: dict[str, Item] = dict(before.items)
        self.moments: dict[str, datetime] = dict(before.moments)
        self.before = before
        self.world = world
        self.now = now
        self.zone = zone
        self.aborted = False
        self.effects: list[Begin | Withdraw] = []
        self.notes: list[Note] = []
        self._wakes: list[datetime] = []

    # --- the whole ---

    def stopped(self, before: State, messages: Sequence[Message]) -> Decision:
        """Nothing goes on: the incident is closed or merged, or people stopped the run."""
        status = before.status if before.status is RunStatus.ABORTED else RunStatus.ENDED
        if status is not before.status:
            self.notes.append(Note("ended"))
        outcomes = tuple(Outcome.RUN_OVER for _ in messages)
        return Decision(replace(before, status=status), (), tuple(self.notes), outcomes, None)

    def decision(self, outcomes: tuple[Outcome, ...]) -> Decision:
        """What this look came to."""
        over = all(self._is_over(str(step.number)) for step in self.plan.steps) and not self._unfinished()
        status = RunStatus.ABORTED if self.aborted else RunStatus.DONE if over else RunStatus.RUNNING
        if status is RunStatus.DONE and self.before.status is not RunStatus.DONE:
            self.notes.append(Note("done"))
        if status is RunStatus.RUNNING and self.before.status is RunStatus.ENDED:
            self.notes.append(Note("resumed"))
        wake_at = None if self.aborted else min(self._wakes, default=None)
        return Decision(
            State(status, self.items, self.moments), tuple(self.effects), tuple(self.notes), outcomes, wake_at
        )

    def _unfinished(self) -> bool:
        """Whether anything that has begun goes on. What only waits (a branch that was not chosen, made to wait with the
        rest of a step that is done again) will not come any more where all steps are over.
        """
        return any(
            not item.over
            and item.status is not ItemStatus.WAITING
            and not isinstance(self.index.things.get(key), Target)
            for key, item in self.items.items()
        )

    def advance(self) -> None:
        """Let everything happen that can."""
        if self.aborted:
            return
        while True:
            before = dict(self.items)
            self._wakes.clear()
            for step in self.plan.steps:
                self._step(step)
            for target in self.plan.targets:
                self._target(target)
            if self.items == before:
                return

    def settle(self, settled: Iterable[Settled]) -> None:
        """Take in what became of attempts; what was said of an older attempt counts no more."""
        for one in settled:
            item = self.items.get(one.of)
            if item is None or item.over or item.status is ItemStatus.WAITING or item.attempt != one.attempt:
                continue
            if one.ok:
                self.end(one.of, by=one.by, answer=one.answer, at=one.at)
                if one.by is not None:
                    self.notes.append(Note("act_done", one.of, one.by, one.answer))
            elif item.status is ItemStatus.RUNNING:
                self.items[one.of] = replace(item, status=ItemStatus.STUCK)
                self.notes.append(Note("stuck", one.of))

    # --- items ---

    def begin(self, key: str, at: datetime | None = None) -> Item:
        """The item; it begins now where it had not."""
        item = self.items.get(key)
        if item is not None and item.status is not ItemStatus.WAITING:
            return item
        item = Item(ItemStatus.RUNNING, 1 if item is None else item.attempt, at or self.now)
        self.items[key] = item
        thing = self.index.things[key]
        if isinstance(thing, MACHINE) or (isinstance(thing, When) and thing.condition.kind is ConditionKind.ASKED):
            self.effects.append(Begin(key, item.attempt))
        return item

    def end(
        self,
        key: str,
        status: ItemStatus = ItemStatus.DONE,
        *,
        by: str | None = None,
        answer: str | None = None,
        at: datetime | None = None,
    ) -> None:
        """It is over."""
        item = self.items.get(key) or Item(ItemStatus.RUNNING)
        self.items[key] = replace(
            item, status=status, ended_at=at or self.now, by=by or item.by, answer=answer or item.answer
        )

    def _is_over(self, key: str) -> bool:
        item = self.items.get(key)
        return item is not None and item.over

    def _all_over(self, acts: Iterable[Act]) -> bool:
        return all(self._is_over(act.id) for act in acts)

    def moment(self, ref: Ref, step: int) -> datetime | None:
        """When a moment was, or None while it has not been. `step` is where it is written."""
        if ref.kind is RefKind.MOMENT:
            return self.world.moments.get(ref.id) or self.moments.get(ref.id)
        if ref.kind is RefKind.BEGIN:
            item = self.items.get(str(step or self.plan.steps[0].number))
            return item.begun_at if item else None
        item = self.items.get(ref.id)
        return item.ended_at if item is not None and item.over else None

    # --- steps, acts, golden times ---

    def _step(self, step: Step) -> None:
        key = str(step.number)
        self.begin(key)
        if not self._is_over(key):
            self._list(step.acts, step.number)
            if self._all_over(step.acts):
                self.end(key)
                self.notes.append(Note("step_done", key))
        else:
            self._late_lists(step.acts, step.number)
        self._deadline(key, step.due, step.late, step.number)

    def _target(self, target: Target) -> None:
        start = self.moment(target.start, target.step)
        if start is None:
            return
        item = self.begin(target.id, start)
        due_at = start + timedelta(seconds=target.seconds)
        stop = self.moment(target.stop, target.step)
        if not item.over and stop is not None:
            late_at = item.late_at or (due_at if stop > due_at else None)
            self.items[target.id] = replace(
                item, status=ItemStatus.DONE, due_at=due_at, late_at=late_at, ended_at=max(stop, start)
            )
        self._warn(target, due_at)
        self._deadline_at(target.id, due_at, target.late, target.step)

    def _warn(self, target: Target, due_at: datetime) -> None:
        """A golden time that is nearly over is said before it is missed: once, while somebody can still act."""
        item = self.items[target.id]
        if item.over or item.late_at is not None or item.answer is not None or self.now >= due_at:
            return
        soon_at = due_at - timedelta(seconds=target.seconds * LEFT)
        if self.now < soon_at:
            self._wakes.append(soon_at)
            return
        self.items[target.id] = replace(item, answer=SOON)
        self.notes.append(Note("soon", target.id))

    def _list(self, acts: Iterable[Act], step: int) -> None:
        """Acts from top to bottom, as far as nothing holds."""
        for act in acts:
            self._act(act, step)
            if self._holds(act):
                return

    def _holds(self, act: Act) -> bool:
        item = self.items[act.id]
        if isinstance(act, When):
            return act.condition.kind is ConditionKind.ASKED and item.answer is None and not item.over
        return isinstance(act, Wait | Decide) and not item.over

    def _late_lists(self, acts: Iterable[Act], step: int) -> None:
        """What lateness began goes on, also where what was late is done by now."""
        for act in acts:
            if act.id in self.items:
                self._act(act, step)

    def _act(self, act: Act, step: int) -> None:
        item = self.begin(act.id)
        if isinstance(act, Parallel):
            for each in act.acts:
                self._act(each, step)
            if not item.over and self._all_over(act.acts):
                self.end(act.id)
        elif isinstance(act, When):
            self._when(act, step)
        elif isinstance(act, Wait):
            if not item.over:
                self._wait(act, item, step)
            if self.items[act.id].late_at is not None:
                self._list(act.late, step)
        due: Due | None = getattr(act, "due", None)
        self._deadline(act.id, due, getattr(act, "late", ()), step)

    def _when(self, act: When, step: int) -> None:
        item = self.items[act.id]
        if item.answer is None and not item.over:
            seen = {**self.moments, **self.world.moments}
            verdict = clockwork.verdict(act.condition, self.items, seen, self.now, self.zone, self.world.severity)
            if verdict is None:
                return
            item = replace(item, answer="yes" if verdict else "no")
            self.items[act.id] = item
        chosen = act.acts if item.answer == "yes" else act.otherwise
        if item.over:
            self._late_lists(chosen, step)
            return
        self._list(chosen, step)
        if self._all_over(chosen):
            self.end(act.id)

    def _wait(self, act: Wait, item: Item, step: int) -> None:
        assert item.begun_at is not None
        until = None
        if act.kind is WaitKind.MOMENT and act.until is not None:
            until = self.moment(act.until, step)
        if until is not None:
            self.end(act.id)
            return
        limit = clockwork.limit(act, item.begun_at, self.zone)
        if limit is None:
            return
        self.items[act.id] = item = replace(item, due_at=limit)
        if self.now < limit:
            self._wakes.append(limit)
        elif act.kind in {WaitKind.SPAN, WaitKind.CLOCK}:
            self.end(act.id, at=limit)
        else:
            self.items[act.id] = replace(item, late_at=limit)
            self.notes.append(Note("late", act.id))
            self.end(act.id)

    def _deadline(self, key: str, due: Due | None, late: tuple[Act, ...], step: int) -> None:
        if due is None:
            return
        since = self.moment(due.since, step)
        if since is not None:
            self._deadline_at(key, since + timedelta(seconds=due.seconds), late, step)

    def _deadline_at(self, key: str, due_at: datetime, late: tuple[Act, ...], step: int) -> None:
        item = self.items[key]
        if not item.over and item.due_at != due_at:
            item = self.items[key] = replace(item, due_at=due_at)
        if not item.over and item.late_at is None:
            if self.now < due_at:
                self._wakes.append(due_at)
                return
            item = self.items[key] = replace(item, late_at=due_at)
            self.notes.append(Note("late", key))
        if item.late_at is not None and item.status is not ItemStatus.SKIPPED:
            self._list(late, step)
