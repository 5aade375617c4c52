"""The monthly review: each rule at its edge, the review's way from the log to a closed report."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.trust import audit
from dure.trust.audit.review import making, owing, tables
from dure.trust.audit.review.rules import RULES, Finding, Known, Line, Review, Thresholds, is_night
from dure.trust.principal import Principal
from dure.trust.roles import Role
from tests.support import tables_with
from tests.trust.conftest import account, bearer, browser, signed_in, token

SEOUL = ZoneInfo("Asia/Seoul")
NOON = datetime(2026, 2, 10, 12, 0, tzinfo=SEOUL)
TABLE = replace(tables.for_month(date(2026, 2, 1)), many_people=3, many_minutes=10, failures=3, failures_minutes=5)
ME, HIM, HER = UUID(int=1), UUID(int=2), UUID(int=3)


def line(at: datetime, **more: Any) -> Line:
    told = {"actor": "account:1", "actor_name": "kim", "address": "10.0.0.1", "action": "person.open", "outcome": "ok"}
    return Line(**{"seq": 7, "at": at, "person_id": HIM, "case_id": "c", **told, **more})


def found(*lines: Line, known: Known | None = None, table: Thresholds = TABLE) -> list[Finding]:
    review = Review(table, known or Known(), SEOUL)
    review.feed(lines)
    return review.findings()


def rules(*lines: Line, known: Known | None = None) -> list[str]:
    return [one.rule for one in found(*lines, known=known)]


@pytest.mark.parametrize(
    ("hour", "minute", "night"), [(21, 59, False), (22, 0, True), (0, 0, True), (5, 59, True), (6, 0, False)]
)
def test_the_night_is_the_citys(hour: int, minute: int, night: bool) -> None:
    at = NOON.replace(hour=hour, minute=minute).astimezone(UTC)
    assert is_night(at, SEOUL, (22, 6)) is night
    assert rules(line(at)) == (["night"] if night else [])


def test_hours_of_one_day_are_a_night_too() -> None:
    assert [is_night(NOON.replace(hour=h), SEOUL, (1, 3)) for h in range(5)] == [False, True, True, False, False]


def test_whoever_is_on_duty_or_watches_around_the_clock_may_look_at_night() -> None:
    at = NOON.replace(hour=23)
    duty = Known(duties={"account:1": [(at, at + timedelta(hours=1))]})
    assert rules(line(at), known=duty) == []
    assert rules(line(at + timedelta(hours=1)), known=duty) == ["night"]
    assert rules(line(at - timedelta(seconds=1)), known=duty) == ["night"]
    assert rules(line(at), known=Known(roles={"account:1": frozenset({"operator"})})) == []
    assert rules(line(at), known=Known(roles={"account:1": frozenset({"welfare"})})) == ["night"]
    assert rules(line(at, action="incident.close")) == []
    assert rules(line(at, outcome="failed")) == []
    assert rules(line(at, actor="system:x")) == []


def test_many_people_in_a_short_time() -> None:
    def seen(*minutes: float) -> list[Finding]:
        return found(*(line(NOON + timedelta(minutes=m), person_id=UUID(int=n)) for n, m in enumerate(minutes)))

    (one,) = seen(0, 1, 9.9)
    assert (one.rule, one.count, one.most, one.first_at) == ("many_people", 1, 3, NOON + timedelta(minutes=9.9))
    assert seen(0, 1, 10) == []
    (one,) = seen(0, 1, 2, 3)
    assert (one.count, one.most) == (2, 4)
    again = [line(NOON, person_id=HIM)] * 9
    assert found(*again) == []
    assert found(*(line(NOON, person_id=UUID(int=n), actor=f"account:{n}") for n in range(9))) == []


def test_ones_own_record_and_a_relatives() -> None:
    known = Known(own={"account:1": ME}, kin={"account:1": frozenset({HER})})
    assert rules(line(NOON, person_id=ME), known=known) == ["own_record"]
    assert rules(line(NOON, person_id=HER), known=known) == ["relative"]
    assert rules(line(NOON, person_id=HIM), known=known) == []
    assert rules(line(NOON, person_id=None), known=Known()) == []
    assert rules(line(NOON, person_id=ME, actor="account:2"), known=known) == []


def test_a_record_or_a_picture_without_a_case() -> None:
    assert rules(line(NOON, case_id=None)) == ["no_case"]
    assert rules(line(NOON, case_id=None, action="video.open", person_id=None)) == ["no_case"]
    assert rules(line(NOON, case_id=None, action="person.find")) == []


def test_after_leaving() -> None:
    known = Known(left={"account:1": NOON})
    assert rules(line(NOON, action="audit.read"), known=known) == []
    assert rules(line(NOON + timedelta(microseconds=1), action="audit.read"), known=known) == ["after_leaving"]
    assert rules(line(NOON + timedelta(1), actor="account:2", action="audit.read"), known=known) == []


def test_refusals_in_a_row() -> None:
    def refused(*minutes: float, **more: Any) -> list[Finding]:
        told: dict[str, Any] = {"outcome": "denied", "action": "request.refuse", **more}
        return found(*(line(NOON + timedelta(minutes=m), **told) for m in minutes))

    assert refused(0, 1) == []
    assert refused(0, 1, 5) == []
    (one,) = refused(0, 1, 4.9, actor="anonymous", actor_name="")
    assert (one.rule, one.actor, one.most) == ("failures", "10.0.0.1", 3)
    (one,) = refused(0, 1, 2)
    assert one.actor == "account:1"
    (one,) = refused(0, 1, 2, actor="anonymous", address=None)
    assert one.actor == "anonymous"


def test_every_download_asks_for_its_reason() -> None:
    (one,) = found(*(line(NOON, action="audit.export", seq=n) for n in range(25)))
    assert (one.rule, one.count, one.lines) == ("download", 25, list(range(20)))


def test_findings_come_by_rule_and_weight() -> None:
    lines = [
        line(NOON.replace(hour=23), case_id=None),
        line(NOON, case_id=None, actor="account:2"),
        line(NOON, case_id=None),
    ]
    assert [(one.rule, one.actor, one.count) for one in found(*lines)] == [
        *(("night", "account:1", 1), ("no_case", "account:1", 2), ("no_case", "account:2", 1)),
    ]
    assert found(line(NOON, case_id=None))[0].facts() == {"lines": [7], "most": 0}


def test_a_month_is_judged_by_the_table_of_its_time() -> None:
    old, new = replace(TABLE, since=date(2025, 1, 1)), replace(TABLE, since=date(2026, 3, 1))
    assert tables.for_month(date(2026, 2, 1), (old, new)) is old
    assert tables.for_month(date(2026, 3, 1), (old, new)) is new
    assert tables.for_month(date(2020, 1, 1), (old, new)) is old
    assert (owing.next_month(date(2026, 12, 1)), making.month_before(date(2026, 1, 31))) == (
        *(date(2027, 1, 1), date(2025, 12, 1)),
    )


# --- from the log to a closed report ---


@pytest.fixture
async def february(database: Database, clock: HeldClock) -> None:
    """Somebody looks at night, at nobody's case and at himself; somebody takes a file out."""
    clock.set(NOON.replace(hour=23))
    made = await account(database, "kim", Role.WELFARE)
    who = Principal("account", made.id, "kim", frozenset({Role.WELFARE}))
    async with database.transaction() as tx:
        for person, kind in ((ME, b"1"), (HER, b"1"), (HIM, b"2")):
            await tx.execute(text("insert into person (id, sealed) values (:id, '')"), {"id": person})
            statement = text("insert into person_index (person_id, field, digest) values (:id, 'phone', :digest)")
            await tx.execute(statement, {"id": person, "digest": kind})
        await making.set_own(tx, Principal("account", UUID(int=9), "han", frozenset()), made.id, ME)
        for person in (ME, HER, HIM):
            await audit.record(tx, who, "person.open", "person", person, person_id=person, purpose="=확인")
        await audit.record(tx, None, "audit.export", "audit", "1-2", purpose="정기 감사")
    clock.set(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))


