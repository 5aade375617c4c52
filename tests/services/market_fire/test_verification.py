"""The stages of a fire alarm, decision by decision."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.services.market_fire import verification
from dure.services.market_fire.signs import Sign
from dure.services.market_fire.verification import Act, Kind, Says, Stage, State, Terms, Who, Why, terms

TABLE = verification.stages()
CLOSED = terms(TABLE, trades=False, steamy=False, announced=False)
TRADING = terms(TABLE, trades=True, steamy=False, announced=False)
STEAMY = terms(TABLE, trades=True, steamy=True, announced=False)
ANNOUNCED = terms(TABLE, trades=False, steamy=False, announced=True)
NONE: frozenset[Sign] = frozenset()


def said(
    state: State, kind: Kind, at: float, *, of: Terms = CLOSED, device: str = "a", signs: frozenset[Sign] = NONE
) -> State:
    return verification.on_signal(TABLE, of, state, kind, device, at, signs)[0]


def pre_alarm(of: Terms = CLOSED) -> State:
    return said(State(), Kind.SIGNAL, 100.0, of=of)


def test_a_pre_alarm_turns_the_camera_and_asks_both() -> None:
    state, acts = verification.on_signal(TABLE, CLOSED, State(), Kind.SIGNAL, "a", 100.0, NONE)
    assert (state.stage, state.began, state.deadline) == (Stage.PRE_ALARM, 100.0, 160.0)
    assert acts == (Act.TURN_CAMERA, Act.ASK_OPERATOR, Act.ASK_OWNER)


def test_by_day_people_have_longer_to_answer_and_dirt_gives_nobody_more_time() -> None:
    day = verification.at_hour(TABLE, trades=True)
    assert (day.answer_s, verification.at_hour(TABLE, trades=False)) == (TABLE.trading_s, TABLE)
    began = verification.on_signal(day, TRADING, State(), Kind.SIGNAL, "a", 100.0, NONE)[0]
    assert began.deadline == 100.0 + TABLE.trading_s
    told, _ = verification.on_time(day, TRADING, began, 100.0 + TABLE.trading_s, frozenset({Sign.DIRTY}))
    assert told.why is Why.NOBODY


@pytest.mark.parametrize("of", [CLOSED, TRADING])
def test_nobody_answers_and_119_is_told_all_the_same(of: Terms) -> None:
    state = pre_alarm(of)
    assert verification.on_time(TABLE, of, state, 159.9, NONE) == (state, ())
    told, acts = verification.on_time(TABLE, of, state, 160.0, NONE)
    assert (told.stage, told.why, acts) == (Stage.REPORTED, Why.NOBODY, (Act.REPORT,))


def test_what_confirms() -> None:
    assert said(State(), Kind.WARM, 100.0).why is Why.WARM_SMOKE, "nobody cooks in a closed market"
    assert said(State(), Kind.WARMEST, 100.0, of=TRADING).stage is Stage.QUIET, "a puff of steam is warm, too"
    dirt = frozenset({Sign.DIRTY})
    assert said(State(), Kind.WARM, 100.0, signs=dirt).stage is Stage.QUIET, "haze that was there long before"
    assert said(State(), Kind.HOT, 100.0, signs=dirt).why is Why.HIGH_HEAT
    assert said(State(), Kind.WARMER, 100.0, of=TRADING).stage is Stage.QUIET
    assert said(pre_alarm(TRADING), Kind.WARM, 101.0, of=TRADING).stage is Stage.PRE_ALARM
    assert said(pre_alarm(TRADING), Kind.WARMER, 101.0, of=TRADING).why is Why.WARM_SMOKE
    early = said(said(State(), Kind.WARMER, 99.0, of=TRADING), Kind.SIGNAL, 100.0, of=TRADING)
    assert early.why is Why.WARM_SMOKE, "warmth that came before the five seconds were over counts"
    assert said(State(), Kind.RISE, 100.0).why is Why.FAST_RISE
    assert said(State(), Kind.RISE, 100.0, of=TRADING).stage is Stage.QUIET, "a stove does that every day"
    assert said(pre_alarm(), Kind.NEIGHBOURS, 101.0, device="b").why is Why.NEIGHBOUR
    assert said(pre_alarm(ANNOUNCED), Kind.NEIGHBOURS, 101.0, of=ANNOUNCED).stage is Stage.PRE_ALARM


def test_warmth_of_another_hour_says_nothing() -> None:
    earlier = said(State(), Kind.WARMER, 100.0, of=TRADING)
    assert said(earlier, Kind.SIGNAL, 101.0 + TABLE.resumes_s, of=TRADING).stage is Stage.PRE_ALARM


def test_neighbours_confirm_while_people_trade_only_by_many_standing_pre_alarms() -> None:
    state = said(pre_alarm(TRADING), Kind.NEIGHBOURS, 101.0, of=TRADING)
    for number in range(TABLE.trading_callers - 2):
        state = said(state, Kind.SIGNAL, 102.0, of=TRADING, device=f"n{number}")
        assert state.stage is Stage.PRE_ALARM
    assert said(state, Kind.SIGNAL, 103.0, of=TRADING, device="z").why is Why.NEIGHBOUR


@pytest.mark.parametrize("of", [CLOSED, TRADING, STEAMY, ANNOUNCED])
def test_high_heat_passes_all_stages(of: Terms) -> None:
    told = pre_alarm(of)
    closed = verification.on_answer(told, Who.OPERATOR, Says.NOT_FIRE, 110.0, trades=True)[0]
    for state in (State(), told, closed):
        assert said(state, Kind.HOT, 120.0, of=of).why is Why.HIGH_HEAT


@pytest.mark.parametrize("sign", [Sign.HEAT_JUMP, Sign.ERRATIC, Sign.SPIKE, Sign.BATTERY])
def test_warmth_that_no_element_feels_is_asked_about_first(sign: Sign) -> None:
    for kind in (Kind.WARM, Kind.RISE):
        assert said(pre_alarm(), kind, 101.0, signs=frozenset({sign})).stage is Stage.PRE_ALARM
    hot = said(State(), Kind.HOT, 101.0, signs=frozenset({sign}))
    assert (hot.stage, hot.deadline) == (Stage.PRE_ALARM, 161.0)


def test_a_faulty_look_gives_people_longer_and_then_119_is_told() -> None:
    state, acts = verification.on_time(TABLE, CLOSED, pre_alarm(), 160.0, frozenset({Sign.FLAT}))
    assert (state.extended, state.deadline) == (Why.FAULT, 100.0 + TABLE.faulty_s)
    assert acts == (Act.SEND_SOMEBODY, Act.TELL_FAULT)
    assert verification.on_time(TABLE, CLOSED, state, 1_000.0, frozenset({Sign.FLAT}))[0].why is Why.NOBODY
    assert said(state, Kind.WARM, 300.0).stage is Stage.REPORTED


def test_a_detector_that_did_for_minutes_what_no_fire_does_goes_up_to_people_and_stays_open() -> None:
    frozen = frozenset({Sign.FLAT, Sign.FROZEN})
    state = verification.on_time(TABLE, CLOSED, pre_alarm(), 160.0, frozen)[0]
    held, acts = verification.on_time(TABLE, CLOSED, state, 1_000.0, frozen)
    assert (held.stage, held.deadline, acts) == (Stage.PRE_ALARM, None, (Act.GO_UP,))
    assert said(held, Kind.WARM, 1_100.0).stage is Stage.REPORTED
    together = replace(state, calling=frozenset({"a", "b"}))
    assert verification.on_time(TABLE, CLOSED, together, 1_000.0, frozen)[0].stage is Stage.REPORTED


def test_steam_and_announced_works_lengthen_once_and_say_so() -> None:
    for of, why in ((STEAMY, Why.STEAM), (ANNOUNCED, Why.ANNOUNCED)):
        longer, acts = verification.on_time(TABLE, of, pre_alarm(of), 160.0, NONE)
        assert (longer.extended, acts) == (why, (Act.SEND_SOMEBODY,))
        assert longer.deadline is not None
        assert verification.on_time(TABLE, of, longer, longer.deadline, NONE)[0].why is Why.NOBODY


def test_who_may_end_it() -> None:
    state = pre_alarm()
    for who in (Who.OPERATOR, Who.SENT):
        ended, acts = verification.on_answer(state, who, Says.NOT_FIRE, 120.0, trades=False)
        assert (ended.stage, acts) == (Stage.FALSE, (Act.CLOSE,))
    at_home = verification.on_answer(state, Who.OWNER, Says.NOT_FIRE, 120.0, trades=False)[0]
    assert at_home.stage is Stage.PRE_ALARM
    assert at_home.deadline == state.deadline
    assert verification.on_answer(state, Who.OWNER, Says.NOT_FIRE, 120.0, trades=True)[0].stage is Stage.FALSE
    assert verification.on_answer(state, Who.OWNER, Says.FIRE, 120.0, trades=False)[0].why is Why.OWNER
    blind, acts = verification.on_answer(state, Who.OPERATOR, Says.UNKNOWN, 120.0, trades=False)
    assert (blind.deadline, acts) == (state.deadline, (Act.SEND_SOMEBODY,))


def test_stronger_evidence_overrules_who_said_no() -> None:
    ended = verification.on_answer(pre_alarm(), Who.OPERATOR, Says.NOT_FIRE, 120.0, trades=False)[0]
    assert said(ended, Kind.SIGNAL, 130.0).stage is Stage.FALSE
    assert said(ended, Kind.SIGNAL, 120.0 + TABLE.trusts_s + 1).stage is Stage.PRE_ALARM
    assert said(ended, Kind.WARM, 130.0).stage is Stage.REPORTED


def test_what_flickers_is_one_pre_alarm() -> None:
    paused = said(pre_alarm(), Kind.CLEARED, 130.0)
    assert paused.stage is Stage.PAUSED
    again = said(paused, Kind.SIGNAL, 140.0)
    assert (again.stage, again.began, again.deadline) == (Stage.PRE_ALARM, 100.0, 160.0)
    late = said(paused, Kind.SIGNAL, 200.0)
    assert late.deadline == 200.0 + TABLE.answer_s / 4
    assert said(paused, Kind.SIGNAL, 130.0 + TABLE.resumes_s + 1).began == 251.0


WORDS = st.one_of(
    st.tuples(st.just("signal"), st.sampled_from(list(Kind)), st.sampled_from("ab"), st.sets(st.sampled_from(Sign))),
    st.tuples(st.just("answer"), st.sampled_from(Who), st.sampled_from([Says.UNKNOWN, Says.FIRE]), st.booleans()),
    st.tuples(st.just("time"), st.sets(st.sampled_from(sorted(set(Sign) - {Sign.FROZEN})))),
)


@given(st.lists(WORDS, max_size=25), st.sampled_from([CLOSED, TRADING, STEAMY, ANNOUNCED]))
def test_a_standing_pre_alarm_always_ends_in_a_report_unless_somebody_says_no(
    words: list[tuple[Any, ...]], of: Terms
) -> None:
    state, now = pre_alarm(of), 100.0
    for word in words:
        now += 7.0
        match word:
            case ("signal", kind, device, signs) if kind is not Kind.CLEARED:
                state = said(state, kind, now, of=of, device=device, signs=frozenset(signs))
            case ("answer", who, says, trades):
                state = verification.on_answer(state, who, says, now, trades=trades)[0]
            case ("time", signs):
                state = verification.on_time(TABLE, of, state, now, frozenset(signs))[0]
        assert state.stage in {Stage.PRE_ALARM, Stage.REPORTED}
        assert state.stage is Stage.REPORTED or (state.deadline or 0.0) <= 100.0 + TABLE.faulty_s
    for _ in range(2):
        state = verification.on_time(TABLE, of, state, 100.0 + TABLE.faulty_s, frozenset({Sign.FLAT}))[0]
    assert state.stage is Stage.REPORTED


HAPPENS = st.tuples(
    st.floats(0.0, 400.0),
    st.one_of(
        st.tuples(st.sampled_from(list(Kind)), st.sampled_from("abc"), st.sets(st.sampled_from(Sign))),
        st.tuples(st.sampled_from(Who), st.sampled_from(Says), st.booleans()),
        st.sets(st.sampled_from(Sign)),
    ),
)


@given(st.lists(HAPPENS, max_size=25), st.sampled_from([CLOSED, TRADING, STEAMY, ANNOUNCED]))
def test_nothing_ends_in_silence(happens: list[Any], of: Terms) -> None:
    """Whatever happens and then nothing more: told to 119, refuted by somebody who could see it, or passed up."""
    state, at, acts = pre_alarm(of), 100.0, list[Act]()

    def take(step: verification.Step) -> None:
        nonlocal state
        before, (state, asked) = state, step
        acts.extend(asked)
        if state.stage is Stage.REPORTED and before.stage is not Stage.REPORTED:
            assert Act.REPORT in asked
        if state.stage is Stage.FALSE and before.stage is not Stage.FALSE:
            assert Act.CLOSE in asked
            assert state.why in {Why.OPERATOR, Why.SENT, Why.OWNER}

    for after, what in happens:
        at += after
        if isinstance(what, set):
            take(verification.on_clock(TABLE, of, state, at, frozenset(what)))
        elif isinstance(what[0], Kind):
            take(verification.on_signal(TABLE, of, state, what[0], what[1], at, frozenset(what[2])))
        else:
            take(verification.on_answer(state, what[0], what[1], at, trades=what[2]))
    while (due := verification.due(TABLE, state)) is not None:
        at = max(at, due)
        before = state
        take(verification.on_clock(TABLE, of, state, at, NONE))
        assert state != before, "the clock always does what it was waited for"
    if state.stage in {Stage.PRE_ALARM, Stage.PAUSED}:
        assert state.why in {Why.UNSEEN, Why.FAULT}
        assert Act.GO_UP in acts
    else:
        assert state.stage in {Stage.REPORTED, Stage.FALSE}


def test_each_number_has_its_source_and_its_bounds(tmp_path: Path) -> None:
    text = Path(verification.__file__).with_name("stages.toml").read_text(encoding="utf-8")
    wrong = tmp_path / "stages.toml"
    for old, new in (("step = 3", "step = 4"), ("s = 900\n", "s = 6000\n"), ("s = 60\n", "s = 0\n")):
        wrong.write_text(text.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(ValueError, match=r"step|order|above 0"):
            verification.stages(wrong)
