"""Anything at all as a plan: nothing breaks, good rows go in."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dure.services.market_fire.plan.files import PLANS
from tests.city.garbage import any_bytes, no_bytes_break, no_good_row_is_lost, odd_rows, tables_of

GOOD = {
    PLANS.name: ("점포번호,구역,폭,깊이,위도,경도", "{n},가동,3,2,36.629,127.426"),
}


def test_every_kind_has_its_good_row() -> None:
    assert tables_of("dure.services.market_fire") == set(GOOD)


@settings(max_examples=60, deadline=None)
@given(content=any_bytes)
def test_no_bytes_break_a_plan(content: bytes) -> None:
    no_bytes_break(PLANS.name, content)


@settings(max_examples=60, deadline=None)
@given(odd=odd_rows, at=st.integers(0, 6))
def test_odd_rows_never_cost_a_good_one(odd: list[list[str]], at: int) -> None:
    no_good_row_is_lost(PLANS.name, GOOD[PLANS.name], odd, at)
