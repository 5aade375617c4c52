"""Tasks over HTTP and PostgreSQL: asked, taken, ended, given back, handed on, cancelled, taken back, overdue."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from dure.engine import jobs
from dure.engine.context import Context
from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.respond.playbooks.parse import parse
from dure.respond.runs import starting
from dure.respond.runs.interpreter import QUEUE
from dure.respond.tasks import late
from dure.trust.roles import Role
from tests.respond.conftest import Desk, acted, keys, opened


async def city(database: Database) -> None:
    """An account of the control room, and one of the fire service."""
    async with database.transaction() as tx:
        for label, role, agency in (("oper-31", "operator", None), ("fire-02", "fire", "fire")):
            id_ = await tx.scalar(
                text(
                    "insert into account (id, username, label, agency_id) values (gen_random_uuid(), :l, :l, :a) "
                    "returning id"
                ),
                {"l": label, "a": agency},
            )
            await tx.execute(
                text("insert into grant_role (account_id, role, granted_by) values (:id, :role, 'test')"),
                {"id": id_, "role": role},
            )


def task(incident: dict[str, Any], number: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = [one for one in incident["tasks"] if one["from"] == "hand"][number]
    return found


async def test_a_task_lives_from_asking_to_its_result(
    operator: httpx.AsyncClient, desk: Desk, database: Database, clock: HeldClock
) -> None:
    await city(database)
    incident = await opened(operator)
    await acted(operator, incident, "handoffs", agency="fire", kind="joint")
    due = (clock.now() + timedelta(minutes=5)).isoformat()
    shown = await acted(operator, incident, "tasks", text="가스 밸브를 잠근다", agency="fire", due_at=due)
    asked = task(shown)
    assert (asked["status"], asked["agency_name"], asked["title"], asked["asked_by"]) == (
        "asked",
        "소방 119상황실",
        "가스 밸브를 잠근다",
        "operator-07",
    )
    assert (shown["tasks_open"], shown["task_due_at"]) == (1, due.replace("+00:00", "Z"))
    fire, police = await desk(Role.FIRE, "fire"), await desk(Role.POLICE, "police")
    path = f"/incidents/{incident['id']}/tasks/{asked['id']}"
    assert (await police.post(f"{path}/take")).status_code == 404, "they do not see the incident"
    mine = (await fire.get("/tasks")).json()["items"]
    assert [(one["title"], one["incident"]["receipt_no"]) for one in mine] == [(asked["title"], shown["receipt_no"])]
    assert mine[0]["may"] == ["take", "done", "give_back", "hand_on"]

    taken = await acted(fire, incident, f"tasks/{asked['id']}/take")
    assert (task(taken)["status"], task(taken)["taken_by"]) == ("taken", "fire-07")
    refused = await operator.post(f"{path}/take", headers={"if-match": f'W/"{asked["version"]}"'})
    assert refused.status_code == 412
    assert "fire-07" in refused.json()["title"], refused.text
    assert "12:00:00" in refused.json()["title"], refused.text
    assert (await operator.post(f"{path}/take")).status_code == 409
    ended = await acted(fire, incident, f"tasks/{asked['id']}/done", result="잠갔음")
    assert (task(ended)["status"], task(ended)["result"], ended["tasks_open"]) == ("done", "잠갔음", 0)
    assert keys(ended)[-3:] == ["task_asked", "task_take", "task_done"]
    async with database.transaction() as tx:
        row = await tx.row(text("select words, result from incident_task where id = :id"), {"id": UUID(asked["id"])})
        assert row is not None
        assert "밸브".encode() not in bytes(row["words"])
        assert "잠갔음".encode() not in bytes(row["result"])
        lines = [each["action"] for each in await tx.rows(text("select action from audit order by at, id"))]
        assert {"incident.task_ask", "incident.task_take", "incident.task_done"} <= set(lines)
    back = await acted(fire, incident, f"tasks/{asked['id']}/undo")
    assert (task(back)["status"], task(back)["result"]) == ("taken", None)
    clock.advance(31)
    assert (await fire.post(f"{path}/undo")).status_code == 409


async def test_who_may_do_what_with_a_task(
    operator: httpx.AsyncClient, desk: Desk, database: Database, clock: HeldClock
) -> None:
    await city(database)
    incident = await opened(operator)
    path = f"/incidents/{incident['id']}"
    blind = await operator.post(f"{path}/tasks", json={"text": "a", "agency": "police"})
    assert blind.status_code == 409
    assert "이관" in blind.json()["title"], "it says what to do first"
    for wrong in ({}, {"agency": "fire", "role": "lead"}, {"role": "king"}, {"person": f"account:{UUID(int=1)}"}):
        assert (await operator.post(f"{path}/tasks", json={"text": "a", **wrong})).status_code == 422, wrong
    past = {"text": "a", "role": "operator", "due_at": "2026-12-05T02:59:59Z"}
    assert (await operator.post(f"{path}/tasks", json=past)).status_code == 422

    people = {one["name"]: one for one in (await operator.get(f"{path}/people")).json()["people"]}
    person = people["oper-31"]["actor"]
    await acted(operator, incident, "tasks", text="도면을 찾는다", person=person)
    await acted(operator, incident, "tasks", text="길을 막는다", role="police")
    shown = await acted(operator, incident, "tasks", text="소방로를 연다", agency="fire")
    asked = {one["title"]: one for one in shown["tasks"]}
    fire, auditor = await desk(Role.FIRE, "fire"), await desk(Role.AUDITOR)
    mine = asked["소방로를 연다"]["id"]
    theirs = asked["도면을 찾는다"]
    assert (theirs["person_name"], theirs["status"]) == ("oper-31", "asked")
    assert (await fire.post(f"{path}/tasks/{theirs['id']}/take")).status_code == 403
    assert (await fire.post(f"{path}/tasks", json={"text": "a", "role": "operator"})).status_code == 403
    assert (await fire.post(f"{path}/tasks/{mine}/cancel", json={"reason": "a"})).status_code == 403
    assert (await auditor.post(f"{path}/tasks/{mine}/take")).status_code == 403
    assert [one["may"] for one in (await auditor.get(path)).json()["tasks"]] == [[], [], []]
    assert (await fire.post(f"{path}/tasks/{UUID(int=7)}/take")).status_code == 404

    back = await acted(fire, incident, f"tasks/{mine}/give-back", reason="차가 모자란다")
    (given,) = [one for one in back["tasks"] if one["id"] == mine]
    assert (given["role"], given["agency"], given["reason"]) == ("operator", None, "차가 모자란다")
    on = await acted(operator, incident, f"tasks/{mine}/hand-on", person=person)
    assert [one["person_name"] for one in on["tasks"] if one["id"] == mine] == ["oper-31"]
    off = await acted(operator, incident, f"tasks/{mine}/cancel", reason="길이 열렸다")
    assert [one["status"] for one in off["tasks"] if one["id"] == mine] == ["cancelled"]
    assert (await operator.post(f"{path}/tasks/{mine}/done")).status_code == 409
    await acted(operator, incident, f"tasks/{mine}/undo")

    everybody = (await operator.get("/tasks", params={"whose": "open", "limit": 2})).json()
    rest = (await operator.get("/tasks", params={"whose": "open", "cursor": everybody["next"]})).json()
    assert len({one["id"] for one in everybody["items"] + rest["items"]}) == 3
    assert (await operator.get("/tasks")).json()["items"] == [], "nothing is asked of operators as such"
    await acted(operator, incident, "close", outcome="real", reason="꺼짐")
    assert (await operator.get("/tasks", params={"whose": "open"})).json()["items"] == []
    assert (await operator.post(f"{path}/tasks/{mine}/take")).status_code == 409


async def test_a_deadline_that_passes_is_noted_once(
    operator: httpx.AsyncClient, database: Database, clock: HeldClock, context: Context
) -> None:
    incident = await opened(operator)
    due = (clock.now() + timedelta(seconds=60)).isoformat()
    before = await acted(operator, incident, "tasks", text="가스를 잠근다", role="operator", due_at=due)
    await late.run(context)
    clock.advance(61)
    for _ in range(2):
        await late.run(context)
    shown = (await operator.get(f"/incidents/{incident['id']}")).json()
    assert keys(shown).count("task_late") == 1
    assert (task(shown)["late"], task(shown)["state"]) == (True, "over")
    assert shown["version"] > before["version"], "screens hear of it"
    listed = (await operator.get("/incidents")).json()["items"][0]
    assert listed["task_due_at"] < (await operator.get("/tasks")).json()["as_of"]


async def test_a_manuals_task_and_its_act_are_one(operator: httpx.AsyncClient, desk: Desk, database: Database) -> None:
    """Ending the task carries the manual on; ending the act ends the task; cancelling waits for a person."""
    parsed = parse(_MANUAL, "ko", {})
    assert parsed.playbook is not None, parsed.faults
    incident = await opened(operator)
    async with database.transaction() as tx:
        await starting.start(tx, UUID(incident["id"]), {"ko": parsed.playbook}, 1)
    while await jobs.step(database, QUEUE):
        pass
    asked = {one["act"]: one for one in (await operator.get(f"/incidents/{incident['id']}")).json()["tasks"]}
    assert {act: one["agency"] for act, one in asked.items()} == {"1.1": None, "1.2": "fire", "1.3": None}
    fire = await desk(Role.FIRE, "fire")
    await acted(fire, incident, f"tasks/{asked['1.2']['id']}/done", result="열었다")
    run = await acted(operator, incident, "run/items/1.1/done", note="보았다")
    acts = {one["id"]: one for step in run["steps"] for one in step["acts"]}
    assert {id_: (one["status"], one["by"]) for id_, one in acts.items()} == {
        "1.1": ("done", "operator-07"),
        "1.2": ("done", "fire-07"),
        "1.3": ("running", None),
    }
    shown = await acted(operator, incident, f"tasks/{asked['1.3']['id']}/cancel", reason="벌써 됨")
    assert {one["act"]: one["status"] for one in shown["tasks"]} == {"1.1": "done", "1.2": "done", "1.3": "cancelled"}
    assert (await operator.post(f"/incidents/{incident['id']}/tasks/{asked['1.2']['id']}/undo")).status_code == 409
    run = (await operator.get(f"/incidents/{incident['id']}/run")).json()
    assert run["steps"][0]["stuck"]
    assert "열었다" in " ".join(entry["text"] for entry in shown["timeline"])


_MANUAL = """---
종류: fire
심각도: 심각
판: 1
주관: 재난안전대응과
골든타임: 신호 → 경보 확정 60초
---
# 시험 매뉴얼

## 1. 확인
- 임무: 상황실 운영자, 카메라로 불인지 본다
- 임무: 소방서 119, 소방로를 연다
- 임무: 상황실 운영자, 기록을 확인한다
"""
