"""The pure decisions of purposes: nothing is opened without a standing ground, whatever else is true."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.trust.purposes import codes, days, grounds, model, rights
from dure.trust.purposes.model import Case, Entry, Glass, Leave
from dure.trust.roles import Role
from dure.trust.vault import Person

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SEOUL = ZoneInfo("Asia/Seoul")
ONE, TWO = UUID(int=1), UUID(int=2)
times = st.integers(-100, 100).map(lambda hours: NOW + timedelta(hours=hours))
some_cases = st.none() | st.builds(Case, st.just("incident"), st.just("x"), st.none() | times)
entries = st.builds(
    Entry,
    st.just(UUID(int=9)),
    st.sampled_from([None, ONE, TWO]),
    st.just("own"),
    st.sampled_from([one.code for one in grounds.TABLE] + ["pipa.99"]),
    st.frozensets(st.sampled_from(codes.KINDS), min_size=1),
    st.sampled_from([None, "welfare", "control"]),
    times,
    times,
    st.none() | times,
)


def case_counts(case: Case | None) -> bool:
    return case is not None and (case.closed_at is None or case.closed_at + timedelta(hours=24) > NOW)


@settings(max_examples=600)
@given(entries, st.sampled_from([None, "welfare", "control"]), some_cases)
def test_an_entry_opens_exactly_when_all_of_it_holds(entry: Entry, agency: str | None, case: Case | None) -> None:
    found = model.by_ledger(entry, person_id=ONE, agency_id=agency, case=case, now=NOW, today=NOW.date())
    should = (
        entry.person_id in {None, ONE}
        and entry.from_at <= NOW < entry.until_at
        and (entry.withdrawn_at is None or entry.withdrawn_at > NOW)
        and entry.basis != "pipa.99"
        and entry.agency_id in {None, agency}
        and (entry.person_id is not None or case_counts(case))
    )
    assert isinstance(found, Leave) == should
    if isinstance(found, Leave):
        assert found.kinds == entry.kinds


@given(entries.filter(lambda entry: entry.until_at > NOW))
def test_a_withdrawal_counts_at_once(entry: Entry) -> None:
    gone = model.withdrawn(entry, NOW)
    assert isinstance(model.by_ledger(gone, person_id=ONE, agency_id=None, case=None, now=NOW, today=NOW.date()), str)


@given(
    st.sampled_from([*(one.code for one in codes.TABLE), "curious"]), st.frozensets(st.sampled_from(Role)), some_cases
)
def test_a_code_opens_with_a_case_for_its_desks_only(code: str, roles: frozenset[Role], case: Case | None) -> None:
    found = model.by_code(code, roles=roles, case=case, now=NOW, today=NOW.date())
    known = codes.in_force(code, NOW.date())
    assert isinstance(found, Leave) == (known is not None and bool(known.roles & roles) and case_counts(case))


def test_what_is_not_in_force_yet_or_any_longer_opens_nothing() -> None:
    assert isinstance(
        model.by_code(
            "health_emergency", roles={Role.EPIDEMIC}, case=Case("incident", "x"), now=NOW, today=date(2023, 9, 14)
        ),
        str,
    )
    assert grounds.in_force("pipa.15.1.7", date(2023, 9, 14)) is None
    assert grounds.in_force("pipa.15.1.7", date(2023, 9, 15)) is not None
    ended = (grounds.Ground("old", "…", date(2000, 1, 1), date(2026, 1, 1)),)
    assert grounds.in_force("old", date(2025, 12, 31), ended) is not None
    assert grounds.in_force("old", date(2026, 1, 1), ended) is None


@given(
    st.sampled_from([ONE, TWO]),
    st.sampled_from([ONE, TWO, None]),
    times,
    st.none() | times,
)
def test_a_broken_glass_is_one_persons_for_whom_it_was_broken_and_for_its_hours(
    person: UUID, account: UUID | None, until: datetime, closed: datetime | None
) -> None:
    glass = Glass(UUID(int=5), ONE, TWO, "life", until, closed)
    found = model.by_glass(glass, person_id=person, account_id=account, now=NOW)
    should = person == ONE and account == TWO and until > NOW and (closed is None or closed > NOW)
    assert isinstance(found, Leave) == should


@given(st.frozensets(st.sampled_from(codes.KINDS)))
def test_only_fields_of_the_kinds_are_shown(kinds: frozenset[str]) -> None:
    leave = Leave("own", "pipa.15.1.1", kinds)
    shown = model.shown_fields(leave, Person.__struct_fields__)
    assert {codes.KIND_OF_FIELD[one] for one in shown} <= kinds
    assert model.shown_fields(leave, ["a_field_of_tomorrow"]) == frozenset()


def test_every_field_of_a_record_has_a_kind_and_every_code_a_ground() -> None:
    assert set(Person.__struct_fields__) <= codes.KIND_OF_FIELD.keys()
    known = {one.code for one in grounds.TABLE}
    assert {one.basis for one in codes.TABLE} | set(codes.REASONS.values()) <= known
    assert all(one.kinds <= set(codes.KINDS) and "number" not in one.kinds for one in codes.TABLE)


@given(st.booleans(), st.sampled_from([*codes.REASONS, "curious"]), st.integers(0, 3))
def test_the_glass_breaks_for_people_with_a_reason_and_no_overdue_review(
    is_account: bool, reason: str, overdue: int
) -> None:
    refused = model.break_refusal(reason=reason, is_account=is_account, own_overdue=overdue)
    assert (refused is None) == (is_account and reason in codes.REASONS and overdue == 0)


@given(
    st.sampled_from([ONE, TWO, None]),
    st.none() | times,
    st.booleans(),
    st.frozensets(st.sampled_from([Role.SHIFT_LEAD, Role.AUDITOR, Role.ADMIN])),
)
def test_nobody_reviews_themself_or_twice(
    reviewer: UUID | None, reviewed: datetime | None, escalated: bool, roles: frozenset[Role]
) -> None:
    refused = model.review_refusal(broke=ONE, reviewer=reviewer, reviewed_at=reviewed, escalated=escalated, roles=roles)
    first = bool(roles & {Role.SHIFT_LEAD, Role.AUDITOR})
    assert (refused is None) == (reviewer == TWO and reviewed is None and (first or escalated))


# --- days ---


def at(day: int, hour: int = 10, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, 0, tzinfo=SEOUL)


@pytest.mark.parametrize(
    ("broken", "due"),
    [
        (at(3), at(6, 24 - 1)),  # Tuesday: Wednesday, Thursday, Friday
        (at(5), at(10, 23)),  # Thursday: Friday, Monday, Tuesday
        (at(27, month=2), at(5, 23)),  # Friday: 1 and 2 March are free; Tuesday, Wednesday, Thursday
        (at(23, month=9), at(30, 23, 9)),  # before Chuseok, 24 to 26
    ],
)
def test_three_working_days_leave_out_weekends_and_holidays(broken: datetime, due: datetime) -> None:
    found = days.working_days_after(broken, 3, SEOUL)
    assert found - timedelta(hours=1) == due


@given(st.integers(0, 16_000), st.integers(1, 12))
def test_working_days_are_later_and_end_on_a_working_day(hours: int, many: int) -> None:
    began = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    last = (days.working_days_after(began, many, SEOUL) - timedelta(seconds=1)).astimezone(SEOUL).date()
    assert last.weekday() < 5
    assert last not in days.HOLIDAYS
    assert last >= began.astimezone(SEOUL).date() + timedelta(days=many)


def test_ten_days_end_with_the_tenth_after_the_day_of_receipt() -> None:
    rule = days.rule_of("access", date(2026, 3, 2))
    assert rule.days == 10
    assert days.due(at(2, 0), rule.days, SEOUL) == at(13, 0)
    assert days.due(at(2, 23), rule.days, SEOUL) == at(13, 0)
    for kind in ("access", "copy", "correction", "deletion", "stop"):
        assert days.rule_of(kind, NOW.date()).days == 10
    with pytest.raises(KeyError):
        days.rule_of("access", date(2011, 9, 29))


def test_a_later_rule_takes_over_on_its_day() -> None:
    table = (*days.DEADLINES, days.Deadline(frozenset({"access"}), 7, date(2027, 1, 1), "…"))
    assert days.rule_of("access", date(2026, 12, 31), table).days == 10
    assert days.rule_of("access", date(2027, 1, 1), table).days == 7


def test_every_kind_of_request_can_be_refused_on_some_ground_and_no_other() -> None:
    for kind in ("access", "copy", "correction", "deletion", "stop"):
        fitting = [one for one in rights.REFUSALS if rights.refusal_in_force(one.code, kind, NOW.date())]
        assert fitting
        assert all(kind in one.kinds for one in fitting)
    assert rights.refusal_in_force("collected_by_law", "access", NOW.date()) is None
    assert rights.refusal_in_force(None, "access", NOW.date()) is None
    assert rights.refusal_in_force("law", "access", date(2011, 9, 29)) is None
