"""What is late goes up the ladder by the roster of that moment; nobody on duty is said, never passed in silence."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import RowMapping, text

from dure.engine import jobs
from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.notices.model import Medium
from dure.respond.playbooks.model import Party, PartyKind
from dure.respond.playbooks.parse import parse
from dure.respond.runs import interpreter, parties, starting
from dure.respond.shifts import rising
from dure.trust.principal import system
from tests.respond.conftest import keys
from tests.respond.shifts.conftest import NOON, Desk
from tests.respond.shifts.test_logs import CALL

MANUAL = """---
종류: fire
심각도: 심각
판: 1
주관: 재난안전대응과
---
# 시험 매뉴얼

## 1. 확인
- 임무: 상황실 운영자, 카메라로 불인지 본다
- 기한: 30초
- 임무: 상황실 운영자, 접수번호를 적는다
- 기한: 40초

## 2. 보고
- 알림: 당직사령에게 문자, 상황을 보고한다
- 알림: 관제팀장에게 알린다
"""


@pytest.fixture
async def numbers(database: Database, people: dict[str, UUID]) -> dict[str, UUID]:
    """Everybody's number but lead-1's."""
    from dure.notices import contacts

    async with database.transaction() as tx:
        for n, (name, account) in enumerate(people.items()):
            if name != "lead-1":
                await contacts.add(tx, system("test"), f"account:{account}", Medium.TEXT, f"010-1234-{n:04d}")
    return people


GOLDEN = """---
종류: fire
심각도: 심각
판: 1
주관: 재난안전대응과
골든타임: 신호 → 이관 60초
---
# 골든타임

