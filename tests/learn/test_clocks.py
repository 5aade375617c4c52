"""Golden times over a period from real rows: groups, percentiles, small numbers, drills apart, and as a file."""

from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import text

from dure.engine.consumers import register
from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.kernel.ids import new_id
from dure.learn import reminders
from dure.learn.closings import CONSUMER
from dure.notices import contacts
from dure.notices.model import Medium
from dure.trust.principal import system
from dure.trust.roles import Role
from tests.learn.test_loop import got, sent, settled
from tests.respond.conftest import SATURDAY, Desk, acted, opened


async def measured(database: Database, incident: str, seconds: list[float | None], **more: Any) -> None:
    """So many clocks, each as if of an incident of its own."""
    rows = [
        {
            "incident": incident, "name": f"{more.get('name', 'signal_to_handed_off')}", "type": "fire",
            "mode": "real", "outcome": "real", "place": "한빛중앙시장", "district": "중구", "shift": "day",
            "at": SATURDAY - timedelta(days=1), "seconds": one, **more,
        }
        for one in seconds
    ]  # fmt: skip
    async with database.transaction() as tx:
        await tx.execute(text("alter table measured_clock drop constraint if exists pk_measured_clock"))
        await tx.execute(
            text(
                "insert into measured_clock (incident_id, name, type, severity, mode, outcome, place, district, shift, "
                "started_at, seconds, target_s) values (:incident, :name, :type, 'critical', :mode, :outcome, :place, "
                ":district, :shift, :at, :seconds, 60)"
            ),
            rows,
        )


async def test_percentiles_say_how_few_they_stand_on(
    operator: httpx.AsyncClient, desk: Desk, database: Database
) -> None:
    incident = (await opened(operator))["id"]
    await measured(database, incident, [float(n) for n in range(1, 21)])
    await measured(database, incident, [30.0, 90.0, None], shift="night", district="동구")
    await measured(database, incident, [1.0], mode="drill")
    await measured(database, incident, [2.0], outcome="false")
    await measured(database, incident, [3.0], at=SATURDAY - timedelta(days=200))
    body = await got(operator, "/clocks", by=["shift"])
    day, night = body["items"]
    assert (day["shift"], day["n"], day["closed"], day["met"]) == ("day", 20, 20, 20)
    assert (day["p50"], day["p90"], day["p95"]) == (10.5, 18.1, 19.05)
    assert (night["n"], night["closed"], night["met"]) == (2, 3, 1)
    assert (night["p50"], night["p90"], night["p95"], night["least"], night["most"]) == (None, None, None, 30, 90)
    assert day["title"] == "신호 → 기관 이관"
    (whole,) = (await got(operator, "/clocks", by=["type"]))["items"]
    assert (whole["n"], whole["type"], whole["target_s"]) == (22, "fire", 60)
    (drill,) = (await got(operator, "/clocks", mode="drill"))["items"]
    assert drill["n"] == 1
    places = (await got(operator, "/clocks", by=["district", "place"]))["items"]
    assert [(one["district"], one["place"]) for one in places] == [("동구", "한빛중앙시장"), ("중구", "한빛중앙시장")]
    file = await operator.get("/clocks.csv", params={"by": ["type", "shift"]})
    lines = file.content.decode("utf-8-sig").splitlines()
    assert lines[0].split(",")[:4] == ["골든타임", "상황 종류", "근무조", "측정 수"]
    assert lines[1].split(",")[1:6] == ["화재", "주간 06–14", "20", "20", "20"]
    police = await desk(Role.POLICE, "police")
    assert (await got(police, "/clocks"))["items"] == []  # a fire is not their field
    wrong = await operator.get("/clocks", params={"since": "2026-12-06T00:00:00Z", "until": "2026-12-05T00:00:00Z"})
    assert wrong.status_code == 422


