"""Chains: what real outbreaks say of themselves, and what wrong links may not break."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.services.epidemic.chains import Link, intervals, joined, rows_of, spread

CODES = st.sampled_from([f"c{n}" for n in range(12)])
LINKS = st.lists(st.builds(Link, CODES, CODES), max_size=40)


def test_a_small_chain() -> None:
    found = joined("abcde", [Link("a", "b"), Link("a", "c"), Link("c", "d"), Link("a", "b")])
    assert (found.infected["a"], found.infected["b"], found.infectors["d"]) == (2, 0, 1)
    assert [found.generation[code] for code in "abcde"] == [0, 1, 1, 2, 0]
    assert found.sizes == (4, 1)
    assert found.cluster["d"] == 0
    assert found.faults.doubled == 1
    assert rows_of(found, {"b": 1, "c": 2}) == {"a": 0.5, "b": 0.0, "c": 1.0, "d": 1.0, "e": 2.0}


def test_strangers_selves_and_loops_are_told_and_drawn() -> None:
    found = joined("abc", [Link("x", "a"), Link("b", "b"), Link("a", "b"), Link("b", "c"), Link("c", "a")])
    assert found.faults.strangers == ("x",)
    assert found.faults.selves == ("b",)
    assert [set(ring) for ring in found.faults.loops] == [{"a", "b", "c"}]
    assert set(rows_of(found, {})) == set("abcx")


@given(LINKS)
def test_whatever_the_links_everybody_is_drawn_once_and_no_branch_goes_round(links: list[Link]) -> None:
    cases = [f"c{n}" for n in range(8)]
    found = joined(cases, links)
    named = {*cases, *(code for one in links if one.source != one.target for code in (one.source, one.target))}
    assert set(rows_of(found, {})) == named
    assert set(found.faults.strangers) == named - set(cases)
    assert sum(found.sizes) == len(named)
    for code in named:
        seen = {code}
        while code in found.parent:
            assert found.generation[code] == found.generation[found.parent[code]] + 1
            code = found.parent[code]
            assert code not in seen
            seen.add(code)


@given(LINKS)
def test_a_loop_is_a_group_in_which_each_reaches_each(links: list[Link]) -> None:
    found = joined([], links)
    reach = {code: {code} for code in found.generation}
    for _ in reach:
        for one in links:
            if one.source != one.target:
                for reached in reach.values():
                    if one.source in reached:
                        reached.add(one.target)
    mutual = {frozenset(other for other in reach if other in reach[code] and code in reach[other]) for code in reach}
    assert {frozenset(ring) for ring in found.faults.loops} == {group for group in mutual if len(group) > 1}


def test_a_chain_of_a_hundred_thousand_is_walked() -> None:
    found = joined(["0"], (Link(str(n), str(n + 1)) for n in range(100_000)))
    assert found.generation["100000"] == 100_000
    assert rows_of(found, {})["0"] == 0.0


def test_how_unequally_cases_infect() -> None:
    few = spread([38, 26, 21] + [0] * 159)
    assert few.k is not None
    assert few.k < 0.1
    assert few.top_share == 1.0
    assert spread([1] * 50).k is None  # as equal as can be
    assert spread([5, 0]).k is None  # too few to say
    assert spread([]).mean == 0


def test_serial_intervals_may_be_negative() -> None:
    found = intervals([Link("a", "b"), Link("a", "c"), Link("a", "a"), Link("x", "c")], {"a": 10, "b": 14, "c": 8})
    assert found is not None
    assert (found.count, found.negative, found.mean, found.median) == (2, 1, 1, 1)
    assert intervals([], {}) is None


def test_there_is_a_limit() -> None:
    with pytest.raises(ValueError, match="too many"):
        joined([str(n) for n in range(200_001)], [])
