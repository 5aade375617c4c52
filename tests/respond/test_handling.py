"""What people do with an incident: states, versions, hand-offs and their answers, audit."""

import asyncio

import httpx
import pytest
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.trust.roles import Role
from tests.respond.conftest import MARKET, Desk, acted, keys, opened


def clock_of(incident: dict, name: str) -> dict:  # type: ignore[type-arg]
    return next(clock for clock in incident["clocks"] if clock["name"] == name)


async def test_a_life_from_open_to_closed_and_back(operator: httpx.AsyncClient, clock: HeldClock) -> None:
    incident = await opened(operator)
    clock.advance(20)
    taken = await acted(operator, incident, "acknowledge")
    assert taken["status"] == "acknowledged"
    assert taken["acknowledged_by"] == "operator-07"
    assert clock_of(taken, "signal_to_acknowledged")["stopped_at"] == taken["acknowledged_at"]
    assert (await acted(operator, incident, "acknowledge"))["version"] == taken["version"], "twice changes nothing"

    handed = await acted(operator, incident, "handoffs", agency="fire", kind="transfer", note="나동 17호")
    assert handed["status"] == "handed_off"
    assert handed["handed_to"] == ["fire"]
    handoff = handed["handoffs"][0]
    assert (handoff["agency"], handoff["kind"], handoff["status"]) == ("fire", "transfer", "sent")
    assert handoff["acknowledged_at"] is None
    assert clock_of(handed, "handed_off_to_answered")["stopped_at"] is None

    clock.advance(38)
    answered = await acted(operator, incident, f"handoffs/{handoff['id']}/acknowledge")
    assert answered["handoffs"][0]["status"] == "acknowledged"
    assert answered["handoffs"][0]["acknowledged_at"] is not None
    assert clock_of(answered, "handed_off_to_answered")["state"] == "in_time"
    assert "관제센터가 기록 (38초)" in answered["timeline"][-1]["text"]

    clock.advance(600)
    closed = await acted(operator, incident, "close", outcome="real", reason="진화 완료")
    assert (closed["status"], closed["outcome"]) == ("closed", "real")
    assert clock_of(closed, "signal_to_confirmed")["state"] == "over"
    assert clock_of(closed, "signal_to_confirmed")["stopped_at"] is not None
    again = await operator.post(f"/incidents/{incident['id']}/close", json={"outcome": "real", "reason": "x"})
    assert again.status_code == 409

    opened_again = await acted(operator, incident, "reopen", reason="재발화")
    assert opened_again["status"] == "handed_off"
    assert opened_again["outcome"] is None
    assert clock_of(opened_again, "signal_to_confirmed")["stopped_at"] is None, "only closing had stopped it"
    assert clock_of(opened_again, "signal_to_acknowledged")["stopped_at"] is not None
    assert keys(opened_again) == [
        "opened_by_report",
        "cameras_chosen",
        "acknowledged",
        "handed_off",
        "handoff_acknowledged_for",
        "closed",
        "reopened",
    ]


async def test_overdue_is_computed(operator: httpx.AsyncClient, clock: HeldClock) -> None:
    incident = await opened(operator)
    assert not incident["overdue"]
    clock.advance(31)
    assert (await operator.get("/incidents")).json()["items"][0]["overdue"]
    assert (await operator.get("/incidents/summary")).json()["overdue"] == 1
    assert not (await acted(operator, incident, "acknowledge"))["overdue"]


async def test_a_stale_version_is_refused(operator: httpx.AsyncClient) -> None:
    incident = await opened(operator)
    read = await operator.get(f"/incidents/{incident['id']}")
    assert read.headers["etag"] == f'W/"{incident["version"]}"'
    await acted(operator, incident, "notes", text="다른 사람이 먼저")
    headers = {"if-match": read.headers["etag"]}
    answer = await operator.post(f"/incidents/{incident['id']}/acknowledge", headers=headers)
    assert answer.status_code == 412
    now = (await operator.get(f"/incidents/{incident['id']}")).headers["etag"]
    answer = await operator.post(f"/incidents/{incident['id']}/acknowledge", headers={"if-match": now})
    assert answer.status_code == 200


