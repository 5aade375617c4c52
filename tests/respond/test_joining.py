"""What belongs together, by the rules that `joining` states."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from dure.kernel.geometry import LonLat, distance_m, moved
from dure.respond.joining import (
    Likeness,
    Spot,
    Standing,
    address_words,
    incident_to_join,
    joined_by,
    likeness,
)
from dure.respond.model import Mode, Status
from dure.respond.types import BUILT_IN, TYPES, IncidentType

NOON = datetime(2026, 12, 5, 12, 0, tzinfo=UTC)
HERE = LonLat(127.38, 36.35)
FIRE, MEDICAL = TYPES.kept("fire"), TYPES.kept("medical")


def standing(
    number: int = 1,
    kind: IncidentType = FIRE,
    *,
    metres: float | None = 0,
    seconds: float = 0,
    mode: Mode = Mode.REAL,
    status: Status = Status.OPEN,
    place_key: str | None = None,
    address: str | None = None,
    merged: bool = False,
) -> Standing:
    at = None if metres is None else moved(HERE, 90, metres)
    when = NOON + timedelta(seconds=seconds)
    return Standing(UUID(int=number), kind, mode, status, Spot(at, place_key, address), when, when, merged=merged)


incidents = st.builds(
    standing,
    st.integers(1, 9),
    st.sampled_from(BUILT_IN),
    metres=st.none() | st.floats(0, 500),
    seconds=st.floats(0, 8_000),
    mode=st.sampled_from(list(Mode)),
    status=st.sampled_from(list(Status)),
    place_key=st.sampled_from([None, "asset:a", "asset:b"]),
    address=st.sampled_from([None, "시장3길24", "중앙로1"]),
    merged=st.booleans(),
)


def test_an_alarm_joins_within_metres_and_within_the_window() -> None:
    incident = standing()
    for metres, seconds, joins in ((99, 1_799, True), (101, 0, False), (0, 1_801, False), (0, -60, True)):
        spot = Spot(moved(HERE, 0, metres))
        assert (joined_by(FIRE, Mode.REAL, spot, NOON + timedelta(seconds=seconds), incident) is not None) is joins


def test_one_market_is_one_place_however_far_its_ends_are() -> None:
    incident = standing(place_key="asset:market")
    far = moved(HERE, 0, 400)
    assert joined_by(FIRE, Mode.REAL, Spot(far, "asset:market"), NOON, incident) == "place"
    assert joined_by(FIRE, Mode.REAL, Spot(far, "asset:other"), NOON, incident) is None
    assert joined_by(FIRE, Mode.REAL, Spot(far), NOON, standing(metres=0)) is None


def test_drills_other_kinds_closed_and_merged_ones_are_not_joined() -> None:
    spot = Spot(HERE)
    assert joined_by(FIRE, Mode.DRILL, spot, NOON, standing()) is None
    assert joined_by(MEDICAL, Mode.REAL, spot, NOON, standing()) is None
    assert joined_by(FIRE, Mode.REAL, spot, NOON, standing(status=Status.CLOSED)) is None
    assert joined_by(FIRE, Mode.REAL, spot, NOON, standing(merged=True)) is None
    assert joined_by(FIRE, Mode.REAL, Spot(), NOON, standing(metres=None)) is None


def test_the_same_place_wins_over_nearness_and_the_older_over_the_younger() -> None:
    near, same = standing(1, metres=1), standing(2, metres=90, place_key="asset:m")
    spot = Spot(HERE, "asset:m")
    assert incident_to_join(FIRE, Mode.REAL, spot, NOON, [near, same]) == same
    assert incident_to_join(FIRE, Mode.REAL, Spot(HERE), NOON, [same, near]) == near
    young, old = standing(3, seconds=10), standing(4)
    assert incident_to_join(FIRE, Mode.REAL, Spot(HERE), NOON, [young, old]) == old
    assert incident_to_join(FIRE, Mode.REAL, Spot(HERE), NOON, []) is None


def test_two_calls_about_one_fire_are_safe_to_merge_and_about_two_patients_are_not() -> None:
    assert likeness(standing(1), standing(2, metres=49, seconds=599)) is Likeness.SAFE
    assert likeness(standing(1), standing(2, metres=51)) is Likeness.LIKELY
    assert likeness(standing(1), standing(2, seconds=601)) is Likeness.LIKELY
    assert likeness(standing(1, MEDICAL), standing(2, MEDICAL)) is Likeness.LIKELY
    assert likeness(standing(1), standing(2, MEDICAL)) is None


def test_without_coordinates_only_the_same_words_are_likely() -> None:
    words = address_words("한빛시 중구, 시장3길 24")
    assert words == address_words(" 한빛시  중구 시장3길24 ")
    one, other = standing(1, metres=None, address=words), standing(2, metres=None, address=words)
    assert likeness(one, other) is Likeness.LIKELY
    assert likeness(one, standing(2, metres=None)) is None
    assert likeness(standing(1, metres=None), standing(2, metres=None)) is None


@given(incidents, incidents)
def test_likeness_is_the_same_from_both_sides(a: Standing, b: Standing) -> None:
    assert likeness(a, b) is likeness(b, a)


@given(incidents, incidents)
def test_nothing_merges_by_itself_outside_the_stated_rule(a: Standing, b: Standing) -> None:
    if likeness(a, b) is not Likeness.SAFE:
        return
    assert a.id != b.id
    assert a.mode is b.mode
    assert a.kind.merge_group == b.kind.merge_group
    assert not any((a.merged, b.merged, Status.CLOSED in (a.status, b.status)))
    assert a.spot.at is not None
    assert b.spot.at is not None
    for rule in (a.kind.safe_merge, b.kind.safe_merge):
        assert rule is not None
        assert distance_m(a.spot.at, b.spot.at) <= rule.radius_m
        assert abs((a.opened_at - b.opened_at).total_seconds()) <= rule.window_s


@given(st.lists(incidents), st.sampled_from(BUILT_IN), st.floats(0, 500), st.randoms())
def test_the_incident_joined_does_not_depend_on_the_order_found(
    found: list[Standing], kind: IncidentType, metres: float, random
) -> None:  # type: ignore[no-untyped-def]
    unique = list({each.id: each for each in found}.values())
    spot = Spot(moved(HERE, 90, metres), "asset:a")
    chosen = incident_to_join(kind, Mode.REAL, spot, NOON, unique)
    random.shuffle(unique)
    assert incident_to_join(kind, Mode.REAL, spot, NOON, unique) == chosen
    if chosen is not None:
        assert joined_by(kind, Mode.REAL, spot, NOON, chosen) is not None


def test_every_built_in_type_can_be_answered() -> None:
    for kind in BUILT_IN:
        assert {clock.name for clock in kind.clocks} >= {"signal_to_acknowledged", "signal_to_handed_off"}
        assert kind.acknowledge_within_s > 0
        assert TYPES.of_alarm(kind.id, None) is kind
    assert TYPES.of_alarm(None, "fire_detector").id == "fire"
    assert TYPES.of_alarm("a service that is off", "submarine").id == "other"
    assert TYPES.kept("a service that is off").id == "a service that is off"
