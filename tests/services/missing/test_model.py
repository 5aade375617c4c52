"""Whom the act protects, which place is the last, how long a photo is shared. Scene 2 of the city's own cases."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.services.missing.model import (
    GROUNDS,
    Condition,
    Sighting,
    Source,
    in_force,
    last_known,
    protects,
    share_until,
)
from dure.services.missing.trail import position

NOON = datetime(2026, 12, 5, 3, 0, tzinfo=UTC)
sightings = st.lists(
    st.builds(
        Sighting,
        st.integers(0, 2**64).map(lambda n: UUID(int=n)),
        st.integers(0, 5).map(lambda minute: NOON + timedelta(minutes=minute)),
        st.sampled_from(list(Source)),
    ),
    unique_by=lambda one: one.id,
    max_size=8,
)


@pytest.mark.parametrize(
    ("age", "condition", "protected"),
    [
        (17, Condition.NONE, True),
        (18, Condition.NONE, False),
        (45, Condition.INTELLECTUAL, True),
        (82, Condition.DEMENTIA, True),
        (30, Condition.NONE, False),
        (30, Condition.MENTAL, True),
        (30, Condition.AUTISTIC, True),
    ],
)
def test_whom_the_act_protects(age: int, condition: Condition, protected: bool) -> None:
    assert protects(in_force(date(2026, 12, 5)), age, condition) is protected


def test_without_a_warrant_since_27_september_2024() -> None:
    assert not in_force(date(2024, 9, 26)).warrantless
    assert in_force(date(2024, 9, 27)).warrantless
    assert in_force(date(1990, 1, 1)) == GROUNDS[0]


@given(sightings, st.randoms(use_true_random=False))
def test_the_last_place_is_where_they_were_last_not_what_was_told_last(trail: list[Sighting], chance: object) -> None:
    last = last_known(trail)
    chance.shuffle(trail)  # type: ignore[attr-defined]
    assert last_known(trail) == last
    if trail:
        assert last is not None
        assert last.at == max(one.at for one in trail)
        assert all(
            list(Source).index(last.source) <= list(Source).index(one.source) for one in trail if one.at == last.at
        )


def test_a_share_has_an_end() -> None:
    ground = in_force(date(2026, 12, 5))
    assert share_until(ground, NOON, None) == NOON + timedelta(hours=24)
    assert share_until(ground, NOON, 72) == NOON + timedelta(hours=72)
    for hours in (0, 73):
        with pytest.raises(ValueError, match=str(hours)):
            share_until(ground, NOON, hours)


def test_where_a_device_is() -> None:
    said = {
        "lon": {"value": 127.4, "at": "2026-12-05T02:50:00+00:00"},
        "lat": {"value": 36.3, "at": "2026-12-05T02:51:00+00:00"},
    }
    there = {"lon": 127.0, "lat": 36.0, "last_seen": NOON, "latest": said}
    found = position(there)
    assert found is not None
    assert (found[0].minute, found[1].lon) == (50, 127.4)
    for wrong in (
        {**said, "lon": {"value": True, "at": NOON.isoformat()}},
        {**said, "lat": {"value": 999, "at": NOON.isoformat()}},
        {},
    ):
        fallen = position({**there, "latest": wrong})
        assert fallen is not None
        assert fallen[1].lon == 127.0, "where it is registered"
    assert position({"lon": None, "lat": None, "last_seen": NOON, "latest": None}) is None
    assert position({"lon": 127.0, "lat": 36.0, "last_seen": None, "latest": None}) is None