async def test_two_operators_at_once_one_takes_it(desk: Desk, database: Database) -> None:
    one, other = await desk(), await desk(Role.SHIFT_LEAD)
    incident = await opened(one)
    answers = await asyncio.gather(*(each.post(f"/incidents/{incident['id']}/acknowledge") for each in (one, other)))
    assert [answer.status_code for answer in answers] == [200, 200]
    async with database.transaction() as tx:
        assert await tx.scalar(text("select count(*) from timeline where key like '%.acknowledged'")) == 1
        assert await tx.scalar(text("select count(*) from audit where action = 'incident.acknowledge'")) == 1


async def test_severity_by_hand_needs_a_reason_and_stays(operator: httpx.AsyncClient) -> None:
    incident = await opened(operator)
    assert (await operator.post(f"/incidents/{incident['id']}/severity", json={"severity": "watch"})).status_code == 422
    weighed = await acted(operator, incident, "severity", severity="watch", reason="연막 소독")
    assert weighed["severity"] == "watch"
    assert weighed["timeline"][-1]["text"] == "심각도를 심각에서 주의로 바꿈: 연막 소독"
    counts = (await operator.get("/incidents/summary")).json()
    assert counts["by_severity"] == {"critical": 0, "serious": 0, "watch": 1, "notice": 0}
    assert counts["by_status"]["open"] == counts["open"] == 1


async def test_telling_an_agency_does_not_hand_the_incident_off(operator: httpx.AsyncClient) -> None:
    incident = await opened(operator)
    told = await acted(operator, incident, "handoffs", agency="disaster", kind="tell")
    assert told["status"] == "open"
    same = {"agency": "disaster", "kind": "tell"}
    assert (await operator.post(f"/incidents/{incident['id']}/handoffs", json=same)).status_code == 409
    unknown = {"agency": "atlantis", "kind": "tell"}
    assert (await operator.post(f"/incidents/{incident['id']}/handoffs", json=unknown)).status_code == 404
    wrong = {"agency": "fire", "kind": "throw"}
    assert (await operator.post(f"/incidents/{incident['id']}/handoffs", json=wrong)).status_code == 422


async def test_what_everybody_declines_comes_back(desk: Desk, operator: httpx.AsyncClient) -> None:
    incident = await opened(operator)
    handed = await acted(operator, incident, "handoffs", agency="police", kind="transfer")
    police = await desk(Role.POLICE, "police")
    path = f"handoffs/{handed['handoffs'][0]['id']}"
    declined = await acted(police, incident, f"{path}/decline", reason="관할 아님")
    assert declined["handoffs"][0]["status"] == "declined"
    assert declined["status"] == "acknowledged"
    assert keys(declined)[-2:] == ["handoff_declined", "taken_back"]
    assert (await police.post(f"/incidents/{incident['id']}/{path}/acknowledge")).status_code == 409
    again = await acted(operator, incident, "handoffs", agency="police", kind="transfer")
    assert [each["status"] for each in again["handoffs"]] == ["declined", "sent"]


async def test_an_agency_sees_what_is_its_own_and_answers_only_that(desk: Desk, operator: httpx.AsyncClient) -> None:
    crime = await opened(operator, type="crime")
    fire = await opened(operator)
    fire_desk, police, welfare = await desk(Role.FIRE), await desk(Role.POLICE), await desk(Role.WELFARE, "welfare")

    async def seen(client: httpx.AsyncClient) -> set[str]:
        return {each["type"] for each in (await client.get("/incidents")).json()["items"]}

    assert await seen(operator) == {"crime", "fire"}
    assert await seen(fire_desk) == {"fire"}
    assert await seen(police) == {"crime"}
    assert await seen(welfare) == set()
    assert (await police.get(f"/incidents/{fire['id']}")).status_code == 404
    assert (await police.post(f"/incidents/{fire['id']}/notes", json={"text": "x"})).status_code == 404
    assert (await police.get("/incidents/summary")).json()["open"] == 1

    handed = await acted(operator, fire, "handoffs", agency="police", kind="joint")
    assert await seen(police) == {"crime", "fire"}
    path = f"/incidents/{fire['id']}/handoffs/{handed['handoffs'][0]['id']}/acknowledge"
    assert (await welfare.post(path)).status_code == 404
    assert (await fire_desk.post(path)).status_code == 403
    own = await police.post(path, json={"note": "순찰27 출발"})
    assert own.status_code == 200
    assert own.json()["timeline"][-1]["actor"] == "police-07"
    assert own.json()["handoffs"][0]["answer"] == "순찰27 출발"
    assert (
        await police.post(f"/incidents/{crime['id']}/close", json={"outcome": "real", "reason": "x"})
    ).status_code == 403


