"""Whatever is said and seen in whatever order, how often and with whatever is lost between: each own step once."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from dure.respond.model import HandoffKind
from dure.respond.playbooks.model import (
    Act,
    Answer,
    Condition,
    ConditionKind,
    Decide,
    HandOff,
    Notify,
    Parallel,
    Playbook,
    Ref,
    RefKind,
    Target,
    Wait,
    WaitKind,
    When,
)
from dure.respond.runs.decide import decide
from dure.respond.runs.index import index
from dure.respond.runs.said import answers
from dure.respond.runs.state import Begin, Decision, Message, RunStatus, Say, Settled, State, World
from tests.respond.runs.test_decide import ARRIVED, NOON, OPEN, OPERATOR, SEOUL, plan, task

BOOK: Playbook = plan(
    (
        Notify("1.1", 1, OPERATOR, (), "", "?", (Answer("1", "fire"), Answer("2", "none"))),
        When("1.2", 1, Condition(ConditionKind.ANSWER, "", "1.1", "1"), (task("1.2.1", 30),), (task("1.2.e1"),)),
    ),
    (HandOff("2.1", 1, HandoffKind.TRANSFER, OPERATOR, "119"), task("2.2", 60, (task("2.2.l1"),))),
    (Wait("3.1", 1, WaitKind.MOMENT, "", until=Ref(RefKind.STEP, "2")), Decide("3.2", 1, OPERATOR, "?"), task("3.3")),
    (Parallel("4.1", 1, (task("4.1.1"), Wait("4.1.2", 1, WaitKind.SPAN, "", 45))), task("4.2")),
    (Wait("5.1", 1, WaitKind.MOMENT, "", 50, until=ARRIVED, late=(task("5.1.l1"),)), task("5.2")),
    targets=(
        Target("0.g1", 1, 0, "", Ref(RefKind.MOMENT, "signal"), Ref(RefKind.STEP, "3"), 90, (task("0.g1.l1"),)),
    ),
)  # fmt: skip
THINGS = index(BOOK).things
KEYS = sorted(THINGS)

messages = st.builds(
    Message,
    st.sampled_from(list(Say)),
    st.sampled_from([*KEYS, "9.9"]),
    st.just("oper-07"),
    st.sampled_from([None, "yes", "no", "1", "2", "arrived", "confirmed"]),
)
gentle = messages.filter(lambda one: one.say not in {Say.ABORT, Say.REDO})
events = st.one_of(
    st.tuples(st.just("said"), messages),
    st.tuples(st.just("passed"), st.integers(0, 40)),
    st.tuples(st.just("settled"), st.tuples(st.sampled_from(["2.1"]), st.integers(1, 2), st.booleans())),
    st.tuples(st.just("open"), st.booleans()),
    st.tuples(st.just("woken"), st.just(None)),
    st.tuples(st.just("killed"), messages),
)


class City:
    """Applies events as the interpreter does: what is decided is committed as a whole, or lost as a whole."""

    def __init__(self) -> None:
        self.state = State()
        self.world: World = OPEN
        self.now = NOON
        self.began: Counter[tuple[str, int]] = Counter()

    def look(self, *said: Message, killed: bool = False) -> Decision:
        found = decide(BOOK, self.state, self.world, said, self.now, SEOUL)
        if not killed:
            self.state = found.state
            self.began.update((one.of, one.attempt) for one in found.effects if isinstance(one, Begin))
        return found

    def happens(self, event: tuple[str, object]) -> None:
        kind, what = event
        if kind == "said" and isinstance(what, Message):
            self.look(what)
        elif kind == "killed" and isinstance(what, Message):
            self.look(what, killed=True)  # nothing was committed: the same wake comes again
            self.look()
        elif kind == "passed" and isinstance(what, int):
            self.now += timedelta(seconds=what)
            self.look()
        elif kind == "settled" and isinstance(what, tuple):
            of, attempt, ok = what
            if not self.began[of, attempt]:
                return  # nobody says what became of an attempt that has not begun
            self.world = replace(self.world, settled=(Settled(of, attempt, ok, self.now),))
            self.look()
        elif kind == "open":
            self.world = replace(self.world, open=bool(what))
            self.look()
        else:
            self.look()


@settings(max_examples=150, deadline=None)
@given(st.lists(events, max_size=25))
def test_each_attempt_begins_once_and_asking_again_changes_nothing(happened: list[tuple[str, object]]) -> None:
    city = City()
    city.look()
    for event in happened:
        city.happens(event)
        again = decide(BOOK, city.state, city.world, (), city.now, SEOUL)
        assert (again.state, again.effects, again.notes) == (city.state, (), ())
        if again.wake_at is not None:
            assert again.wake_at > city.now
    assert all(times == 1 for times in city.began.values()), city.began
    for key, item in city.state.items.items():
        assert item.begun_at is None or item.ended_at is None or item.ended_at >= NOON
        assert key in THINGS


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(events.filter(lambda one: one[0] not in {"open", "settled"})), max_size=20))
def test_no_step_is_lost(happened: list[tuple[str, object]]) -> None:
    """Whatever was said before: once people finish what is asked and time passes, the run comes to its end."""
    city = City()
    city.look()
    for event in happened:
        city.happens(event)
    if city.state.status is RunStatus.ABORTED:
        return
    for _ in range(40):
        city.now += timedelta(seconds=60)
        item = city.state.items.get("2.1")
        if item is not None:
            city.world = replace(city.world, settled=(Settled("2.1", item.attempt, ok=True, at=city.now),))
        city.look()
        for key, standing in list(city.state.items.items()):
            if standing.over:
                continue
            given_ = answers(THINGS[key])
            said = Message(Say.ANSWER, key, "o", given_[0]) if given_ else Message(Say.DONE, key, "o")
            city.look(said)
        if city.state.status is RunStatus.DONE:
            break
    assert city.state.status is RunStatus.DONE
    assert all(city.state.items[str(step.number)].over for step in BOOK.steps)


@settings(max_examples=60, deadline=None)
@given(st.lists(gentle, max_size=12), st.data())
def test_looking_often_or_seldom_comes_to_the_same(said: list[Message], data: st.DataObject) -> None:
    """Extra wakes between messages at one moment make no difference."""
    often, seldom = City(), City()
    often.look()
    for message in said:
        often.look(message)
        for _ in range(data.draw(st.integers(0, 2))):
            often.look()
    seldom.look(*said)
    assert often.state == seldom.state


def _acts(book: Playbook) -> list[Act]:
    return list(book.acts())


def test_the_plan_of_these_tests_has_each_kind_of_holding() -> None:
    kinds = {type(act) for act in _acts(BOOK)}
    assert {Wait, Decide, When, Parallel, Notify, HandOff} <= kinds
