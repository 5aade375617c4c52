"""Reports become incidents: with and without coordinates, doubled, raced, and never with a name in an event."""

import asyncio
import json

import httpx
import pytest
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.kernel.geometry import moved
from dure.trust.roles import Role
from tests.respond.conftest import MARKET, Desk, acted, call, keys, opened


async def test_a_call_with_coordinates_opens_an_incident_with_its_five_cameras(operator: httpx.AsyncClient) -> None:
    incident = await opened(operator, external_ref="119-1", address="시장3길 24")
    assert incident["receipt_no"] == "DR20261205-0001"
    assert incident["status"] == "open"
    assert incident["severity"] == "critical"
    assert incident["mode"] == "real"
    assert incident["version"] >= 1
    assert incident["place"] == {
        "lon": MARKET.lon,
        "lat": MARKET.lat,
        "name": None,
        "address": "시장3길 24",
        "located": True,
    }
    assert len(incident["cameras"]) == 5
    first = incident["cameras"][0]
    assert {"id", "site_id", "distance_m", "reason", "state"} <= set(first)
    assert (first["reason"], first["state"], first["fov_deg"], first["state_now"]) == ("sees", "ok", 90, "ok")
    assert "C-0001" not in {camera["id"] for camera in incident["cameras"]}, "it is broken and others see"
    assert {clock["name"] for clock in incident["clocks"]} == {
        "signal_to_confirmed",
        "signal_to_acknowledged",
        "signal_to_handed_off",
    }
    assert all(clock["stopped_at"] is None and clock["state"] == "in_time" for clock in incident["clocks"])
    assert keys(incident) == ["opened_by_report", "cameras_chosen"]
    assert incident["timeline"][0]["text"] == "119 신고로 상황 접수"
    assert incident["notices"] == []
    assert incident["suggested_agencies"] == ["fire", "police"]
    assert incident["tasks"] == []


async def test_the_timeline_reads_in_the_readers_language(operator: httpx.AsyncClient) -> None:
    incident = await opened(operator)
    answer = await operator.get(f"/incidents/{incident['id']}", headers={"accept-language": "en"})
    assert [entry["text"] for entry in answer.json()["timeline"]] == ["Received: 119 call", "5 nearest cameras chosen"]


async def test_an_address_that_is_clear_is_located_and_another_waits_for_a_person(operator: httpx.AsyncClient) -> None:
    located = await opened(operator, lon=None, lat=None, address="한빛시 시장3길 24")
    assert located["place"]["located"]
    assert located["place"]["lon"] == MARKET.lon
    assert located["cameras"]

    waiting = await opened(operator, type="medical", lon=None, lat=None, address="한빛중앙시장 뒤편 어딘가")
    assert waiting["place"]["located"] is False
    assert waiting["place"]["lon"] is None
    assert waiting["cameras"] == []
    assert "not_located" in keys(waiting)
    assert [candidate["name"] for candidate in waiting["place_candidates"]] == ["한빛중앙시장"]

    answer = await operator.patch(f"/incidents/{waiting['id']}/place", json={"candidate": 0})
    assert answer.status_code == 200, answer.text
    assert answer.json()["place"]["located"]
    assert len(answer.json()["cameras"]) == 5
    assert keys(answer.json())[-2:] == ["located", "cameras_chosen"]


async def test_without_any_place_it_still_opens(operator: httpx.AsyncClient) -> None:
    incident = await opened(operator, lon=None, lat=None)
    assert not incident["place"]["located"]
    again = await operator.post(f"/incidents/{incident['id']}/cameras")
    assert again.status_code == 409
    wrong = await operator.patch(f"/incidents/{incident['id']}/place", json={"candidate": 3})
    assert wrong.status_code == 422
    nowhere = await operator.patch(f"/incidents/{incident['id']}/place", json={"address": "없는 길 999"})
    assert nowhere.status_code == 422
    assert (await operator.patch(f"/incidents/{incident['id']}/place", json={})).status_code == 422


async def test_the_same_call_is_the_same_incident_for_ever(operator: httpx.AsyncClient, clock: HeldClock) -> None:
    first = await opened(operator, external_ref="A-1", lon=None, lat=None)
    again = await operator.post("/incidents", json=call(external_ref="A-1", lon=None, lat=None))
    assert again.status_code == 200
    assert again.json()["id"] == first["id"]
    assert "report_repeated" in keys(again.json())
    assert again.json()["report_count"] == 1

    clock.advance(3_600)
    more = await operator.post("/incidents", json=call(external_ref="A-1", description="2층에 사람이 있다"))
    assert more.json()["id"] == first["id"]
    assert more.json()["report_count"] == 2
    assert more.json()["place"]["located"], "news of the place locates it"
    assert len(more.json()["cameras"]) == 5
    other = await operator.post("/incidents", json=call(source="112", external_ref="A-1", type="medical"))
    assert other.json()["id"] != first["id"], "another source's reference is another call"


async def test_the_same_call_after_closing_returns_the_closed_incident(operator: httpx.AsyncClient) -> None:
    first = await opened(operator, external_ref="A-1")
    await acted(operator, first, "close", outcome="false", reason="오인 신고")
    again = await operator.post("/incidents", json=call(external_ref="A-1"))
    assert again.json()["id"] == first["id"]
    assert again.json()["status"] == "closed"