## 1. 확인
- 임무: 상황실 운영자, 119에 이관한다
"""


async def begun(database: Database, desk: Desk, manual: str = MANUAL) -> str:
    operator = await desk("oper-1")
    incident: dict[str, Any] = (await operator.post("/incidents", json=CALL)).json()
    parsed = parse(manual, "ko", {})
    assert parsed.playbook is not None, parsed.faults
    async with database.transaction() as tx:
        await starting.start(tx, UUID(incident["id"]), {"ko": parsed.playbook}, 1)
    await woken(database)
    return str(incident["id"])


async def woken(database: Database) -> None:
    while await jobs.step(database, interpreter.QUEUE) or await jobs.step(database, rising.QUEUE):
        pass
    async with database.transaction() as tx:
        assert [dict(row) for row in await jobs.health(tx) if row["failing"]] == []


async def told(database: Database) -> list[tuple[str, list[str], str | None]]:
    async with database.transaction() as tx:
        rows = await tx.rows(text("select ko, told, lack from rise_call order by number"))
    return [(row["ko"], row["told"], row["lack"]) for row in rows]


async def notices(database: Database) -> list[RowMapping]:
    async with database.transaction() as tx:
        return list(
            await tx.rows(
                text(
                    "select n.key, a.label, n.life_safety from notice n join account a on a.id = n.account_id "
                    "where n.wanted_by like 'rise:%' order by n.created_at, a.label"
                )
            )
        )


async def test_up_the_ladder_rung_by_rung_by_the_roster_of_that_moment(
    desk: Desk, roster_id: str, numbers: dict[str, UUID], database: Database, clock: HeldClock
) -> None:
    admin = await desk("admin-1")
    ladder = [
        {"ko": "근무조", "en": "Shift", "kind": "crew", "wait_s": 60},
        {"ko": "관제팀장", "en": "Lead", "kind": "lead", "wait_s": 60},
        {"ko": "센터장", "en": "Head", "kind": "accounts", "wait_s": 60, "accounts": [str(numbers["head-1"])]},
    ]
    assert (await admin.patch(f"/rosters/{roster_id}", json={"ladder": ladder})).status_code == 200
    clock.set(NOON + timedelta(hours=1, minutes=59))  # a minute before the shifts change
    incident = await begun(database, desk)
    clock.advance(31)
    await woken(database)
    # The morning's lead has no number: that is said, and the head is told at once.
    assert await told(database) == [("관제팀장", [], "unreachable"), ("센터장", ["head-1"], None)]
    clock.advance(10)  # the second task is late, too: it goes up with the first
    await woken(database)
    assert len(await told(database)) == 2
    clock.advance(51)
    await woken(database)
    assert (await told(database))[2:] == [("센터장", ["head-1"], None)]
    sent = await notices(database)
    assert [one["label"] for one in sent] == ["head-1", "head-1"]
    assert sent[0]["life_safety"]
    operator = await desk("oper-1")
    seen = (await operator.get("/shifts/now")).json()["rises"]
    assert [(one["status"], len(one["items"])) for one in seen] == [("open", 2)]
    for item, act in (("1.1", "override"), ("1.2", "skip")):
        path = f"/incidents/{incident}/run/items/{item}/{act}"
        assert (await operator.post(path, json={})).status_code == 422  # not without a reason
        assert (await operator.post(path, json={"reason": "현장에서 확인했다"})).is_success
    assert (await operator.get("/shifts/now")).json()["rises"] == []
    clock.advance(61)
    await woken(database)
    assert len(await told(database)) == 3
    async with database.transaction() as tx:
        assert await tx.scalar(text("select status from rise")) == "done"
    assert {"rise_unreachable", "rise_told"} <= set(keys((await operator.get(f"/incidents/{incident}")).json()))


async def test_a_golden_time_that_is_about_to_be_missed_goes_up_once(
    desk: Desk, roster_id: str, numbers: dict[str, UUID], database: Database, clock: HeldClock
) -> None:
    clock.set(NOON + timedelta(hours=7))  # the night's lead has a number
    incident = await begun(database, desk, GOLDEN)
    clock.advance(44)
    await woken(database)
    assert await told(database) == []
    clock.advance(2)
    await woken(database)
    assert await told(database) == [("관제팀장", ["lead-2"], None)]
    clock.advance(15)  # missed: it is on its way up already
    await woken(database)
    assert len(await told(database)) == 1
    operator = await desk("oper-1")
    (seen,) = (await operator.get("/shifts/now")).json()["rises"]
    assert len(seen["items"]) == 1
    lines = keys((await operator.get(f"/incidents/{incident}")).json())
    assert {"run_soon", "run_late", "rise_told"} <= set(lines)
    handed = await operator.post(f"/incidents/{incident}/handoffs", json={"agency": "fire", "kind": "transfer"})
    assert handed.is_success, handed.text
    async with database.transaction() as tx:
        await jobs.wake(tx, interpreter.QUEUE.name, incident)
    await woken(database)
    assert (await operator.get("/shifts/now")).json()["rises"] == []


async def test_nobody_on_duty_is_a_fault_that_stands_until_somebody_takes_it_up(
    desk: Desk, people: dict[str, UUID], database: Database, clock: HeldClock
) -> None:
    incident = await begun(database, desk)  # no roster was set, no number is known
    clock.advance(31)
    await woken(database)
    assert await told(database) == [("관제팀장", [], "nobody")]
    operator = await desk("oper-1")
    (rise,) = (await operator.get("/shifts/now")).json()["rises"]
    assert rise["status"] == "spent"
    assert {"rise_nobody", "rise_spent"} <= set(keys((await operator.get(f"/incidents/{incident}")).json()))
    assert (await operator.post(f"/rises/{rise['id']}/take")).status_code == 204
    assert (await operator.post(f"/rises/{rise['id']}/take")).status_code == 409
    assert (await operator.get("/shifts/now")).json()["rises"] == []
    clock.advance(10)  # what becomes late later goes up anew
    await woken(database)
    assert len((await operator.get("/shifts/now")).json()["rises"]) == 1


async def test_the_words_of_duty_mean_who_is_on_duty(
    desk: Desk, roster_id: str, numbers: dict[str, UUID], database: Database, clock: HeldClock
) -> None:
    admin = await desk("admin-1")
    made = (await admin.post("/rosters", json={"name": "당직", "answers_to": "duty_officer"})).json()
    plan = {"since": "2026-12-01", "anchor": "2026-12-01", "pattern": "night",
            "teams": [{"name": "가", "members": [{"account_id": str(numbers["head-1"]), "post": "lead"}]}]}  # fmt: skip
    assert (await admin.put(f"/rosters/{made['id']}/plan", json=plan)).status_code == 200
    officer, lead = (Party(PartyKind.GROUP, "duty_officer", ""), Party(PartyKind.ROLE, "shift_lead", ""))

    async def meant(party: Party) -> list[UUID | None]:
        async with database.transaction() as tx:
            return [to.account_id for to in await parties.receivers(tx, party, UUID(int=0))] or [
                to.account_id for to in await parties.on_duty(tx, party)
            ]

    assert await meant(lead) == [numbers["lead-1"]]
    clock.set(NOON + timedelta(hours=7))  # 19:00, the night's duty
    assert await meant(officer) == [numbers["head-1"]]
    assert await meant(lead) == [numbers["lead-2"]]
    incident = await begun(database, desk)
    async with database.transaction() as tx:
        rows = await tx.rows(
            text("select a.label from notice n join account a on a.id = n.account_id where n.incident_id = :id"),
            {"id": incident},
        )
    assert sorted(row["label"] for row in rows) == ["head-1", "lead-2"]