async def _findings_are_told_weekly(database: Database, clock: HeldClock, incident_id: str) -> None:
    owner = "account:018f0000-0000-7000-8000-000000000001"
    raised = clock.now() - reminders.FINDINGS_AFTER
    async with database.transaction() as tx:
        await contacts.add(tx, system("test"), owner, Medium.TEXT, "010-1234-5678")
        await tx.execute(
            text(
                "insert into finding (id, incident_id, kind, title, state, raised_at, raised_by, created_at, "
                "updated_at) values (:id, :incident, 'fire', 'x', :state, :at, 'x', :at, :at)"
            ),
            [
                {"id": new_id(), "incident": incident_id, "state": state, "at": raised}
                for state in ("open", "proposed", "closed")
            ],
        )
    for days, texts, mails in ((0, 2, 4), (1, 2, 4), (7, 4, 6)):  # a week later the review is late again, too
        clock.advance(days * 86_400)
        async with database.transaction() as tx:
            await reminders.remind(tx)
            rows = await tx.rows(
                text("select medium, count(*) as n from notice where account_id is not null group by 1")
            )
        assert {row["medium"]: row["n"] for row in rows} == {Medium.TEXT: texts, Medium.EMAIL: mails}


async def test_the_policy_of_the_day_decides_and_what_reopens_is_measured_anew(
    operator: httpx.AsyncClient, desk: Desk, database: Database, clock: HeldClock
) -> None:
    async with database.transaction() as tx:
        await register(tx, [CONSUMER])
    incident = await opened(operator)
    clock.advance(10)
    await acted(operator, incident, "acknowledge")
    clock.advance(5)
    await acted(operator, incident, "close", outcome="false", reason="수증기")
    await settled(database)
    assert (await got(operator, "/reviews"))["items"] == []  # nobody was sent out for it
    by_hand = await sent(operator, "POST", f"/incidents/{incident['id']}/review", 201)
    assert by_hand["rule"] == "by_hand"
    clocks = {one["name"]: one for one in by_hand["facts"]["clocks"]}
    assert clocks["signal_to_acknowledged"]["seconds"] == 10
    assert (clocks["signal_to_handed_off"]["seconds"], clocks["signal_to_handed_off"]["state"]) == (None, "unanswered")
    await acted(operator, incident, "reopen", reason="다시 연기")
    await settled(database)
    async with database.transaction() as tx:
        assert await tx.scalar(text("select count(*) from measured_clock")) == 0
    assert (await operator.get(f"/incidents/{incident['id']}/review")).status_code == 404  # nobody had begun it

    admin = await desk(Role.ADMIN)
    rules = [{"name": "all", "review": True, "days": 3}]
    policy = {"from_day": "2026-12-05", "rules": rules, "pass_score": 80, "source": "시 지침 1호"}
    assert (await admin.put("/review-policy", json={**policy, "from_day": "2026-12-04"})).status_code == 422
    assert len((await sent(admin, "PUT", "/review-policy", **policy))["items"]) == 2
    assert (await operator.put("/review-policy", json=policy)).status_code == 403
    await acted(operator, incident, "close", outcome="false", reason="수증기")
    await settled(database)
    (review,) = (await got(operator, "/reviews"))["items"]
    assert (review["rule"], review["due_on"], review["owner"]) == ("all", "2026-12-08", None)
    async with database.transaction() as tx:
        await tx.execute(
            text(
                "insert into account (id, username, label) values "
                "('018f0000-0000-7000-8000-000000000001', 'writer', 'oper-09')"
            )
        )
    give = {"owner_id": "018f0000-0000-7000-8000-000000000001", "due_on": "2026-12-06"}
    given = await sent(operator, "POST", f"/incidents/{incident['id']}/review/owner", **give)
    assert given["owner"] == "oper-09"
    nobody = {**give, "owner_id": "018f0000-0000-7000-8000-000000000002"}
    refused = await operator.post(f"/incidents/{incident['id']}/review/owner", json=nobody)
    assert refused.status_code == 422
    for days, notices in ((0, 1), (0, 1), (1, 2), (5, 3)):
        clock.advance(days * 86_400)
        async with database.transaction() as tx:
            assert await reminders.remind(tx) == 1
            assert await tx.scalar(text("select count(*) from notice where account_id is not null")) == notices
    assert [one["overdue"] for one in (await got(operator, "/reviews", overdue="true"))["items"]] == [True]
    await _findings_are_told_weekly(database, clock, incident["id"])
