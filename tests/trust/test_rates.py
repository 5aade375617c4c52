"""How often somebody may ask."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.kernel.errors import TooMany
from dure.trust.address import parsed
from dure.trust.principal import Principal
from dure.trust.rates import Budget, Rates


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@given(
    st.integers(1, 50),
    st.integers(1, 20),
    st.lists(st.tuples(st.floats(0, 5), st.sampled_from("ab")), max_size=200),
)
def test_nobody_gets_more_than_the_burst_and_what_time_has_given(
    burst: int, rate: int, asked: list[tuple[float, str]]
) -> None:
    clock = Hand()
    budget = Budget(burst, rate, clock=clock)
    taken = {"a": 0, "b": 0}
    for pause, who in asked:
        clock.now += pause
        taken[who] += budget.take(who)
        assert taken[who] <= burst + rate * clock.now + 1e-6


def test_what_one_uses_up_another_still_has() -> None:
    budget = Budget(1, 0.1, clock=Hand())
    assert [budget.take("a"), budget.take("a"), budget.take("b")] == [True, False, True]


def test_each_city_counts_for_itself() -> None:
    one, other = Rates(), Rates()
    for name in ("account", "machine", "stranger", "passwords", "passkeys", "logouts"):
        while getattr(one, name).take("a"):
            pass
        assert getattr(other, name).take("a")


def test_only_so_many_keys_are_remembered() -> None:
    budget = Budget(1, 0.1, keys=2, clock=Hand())
    assert [budget.take(key) for key in "abc"] == [True, True, True]
    assert budget.take("a")  # forgotten, so it begins anew
    assert not budget.take("c")


def test_a_stranger_is_counted_by_address_and_never_stops_who_is_known() -> None:
    rates = Rates(account=Budget(2, 0.1), machine=Budget(9, 1), stranger=Budget(1, 0.1))
    here, beside = parsed("2001:db8::1"), parsed("2001:db8::2")
    rates.check_stranger(here)
    with pytest.raises(TooMany):
        rates.check_stranger(beside)  # the same network of 64 bits: one host has all of them
    rates.check_stranger(parsed("2001:db8:0:1::1"))
    known = Principal("account", UUID(int=1), "oper-01", frozenset(), address="2001:db8::1")
    rates.check(known)
    rates.check(known)
    with pytest.raises(TooMany) as refused:
        rates.check(known)
    assert refused.value.params["retry_after_s"] == 1
