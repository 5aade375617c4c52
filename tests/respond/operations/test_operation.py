"""An operation from its first incident to the final report, over HTTP on a real database."""

import io
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import openpyxl
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dure.engine.database import Database
from dure.engine.texts import catalogue
from dure.kernel.clock import HeldClock
from dure.kernel.errors import Forbidden
from dure.respond.operations import meetings, reports
from dure.respond.operations.drafting import Writer
from dure.respond.operations.room import ROOM
from dure.respond.room import ROOM as INCIDENTS
from dure.trust.policy import union
from dure.trust.principal import Principal
from dure.trust.roles import Role
from dure.trust.web import install
from tests.respond.conftest import Desk, opened
from tests.support import open_room

WRITER = Writer(catalogue(), "ko", "Asia/Seoul")
LEAD = Principal("account", uuid4(), "lead-01", frozenset({Role.SHIFT_LEAD}))
LEVEL = {"level": "serious", "reason": "불이 두 시장으로 번짐", "ground": "재난안전법 제38조", "issued_by": "한빛시"}


@pytest.fixture
def app(app: FastAPI) -> FastAPI:
    """The room of incidents with operations beside it."""
    return with_operations(app)


def with_operations(app: FastAPI) -> FastAPI:
    """The same for others."""
    install(app, union([INCIDENTS.grants, ROOM.grants]))
    open_room(app, ROOM.router)
    return app