async def test_a_review_finds_what_was_odd_and_ends_with_a_word_on_each(
    database: Database, app: FastAPI, february: None, clock: HeldClock
) -> None:
    reader = await signed_in(app, await account(database, "han", Role.AUDITOR))
    made = await reader.post("/audit/reviews", json={"month": "2026-02"})
    assert made.status_code == 201, made.text
    review = made.json()
    assert [(one["rule"], one["actor_name"], one["count"]) for one in review["items"]] == [
        *(("download", "", 1), ("night", "kim", 3), ("no_case", "kim", 3)),
        *(("own_record", "kim", 1), ("relative", "kim", 1)),
    ]
    assert (review["month"], review["due_on"], review["waiting"], review["overdue"]) == (
        "2026-02-01",
        "2026-03-10",
        5,
        False,
    )
    assert (await reader.post("/audit/reviews", json={"month": "2026-02"})).status_code == 409
    assert (await reader.post("/audit/reviews", json={"month": "2026-03"})).status_code == 422
    assert (await reader.post(f"/audit/reviews/{review['id']}/close")).status_code == 409
    for one in review["items"]:
        answer = await reader.post(f"/audit/findings/{one['id']}/word", json={"verdict": "proper", "word": "=업무"})
        assert answer.status_code == 200
    assert {one["word"] for one in answer.json()["items"]} == {"=업무"}
    assert await tables_with(database, "=업무") == []
    sheet = (await reader.get(f"/audit/reviews/{review['id']}/findings.csv", headers={"accept-language": "ko"})).text
    assert "야간 근무 외 열람,kim,3" in sheet
    assert ",'=업무,han," in sheet
    clock.set(datetime(2026, 3, 11, 0, 0, tzinfo=SEOUL))
    reader = await signed_in(app, await account(database, "han2", Role.AUDITOR))
    listed = (await reader.get("/audit/reviews")).json()
    assert (listed["due"], listed["items"][0]["overdue"]) == (1, True)
    assert (await reader.get(f"/audit/reviews/{review['id']}")).json()["days_overdue"] == 1
    closed = (await reader.post(f"/audit/reviews/{review['id']}/close")).json()
    assert (closed["closed_by"], closed["waiting"], closed["overdue"]) == ("han2", 0, False)
    assert (await reader.post(f"/audit/reviews/{review['id']}/close")).status_code == 409
    one = review["items"][0]["id"]
    late = await reader.post(f"/audit/findings/{one}/word", json={"verdict": "improper", "word": "늦음"})
    assert late.status_code == 409
    assert (await reader.get(f"/audit/reviews/{UUID(int=1)}")).status_code == 404


