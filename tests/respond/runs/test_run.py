"""A run over HTTP and PostgreSQL: what the manual says becomes tasks, hand-offs, notices and lines of the timeline."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from dure.engine import jobs
from dure.engine.consumers import Runner, register
from dure.engine.database import Database
from dure.engine.outbox import Relay
from dure.kernel.clock import HeldClock
from dure.respond.playbooks.parse import parse
from dure.respond.runs import starting
from dure.respond.runs.interpreter import QUEUE
from dure.trust.roles import Role
from tests.respond.conftest import Desk, acted, keys, opened

MANUAL = """---
종류: fire
심각도: 심각
판: 1
주관: 재난안전대응과
골든타임: 신호 → 경보 확정 60초
---
# 시험 매뉴얼

## 1. 확인
- 임무: 상황실 운영자, 카메라로 불인지 본다
- 기한: 30초
- 넘기면: 관제팀장에게 알린다

## 2. 이관
- 이관: 소방서 119, 접수번호를 보낸다
- 기한: 60초

## 3. 알림
- 알림: 경찰 112에 문자 `missing_template`
- 알림: 점주에게 문자 `fire_check`
- 답: 불이에요 | 아니에요
- 때: 답이 ‘불이에요’이면
  - 카메라: 5대, 진입로

## 4. 마무리
- 기다림: 2단계
- 결정: 관제팀장, 재난문자를 요청할까
- 임무: 상황실 운영자, 기록을 확인한다
"""


@pytest.fixture
async def plans(database: Database) -> dict[Any, Any]:
    async with database.transaction() as tx:
        await tx.execute(
            text(
                "insert into agency (id, kind, name, name_en) values ('fire', 'fire', '한빛소방서', 'Hanbit Fire'), "
                "('police', 'police', '한빛경찰서', 'Hanbit Police') on conflict (id) do nothing"
            )
        )
    parsed = parse(MANUAL, "ko", {})
    assert parsed.playbook is not None, parsed.faults
    return {"ko": parsed.playbook}


async def begun(database: Database, incident: dict[str, Any], plans: dict[Any, Any]) -> None:
    async with database.transaction() as tx:
        assert await starting.start(tx, UUID(incident["id"]), plans, 14) is not None
        assert await starting.start(tx, UUID(incident["id"]), plans, 14) is None
    await woken(database)


async def woken(database: Database) -> int:
    handled = 0
    while await jobs.step(database, QUEUE):
        handled += 1
    async with database.transaction() as tx:
        assert [dict(row) for row in await jobs.health(tx) if row["failing"]] == []
    return handled


async def run_of(client: httpx.AsyncClient, incident: dict[str, Any]) -> dict[str, Any]:
    answer = await client.get(f"/incidents/{incident['id']}/run")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def act(run: dict[str, Any], id_: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for step in run["steps"] for one in step["acts"] if one["id"] == id_)
    return found


async def test_a_manual_is_carried_out(
    operator: httpx.AsyncClient, desk: Desk, database: Database, clock: HeldClock, plans: dict[Any, Any]
) -> None:
    incident = await opened(operator)
    await begun(database, incident, plans)
    run = await run_of(operator, incident)
    assert (run["status"], run["title"], run["playbook_version"]) == ("running", "시험 매뉴얼", "14")
    assert [step["status"] for step in run["steps"]] == ["running"] * 4
    now = (await operator.get(f"/incidents/{incident['id']}")).json()
    assert [(one["agency"], one["kind"]) for one in now["handoffs"]] == [("fire", "transfer")]
    assert now["acknowledged_at"] is None  # a manual takes nothing up in anybody's name
    titles = [one["title"] for one in now["tasks"] if one["kind"].startswith("playbook:")]
    assert sorted(titles) == sorted([act(run, "1.1")["text"], act(run, "3.2")["text"]])

    clock.advance(31)
    assert await woken(database) >= 1
    assert await woken(database) == 0
    run = await run_of(operator, incident)
    assert act(run, "1.1")["late_at"] is not None
    assert act(run, "1.1.l1")["status"] == "done"  # the shift lead's screen shows it
    base = "run/items/1.1"
    run = await acted(operator, incident, f"{base}/done", note="불이 보인다")
    assert (act(run, "1.1")["status"], act(run, "1.1")["by"]) == ("done", "operator-07")
    again = await operator.post(f"/incidents/{incident['id']}/{base}/done", json={})
    assert again.status_code == 409

    run = await acted(operator, incident, "run/items/3.2/answer", answer=act(run, "3.2")["answers"][0]["id"])
    assert act(run, "3.3")["answer"] == "yes"
    assert act(run, "3.3.1")["status"] == "done"

    fire = await desk(Role.FIRE, "fire")
    handoff = now["handoffs"][0]["id"]
    assert (await fire.post(f"/incidents/{incident['id']}/handoffs/{handoff}/acknowledge", json={})).is_success
    async with database.transaction() as tx:
        await jobs.wake(tx, QUEUE.name, incident["id"])
    await woken(database)
    run = await run_of(operator, incident)
    assert [step["status"] for step in run["steps"]] == ["done", "done", "done", "running"]
    assert act(run, "4.2")["may"][0] == "answer"
    run = await acted(operator, incident, "run/items/4.2/answer", answer="yes", reason="연기가 퍼진다")
    run = await acted(operator, incident, "run/items/4.3/skip", reason="이미 보았다")
    assert run["status"] == "done"
    assert [(one["kind"], one["reason"]) for one in run["said"]][:2] == [
        ("skip", "이미 보았다"),
        ("answer", "연기가 퍼진다"),
    ]
    told = keys((await operator.get(f"/incidents/{incident['id']}")).json())
    assert {"run_begun", "run_late", "run_act_done", "run_answered", "run_step_done", "run_skipped", "run_done"} <= set(
        told
    )
    async with database.transaction() as tx:
        notices = await tx.rows(text("select key, agency_id, template from notice"))
        assert [(row["agency_id"], row["template"]) for row in notices] == [("police", "plain")]
        assert await tx.scalar(text("select count(*) from audit where action = 'incident.run_skip'")) == 1


async def test_who_may_say_what(
    operator: httpx.AsyncClient, desk: Desk, database: Database, plans: dict[Any, Any]
) -> None:
    incident = await opened(operator)
    path = f"/incidents/{incident['id']}/run"
    assert (await operator.get(path)).status_code == 404
    assert (await operator.post(f"{path}/abort", json={"reason": "x"})).status_code == 404
    await begun(database, incident, plans)
    fire = await desk(Role.FIRE, "fire")
    assert (await fire.get(path)).status_code == 200
    assert (await fire.post(f"{path}/items/1.1/done", json={})).status_code == 403
    assert (await fire.post(f"{path}/items/1/skip", json={"reason": "x"})).status_code == 403
    assert (await operator.post(f"{path}/items/1/skip", json={"reason": " "})).status_code == 422
    assert (await operator.post(f"{path}/items/9.9/done", json={})).status_code == 404
    assert (await operator.post(f"{path}/items/x/done", json={})).status_code == 422
    assert (await operator.post(f"{path}/items/3.2/answer", json={"answer": "9"})).status_code == 422
    auditor = await desk(Role.AUDITOR)
    assert (await auditor.get(path)).status_code == 200
    assert (await auditor.post(f"{path}/items/1.1/done", json={})).status_code == 403
    stopped = await acted(operator, incident, "run/abort", reason="손으로 한다")
    assert stopped["status"] == "aborted"
    tasks = (await operator.get(f"/incidents/{incident['id']}")).json()["tasks"]
    assert [one for one in tasks if one["kind"].startswith("playbook:")] == []


async def test_closing_ends_a_run_and_reopening_goes_on(
    operator: httpx.AsyncClient, database: Database, clock: HeldClock, plans: dict[Any, Any]
) -> None:
    incident = await opened(operator)
    await begun(database, incident, plans)
    await acted(operator, incident, "close", outcome="false", reason="수증기")
    async with database.transaction() as tx:
        await jobs.wake(tx, QUEUE.name, incident["id"])
    await woken(database)
    assert (await run_of(operator, incident))["status"] == "ended"
    clock.advance(40)
    await woken(database)
    assert act(await run_of(operator, incident), "1.1")["late_at"] is None
    await acted(operator, incident, "reopen", reason="다시 연기")
    async with database.transaction() as tx:
        await jobs.wake(tx, QUEUE.name, incident["id"])
    await woken(database)
    run = await run_of(operator, incident)
    assert run["status"] == "running"
    assert act(run, "1.1")["late_at"] is not None


async def test_an_incident_of_a_kind_with_a_manual_begins_its_run(
    operator: httpx.AsyncClient, database: Database, plans: dict[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dure.respond.playbooks import library

    async with database.transaction() as tx:
        await library.load_shipped(tx)
        kind = await tx.scalar(text("select kind from playbook order by kind limit 1"))
        await register(tx, [starting.CONSUMER])
    incident = await opened(operator, type=kind)
    other = await opened(operator, type="emergency_bell", lon=127.5)
    relay = Relay(database, None, "urn:test")  # type: ignore[arg-type]
    await relay.take()
    runner = Runner(database, starting.CONSUMER)
    for _ in range(4):
        await relay.number()
        while await runner.step():
            pass
        await woken(database)
    run = await run_of(operator, incident)
    assert run["status"] == "running"
    assert all(step["status"] != "waiting" for step in run["steps"])
    assert (await operator.get(f"/incidents/{other['id']}/run")).status_code in {200, 404}
    async with database.transaction() as tx:
        assert await tx.scalar(text("select count(*) from job where due_at <= :now"), {"now": tx.now()}) == 0
        attempts = await tx.rows(text("select key from run_attempt"))
    assert len({row["key"] for row in attempts}) == len(attempts) > 0
