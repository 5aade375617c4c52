"""Tasks over HTTP and PostgreSQL: asked, taken, ended, given back, handed on, cancelled, taken back, overdue."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
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
