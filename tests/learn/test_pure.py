"""What is decided without a database: which closings need a review, scores, states, small numbers, reminders."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.kernel.errors import Conflict
from dure.learn import percentiles, reminders
from dure.learn.drills import model as drills
from dure.learn.drills.model import Done, Part
from dure.learn.model import (
    FindingAct,
    FindingState,
    ReviewState,
    Shift,
    next_finding,
    next_review,
    shift_of,
)
from dure.learn.rules import Closing, Rule, deciding

SEOUL = ZoneInfo("Asia/Seoul")
few = settings(max_examples=40, deadline=None)
parts = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(1, 60)).map(
        lambda one: Part("x", min(one[0], one[1]), one[1], one[2])
    ),
    max_size=4,
)


@few
@given(parts)
def test_a_score_is_between_nothing_and_all(given_parts: list[Part]) -> None:
    score = drills.score(given_parts)
    there = [part for part in given_parts if part.of]
    assert (score is None) == (not there)
    if score is not None:
        assert 0 <= score <= 100
        assert (score == 100) or any(part.done < part.of for part in there)


@few
@given(parts.filter(lambda found: any(part.done < part.of for part in found)), st.data())
def test_doing_more_never_costs_points(given_parts: list[Part], data: st.DataObject) -> None:
    at = data.draw(st.sampled_from([n for n, part in enumerate(given_parts) if part.done < part.of]))
    one = given_parts[at]
    better = [*given_parts[:at], Part(one.name, one.done + 1, one.of, one.weight), *given_parts[at + 1 :]]
    assert (drills.score(better) or 0) >= (drills.score(given_parts) or 0)


def test_what_is_late_or_left_out_is_not_done_in_time() -> None:
    steps, clocks, decisions = drills.parts(
        [Done(True, False), Done(True, True), Done(False, False)], [True, False], [Done(True, False)]
    )
    assert (steps.done, steps.of) == (1, 3)
    assert (clocks.done, clocks.of) == (1, 2)
    assert drills.score([steps, clocks, decisions]) == round(100 * (50 / 3 + 15 + 20) / 100)


@few
@given(st.integers(0, 365 * 24 * 60).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)))
def test_a_shift_is_eight_hours_of_the_citys_clock(at: datetime) -> None:
    assert shift_of(at, SEOUL) is shift_of(at + timedelta(days=1), SEOUL)
    assert shift_of(at, SEOUL) is not shift_of(at + timedelta(hours=8), SEOUL)
    assert shift_of(datetime(2026, 12, 5, 6, tzinfo=SEOUL), SEOUL) is Shift.DAY
    assert shift_of(datetime(2026, 12, 5, 5, 59, tzinfo=SEOUL), SEOUL) is Shift.NIGHT


@few
@given(st.integers(0, 60), st.floats(0, 1e6))
def test_few_measurements_make_no_percentile(n: int, value: float) -> None:
    shown = percentiles.honest(n, {"p50": value, "p90": value, "p95": value})
    assert (shown["p95"] is None) == (n < 20)
    assert (shown["p90"] is None) == (n < 10)
    assert (shown["p50"] is None) == (n < 5)


def closing(**more: object) -> Closing:
    usual: dict[str, object] = {
        "type": "fire", "severity": "serious", "mode": "real", "outcome": "real", "clock_over": False,
        "handed_off": False,
    }  # fmt: skip
    return Closing(**{**usual, **more})  # type: ignore[arg-type]


def test_the_first_rule_that_fits_decides() -> None:
    rules = (
        Rule("drills", False, modes=["drill"]),
        Rule("crews", True, 7, outcomes=["false"], handed_off=True),
        Rule("false", False, outcomes=["false"]),
        Rule("grave", True, severities=["critical", "serious"]),
        Rule("late", True, clock_over=True),
    )

    def said(**more: object) -> str | None:
        rule = deciding(rules, closing(**more))
        return None if rule is None else rule.name

    assert said() == "grave"
    assert said(mode="drill") == "drills"
    assert said(outcome="false") == "false"
    assert said(outcome="false", handed_off=True) == "crews"
    assert said(severity="notice") is None
    assert said(severity="notice", clock_over=True) == "late"


@few
@given(st.lists(st.sampled_from(list(FindingAct)), max_size=12))
def test_no_way_leads_to_a_closed_change_that_was_not_rehearsed(acts: list[FindingAct]) -> None:
    state, rehearsed, published = FindingState.OPEN, False, False
    for act in acts:
        try:
            state = next_finding(state, act)
        except Conflict:
            continue
        published |= state is FindingState.PUBLISHED
        rehearsed |= state is FindingState.REHEARSED
    assert state is not FindingState.CLOSED or rehearsed or not published


def test_a_review_is_written_when_all_four_are_answered() -> None:
    answers = {"happened": "a", "expected": "b", "why": "c", "changes": "d"}
    assert next_review(ReviewState.OPEN, ReviewState.WRITTEN, answers) is ReviewState.WRITTEN
    with pytest.raises(Conflict, match=r"learn\.review\.unanswered"):
        next_review(ReviewState.OPEN, ReviewState.WRITTEN, {**answers, "why": " "})
    with pytest.raises(Conflict, match=r"learn\.review\.not_in_state"):
        next_review(ReviewState.OPEN, ReviewState.CLOSED, answers)
    assert next_review(ReviewState.CLOSED, ReviewState.OPEN, {}) is ReviewState.OPEN


def test_one_reminder_before_on_and_each_week_after() -> None:
    due = date(2026, 12, 20)
    named = [reminders.due(due + timedelta(days=days), due) for days in (-3, -2, -1, 0, 1, 7, 8, 14, 15)]
    assert named == [None, "soon", "soon", "today", "late1", "late1", "late2", "late2", "late3"]