async def test_nobody_judges_what_is_about_themself(database: Database, app: FastAPI, clock: HeldClock) -> None:
    clock.set(NOON)
    made = await account(database, "han", Role.AUDITOR)
    who = Principal("account", made.id, "han", frozenset({Role.AUDITOR}))
    async with database.transaction() as tx:
        await audit.record(tx, who, "audit.export", "audit", "1-2")
    clock.set(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    reader = await signed_in(app, made)
    (one,) = (await reader.post("/audit/reviews", json={"month": "2026-02"})).json()["items"]
    answer = await reader.post(f"/audit/findings/{one['id']}/word", json={"verdict": "proper", "word": "업무"})
    assert answer.status_code == 403
    unknown = await reader.post(f"/audit/findings/{UUID(int=1)}/word", json={"verdict": "proper", "word": "업무"})
    assert unknown.status_code == 404


async def test_administrators_and_tokens_do_not_review(database: Database, app: FastAPI) -> None:
    async with browser(app) as client:
        for role, status in ((Role.ADMIN, 403), (Role.AUDITOR, 403), (Role.OPERATOR, 403)):
            asked = bearer(await token(database, role))
            assert (await client.post("/audit/reviews", json={"month": "2026-02"}, headers=asked)).status_code == status
    chief = await signed_in(app, await account(database, "chief", Role.ADMIN))
    assert (await chief.post("/audit/reviews", json={"month": "2026-02"})).status_code == 403


async def test_the_task_makes_last_months_review_once(database: Database, february: None, app: FastAPI) -> None:
    context: Context = app.state.context
    for _ in range(2):
        await making.run(context)
    async with database.transaction() as tx:
        (review,) = await making.listing(tx)
        assert (review["month"], review["findings"], review["lines"]) == (date(2026, 2, 1), 5, 7)
        found = await making.findings(tx, review["id"])
        assert {one["rule"] for one in found} <= set(RULES)
        await making.set_own(tx, Principal("account", ME, "x", frozenset()), UUID(int=8), None)


# --- what cannot be forgotten ---


MADE = owing.Made(UUID(int=9), date(2026, 2, 1), date(2026, 3, 10), closed=False, waiting=4)


@pytest.mark.parametrize(
    ("today", "days"), [(date(2026, 3, 1), 0), (date(2026, 3, 10), 0), (date(2026, 3, 11), 1), (date(2027, 3, 10), 365)]
)
def test_an_unfinished_review_is_owed_and_each_day_too_late_counts(today: date, days: int) -> None:
    one = owing.owed(date(2026, 2, 9), [MADE], today)[0]
    assert (one.id, one.days_overdue, one.waiting) == (MADE.id, days, 4)
    assert owing.owed(date(2026, 2, 9), [replace(MADE, closed=True)], date(2026, 3, 31)) == []


@settings(max_examples=60, deadline=None)
@given(
    first=st.dates(date(2024, 1, 1), date(2026, 12, 31)), days=st.integers(0, 800), closed=st.sets(st.integers(0, 30))
)
def test_every_month_that_is_over_is_closed_or_owed(first: date, days: int, closed: set[int]) -> None:
    today = first + timedelta(days=days)
    over, month = [], first.replace(day=1)
    while owing.next_month(month) <= today:
        over.append(month)
        month = owing.next_month(month)
    done = [over[n] for n in sorted(closed) if n < len(over)]
    made = [owing.Made(UUID(int=n), one, one, closed=True, waiting=0) for n, one in enumerate(done)]
    found = owing.owed(first, made, today)
    assert [one.month for one in found] == [one for one in over if one not in done]
    assert all(one.id is None and one.due_on.replace(day=1) == owing.next_month(one.month) for one in found)
    assert owing.owed(None, made, today) == []


async def test_a_month_that_nobody_reviewed_stays_owed_until_it_is_closed_and_the_report_says_so(
    database: Database, app: FastAPI, february: None, clock: HeldClock
) -> None:
    async with database.transaction() as tx:
        await tx.execute(
            text(
                "insert into glass (id, person_id, account_id, actor_name, reason, opened_at, until_at, review_due_at) "
                "values (:id, :person, :who, 'kim', 'life', :at, :at, :due)"
            ),
            {
                "id": UUID(int=77),
                "person": HIM,
                "who": UUID(int=5),
                "at": NOON,
                "due": NOON + timedelta(days=1),
            },
        )
    clock.set(datetime(2026, 4, 20, 9, 0, tzinfo=SEOUL))
    reader = await signed_in(app, await account(database, "han", Role.AUDITOR))
    items = (await reader.get("/audit/reviews/owed")).json()["items"]
    assert [(one["month"], one["id"], one["days_overdue"]) for one in items] == [
        ("2026-02-01", None, 41),
        ("2026-03-01", None, 10),
    ]
    for _ in range(2):
        await making.run(app.state.context)
    chief = await signed_in(app, await account(database, "chief", Role.ADMIN))
    items = (await chief.get("/audit/reviews/owed")).json()["items"]
    assert [(one["month"], one["waiting"]) for one in items] == [("2026-02-01", 5), ("2026-03-01", 0)]
    report = (await reader.get(f"/audit/reviews/{items[0]['id']}")).json()
    assert report["days_overdue"] == 41
    assert [(one["month"], one["days_overdue"]) for one in report["owed"]] == [("2026-03-01", 10)]
    assert report["glasses"] == {"opened": 1, "reviewed": 0, "late": 0, "waiting": 1, "overdue": 1}
    assert (await reader.post(f"/audit/reviews/{items[1]['id']}/close")).status_code == 200
    items = (await chief.get("/audit/reviews/owed")).json()["items"]
    assert [one["month"] for one in items] == ["2026-02-01"]
    lead = await signed_in(app, await account(database, "lead", Role.SHIFT_LEAD))
    assert (await lead.get("/audit/reviews/owed")).status_code == 403


async def test_the_task_waits_for_a_month_of_lines(database: Database, app: FastAPI) -> None:
    context: Context = app.state.context
    await making.run(context)
    async with database.transaction() as tx:
        await audit.record(tx, None, "test.act", "thing", 1)
    await making.run(context)
    async with database.transaction() as tx:
        assert await making.listing(tx) == []
