"""Up the ladder: nobody is skipped in silence, somebody is told as long as somebody can be."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from dure.respond.shifts import ladder
from dure.respond.shifts.ladder import MOST_ROUNDS, USUAL, Found, Rung, RungKind

HEAD = Rung("센터장", "Head", RungKind.ACCOUNTS, 300, (UUID(int=1),))


def found(number: int, people: int, reachable: int) -> Found:
    ids = tuple(UUID(int=number * 100 + n + 1) for n in range(people))
    return Found(number, ids, ids[: min(people, reachable)])


ladders = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=6).map(
    lambda rungs: [found(number, *one) for number, one in enumerate(rungs)]
)


@given(ladders, st.integers(0, 7), st.integers(0, 4))
def test_somebody_is_told_or_it_is_said_that_nobody_was(rungs: list[Found], rung: int, rounds: int) -> None:
    step = ladder.climb(rungs, rung, rounds)
    anybody = any(one.reachable for one in rungs)
    assert step.told is not None or not anybody or rounds >= MOST_ROUNDS
    if step.told is not None:
        assert step.told.reachable
    above = [one for one in rungs[rung:] if one.reachable]
    if above:
        assert step.told == above[0]
        assert [one.rung for one in step.empty] == list(range(rung, above[0].rung))
    else:
        assert [one.rung for one in step.empty] == list(range(rung, len(rungs)))


@given(ladders)
def test_a_climb_ends_and_every_rung_was_told_or_named_empty(rungs: list[Found]) -> None:
    rung, rounds, told, empty = 0, 0, [], []
    for _ in range(len(rungs) + MOST_ROUNDS + 2):
        step = ladder.climb(rungs, rung, rounds)
        empty += [one.rung for one in step.empty]
        if step.told is None:
            break
        told.append(step.told.rung)
        rung, rounds = step.rung, step.rounds
    else:
        raise AssertionError("it never ends")
    assert set(told) | set(empty) == set(range(len(rungs)))
    assert len(empty) == len(set(empty))
    tops = [one.rung for one in rungs if one.reachable]
    assert told == ([*tops, *[tops[-1]] * MOST_ROUNDS] if tops else [])


def test_what_somebody_holds_goes_to_the_rung_above_them() -> None:
    rungs = (*USUAL, HEAD)
    assert [ladder.first_rung(rungs, role) for role in ("operator", "shift_lead", None, "police")] == [1, 2, 0, 0]
    assert ladder.first_rung(USUAL, "shift_lead") == 1  # nobody stands above: the lead is told once more
    assert ladder.first_rung((HEAD,), "operator") == 0


def test_a_ladder_comes_back_as_it_was_kept() -> None:
    rungs = (*USUAL, HEAD, Rung("당직", "Duty", RungKind.ROSTER, 60, roster_id=UUID(int=7)))
    assert ladder.from_json(ladder.to_json(rungs)) == rungs
