"""What goes and what stays, decided without a database: nothing held goes, nothing due and not held stays."""

from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.trust.retention import holding, model
from dure.trust.retention.model import Hold, Kind, Rule, Scope, Thing

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SEOUL = ZoneInfo("Asia/Seoul")
SCOPES: tuple[Scope, ...] = ("incident", "person", "camera", "device", "period")
times = st.integers(-500, 500).map(lambda hours: NOW + timedelta(hours=hours))
names = st.sampled_from(["a", "b", "c"])
some = st.frozensets(names, max_size=2)


@st.composite
def things(draw: st.DrawFn) -> Thing:
    """A thing that belongs to this and that."""
    at = draw(times)
    end = draw(st.none() | st.integers(0, 200).map(lambda hours: at + timedelta(hours=hours)))
    whole = draw(st.frozensets(st.sampled_from(SCOPES), max_size=1))
    return Thing(str(draw(st.uuids())), at, end, draw(some), draw(some), draw(some), draw(some), whole)


@st.composite
def holds(draw: st.DrawFn) -> Hold:
    """A hold of something, for a time or for ever."""
    scope = draw(st.sampled_from(SCOPES))
    since = draw(times)
    to = since + timedelta(hours=draw(st.integers(1, 300)))
    bounded = scope == "period" or draw(st.booleans())
    return Hold(
        scope,
        None if scope == "period" else draw(names),
        draw(times),
        since if bounded else None,
        to if bounded else None,
        draw(st.none() | times),
    )


def held(thing: Thing, hold: Hold) -> bool:
    """The same question, asked in another way: by listing what a hold names."""
    if hold.until_at <= NOW or (hold.released_at is not None and hold.released_at <= NOW):
        return False
    last = thing.end or thing.at
    if hold.from_at is not None and last < hold.from_at:
        return False
    if hold.to_at is not None and thing.at >= hold.to_at:
        return False
    names_ = {("incident", one) for one in thing.incidents} | {("person", one) for one in thing.people}
    names_ |= {("camera", one) for one in thing.cameras} | {("device", one) for one in thing.devices}
    return hold.scope == "period" or hold.scope in thing.anyone or (hold.scope, hold.target) in names_


@given(st.lists(things(), max_size=12), st.lists(holds(), max_size=4))
def test_nothing_held_goes_and_nothing_else_stays(all_: list[Thing], held_by: list[Hold]) -> None:
    going, kept = model.divide(all_, held_by, NOW)
    assert sorted(one.id for one in going + kept) == sorted(one.id for one in all_)
    for thing in going:
        assert not any(held(thing, hold) for hold in held_by)
    for thing in kept:
        assert any(held(thing, hold) for hold in held_by)


@given(st.lists(things(), max_size=6), st.lists(holds(), max_size=3), holds())
def test_one_more_hold_never_lets_more_go(all_: list[Thing], held_by: list[Hold], more: Hold) -> None:
    before, _ = model.divide(all_, held_by, NOW)
    after, _ = model.divide(all_, [*held_by, more], NOW)
    assert {one.id for one in after} <= {one.id for one in before}


def test_the_digest_is_made_of_the_sorted_ids() -> None:
    two = [Thing("b", NOW), Thing("a", NOW)]
    assert model.digest(two) == model.digest(two[::-1]) == sha256(b"a\nb\n").digest()
    assert model.digest([Thing("ab", NOW)]) != model.digest([Thing("a", NOW), Thing("b", NOW)])


# --- when ---


@given(st.integers(0, 24 * 400), st.integers(0, 3))
def test_the_job_runs_from_three_once_a_day(hours: int, ago: int) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    local = now.astimezone(SEOUL)
    if local.time() < time(3, 0):
        ago = max(ago, 1)  # before three, today's cannot be done yet
    finished = None if ago == 3 else local.date() - timedelta(days=ago)
    owed = local.time() >= time(3, 0) and finished != local.date()
    assert (model.night_of(now, SEOUL, finished) == local.date()) == owed
    nxt = model.next_night(now, SEOUL, finished)
    assert nxt >= now
    assert nxt - now <= timedelta(days=1)
    day = model.night_of(nxt, SEOUL, finished)
    assert day == nxt.astimezone(SEOUL).date()
    assert nxt == now or nxt.astimezone(SEOUL).time() == time(3, 0)


def test_ten_days_have_ten_nights() -> None:
    finished: date | None = None
    ran = []
    for minutes in range(0, 10 * 24 * 60, 5):
        now = NOW + timedelta(minutes=minutes)
        if (day := model.night_of(now, SEOUL, finished)) is not None:
            ran.append(day)
            finished = day
    assert len(ran) == 11  # today's, which was owed, and ten more
    assert all(second - first == timedelta(days=1) for first, second in pairwise(ran))


def test_the_rule_of_the_day_is_the_newest_that_has_begun() -> None:
    kind = Kind("x", (Rule(date(2027, 1, 1), 10, "later"), Rule(date(2020, 1, 1), 30, "first")))
    assert kind.rule(date(2026, 12, 31)).days == 30
    assert kind.rule(date(2027, 1, 1)).days == 10
    with pytest.raises(LookupError):
        kind.rule(date(2019, 12, 31))


# --- holds ---


@pytest.mark.parametrize(
    ("wanted", "key"),
    [
        (holding.Wanted("incident", None, "why", NOW + timedelta(days=1)), "trust.hold.target_wrong"),
        (holding.Wanted("period", "x", "why", NOW + timedelta(days=1), NOW, NOW), "trust.hold.target_wrong"),
        (holding.Wanted("period", None, "why", NOW + timedelta(days=1)), "trust.hold.period_needed"),
        (
            holding.Wanted("incident", "x", "why", NOW + timedelta(days=1), NOW, NOW - timedelta(hours=1)),
            "trust.hold.period_wrong",
        ),
        (holding.Wanted("incident", "x", "why", NOW), "trust.hold.until_wrong"),
        (holding.Wanted("incident", "x", "why", NOW + timedelta(days=800)), "trust.hold.until_wrong"),
        (holding.Wanted("incident", "x", "why", NOW + timedelta(days=30)), None),
        (holding.Wanted("period", None, "why", NOW + timedelta(days=30), NOW, NOW + timedelta(hours=1)), None),
    ],
)
def test_a_hold_says_what_and_until_when(wanted: holding.Wanted, key: str | None) -> None:
    assert holding.refusal(wanted, NOW) == key
