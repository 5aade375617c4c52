"""Going through a past incident: the same interpreter that carries manuals out, over time that is over. Pure."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final
from zoneinfo import ZoneInfo

from dure.kernel.severity import Severity
from dure.learn.dryrun.matching import Basis, Took, matched, parties_of
from dure.respond.model import HandoffKind
from dure.respond.playbooks import model
from dure.respond.playbooks.model import HandOff, Happening, Notify, Playbook, Step, Wait, WaitKind
from dure.respond.playbooks.plain import act_name
from dure.respond.runs.decide import decide
from dure.respond.runs.index import index
from dure.respond.runs.said import answers
from dure.respond.runs.state import Begin, Item, ItemStatus, Message, Say, Settled, State, World

MOST_LOOKS: Final = 20_000
"""So often the interpreter looks at most: a manual of 500 steps needs some thousand."""
_HANDED, _ANSWERED = Happening.HANDED_OFF.value, Happening.ANSWERED.value
_AT_ONCE = (model.OpenCameras, Notify)


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of an incident that is over: the run of that day, when its moments were, how grave it was when (the
    first from the beginning), how long each act took by its id then, and what is usual by kind of act and people.
    """

    plan: Playbook
    items: Mapping[str, Item]
    begun_at: datetime
    ended_at: datetime
    moments: Mapping[str, datetime]
    severities: tuple[tuple[datetime, Severity], ...]
    took: Mapping[str, Took]
    usual: Mapping[Any, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gone:
    """What would have been: the items as they stood when the incident ended, where each time comes from, and which act
    of that day each is.
    """

    items: Mapping[str, Item]
    bases: Mapping[str, Basis]
    same: Mapping[str, str]


def through(plan: Playbook, past: Past, zone: ZoneInfo) -> Gone:
    """Go through it from the run's beginning to the incident's end. It does nothing and always comes to an end."""
    return _Going(plan, past, zone).gone()


class _Going:
    def __init__(self, plan: Playbook, past: Past, zone: ZoneInfo) -> None:
        self.plan = plan
        self.past = past
        self.zone = zone
        self.things = index(plan).things
        self.same = matched(past.plan, plan)
        self.state = State()
        self.bases: dict[str, Basis] = {}
        self.settled: list[Settled] = []
        self.moments = dict(past.moments)
        hands = any(isinstance(act, HandOff) and act.kind is not HandoffKind.TELL for act in plan.acts())
        if hands:  # when it is handed off follows from the manual, not from that day
            self.moments.pop(_HANDED, None)
            self.moments.pop(_ANSWERED, None)
        self.order = count()
        self.coming: list[tuple[datetime, int, Settled | Message]] = []
        for key, then in self.same.items():
            self.cut(key, past.items.get(then))

    def gone(self) -> Gone:
        now = self.past.begun_at
        for _ in range(MOST_LOOKS):
            begun, wake_at = self.look(now)
            if begun:
                continue
            following = self.following(now, wake_at)
            if following is None or following > self.past.ended_at:
                break
            now = following
        return Gone(self.state.items, self.bases, self.same)

    def look(self, now: datetime) -> tuple[bool, datetime | None]:
        messages: list[Message] = []
        while self.coming and self.coming[0][0] <= now:
            at, _, one = heapq.heappop(self.coming)
            if isinstance(one, Settled):
                self.settled.append(one)
                self.handed(one, at)
            else:
                messages.append(one)
        known = {name: at for name, at in self.moments.items() if at <= now}
        world = World(True, self.severity(now), known, tuple(self.settled))
        before = self.state.items
        decision = decide(self.plan, self.state, world, messages, now, self.zone)
        self.state = decision.state
        for effect in decision.effects:
            if isinstance(effect, Begin):
                self.begin(effect.of, effect.attempt, now)
        for key, item in self.state.items.items():
            thing = self.things.get(key)
            if isinstance(thing, Wait) and key not in before and not item.over:
                self.waits(key, thing, now)
        return bool(decision.effects) or bool(messages), decision.wake_at

    def severity(self, now: datetime) -> Severity:
        reached = [severity for at, severity in self.past.severities if at <= now]
        return reached[-1] if reached else self.past.severities[0][1]

    def following(self, now: datetime, wake_at: datetime | None) -> datetime | None:
        times = [at for at in self.moments.values() if at > now]
        times += [at for at, _ in self.past.severities if at > now]
        if self.coming:
            times.append(self.coming[0][0])
        if wake_at is not None and wake_at > now:
            times.append(wake_at)
        return min(times, default=None)

    def begin(self, key: str, attempt: int, now: datetime) -> None:
        """An act begins: when it will be done follows from that day, from what is usual, or from nobody."""
        thing: Any = self.things[key]
        if isinstance(thing, HandOff) and thing.kind is not HandoffKind.TELL:
            self.moments[_HANDED] = min(self.moments.get(_HANDED, now), now)
        took = self.took(key, thing)
        self.bases[key] = took.basis
        if took.basis is Basis.UNKNOWN:
            return
        at = now + timedelta(seconds=took.seconds)
        if took.skipped:
            self.comes(at, Message(Say.SKIP, key, ""))
        elif possible := answers(thing):
            answer = _given(thing, took.answer, possible)
            if answer is None:  # nobody knows what they would have said to this
                self.bases[key] = Basis.UNKNOWN
            else:
                self.comes(at, Message(Say.ANSWER, key, "", answer))
        else:
            self.comes(at, Settled(key, attempt, True, at))

    def cut(self, key: str, item: Item | None) -> None:
        """What people did to a whole step that day, they would have done at the same moment."""
        if not isinstance(self.things.get(key), Step) or item is None or item.by is None or item.ended_at is None:
            return
        say = Say.SKIP if item.status is ItemStatus.SKIPPED else Say.OVERRIDE
        self.comes(item.ended_at, Message(say, key, item.by))

    def waits(self, key: str, wait: Wait, now: datetime) -> None:
        """Somebody is waited for to say that something is so, or left the waiting out that day."""
        took = self.took(key, wait)
        if wait.kind is not WaitKind.PERSON and not took.skipped:
            return
        self.bases[key] = took.basis
        if took.basis is not Basis.UNKNOWN:
            said = Message(Say.SKIP if took.skipped else Say.DONE, key, "")
            self.comes(now + timedelta(seconds=took.seconds), said)

    def took(self, key: str, thing: Any) -> Took:
        then = self.past.took.get(self.same.get(key, ""))
        if then is not None:
            return then
        if self.past.items.get(self.same.get(key, "")) is not None:
            return Took(0, Basis.UNKNOWN)  # it was begun that day and never ended
        if isinstance(thing, HandOff) and thing.kind is HandoffKind.TELL and thing.due is None:
            return Took(0, Basis.MACHINE)
        if isinstance(thing, _AT_ONCE) and not answers(thing):
            return Took(0, Basis.MACHINE)
        usual = self.past.usual.get((act_name(thing), parties_of(thing)))
        if usual is None or answers(thing):
            return Took(0, Basis.UNKNOWN)
        return Took(usual, Basis.USUAL)

    def handed(self, one: Settled, at: datetime) -> None:
        thing = self.things[one.of]
        if isinstance(thing, HandOff):
            self.moments[_ANSWERED] = min(self.moments.get(_ANSWERED, at), at)

    def comes(self, at: datetime, what: Settled | Message) -> None:
        heapq.heappush(self.coming, (at, next(self.order), what))


def _given(thing: Any, answer: str | None, possible: tuple[str, ...]) -> str | None:
    """The id of an answer by its words; None where it cannot be given any more."""
    by_words = {one.words: one.id for one in getattr(thing, "answers", ())}
    found = by_words.get(answer or "", answer)
    return found if found in possible else None