async def began(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    incident = await opened(client)
    form = {"name": "중앙시장 화재", "kind": "fire", "place": "한빛중앙시장", "incidents": [incident["id"]], **more}
    answer = await client.post("/operations", json=form)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def did(client: httpx.AsyncClient, path: str, status: int = 0, method: str = "POST", **form: Any) -> Any:
    answer = await client.request(method, path, json=form)
    assert answer.status_code == status or (not status and answer.status_code < 300), answer.text
    return answer.json()


async def test_incidents_are_grouped_once_and_their_timelines_say_so(operator: httpx.AsyncClient) -> None:
    operation = await began(operator)
    assert operation["number"].startswith("OP2026-001")
    (incident,) = operation["grouped"]
    told = (await operator.get(f"/incidents/{incident['id']}")).json()["timeline"]
    assert any("OP2026-001" in entry["text"] for entry in told)
    other = await did(operator, "/operations", name="다른 활동")
    assert other["number"].endswith("002")
    path = f"/operations/{other['id']}/incidents"
    assert (await did(operator, path, 409, incidents=[incident["id"]]))["key"] == "respond.operations.grouped"
    drill = await opened(operator, mode="drill", lon=127.5)
    assert (await did(operator, path, 409, incidents=[drill["id"]]))["key"] == "respond.operations.mode"
    left = await did(operator, f"/operations/{operation['id']}/incidents/{incident['id']}", method="DELETE")
    assert left["grouped"] == []
    assert (await did(operator, path, incidents=[incident["id"]]))["counts"]["total"] == 1


async def test_a_level_is_kept_with_reason_ground_and_who(desk: Desk) -> None:
    operator, lead = await desk(), await desk(Role.SHIFT_LEAD)
    path = f"/operations/{(await began(operator))['id']}"
    await did(operator, f"{path}/levels", 403, **LEVEL)
    raised = await did(lead, f"{path}/levels", **LEVEL)
    assert (raised["level"], raised["levels"][0]["change"], raised["levels"][0]["told_by"]) == (
        "serious", "issue", "shift_lead-07",
    )  # fmt: skip
    critical = {**LEVEL, "level": "critical"}
    asked = await did(lead, f"{path}/levels", 422, **critical)
    assert asked["errors"][0]["key"] == "respond.operations.level.consult"
    raised = await did(lead, f"{path}/levels", **critical, consulted="later")
    waiting = raised["levels"][0]
    assert (waiting["consulted"], waiting["consulted_at"]) == ("later", None)
    done = await did(lead, f"{path}/levels/{waiting['id']}/consulted")
    assert done["levels"][0]["consulted_at"] is not None
    assert (await did(lead, f"{path}/close", 409, reason="끝"))["key"] == "respond.operations.level.stands"
    lifted = await did(lead, f"{path}/levels", **{**LEVEL, "level": None}, consulted="before")
    assert [one["change"] for one in lifted["levels"]] == ["lift", "raise", "issue"]
    assert (await did(lead, f"{path}/close", reason="불이 꺼짐"))["status"] == "closed"
    await did(lead, f"{path}/levels", 409, **LEVEL)


async def test_a_report_is_drafted_from_facts_completed_approved_by_another_and_frozen(
    desk: Desk, database: Database, clock: HeldClock
) -> None:
    operator = await desk()
    operation = await began(operator)
    path = f"/operations/{operation['id']}"
    await did(operator, f"{path}/tolls", as_of=clock.now().isoformat(), source="소방서", dead=0, serious=2)
    await did(operator, f"{path}/entries", kind="measure", words="주민 42명 대피 안내")
    await did(operator, f"{path}/reports", 409, kind="interim")
    draft = await did(operator, f"{path}/reports", kind="first")
    assert "사망 0" in draft["sections"]["damage"]
    assert "실종 미상" in draft["sections"]["damage"]
    assert "42명 대피" in draft["sections"]["emergency"]
    assert "상황 1건" in draft["sections"]["occurrence"]
    one = f"{path}/reports/{draft['id']}"
    await did(operator, one, method="PUT", sections={"cause": "전기 합선 추정"})
    await did(operator, one, 422, method="PUT", sections={"nonsense": "."})
    assert (await did(operator, f"{one}/refresh"))["sections"]["cause"] == "전기 합선 추정"
    await did(operator, f"{one}/submit")
    id_, operation_id = UUID(draft["id"]), UUID(operation["id"])
    author = Principal("token", UUID(int=0), "oper", frozenset())
    async with database.transaction() as tx:
        row = await tx.row(text("select writers from operation_report"))
        assert row is not None
        author = Principal("token", UUID(row["writers"][0].partition(":")[2]), "oper", frozenset())
        with pytest.raises(Forbidden):
            await reports.act(tx, author, operation_id, id_, "approve")
        await reports.act(tx, LEAD, operation_id, id_, "approve")
    frozen = (await operator.get(one)).json()
    assert (frozen["state"], frozen["number"], frozen["whole"]) == ("approved", f"{operation['number']}-01", True)
    async with database.transaction() as tx:
        line = await tx.scalar(text("select purpose from audit where action = 'operation.report_approve'"))
    assert line == f"sha256:{frozen['digest']}"
    await did(operator, one, 409, method="PUT", sections={"cause": "다른 말"})
    with pytest.raises(DBAPIError, match="frozen"):
        async with database.transaction() as tx:
            await tx.execute(text("update operation_report set facts = '{}'::jsonb"))
    await _on_paper(operator, one)


async def _on_paper(client: httpx.AsyncClient, one: str) -> None:
    page = await client.get(f"{one}/print")
    assert page.headers["content-type"].startswith("text/html")
    assert "전기 합선 추정" in page.text
    assert "최초보고" in page.text
    assert 'class="draft"' not in page.text
    table = await client.get(f"{one}/file")
    assert "사망" in table.content.decode("utf-8-sig")
    book = openpyxl.load_workbook(io.BytesIO((await client.get(f"{one}/file?form=xlsx")).content))
    assert ["사망", "0"] in [[one.value for one in row][:2] for row in book.worksheets[0].rows]


async def test_the_headquarters_meets_decides_and_signs(desk: Desk, database: Database, clock: HeldClock) -> None:
    operator = await desk()
    operation_id = (await began(operator))["id"]
    path = f"/operations/{operation_id}"
    person = {"name": "홍길동", "phone": "010-1234-5678"}
    await did(operator, f"{path}/members", side="public", organisation="한빛시", seat="본부장")
    seated = await did(operator, f"{path}/members", side="private", organisation="상인회", seat="위원", person=person)
    private = next(one for one in seated["members"] if one["side"] == "private")
    assert (private["person"]["name"], private["person"]["phone"]) == ("홍*동", "010-****-5678")
    agenda = ["대피소 운영", "가스 차단"]
    called = await did(operator, f"{path}/meetings", starts_at=clock.now().isoformat(), place="회의실", agenda=agenda)
    meeting = f"{path}/meetings/{called['meetings'][0]['id']}"
    came = {one["id"]: "absent" if one["side"] == "public" else "present" for one in seated["members"]}
    await did(operator, f"{meeting}/attendance", attendance=came)
    decision = {"words": "체육관을 연다", "meeting": called["meetings"][0]["id"], "member": private["id"]}
    due = clock.now().replace(hour=4).isoformat()
    made = (await did(operator, f"{path}/decisions", **decision, due_at=due))["decisions"][0]
    assert (made["holder"], made["overdue"]) == ("상인회 위원", False)
    clock.advance(3 * 3600)
    late = (await operator.get(path)).json()
    assert (late["overdue"], late["decisions"][0]["overdue"]) == (1, True)
    await did(operator, f"{meeting}/minutes", 409, method="PUT")
    await did(operator, f"{meeting}/hold")
    written = (await did(operator, f"{meeting}/minutes", method="PUT"))["meetings"][0]["minutes"]
    for words in ("안건 2. 가스 차단", "결정 1. 체육관을 연다", "상인회 위원", "불참 1명"):
        assert words in written
    assert "홍" not in written
    async with database.transaction() as tx:
        await meetings.sign(tx, LEAD, UUID(operation_id), UUID(called["meetings"][0]["id"]), None)
    signed = (await operator.get(path)).json()["meetings"][0]
    assert (signed["state"], signed["signed_by"], len(signed["digest"])) == ("signed", "lead-01", 64)
    await did(operator, f"{meeting}/minutes", 409, method="PUT", words="다른 말")
    assert signed["digest"] in (await operator.get(f"{meeting}/print")).text
    ended = await did(operator, f"{path}/decisions/{made['id']}/end", state="done", outcome="열었다")
    assert (ended["overdue"], ended["decisions"][0]["state"]) == (0, "done")


async def test_a_decision_about_an_incident_is_a_task_of_its_room_and_ends_with_it(
    desk: Desk, clock: HeldClock
) -> None:
    operator, lead = await desk(), await desk(Role.SHIFT_LEAD)
    operation = await began(operator)
    path, incident = f"/operations/{operation['id']}", operation["grouped"][0]["id"]
    apart = await opened(operator, lon=127.6)
    wrong = await did(operator, f"{path}/decisions", 422, words="다른 곳", incident=apart["id"])
    assert wrong["errors"][0]["key"] == "respond.operations.incident.unknown"
    due = clock.now().replace(hour=5).isoformat()
    form = {"words": "가스 밸브를 잠근다", "incident": incident, "due_at": due}
    (made,) = (await did(operator, f"{path}/decisions", **form))["decisions"]
    waits = await did(operator, f"{path}/decisions/{made['id']}/end", 409, state="done")
    assert (made["task_state"], waits["key"]) == ("asked", "respond.operations.decision.at_task")
    await did(lead, f"/incidents/{incident}/tasks/{made['task_id']}/done", result="잠갔음")
    after = (await operator.get(path)).json()["decisions"][0]
    assert (after["state"], after["ended_by"]) == ("done", "shift_lead-07")
    assert (await operator.get(f"{path}/situation")).json()["decisions"]["done"] == 1


async def test_the_wall_shows_no_person_and_no_words(desk: Desk, clock: HeldClock) -> None:
    operator = await desk()
    caller = {"name": "홍길동", "phone": "010-1234-5678"}
    home = await opened(operator, caller=caller, address="한빛시 하정동 123-4 하늘아파트 101동", lon=127.4)
    operation = await began(operator, summary="김철수 씨 신고", incidents=[home["id"]])
    path = f"/operations/{operation['id']}"
    await did(operator, f"{path}/entries", kind="request", words="김철수 구조 요청")
    await did(operator, f"{path}/members", side="private", organisation="상인회", seat="위원", person=caller)
    fire = await desk(Role.FIRE)
    wall = await fire.get(f"{path}/situation")
    assert wall.status_code == 200
    for told in ("홍길동", "홍*동", "김철수", "1234", "123-4", "101동", "연기가 난다"):
        assert told not in wall.text, told
    shown = wall.json()
    assert (shown["incidents"]["open"], shown["entries"]["open"]) == (1, 1)
    assert datetime.fromisoformat(shown["as_of"]) == clock.now()
    assert shown["items"][0]["place"] == "한빛시 하정동"
    police = await desk(Role.POLICE)
    assert len((await fire.get(path)).json()["grouped"]) == 1
    assert (await police.get(path)).json()["grouped"] == []
