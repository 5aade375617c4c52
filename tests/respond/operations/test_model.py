"""What is decided about an operation, without any machine: levels, the order of reports, what may stand on a wall."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.kernel.errors import Conflict, Invalid
from dure.kernel.severity import Severity
from dure.respond.operations import model
from dure.respond.operations.model import Change, ReportKind, Standing

NOON = datetime(2026, 12, 5, 3, 0, tzinfo=UTC)
LEVELS = st.one_of(st.none(), st.sampled_from(list(Severity)))


@settings(deadline=None, max_examples=60)
@given(LEVELS, LEVELS)
def test_a_level_is_issued_raised_lowered_and_lifted_by_how_grave_it_is(
    before: Severity | None, after: Severity | None
) -> None:
    standing = Standing(before, None if before is None else NOON)
    if before == after:
        with pytest.raises(Conflict):
            model.moved(standing, after, NOON, NOON)
        return
    change = model.moved(standing, after, NOON, NOON)
    assert (change is Change.LIFT) == (after is None)
    assert (change is Change.ISSUE) == (before is None)
    if before is not None and after is not None:
        graver = list(Severity).index(after) < list(Severity).index(before)
        assert change is (Change.RAISE if graver else Change.LOWER)
    assert model.asks_consultation(before, after) == (Severity.CRITICAL in (before, after))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(LEVELS, st.integers(-3600, 3600)), max_size=20))
def test_the_history_of_levels_is_in_order_and_never_ahead(asked: list[tuple[Severity | None, int]]) -> None:
    standing, kept = Standing(), []
    for level, seconds in asked:
        at = NOON + timedelta(seconds=seconds)
        try:
            model.moved(standing, level, at, NOON)
        except (Conflict, Invalid):
            continue
        standing = Standing(level, at)
        kept.append(at)
    assert kept == sorted(kept)
    assert all(at <= NOON for at in kept)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(list(ReportKind)), st.booleans()), max_size=30))
def test_reports_come_in_order_and_are_counted_by_kind(asked: list[tuple[ReportKind, bool]]) -> None:
    approved: list[ReportKind] = []
    for kind, closed in asked:
        try:
            ordinal = model.next_report(kind, approved, closed=closed)
        except Conflict:
            continue
        assert ordinal == approved.count(kind) + 1
        assert kind is not ReportKind.FINAL or closed
        approved.append(kind)
    assert approved.count(ReportKind.FIRST) <= 1
    assert not approved or approved[0] is ReportKind.FIRST


@pytest.mark.parametrize(
    ("address", "street"),
    [
        ("한빛시 중앙구 시장3길 24", "한빛시 중앙구 시장3길"),
        ("한빛시 하정동 123-4 하늘아파트 101동 1203호", "한빛시 하정동"),
        ("동문로 61 (동문동)", "동문로"),
        ("강변리 산12-3", "강변리"),
        ("한빛대로 12번지, 2층", "한빛대로"),
        ("대학로 지하12", "대학로"),
        ("공원길 (하정동) 7", "공원길"),
        ("", ""),
        (None, ""),
    ],
)
def test_no_place_on_the_wall_is_nearer_than_a_street(address: str | None, street: str) -> None:
    assert model.coarse(address) == street


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.text(), st.text()))
def test_the_hash_is_of_what_is_said_and_not_of_its_order(said: dict[str, str]) -> None:
    turned = dict(reversed(said.items()))
    assert model.digest(said) == model.digest(turned)
    assert model.digest({**said, "more": "."}) != model.digest(said)
