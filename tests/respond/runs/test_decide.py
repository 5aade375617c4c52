"""What follows for a run, by example."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dure.kernel.severity import Severity
from dure.respond.model import HandoffKind
from dure.respond.playbooks.model import (
    Act,
    Answer,
    Assign,
    Condition,
    ConditionKind,
    Decide,
    Due,
    HandOff,
    Notify,
    Parallel,
    Party,
    PartyKind,
    Playbook,
    Ref,
    RefKind,
    Step,
    Target,
    Wait,
    WaitKind,
    When,
)
from dure.respond.runs.decide import decide
from dure.respond.runs.state import (
    Begin,
    Decision,
    ItemStatus,
    Message,
    Outcome,
    RunStatus,
    Say,
    Settled,
    State,
    Withdraw,
    World,
)

SEOUL = ZoneInfo("Asia/Seoul")
NOON = datetime(2026, 12, 5, 3, 0, tzinfo=UTC)
OPEN = World(open=True, severity=Severity.CRITICAL, moments={"signal": NOON})
OPERATOR = (Party(PartyKind.ROLE, "operator", "운영자"),)
BEGIN = Ref(RefKind.BEGIN)
ARRIVED = Ref(RefKind.MOMENT, "arrived")


def task(id_: str, due: float | None = None, late: tuple[Act, ...] = ()) -> Assign:
    return Assign(id_, 1, OPERATOR, id_, None if due is None else Due(due, BEGIN), late)


def plan(*steps: tuple[Act, ...], targets: tuple[Target, ...] = (), due: Due | None = None) -> Playbook:
    made = tuple(Step(n, f"step {n}", n, (), acts, due) for n, acts in enumerate(steps, start=1))
    return Playbook("fire", "ko", None, "1", "", "t", (), targets, made)


def look(book: Playbook, state: State | None = None, *said: Message, after: float = 0, world: World = OPEN) -> Decision:
    return decide(book, state or State(), world, said, NOON + timedelta(seconds=after), SEOUL)


def done(of: str) -> Message:
    return Message(Say.DONE, of, "oper-07")


def test_all_steps_begin_at_once_and_waits_hold_the_rest_of_theirs() -> None:
    book = plan(
        (task("1.1"), task("1.2")),
        (Wait("2.1", 1, WaitKind.MOMENT, "1", until=Ref(RefKind.STEP, "1")), task("2.2")),
    )
    first = look(book)
    assert first.effects == (Begin("1.1", 1), Begin("1.2", 1))
    assert first.wake_at is None
    again = look(book, first.state)
    assert (again.state, again.effects, again.notes) == (first.state, (), ())
    half = look(book, first.state, done("1.1"))
    assert half.effects == (Withdraw("1.1", 1),)
    full = look(book, half.state, done("1.2"))
    assert Begin("2.2", 1) in full.effects
    assert full.state.items["1"].status is ItemStatus.DONE
    last = look(book, full.state, done("2.2"))
    assert last.state.status is RunStatus.DONE


def test_what_is_late_does_its_acts_once() -> None:
    book = plan((task("1.1", 60, (task("1.1.l1"),)),))
    first = look(book)
    assert first.wake_at == NOON + timedelta(seconds=60)
    assert look(book, first.state, after=59).effects == ()
    late = look(book, first.state, after=75)
    assert late.effects == (Begin("1.1.l1", 1),)
    assert late.state.items["1.1"].late_at == NOON + timedelta(seconds=60)
    assert [note.name for note in late.notes] == ["late"]
    assert look(book, late.state, after=200).effects == ()
    over = look(book, late.state, done("1.1"), after=80)
    assert over.state.items["1"].status is ItemStatus.DONE
    assert over.state.status is RunStatus.RUNNING  # what lateness began is still asked of somebody
    assert look(book, over.state, done("1.1.l1"), after=81).state.status is RunStatus.DONE


def test_what_was_done_in_time_is_never_late() -> None:
    book = plan((task("1.1", 60, (task("1.1.l1"),)), task("1.2")))
    in_time = look(book, look(book).state, done("1.1"), after=59)
    later = look(book, in_time.state, after=90)
    assert (later.effects, later.notes) == ((), ())
    assert later.state.items["1.1"].late_at is None


def test_a_deadline_counts_from_its_moment() -> None:
    handed = Due(120, Ref(RefKind.MOMENT, "handed_off"))
    book = plan((Assign("1.1", 1, OPERATOR, "gas", handed),))
    first = look(book)
    assert first.state.items["1.1"].due_at is None
    at = NOON + timedelta(seconds=30)
    world = replace(OPEN, moments={**OPEN.moments, "handed_off": at})
    assert look(book, first.state, world=world, after=31).wake_at == at + timedelta(seconds=120)


def test_answers_decide_conditions() -> None:
    fire = Condition(ConditionKind.ANSWER, "불", "1.1", "1")
    book = plan(
        (
            Notify("1.1", 1, OPERATOR, (), "", "?", (Answer("1", "불이에요"), Answer("2", "아니에요"))),
            When("1.2", 1, fire, (task("1.2.1"),), (task("1.2.e1"),)),
            task("1.3"),
        )
    )
    first = look(book)
    assert first.effects == (Begin("1.1", 1), Begin("1.3", 1))
    wrong = look(book, first.state, Message(Say.ANSWER, "1.1", "o", "9"))
    assert wrong.outcomes == (Outcome.NO_ANSWER,)
    yes = look(book, first.state, Message(Say.ANSWER, "1.1", "o", "1"))
    assert Begin("1.2.1", 1) in yes.effects
    twice = look(book, yes.state, Message(Say.ANSWER, "1.1", "o", "2"))
    assert twice.outcomes == (Outcome.OVER,)
    turned = look(book, yes.state, Message(Say.OVERRIDE, "1.1", "lead", "2"))
    assert Withdraw("1.2.1", 1) in turned.effects
    assert Begin("1.2.e1", 1) in turned.effects
    assert turned.state.items["1.2.1"].status is ItemStatus.SKIPPED
    back = look(book, turned.state, Message(Say.OVERRIDE, "1.1", "lead", "1"))
    assert Begin("1.2.1", 2) in back.effects


def test_a_decision_holds_what_comes_after_it() -> None:
    book = plan((Decide("1.1", 1, OPERATOR, "evacuate?"), task("1.2")))
    first = look(book)
    assert first.effects == (Begin("1.1", 1),)
    assert look(book, first.state, done("1.1")).outcomes == (Outcome.UNFIT,)
    answered = look(book, first.state, Message(Say.ANSWER, "1.1", "lead", "yes"))
    assert answered.effects == (Withdraw("1.1", 1), Begin("1.2", 1))
    assert answered.state.items["1.1"].by == "lead"


@pytest.mark.parametrize(
    ("condition", "chosen"),
    [
        (Condition(ConditionKind.SEVERITY, "", value="serious"), "1.1.1"),
        (Condition(ConditionKind.CONFIRMED, ""), "1.1.e1"),
        (Condition(ConditionKind.HOURS, "", value="11:00-13:00"), "1.1.1"),
        (Condition(ConditionKind.HOURS, "", value="22:00-06:00"), "1.1.e1"),
    ],
)
def test_conditions_that_nobody_is_asked_about(condition: Condition, chosen: str) -> None:
    book = plan((When("1.1", 1, condition, (task("1.1.1"),), (task("1.1.e1"),)),))
    assert look(book).effects == (Begin(chosen, 1),)


def test_a_late_condition_waits_until_it_is_known() -> None:
    late = Condition(ConditionKind.LATE, "", "1.1")
    book = plan((task("1.1", 60),), (When("2.1", 1, late, (task("2.1.1"),)),))
    first = look(book)
    assert "2.1.1" not in first.state.items
    assert Begin("2.1.1", 1) in look(book, first.state, after=60).effects
    in_time = look(book, first.state, done("1.1"), after=30)
    assert in_time.state.items["2.1"].answer == "no"
    assert in_time.state.status is RunStatus.DONE


def test_waits_by_the_clock() -> None:
    book = plan(
        (Wait("1.1", 1, WaitKind.SPAN, "", 30), task("1.2")),
        (Wait("2.1", 1, WaitKind.CLOCK, "", at="06:00"), task("2.2")),
        (Wait("3.1", 1, WaitKind.MOMENT, "", 90, until=ARRIVED, late=(task("3.1.l1"),)), task("3.2")),
        (Wait("4.1", 1, WaitKind.PERSON, "smoke is gone"), task("4.2")),
    )  # fmt: skip
    first = look(book)
    assert (first.effects, first.wake_at) == ((), NOON + timedelta(seconds=30))
    second = look(book, first.state, after=31)
    assert (second.effects, second.wake_at) == ((Begin("1.2", 1),), NOON + timedelta(seconds=90))
    third = look(book, second.state, after=90)
    assert third.effects == (Begin("3.1.l1", 1), Begin("3.2", 1))
    assert third.wake_at == datetime(2026, 12, 5, 21, 0, tzinfo=UTC)
    told = look(book, third.state, done("4.1"), after=95)
    assert Begin("4.2", 1) in told.effects
    arrived = look(book, second.state, Message(Say.MOMENT, "", "o", "arrived"), after=60)
    assert arrived.effects == (Begin("3.2", 1),)


def test_parallel_is_over_when_all_of_it_is() -> None:
    held = Parallel("1.1", 1, (Wait("1.1.1", 1, WaitKind.SPAN, "", 60), task("1.1.2")))
    first = look(plan((held, task("1.2"))))
    assert first.effects == (Begin("1.1.2", 1), Begin("1.2", 1))
    both = look(plan((held, task("1.2"))), first.state, done("1.1.2"), done("1.2"), after=30)
    assert both.state.status is RunStatus.RUNNING
    assert look(plan((held, task("1.2"))), both.state, after=60).state.status is RunStatus.DONE


def test_a_hand_off_that_was_declined_waits_for_a_person() -> None:
    book = plan((HandOff("1.1", 1, HandoffKind.TRANSFER, OPERATOR, "119"),))
    first = look(book)
    declined = replace(OPEN, settled=(Settled("1.1", 1, ok=False, at=NOON),))
    stuck = look(book, first.state, world=declined)
    assert stuck.state.items["1.1"].status is ItemStatus.STUCK
    assert look(book, stuck.state, world=declined).notes == ()
    redone = look(book, stuck.state, Message(Say.REDO, "1.1", "o"), world=declined)
    assert Begin("1.1", 2) in redone.effects
    assert look(book, redone.state, world=declined).state.items["1.1"].status is ItemStatus.RUNNING
    taken = replace(OPEN, settled=(Settled("1.1", 1, ok=False, at=NOON), Settled("1.1", 2, ok=True, at=NOON, by="119")))
    assert look(book, redone.state, world=taken).state.status is RunStatus.DONE


def test_a_golden_time_is_followed_and_its_lateness_acts() -> None:
    target = Target(
        "0.g1", 1, 0, "t", Ref(RefKind.MOMENT, "signal"), Ref(RefKind.MOMENT, "confirmed"), 60, (task("0.g1.l1"),)
    )
    book = plan((task("1.1"),), targets=(target,))
    first = look(book)
    assert first.wake_at == NOON + timedelta(seconds=45)
    soon = look(book, first.state, after=46)
    assert [note.name for note in soon.notes] == ["soon"]
    assert soon.wake_at == NOON + timedelta(seconds=60)
    again = look(book, soon.state, after=47)
    assert (again.notes, again.state) == ((), soon.state)
    assert [note.name for note in look(book, soon.state, after=61).notes] == ["late"]
    assert [note.name for note in look(book, first.state, after=61).notes] == ["late"]  # nobody looked in between
    assert Begin("0.g1.l1", 1) in look(book, first.state, after=61).effects
    confirmed = replace(OPEN, moments={**OPEN.moments, "confirmed": NOON + timedelta(seconds=20)})
    in_time = look(book, first.state, world=confirmed, after=25)
    assert in_time.state.items["0.g1"].status is ItemStatus.DONE
    assert in_time.state.items["0.g1"].late_at is None


def test_skip_override_and_redo_of_a_step() -> None:
    book = plan((task("1.1"), Parallel("1.2", 1, (task("1.2.1"), task("1.2.2")))), (task("2.1"),))
    first = look(book)
    skipped = look(book, first.state, Message(Say.SKIP, "1", "lead"))
    assert {effect.of for effect in skipped.effects} == {"1.1", "1.2.1", "1.2.2", "1.2", "1"}
    assert skipped.state.items["1"].status is ItemStatus.SKIPPED
    assert look(book, skipped.state, Message(Say.SKIP, "1", "lead")).outcomes == (Outcome.OVER,)
    again = look(book, skipped.state, Message(Say.REDO, "1", "lead"))
    assert {e for e in again.effects if isinstance(e, Begin)} == {Begin("1.1", 2), Begin("1.2.1", 2), Begin("1.2.2", 2)}
    counted = look(book, again.state, Message(Say.OVERRIDE, "1", "lead"))
    assert counted.state.items["1"].status is ItemStatus.DONE
    assert look(book, counted.state, done("2.1")).state.status is RunStatus.DONE


def test_a_closed_incident_stands_still_and_goes_on_when_it_reopens() -> None:
    book = plan((task("1.1", 60, (task("1.1.l1"),)),))
    first = look(book)
    closed = look(book, first.state, done("1.1"), world=replace(OPEN, open=False), after=10)
    assert (closed.state.status, closed.effects, closed.outcomes) == (RunStatus.ENDED, (), (Outcome.RUN_OVER,))
    assert look(book, closed.state, world=replace(OPEN, open=False), after=90).notes == ()
    reopened = look(book, closed.state, after=90)
    assert reopened.state.status is RunStatus.RUNNING
    assert Begin("1.1.l1", 1) in reopened.effects


def test_a_stopped_run_stays_stopped() -> None:
    book = plan(
        (task("1.1", 60), task("1.2")),
    )
    first = look(book)
    stopped = look(book, first.state, Message(Say.ABORT, "", "lead"), after=10)
    assert stopped.state.status is RunStatus.ABORTED
    assert set(stopped.effects) >= {Withdraw("1.1", 1), Withdraw("1.2", 1)}
    assert stopped.wake_at is None
    later = look(book, stopped.state, done("1.1"), after=90)
    assert (later.state, later.effects, later.outcomes) == (stopped.state, (), (Outcome.RUN_OVER,))


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        (done("9.9"), Outcome.UNKNOWN),
        (done("2.2"), Outcome.NOT_BEGUN),
        (done("1"), Outcome.UNFIT),
        (Message(Say.ANSWER, "1.1", "o", "yes"), Outcome.UNFIT),
        (Message(Say.REDO, "2.2", "o"), Outcome.NOT_BEGUN),
        (Message(Say.MOMENT, "", "o", "raining"), Outcome.UNKNOWN),
        (Message(Say.MOMENT, "", "o", "signal"), Outcome.OVER),
    ],
)
def test_what_makes_no_sense_changes_nothing(message: Message, outcome: Outcome) -> None:
    book = plan((task("1.1"),), (Wait("2.1", 1, WaitKind.PERSON, ""), task("2.2")))
    first = look(book)
    said = look(book, first.state, message)
    assert (said.outcomes, said.state, said.effects) == ((outcome,), first.state, ())