async def test_calls_raced_with_one_reference_make_one_incident(
    operator: httpx.AsyncClient, database: Database
) -> None:
    answers = await asyncio.gather(
        *(operator.post("/incidents", json=call(external_ref="R-1", description=f"{n}")) for n in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    async with database.transaction() as tx:
        assert await tx.scalar(text("select count(*) from incident")) == 1


async def test_calls_raced_about_one_fire_become_one_incident_with_numbers_without_gaps(
    operator: httpx.AsyncClient, database: Database
) -> None:
    answers = await asyncio.gather(
        *(
            operator.post("/incidents", json=call(external_ref=f"F-{n}", lon=at.lon, lat=at.lat))
            for n in range(8)
            for at in [moved(MARKET, n * 45, 20)]
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    async with database.transaction() as tx:
        rows = await tx.rows(text("select receipt_no, merged_into from incident order by receipt_no"))
    assert [row["receipt_no"] for row in rows] == [f"DR20261205-{n:04d}" for n in range(1, 9)]
    assert [row["merged_into"] is None for row in rows].count(True) == 1
    listed = (await operator.get("/incidents")).json()["items"]
    assert len(listed) == 1
    assert listed[0]["merged_count"] == 7
    assert listed[0]["report_count"] == 8


async def test_a_refused_report_leaves_no_gap_and_midnight_begins_anew(
    operator: httpx.AsyncClient, clock: HeldClock
) -> None:
    assert (await opened(operator))["receipt_no"].endswith("-0001")
    clock.advance(7_200)
    assert (await operator.post("/incidents", json=call(lon=999))).status_code == 422
    assert (await opened(operator))["receipt_no"].endswith("20261205-0002")
    clock.advance(12 * 3_600)
    assert (await opened(operator))["receipt_no"].endswith("20261206-0001")


async def test_two_patients_are_two_incidents_that_are_suggested(operator: httpx.AsyncClient) -> None:
    first = await opened(operator, type="medical")
    second = await opened(operator, type="medical", source="112")
    assert second["id"] != first["id"]
    assert [each["id"] for each in second["duplicates"]] == [first["id"]]
    assert second["duplicates"][0]["likeness"] == "likely"
    assert second["duplicates"][0]["distance_m"] == 0


async def test_a_drill_never_joins_what_is_real(operator: httpx.AsyncClient) -> None:
    real = await opened(operator)
    drill = await opened(operator, mode="drill")
    assert drill["id"] != real["id"]
    assert drill["mode"] == "drill"
    answer = await operator.post(f"/incidents/{drill['id']}/merge", json={"into": real["id"]})
    assert answer.status_code == 409
    refused = await operator.post(f"/incidents/{drill['id']}/close", json={"outcome": "real", "reason": "x"})
    assert refused.status_code == 409
    assert (await acted(operator, drill, "close", outcome="drill", reason="끝"))["outcome"] == "drill"


async def test_the_caller_stands_in_the_vault_and_nowhere_else(operator: httpx.AsyncClient, database: Database) -> None:
    incident = await opened(
        operator, description="김카나리 씨가 쓰러졌다", caller={"name": "카나리아", "phone": "010-1234-5678"}
    )
    told = incident["reports"][0]
    assert told["caller_id"]
    assert told["caller"]["name"] != "카나리아"
    assert "1234" not in told["caller"]["phone"] or "5678" not in told["caller"]["phone"]
    async with database.transaction() as tx:
        events = await tx.rows(text("select * from outbox"))
        audit = await tx.rows(text("select * from audit"))
        for table in ("incident", "report", "timeline"):
            rows = await tx.rows(text(f"select * from {table}"))
            assert "카나리아" not in str([dict(row) for row in rows])
    kept = json.dumps([dict(row) for row in [*events, *audit]], default=str, ensure_ascii=False)
    assert "카나리" not in kept
    assert "쓰러졌다" not in kept
    assert {event["type"] for event in events} == {"IncidentOpened.v1"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": ""},
        {"type": "x" * 65},
        {"source": "facebook"},
        {"source": 119},
        {"lon": 127.0, "lat": None},
        {"lon": 36.35, "lat": 127.38},
        {"lon": 0, "lat": 0},
        {"lon": "127", "lat": "36"},
        {"lon": True, "lat": True},
        {"external_ref": ""},
        {"external_ref": "x" * 129},
        {"description": None},
        {"description": "x" * 4_001},
        {"address": "x" * 201},
        {"mode": "maybe"},
        {"surprise": 1},
        {"caller": {"name": "x" * 101}},
    ],
)
async def test_what_is_wrong_is_refused_with_its_field(operator: httpx.AsyncClient, wrong: dict[str, object]) -> None:
    answer = await operator.post("/incidents", json=call(**wrong))
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    fields = {error["field"].split(".")[0] for error in answer.json()["errors"]}
    assert fields & set(wrong)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b'{"type": NaN}', b"\xff\xfe", b'"' + b"[" * 9_999])
async def test_garbage_is_refused(operator: httpx.AsyncClient, body: bytes) -> None:
    answer = await operator.post("/incidents", content=body, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500
    assert (await opened(operator))["receipt_no"].endswith("-0001")


async def test_who_may_not_report_is_refused(desk: Desk) -> None:
    for role, status in ((Role.SERVICE, 201), (Role.POLICE, 201), (Role.AUDITOR, 403), (Role.TEACHER, 403)):
        answer = await (await desk(role)).post("/incidents", json=call(type="other"))
        assert answer.status_code == status, role


async def test_an_idempotency_key_gives_the_same_answer(operator: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": "k-1"}
    first = await operator.post("/incidents", json=call(), headers=headers)
    second = await operator.post("/incidents", json=call(), headers=headers)
    assert first.json() == second.json()
    assert len((await operator.get("/incidents?merged=true")).json()["items"]) == 1


async def test_a_call_of_a_type_that_nobody_named_is_taken_in(operator: httpx.AsyncClient) -> None:
    answer = await operator.post("/incidents", json=call(type="landslide", external_ref="odd-1"))
    assert (answer.status_code, answer.json()["type"], answer.json()["title"]) == (
        201,
        "landslide",
        "respond.type.other",
    )
