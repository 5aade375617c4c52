"""What an agency says, in whatever order it comes; what an HTTP status means; when it is tried again."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from dure.respond.doors import model
from dure.respond.doors.model import (
    Doubt,
    Lookup,
    NotNow,
    Progress,
    Refused,
    Said,
    Stand,
    Taken,
    Unheard,
    Verdict,
    heard,
    outcome_of,
)
from dure.respond.model import HandoffStatus

NOON = datetime(2026, 12, 5, 3, 0, tzinfo=UTC)
SENT = Stand(HandoffStatus.SENT)
FORWARD = (Said.ACKNOWLEDGED, Said.ACCEPTED, Said.DONE)
said = st.sampled_from(list(Said))
moments = st.integers(0, 3600).map(lambda s: NOON + timedelta(seconds=s))


def after(*words: tuple[Said, int]) -> Stand:
    stand = SENT
    for word, second in words:
        stand = heard(stand, word, NOON + timedelta(seconds=second))[1]
    return stand


def test_forward_words_end_the_same_in_every_order() -> None:
    ends = {
        after(*zip(order, times, strict=True)) for order in permutations(FORWARD) for times in permutations((1, 2, 3))
    }
    assert ends == {Stand(HandoffStatus.ACKNOWLEDGED, Progress.DONE, end.said_at) for end in ends}


def test_a_refusal_counts_until_it_was_accepted() -> None:
    assert after((Said.DECLINED, 5)).status is HandoffStatus.DECLINED
    assert after((Said.ACKNOWLEDGED, 1), (Said.DECLINED, 5)).status is HandoffStatus.DECLINED
    accepted = after((Said.ACCEPTED, 1))
    verdict, stand = heard(accepted, Said.DECLINED, NOON + timedelta(seconds=5))
    assert (verdict, stand) == (Verdict.CONTRADICTS, accepted)


def test_a_late_refusal_that_was_taken_back_is_old_news() -> None:
    acknowledged = after((Said.ACKNOWLEDGED, 10))
    assert heard(acknowledged, Said.DECLINED, NOON + timedelta(seconds=4)) == (Verdict.NOTED, acknowledged)


def test_after_a_refusal_nothing_moves_by_itself() -> None:
    declined = after((Said.DECLINED, 10))
    assert heard(declined, Said.ACCEPTED, NOON) == (Verdict.NOTED, declined)
    assert heard(declined, Said.ACCEPTED, NOON + timedelta(seconds=20)) == (Verdict.CONTRADICTS, declined)


@given(st.lists(st.tuples(said, moments), max_size=12))
def test_it_never_goes_back(words: list[tuple[Said, datetime]]) -> None:
    stand = SENT
    for word, at in words:
        verdict, following = heard(stand, word, at)
        assert (verdict is Verdict.TAKEN) == (following != stand), "what is taken moves it, and nothing else does"
        if stand.status is HandoffStatus.DECLINED:
            assert following == stand
        elif following.status is not HandoffStatus.DECLINED:
            assert model.rank(following) >= model.rank(stand)
        assert heard(following, word, at)[1] == following, "twice is once"
        stand = following


@given(st.integers(100, 599))
def test_a_status_has_one_meaning(status: int) -> None:
    found = outcome_of(status, "F-1", timedelta(seconds=7))
    if 200 <= status < 300 or status == 409:
        assert found == Taken("F-1")
    elif status in {408, 425, 429, 503}:
        assert found == NotNow(f"http_{status}", timedelta(seconds=7))
    elif 300 <= status < 500:
        assert found == Refused(f"http_{status}"), "a redirection is never followed"
    else:
        assert found == Unheard(f"http_{status}")


@given(st.uuids(), st.integers(1, 700), st.booleans())
def test_waits_grow_to_a_longest(reference: object, tries: int, life: bool) -> None:
    assert isinstance(reference, type(uuid4()))
    wait = model.again_at(reference, tries, NOON, life_safety=life) - NOON
    longest = model.LONGEST_WAIT_LIFE if life else model.LONGEST_WAIT
    assert timedelta(seconds=0.8) <= wait <= longest * 1.2


def test_an_hour_is_no_reason_to_give_up() -> None:
    for life, longest, most in (
        (True, model.LONGEST_WAIT_LIFE, model.MOST_TRIES_LIFE),
        (False, model.LONGEST_WAIT, model.MOST_TRIES),
    ):
        assert longest * 0.8 * (most - 10) > timedelta(hours=3)
        assert not model.spent(most - 1, life_safety=life)
        assert model.spent(most, life_safety=life)


def test_where_nobody_can_say_life_safety_goes_again() -> None:
    assert model.settled(Lookup.CANNOT_SAY, life_safety=True) is Doubt.AGAIN_DOUBLED
    assert model.settled(Lookup.CANNOT_SAY, life_safety=False) is Doubt.PERSON
    assert {model.settled(Lookup.ABSENT, life_safety=one) for one in (True, False)} == {Doubt.AGAIN}
    assert {model.settled(Lookup.THERE, life_safety=one) for one in (True, False)} == {Doubt.ARRIVED}
    assert {model.settled(Lookup.AWAY, life_safety=one) for one in (True, False)} == {Doubt.LATER}
