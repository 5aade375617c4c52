"""The shift log writes itself, is signed once by who may, never changes after, and is handed over."""

import io
from datetime import timedelta
from typing import Any
from uuid import UUID

import openpyxl
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.respond.shifts import logs
from dure.trust.roles import Role
from tests.respond.shifts.conftest import NOON, Desk

CALL = {"type": "fire", "description": "연기가 난다", "source": "119", "lon": 127.38, "lat": 36.35}


@pytest.fixture
async def log(database: Database, desk: Desk, roster_id: str) -> dict[str, Any]:
    """The log of the morning of the first, with one incident in it."""
    async with database.transaction() as tx:
        await logs.ensure(tx)
        await logs.ensure(tx)
    operator = await desk("oper-1")
    assert (await operator.post("/incidents", json=CALL)).status_code == 201
    items = (await operator.get("/shift-logs")).json()["items"]
    assert [(one["day"], one["shift"], one["status"]) for one in items] == [("2026-12-01", "D", "open")]
    found: dict[str, Any] = items[0]
    return found


async def test_a_log_writes_itself_and_is_signed_by_its_lead_once(
    log: dict[str, Any], desk: Desk, clock: HeldClock, database: Database
) -> None:
    path = f"/shift-logs/{log['id']}"
    operator, lead = await desk("oper-1"), await desk("lead-1")
    whole = (await operator.get(path)).json()
    assert whole["content"]["incidents"]["opened"] == 1
    assert [one["label"] for one in whole["content"]["crew"]] == ["lead-1", "oper-1"]
    assert len(whole["handover"]["summary"]["incidents"]) == 1
    assert (await lead.post(f"{path}/sign", json={"note": ""})).json()["key"] == "respond.shifts.log.early"
    assert (await operator.post(f"{path}/remarks", json={"text": "정문 카메라 흔들림"})).status_code == 201

    clock.set(NOON + timedelta(hours=2, minutes=1))  # 14:01: the afternoon shift has begun
    operator, lead = await desk("oper-1"), await desk("lead-1")
    refused = await operator.post(f"{path}/sign", json={"note": ""})
    assert refused.json()["key"] == "respond.shifts.log.not_lead"
    assert (await (await desk(Role.SHIFT_LEAD)).post(f"{path}/sign", json={})).status_code == 403  # no token signs
    signed = await lead.post(f"{path}/sign", json={"note": "119가 화재 현장에 있음"})
    assert signed.status_code == 200, signed.text
    body = signed.json()
    assert (body["status"], body["signed_by"], body["signed_as"], body["proven"]) == ("signed", "lead-1", "lead", True)
    assert body["remarks"][0]["text"] == "정문 카메라 흔들림"
    assert (await lead.post(f"{path}/sign", json={})).json()["key"] == "respond.shifts.log.signed"

    # What happens later is not in it, and a remark is a correction now.
    assert (await operator.post("/incidents", json={**CALL, "type": "flood"})).status_code == 201
    corrected = (await operator.post(f"{path}/remarks", json={"text": "후문이었다"})).json()
    assert [one["kind"] for one in corrected["remarks"]] == ["remark", "correction"]
    assert (corrected["content"]["incidents"]["opened"], corrected["proven"]) == (1, True)
    found = await operator.get("/shift-logs", params={"q": whole["content"]["incidents"]["lines"][0]["receipt_no"]})
    assert len(found.json()["items"]) == 1
    assert (await operator.get("/shift-logs", params={"q": "100%"})).json()["items"] == []
    sheet = openpyxl.load_workbook(io.BytesIO((await operator.get(f"{path}/log.xlsx")).content)).active
    cells = [cell for row in sheet.iter_rows(values_only=True) for cell in row]  # type: ignore[union-attr]
    assert "lead-1" in cells
    assert "정문 카메라 흔들림" in cells


