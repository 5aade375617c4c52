"""Who was near a case: the sorted columns find what looking at every pair finds, and nothing else."""

from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dure.services.epidemic.tracing import store
from dure.services.epidemic.tracing.model import Definition, Met, profile, reasons
from dure.services.epidemic.tracing.search import Trail, joined, meetings, own_pings
from dure.services.epidemic.tracing.store import DAY_S, SLOT_S, Pings

BEGIN = 18_310 * DAY_S  # 2020-02-18
X, Y = 1_100_000.0, 1_765_000.0


def pings(*rows: tuple[int, float, float, int]) -> Pings:
    """(seconds from the beginning, metres east, metres north, whose)."""
    at, x, y, who = (np.array(column) for column in zip(*rows, strict=True))
    return Pings(at.astype(np.int64) + BEGIN, x + X, y + Y, np.full(len(at), 5.0), who.astype(np.int64))


def traced(folder: Path, all_: Pings, own: int, ask: Definition, onset: int | None = None) -> list[Met]:
    store.keep(folder, all_)
    days = list(store.days(folder))
    trail = own_pings(days, {own: 0}, {0: (0, 1 << 40)}).get(0, joined([]))
    return meetings(days, {0: Trail(trail, (own,), onset)}, ask, profile(), 1000)


def by_hand(all_: Pings, own: int, ask: Definition) -> set[tuple[int, int]]:
    """(who, slot) of everybody near, by looking at every pair."""
    found = set()
    mine, rest = np.flatnonzero(all_.who == own), np.flatnonzero(all_.who != own)
    for a in mine:
        for b in rest:
            near = np.hypot(all_.x[a] - all_.x[b], all_.y[a] - all_.y[b]) <= ask.distance_m
            if near and abs(int(all_.at[a] - all_.at[b])) <= ask.seconds:
                found.add((int(all_.who[b]), int(all_.at[a]) // SLOT_S))
    return found


rows = st.lists(
    st.tuples(
        st.integers(DAY_S - 1500, DAY_S + 1500),  # over midnight
        st.integers(-160, 160).map(float),
        st.integers(-160, 160).map(float),
        st.integers(0, 4),
    ),
    min_size=2,
    max_size=60,
)


@given(rows, st.integers(1, 200), st.integers(0, 900))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_finds_what_looking_at_every_pair_finds(
    tmp_path_factory: object, told: list[tuple[int, float, float, int]], metres: int, seconds: int
) -> None:
    folder = tmp_path_factory.mktemp("pings")  # type: ignore[attr-defined]
    ask = Definition(float(metres), seconds, 1)
    all_ = pings(*told)
    expected = by_hand(all_, 0, ask)
    met = traced(folder, all_, 0, ask)
    assert {one.who for one in met} == {who for who, _ in expected}
    assert {one.who: one.minutes for one in met} == {
        who: 10 * len({slot for other, slot in expected if other == who}) for who in {one for one, _ in expected}
    }


def test_ranks_by_length_nearness_and_the_day_of_onset(tmp_path: Path) -> None:
    day = list(range(0, 3600, 600))
    told = [(at, 0.0, 0.0, 0) for at in day] + [(at + DAY_S * 8, 0.0, 0.0, 0) for at in day]
    told += [(at, 2.0, 0.0, 1) for at in day]  # an hour, near, on the day of onset
    told += [(at, 18.0, 0.0, 2) for at in day]  # an hour, farther
    told += [(at + DAY_S * 8, 2.0, 0.0, 3) for at in day]  # as 1, eight days later
    told += [(0, 2.0, 0.0, 4)]  # once
    met = traced(tmp_path, pings(*told), 0, Definition(), onset=BEGIN + 100)
    assert [one.who for one in met] == [1, 2, 4, 3]
    assert (met[0].minutes, met[0].nearest_m, met[0].days, met[0].places) == (60, 2.0, 1, 1)
    assert traced(tmp_path / "twice", pings(*told), 0, Definition(minutes=20))[-1].who != 4


def test_one_who_lives_with_a_case_is_said_to(tmp_path: Path) -> None:
    # Nights by Korea's clock: 15:00 to 20:00 UTC.
    nights = [day * DAY_S + 15 * 3600 + at for day in range(3) for at in range(0, 18_000, 600)]
    told = [(at, 0.0, 0.0, 0) for at in nights] + [(at, 5.0, 5.0, 1) for at in nights]
    (one,) = traced(tmp_path, pings(*told), 0, Definition())
    assert one.night == 900
    keys = [key.rpartition(".")[2] for key, _ in reasons(one, 2)]
    assert keys == ["cases", "minutes", "night", "near", "days"]


def test_a_file_in_parts_is_as_one_and_a_blurred_ping_says_nothing(tmp_path: Path) -> None:
    told = [(at, float(who), 0.0, who) for at in range(0, 6000, 600) for who in range(3)]
    whole = traced(tmp_path / "whole", pings(*told), 0, Definition())
    store.keep(tmp_path / "parts", pings(*told[::2]))
    assert traced(tmp_path / "parts", pings(*told[1::2]), 0, Definition()) == whole
    vague = pings(*told)
    vague.error[vague.who == 2] = 500.0
    assert {one.who for one in traced(tmp_path / "vague", vague, 0, Definition())} == {1}
