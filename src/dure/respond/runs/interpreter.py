"""Carrying a run on: look at the rows, decide, do what follows, and commit it all at once.

It is called for each wake and for each thing that people say. Incident first, run second is the order of locks
everywhere.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping

from dure.engine import jobs
from dure.engine.database import Tx
from dure.engine.jobs import Queue
from dure.engine.settings import city_zone
from dure.respond.changes import changed
from dure.respond.model import HandoffKind
from dure.respond.playbooks.model import HandOff, Playbook, Step, Target
from dure.respond.runs import effects, ground, keeping, lateness, noting, sight
from dure.respond.runs.decide import decide
from dure.respond.runs.ground import Ground
from dure.respond.runs.index import index
from dure.respond.runs.keeping import Kept
from dure.respond.runs.said import answers
from dure.respond.runs.state import Begin, Decision, Message, Outcome

NAME = "respond.runs"
CHANGE = "run"
"""What an incident's event says when only its run has moved."""
MOST_ROUNDS = 200
"""An act that begins may end at once and let the next begin; so many times in one transaction, then by a new wake."""


async def handle(tx: Tx, subject: str) -> None:
    """A wake: `subject` is an incident's id."""
    await carry_on(tx, UUID(subject))


QUEUE = Queue(NAME, handle, lanes=4)


async def carry_on(
    tx: Tx, incident_id: UUID, messages: Sequence[Message] = (), words: str | None = None
) -> tuple[Outcome, ...]:
    """Do what follows for an incident's run; what became of the messages. `words` are why they were said.

    Nothing where there is no run.
    """
    found = await ground.taken(tx, incident_id)
    if found is None:
        return ()
    incident, kept, seen = found.incident, found.kept, found.seen
    first, moved = kept, False
    outcomes: tuple[Outcome, ...] = ()
    zone = ZoneInfo(city_zone())
    wake_at: datetime | None = None
    for _ in range(MOST_ROUNDS):
        seen = seen or await tx.look(*sight.asked(incident_id))
        world = sight.world_of(incident, seen, asks=_asks(kept.plan), tells=_tells(kept.plan))
        seen = None
        moments = _located(incident, kept, tx.now())
        decision = decide(kept.plan, moments.state, world, messages, tx.now(), zone)
        outcomes, wake_at = outcomes or decision.outcomes, decision.wake_at
        messages = ()
        moved |= await _do(tx, found, moments, decision, words)
        kept = keeping.following(kept, decision.state)
        if not decision.effects:
            break
    else:
        await jobs.wake(tx, NAME, str(incident_id))
    await _sleep(tx, first, wake_at)
    if moved:
        await changed(tx, incident_id, CHANGE)
    return outcomes


def _asks(plan: Playbook) -> frozenset[str]:
    return frozenset(key for key, thing in index(plan).things.items() if answers(thing))


def _tells(plan: Playbook) -> frozenset[str]:
    """상황전파 without a deadline: the agency is told, and that is all."""
    return frozenset(
        act.id for act in plan.acts() if isinstance(act, HandOff) and act.kind is HandoffKind.TELL and act.due is None
    )


def _located(incident: RowMapping, kept: Kept, now: datetime) -> Kept:
    """The incident does not say since when its place is known: the run has seen it now."""
    state = kept.state
    if not incident["located"] or "located" in state.moments:
        return kept
    return keeping.following(kept, replace(state, moments={**state.moments, "located": now}))


async def _do(tx: Tx, on: Ground, kept: Kept, decision: Decision, words: str | None) -> bool:
    """Write a decision and carry out its effects; whether there was anything."""
    incident = on.incident
    if decision.state == kept.state and not decision.effects and not decision.notes:
        return False
    await keeping.save(tx, kept, decision.state)
    things = index(kept.plan).things
    for note in decision.notes:
        await noting.write(tx, incident["id"], kept.row, note, words)
    await lateness.tell(tx, incident, kept, decision, things)
    begun: list[effects.Trying] = []
    for effect in decision.effects:
        item, thing = decision.state.items[effect.of], things[effect.of]
        if not isinstance(effect, Begin):
            await effects.carry_out(begun)
            begun = []
            await effects.withdraw(tx, kept.id, incident["id"], effect, item.status, item.by)
        elif not isinstance(thing, Step | Target) and item.attempt == effect.attempt and not item.over:
            begun.append(effects.Trying(tx, on, thing, effect.attempt, item.due_at))
    await effects.carry_out(begun)
    return True


async def _sleep(tx: Tx, kept: Kept, wake_at: datetime | None) -> None:
    """Leave a wake for the nearest time, unless one stands for it or for an earlier one."""
    standing: datetime | None = kept.row["wake_at"]
    if wake_at is None or (standing is not None and tx.now() < standing <= wake_at):
        return
    await jobs.wake(tx, NAME, str(kept.row["incident_id"]), wake_at)
    await keeping.sleeps(tx, kept.id, wake_at)