async def test_cameras_are_chosen_anew_by_what_works_now(operator: httpx.AsyncClient, database: Database) -> None:
    incident = await opened(operator)
    first = incident["cameras"][0]["id"]
    async with database.transaction() as tx:
        await tx.execute(text("update camera set state = 'broken' where id = :id"), {"id": first})
    chosen = await acted(operator, incident, "cameras")
    assert first not in {camera["id"] for camera in chosen["cameras"]}
    moved = await operator.patch(
        f"/incidents/{incident['id']}/place", json={"lon": MARKET.lon + 0.1, "lat": MARKET.lat, "name": "강 건너"}
    )
    assert len(moved.json()["cameras"]) == 5
    assert keys(moved.json())[-2:] == ["relocated", "cameras_chosen"]
    assert moved.json()["timeline"][-1]["text"] == "가까운 카메라 5대 선정 (5대는 500 m 밖)"


async def test_settings_rule_new_incidents(desk: Desk, operator: httpx.AsyncClient) -> None:
    admin = await desk(Role.ADMIN)
    wanted = {"city_code": "HB", "cameras": 2, "camera_radius_m": 500}
    assert (await operator.put("/incident-settings", json=wanted)).status_code == 403
    assert (await admin.put("/incident-settings", json=wanted, headers={"if-match": 'W/"9"'})).status_code == 412
    assert (await admin.put("/incident-settings", json=wanted)).json()["version"] == 2
    incident = await opened(operator)
    assert incident["receipt_no"] == "HB20261205-0001"
    assert len(incident["cameras"]) == 2
    for wrong in ({"city_code": "h;"}, {"cameras": 0}, {"cameras": 2.5}, {"camera_radius_m": -1}):
        assert (await admin.put("/incident-settings", json={**wanted, **wrong})).status_code == 422


@pytest.mark.parametrize(
    "act",
    ["acknowledge", "notes", "severity", "cameras", "handoffs", "close", "reopen", "merge", "unmerge", "place"],
)
async def test_acts_on_what_is_not_there(operator: httpx.AsyncClient, act: str) -> None:
    missing = "00000000-0000-7000-8000-000000000000"
    forms = {
        "notes": {"text": "x"},
        "severity": {"severity": "watch", "reason": "x"},
        "handoffs": {"agency": "fire", "kind": "tell"},
        "close": {"outcome": "real", "reason": "x"},
        "reopen": {"reason": "x"},
        "merge": {"into": missing[:-1] + "1"},
    }
    if act == "place":
        answer = await operator.patch(f"/incidents/{missing}/place", json={"lon": 127, "lat": 36})
    else:
        answer = await operator.post(f"/incidents/{missing}/{act}", json=forms.get(act))
    assert answer.status_code == 404
    assert answer.json()["title"] == "그런 상황이 없습니다."
    assert (await operator.post(f"/incidents/nonsense/{act}", json=forms.get(act))).status_code in (405, 422)


async def test_every_act_leaves_its_line(operator: httpx.AsyncClient, database: Database) -> None:
    incident = await opened(operator)
    await acted(operator, incident, "acknowledge")
    await acted(operator, incident, "notes", text="확인 중")
    await acted(operator, incident, "severity", severity="watch", reason="작음")
    await acted(operator, incident, "handoffs", agency="fire", kind="tell")
    await acted(operator, incident, "cameras")
    await acted(operator, incident, "close", outcome="false", reason="수증기")
    await acted(operator, incident, "reopen", reason="다시")
    async with database.transaction() as tx:
        rows = await tx.rows(text("select action from audit where entity = 'incident' order by id"))
    assert [row["action"].removeprefix("incident.") for row in rows] == [
        "report",
        "acknowledge",
        "note",
        "weigh",
        "hand_off",
        "cameras",
        "close",
        "reopen",
    ]
