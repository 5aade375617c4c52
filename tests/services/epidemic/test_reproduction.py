"""Rt against the published example of EpiEstim (school influenza, Pennsylvania 2009), and what must always hold."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.services.epidemic.reproduction import Prior, estimated, serial_interval

COUNTS = st.lists(st.integers(0, 2_000), min_size=9, max_size=60)


def test_the_published_example_within_a_millionth(real_data: Callable[[str], Path | None]) -> None:
    cases, shares = real_data("epidemic/flu2009_incidence.csv"), real_data("epidemic/flu2009_serial_interval.csv")
    if cases is None or shares is None:
        # The same figures by hand where the file is not there: one case, then two, with half of the weight on day 1.
        found = estimated([1, 2, 0, 0, 0, 0, 0, 0], [0.0, 0.5, 0.5])
        assert found.mean[0] == pytest.approx((1 + 2) / (0.2 + 0.5 + 1.5 + 1.0))
        return
    with cases.open() as file:
        daily = [float(row["I"]) for row in csv.DictReader(file)]
    with shares.open() as file:
        serial = [float(row["w"]) for row in csv.DictReader(file)]
    found = estimated(daily, serial)
    assert (found.mean[0], found.low[0], found.high[0]) == pytest.approx((1.735609, 1.028632, 2.624496), abs=1e-6)
    assert (found.mean[1], found.mean[-1]) == pytest.approx((1.749049, 1.004016), abs=1e-6)
    assert found.ends == tuple(range(7, 32))


@given(COUNTS)
def test_bounds_stand_around_the_mean_and_many_series_are_like_each_alone(daily: list[int]) -> None:
    serial = serial_interval(4.7, 2.9)
    both = estimated([daily, daily[::-1]], serial)
    alone = estimated(daily, serial)
    assert (both.low <= both.mean).all()
    assert (both.mean <= both.high).all()
    np.testing.assert_allclose(both.mean[0], alone.mean)
    np.testing.assert_allclose(both.low[0], alone.low)


@given(COUNTS)
def test_imported_cases_infect_and_were_infected_by_nobody_here(daily: list[int]) -> None:
    serial, none = serial_interval(4.7, 2.9), [0] * len(daily)
    all_abroad = estimated(none, serial, imported=daily)
    all_here = estimated(daily, serial)
    assert (all_abroad.cases == 0).all()
    assert (all_abroad.mean <= all_here.mean + 1e-12).all()


def test_without_any_case_there_is_only_the_prior() -> None:
    found = estimated([0] * 10, serial_interval(5.0, 2.0), prior=Prior(2.0, 1.0))
    np.testing.assert_allclose(found.mean, 2.0)


@given(st.floats(1.1, 20), st.floats(0.2, 10))
def test_a_serial_interval_is_a_distribution_about_its_mean(mean: float, sd: float) -> None:
    shares = serial_interval(mean, sd, 200)
    assert shares[0] == 0
    assert shares.sum() == pytest.approx(1)
    assert (shares >= 0).all()
    if sd > 1 and mean > 3 and mean / sd > 0.5:
        assert float((shares * np.arange(200)).sum()) == pytest.approx(mean, rel=0.05)


def test_the_example_of_the_web_appendix() -> None:
    """A mean of 2.6 and a deviation of 1.5 make the shares that the example's own table rounds to three places."""
    assert serial_interval(2.6, 1.5)[1:5].tolist() == pytest.approx([0.233, 0.359, 0.198, 0.103], abs=6e-4)


@pytest.mark.parametrize(
    ("daily", "serial"),
    [
        ([1] * 5, [0.0, 1.0]),
        ([1] * 9 + [-1], [0.0, 1.0]),
        ([1.0] * 9 + [float("nan")], [0.0, 1.0]),
        ([1] * 10, [0.5, 0.5]),
        ([1] * 10, [0.0, 0.5]),
        ([1] * 10, [0.0]),
    ],
)
def test_what_cannot_be_is_refused(daily: list[float], serial: list[float]) -> None:
    with pytest.raises(ValueError, match=r"series|counts|shares"):
        estimated(daily, serial)


@pytest.mark.parametrize(("mean", "sd"), [(1.0, 1.0), (5.0, 0.0), (float("nan"), 1.0), (5.0, float("inf"))])
def test_an_impossible_interval_is_refused(mean: float, sd: float) -> None:
    with pytest.raises(ValueError, match="interval"):
        serial_interval(mean, sd)