async def test_the_database_refuses_to_change_what_is_signed(
    log: dict[str, Any], desk: Desk, clock: HeldClock, database: Database
) -> None:
    clock.set(NOON + timedelta(hours=2))
    lead = await desk("lead-1")
    await lead.post(f"/shift-logs/{log['id']}/remarks", json={"text": "하나"})
    assert (await lead.post(f"/shift-logs/{log['id']}/sign", json={"note": ""})).status_code == 200
    for statement in (
        "update shift_log set signed_by = 'nobody'",
        "update shift_remark set by = 'nobody'",
        "update shift_handover set note = ''",
        "insert into shift_remark select gen_random_uuid(), log_id, kind, at, by, by_id, text from shift_remark",
    ):
        with pytest.raises(DBAPIError):
            async with database.transaction() as tx:
                await tx.execute(text(statement))
    # Who goes round the triggers is found out: the hash no longer fits what the audit log says.
    async with database.transaction() as tx:
        await tx.execute(text("alter table shift_log disable trigger shift_log_kept"))
        await tx.execute(text("update shift_log set content = jsonb_set(content, '{incidents,opened}', '0')"))
    assert (await lead.get(f"/shift-logs/{log['id']}")).json()["proven"] is False


async def test_a_handover_waits_on_every_screen_until_the_next_shift_signs(
    log: dict[str, Any], desk: Desk, clock: HeldClock, database: Database, people: dict[str, UUID]
) -> None:
    path = f"/shift-logs/{log['id']}"
    clock.set(NOON + timedelta(hours=2, minutes=5))
    async with database.transaction() as tx:
        await logs.ensure(tx)
    lead, other, following = await desk("lead-1"), await desk("lead-3"), await desk("lead-2")
    seen = (await following.get("/shifts/now")).json()
    assert [one["label"] for one in seen["current"]["people"]] == ["lead-2", "oper-2"]
    assert seen["next"]["team"] == "3조"
    assert [(one["id"], one["status"]) for one in seen["owed"]] == [(log["id"], "open")]
    assert seen["mine"] is True
    assert (await following.post(f"{path}/take", json={})).json()["key"] == "respond.shifts.log.not_given"
    await lead.post(f"{path}/sign", json={"note": "차단기 확인할 것"})
    assert (await lead.post(f"{path}/take", json={})).json()["key"] == "respond.shifts.log.own"
    owed = (await following.get("/shifts/now")).json()["owed"]
    assert [(one["status"], one["given_by"], one["taken_at"]) for one in owed] == [("signed", "lead-1", None)]
    operator = await desk("oper-2")
    assert (await operator.post(f"{path}/take", json={})).json()["key"] == "respond.shifts.log.not_lead"
    taken = (await following.post(f"{path}/take", json={"note": "확인"})).json()
    assert (taken["taken_by"], taken["taken_as"]) == ("lead-2", "lead")
    assert (taken["handover"]["note"], taken["handover"]["taken_note"]) == ("차단기 확인할 것", "확인")
    assert (await other.post(f"{path}/take", json={})).json()["key"] == "respond.shifts.log.taken"
    assert (await following.get("/shifts/now")).json()["owed"] == []
    async with database.transaction() as tx:
        lines = await tx.rows(text("select action, purpose from audit where entity = 'shift_log' order by at"))
    assert [one["action"] for one in lines] == ["shift.sign", "shift.give", "shift.take"]
    assert lines[1]["purpose"] == lines[2]["purpose"]


async def test_without_its_lead_a_shifts_crew_signs_and_missed_shifts_get_their_logs(
    log: dict[str, Any], desk: Desk, clock: HeldClock, database: Database, people: dict[str, UUID], roster_id: str
) -> None:
    admin = await desk("admin-1")
    away = {"kind": "absence", "why": "other", "out_account": str(people["lead-1"]), "day": "2026-12-01",
            "last_day": "2026-12-01"}  # fmt: skip
    assert (await admin.post(f"/rosters/{roster_id}/changes", json=away)).status_code == 201
    clock.set(NOON + timedelta(days=2))
    async with database.transaction() as tx:
        await logs.ensure(tx)
    operator = await desk("oper-1")
    items = (await operator.get("/shift-logs")).json()["items"]
    assert [one["shift"] for one in items] == ["D", "N", "E", "D", "N", "E", "D"]
    signed = await operator.post(f"/shift-logs/{log['id']}/sign", json={"note": ""})
    assert signed.json()["signed_as"] == "crew"
    owed = (await operator.get("/shift-logs?owed=true")).json()["items"]
    assert len(owed) == 6
