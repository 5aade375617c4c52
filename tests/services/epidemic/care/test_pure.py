"""Severity, release and beds as decisions: the published limits, the best plan, and what it says for itself."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from dure.kernel.geometry import LonLat
from dure.services.epidemic.care import beds, follow, solving
from dure.services.epidemic.care.beds import Patient, Ward
from dure.services.epidemic.care.follow import Waiting
from dure.services.epidemic.care.release import Course, quarantine_ends, released
from dure.services.epidemic.care.transport import NEVER, NowhereError, Plan, proved, solved
from dure.services.epidemic.care.triage import Found, Level, Oxygen, Placement, Risk, judged, may_step_down

MARCH = date(2020, 3, 2)
SEOUL = ZoneInfo("Asia/Seoul")
NOW = datetime(2020, 3, 2, 3, tzinfo=UTC)


def points(total: int, age: int = 40) -> Found:
    """Somebody with so many points, at most 9."""
    pulse = {0: 80, 1: 105, 2: 120, 3: 140}
    breaths = {0: 12, 1: 18, 2: 25, 3: 35}
    systolic = {0: 120, 1: 90, 2: 75, 3: 60}
    first, second = min(total, 3), min(max(total - 3, 0), 3)
    return Found(age, pulse[first], systolic[total - first - second], breaths[second], 36.5, "alert")


@pytest.mark.parametrize(
    ("total", "level", "placement"),
    [
        (4, Level.MILD, Placement.CENTRE),
        (5, Level.MODERATE, Placement.HOSPITAL),
        (6, Level.MODERATE, Placement.HOSPITAL),
        (7, Level.SEVERE, Placement.HOSPITAL),
    ],
)
def test_the_limits_of_the_score(total: int, level: Level, placement: Placement) -> None:
    found = judged(points(total), MARCH)
    assert (found.score, found.level, found.placement, found.since) == (total, level, placement, MARCH)


@pytest.mark.parametrize(
    ("pulse", "systolic", "breaths", "heat"), [(51, 101, 9, 36.1), (100, 199, 14, 37.4), (80, 120, 12, 36.5)]
)
def test_the_bands_of_no_points_are_those_that_were_published(
    pulse: float, systolic: float, breaths: float, heat: float
) -> None:
    assert judged(Found(40, pulse, systolic, breaths, heat, "alert"), MARCH).score == 0


def test_65_and_pregnant_belong_into_a_hospital_whatever_their_points() -> None:
    assert judged(points(0, 64), MARCH).placement is Placement.CENTRE
    assert judged(points(0, 65), MARCH).placement is Placement.HOSPITAL
    expecting = Found(30, 80, 120, 12, 36.5, "alert", risks=frozenset({Risk.PREGNANT}))
    assert (judged(expecting, MARCH).placement, judged(expecting, MARCH).reasons[-1]) == (
        Placement.HOSPITAL,
        ("risk", "pregnant"),
    )
    assert judged(Found(30, oxygen=Oxygen.VENTILATOR), MARCH).placement is Placement.INTENSIVE
    assert judged(points(2), date(2021, 12, 1)).placement is Placement.HOME, "the successor keeps the mild at home"


def test_without_vital_signs_there_are_four_steps_and_care_facilities_count_one_up() -> None:
    assert judged(Found(49, temperature=37.4), MARCH).level is Level.ASYMPTOMATIC
    assert judged(Found(50, temperature=37.4), MARCH).level is Level.MILD
    assert judged(Found(49, temperature=38.1, antipyretic=True), MARCH).level is Level.SEVERE
    assert judged(Found(49, temperature=38.0, antipyretic=True), MARCH).level is Level.MILD
    assert judged(Found(49, dyspnoea=True), MARCH).level is Level.SEVERE
    assert judged(Found(49, consciousness="voice"), MARCH).level is Level.CRITICAL
    assert judged(Found(50, care_facility=True), MARCH).level is Level.SEVERE
    assert judged(Found(49, care_facility=True), MARCH).level is Level.MILD


def test_one_step_down_after_48_hours() -> None:
    since = NOW - timedelta(hours=48)
    assert may_step_down(Level.SEVERE, since, NOW, MARCH)
    assert not may_step_down(Level.SEVERE, since + timedelta(seconds=1), NOW, MARCH)
    assert not may_step_down(Level.SEVERE, None, NOW, MARCH)


def test_ten_days_without_symptoms_and_no_test_is_held_on_24_june_and_released_on_25_june() -> None:
    course = Course(date(2020, 6, 14), None, symptoms=False)
    held = released(course, datetime(2020, 6, 24, 12, tzinfo=SEOUL), SEOUL)
    assert (held.allowed, held.missing) == (False, ("tests",))
    assert released(course, datetime(2020, 6, 25, 0, tzinfo=SEOUL), SEOUL).allowed
    ill = Course(date(2020, 6, 15), datetime(2020, 6, 22, 12, tzinfo=SEOUL), symptoms=True)
    assert released(ill, datetime(2020, 6, 25, 11, 59, tzinfo=SEOUL), SEOUL).missing == ("calm", "tests")
    assert released(ill, datetime(2020, 6, 25, 12, tzinfo=SEOUL), SEOUL).allowed


def test_two_negative_tests_must_be_a_day_apart_and_the_last() -> None:
    at = [datetime(2020, 3, 20, 9, tzinfo=SEOUL) + timedelta(hours=n) for n in (0, 23, 24, 30)]
    calm = datetime(2020, 3, 10, tzinfo=SEOUL)
    now = datetime(2020, 3, 23, tzinfo=SEOUL)

    def go(*tests: tuple[datetime, bool]) -> bool:
        return released(Course(date(2020, 3, 1), calm, symptoms=True, tests=tests), now, SEOUL).allowed

    assert not go((at[0], True), (at[1], True))
    assert go((at[2], True), (at[0], True))
    assert not go((at[0], True), (at[2], True), (at[3], False))


def test_quarantine_ends_at_noon_of_the_day_after_the_fourteenth() -> None:
    assert quarantine_ends(date(2020, 3, 1), SEOUL) == datetime(2020, 3, 16, 12, tzinfo=SEOUL)
    assert quarantine_ends(date(2021, 11, 26), SEOUL) == datetime(2021, 12, 7, 12, tzinfo=SEOUL)


# --- who is seen when ---


def test_worst_first_and_nobody_beyond_the_limit_is_missed() -> None:
    def one(name: str, level: Level | None, hours: float, **more: object) -> Waiting:
        return Waiting(name, level, NOW - timedelta(hours=hours), NOW - timedelta(days=1), **more)  # type: ignore[arg-type]

    people = [
        one("mild", Level.MILD, 13),
        one("new", None, 1),
        one("worse", Level.MILD, 1, worse=True),
        one("severe", Level.SEVERE, 1),
        one("severe-late", Level.SEVERE, 3),
    ]
    order = [each.id for each in follow.worst_first(people, NOW, MARCH)]
    assert order == ["worse", "severe-late", "severe", "new", "mild"]
    assert [each.id for each in follow.unseen(people, NOW, MARCH)] == ["mild", "severe-late"]
    assert follow.due(people[2], MARCH) == NOW + timedelta(hours=1), "who gets worse is seen each two hours"


def test_signs_of_getting_worse() -> None:
    before = Found(50, breaths=16, temperature=37.0)
    after = Found(50, breaths=22, temperature=38.6, dyspnoea=True, oxygen=Oxygen.OXYGEN)
    words = [word for word, _ in follow.worsening(before, after, (2, 4), MARCH)]
    assert words == ["dyspnoea", "fever", "score", "breaths", "oxygen"]
    assert follow.worsening(before, before, (2, 2), MARCH) == ()


# --- the best plan ---

PLACES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=5)


@settings(max_examples=150)
@given(PLACES, st.data())
def test_no_plan_is_cheaper_and_the_prices_prove_it(places: list[tuple[int, int]], data: st.DataObject) -> None:
    capacity = np.array([seats for seats, _ in places], dtype=np.int64)
    slope = np.array([steep for _, steep in places], dtype=np.int64)
    people = data.draw(st.integers(0, min(int(capacity.sum()), 9)))
    costs = st.lists(st.sampled_from([*range(12), NEVER]), min_size=len(places), max_size=len(places))
    cost = np.array([data.draw(costs) for _ in range(people)], dtype=np.int64).reshape(people, len(places))
    seats = [(place, taken) for place in range(len(places)) for taken in range(int(capacity[place]))]
    wide = np.array([[cost[n, place] + slope[place] * taken for place, taken in seats] for n in range(people)])
    best = 0
    if people:
        rows, columns = linear_sum_assignment(wide)
        best = int(wide[rows, columns].sum())
    if best >= NEVER // 2:
        with pytest.raises(NowhereError):
            solved(cost, capacity, slope)
        return
    plan = solved(cost, capacity, slope)
    ours = sum(int(cost[n, plan.of[n]]) for n in range(people))
    ours += sum(int(slope[place]) * k for place in range(len(places)) for k in range(int(plan.load[place])))
    assert ours == best
    assert proved(plan, cost, capacity, slope)


def test_a_plan_that_is_not_the_best_is_not_proved() -> None:
    cost = np.array([[1, 5], [1, 9]], dtype=np.int64)
    capacity = np.array([1, 2], dtype=np.int64)
    good = solved(cost, capacity)
    assert good.of.tolist() == [1, 0]
    assert not proved(Plan(good.of[::-1].copy(), good.price, good.load), cost, capacity)


async def test_a_large_plan_is_made_in_a_child_and_is_the_same() -> None:
    rng = np.random.default_rng(7)
    cost = rng.integers(0, 50_000, (500, 50)).astype(np.int64)
    capacity = np.full(50, 12, dtype=np.int64)
    made = await solving.plan(cost, capacity)
    here = solved(cost, capacity)
    assert (made.of == here.of).all()
    assert (made.price == here.price).all()


def ward(name: str, free: int, **more: object) -> Ward:
    return Ward(**{"id": name, "facility": name, "code": "1", "kind": Placement.HOSPITAL, "free": free, **more})  # type: ignore[arg-type]


def patient(name: str, level: Level = Level.MODERATE, **more: object) -> Patient:
    return Patient(name, level, **{"placement": Placement.HOSPITAL, "at": LonLat(128.6, 35.87), **more})  # type: ignore[arg-type]


def planned(patients: list[Patient], wards: list[Ward]) -> dict[str, beds.Given]:
    weights = beds.weights_of(MARCH)
    table = beds.costs(patients, wards, weights)
    capacity = np.array([*(one.free for one in wards), len(patients)], dtype=np.int64)
    plan = solved(table, capacity)
    assert proved(plan, table, capacity)
    return {one.patient: one for one in beds.explained(patients, wards, table, plan, weights)}


def test_the_worst_gets_the_last_bed_and_each_learns_why() -> None:
    near = ward("near", 1, at=LonLat(128.6, 35.88), oxygen=Oxygen.OXYGEN)
    far = ward("far", 5, at=LonLat(128.9, 35.87), oxygen=Oxygen.OXYGEN)
    women = ward("women", 5, sex="f", at=LonLat(128.6, 35.871))
    severe = patient("severe", Level.SEVERE, oxygen=Oxygen.OXYGEN, sex="m")
    mild = patient("mild", oxygen=Oxygen.OXYGEN, sex="m", at=LonLat(128.65, 35.87))
    found = planned([mild, severe], [near, far, women])
    assert (found["severe"].ward, found["severe"].word) == ("near", "best")
    assert found["severe"].others[-1].word == "unfit.oxygen"
    assert (found["mild"].ward, found["mild"].word, found["mild"].others[0].word) == ("far", "next", "taken")
    alone = planned([mild, severe], [near, women])
    assert (alone["mild"].ward, alone["mild"].word) == (None, "full")
    assert alone["mild"].others[0].word == "needed"
    assert planned([patient("m", sex="m")], [women])["m"].word == "unfit"


def test_language_household_and_spared_beds_count() -> None:
    wards = [
        ward("centre", 2, kind=Placement.CENTRE),
        ward("chinese", 2, kind=Placement.CENTRE, languages=frozenset({"zh"})),
        ward("hospital", 9),
    ]
    easy = {"placement": Placement.CENTRE, "at": None}
    found = planned(
        [
            patient("zh", Level.MILD, language="zh", **easy),
            patient("family", Level.MILD, household="chinese", **easy),
            patient("any", Level.MILD, **easy),
        ],
        wards,
    )
    assert [found[name].ward for name in ("zh", "family", "any")] == ["chinese", "chinese", "centre"]
    spilled = planned([patient(f"p{n}", Level.MILD, **easy) for n in range(6)], wards)
    assert sum(one.ward == "hospital" for one in spilled.values()) == 2, "a better bed only where no other is left"
    assert {word for one in spilled.values() if one.ward == "hospital" for word in one.counted} == {"over_grade"}


@given(st.data())
@settings(max_examples=60)
def test_all_at_once_weighs_as_one_by_one(data: st.DataObject) -> None:
    weights = beds.weights_of(MARCH)
    breaths, grades, sexes = st.sampled_from(Oxygen), st.sampled_from(beds.GRADES), st.sampled_from([None, "m", "f"])
    at = st.one_of(st.none(), st.builds(LonLat, st.floats(128, 129), st.floats(35, 36)))
    words = st.sampled_from([None, "ko", "zh"])
    patients = data.draw(
        st.lists(
            st.builds(
                Patient, st.just("p"), st.sampled_from(Level), grades, sexes, st.integers(0, 9), breaths, st.booleans(),
                language=words, household=st.sampled_from([None, "a"]), at=at,
            ),
            max_size=4,
        )
    )  # fmt: skip
    wards = data.draw(
        st.lists(
            st.builds(
                Ward, st.just("w"), st.sampled_from(["a", "b"]), st.just("1"), grades, st.integers(0, 3), sexes,
                st.booleans(), breaths, st.sampled_from([frozenset(), frozenset({"zh"})]), at,
            ),
            max_size=4,
        )
    )  # fmt: skip
    table = beds.costs(patients, wards, weights)
    for p, one in enumerate(patients):
        assert table[p, -1] == beds.without(one, weights)
        for w, place in enumerate(wards):
            if beds.unfit(one, place) is not None:
                assert table[p, w] == NEVER
            else:
                assert abs(table[p, w] - sum(beds.weighed(one, place, weights).values())) <= 1
