"""View tickets from the press of the button to their end, over HTTP and on a real database."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.kernel.errors import Conflict
from dure.kernel.ids import new_id
from dure.respond.seeing import deciding
from dure.trust.principal import Principal
from dure.trust.roles import Role
from dure.video import openings
from dure.video.tickets import rights
from dure.video.tickets.model import Span
from tests.respond.conftest import Desk, acted, keys, opened
from tests.video.tickets.conftest import Person, asked, looked, streamed

pytestmark = pytest.mark.timeout(120)
HERE = "127.0.0.1"


async def _fire(operator: httpx.AsyncClient) -> dict[str, Any]:
    """A fire that was handed to the fire service."""
    incident = await opened(operator)
    return await acted(operator, incident, "handoffs", agency="fire", kind="joint")


async def _decided(client: httpx.AsyncClient, ticket: dict[str, Any], act: str, **body: Any) -> httpx.Response:
    return await client.post(f"/video/tickets/{ticket['id']}/{act}", json=body)


async def test_one_press_opens_the_five_at_once_and_each_picture_is_a_line(
    operator: httpx.AsyncClient, fire: httpx.AsyncClient, city: Database
) -> None:
    incident = await _fire(operator)
    assert (await looked(fire, incident, streamed(incident)[0])).json()["key"] == "video.ticket.needed"
    (ticket,) = await asked(fire, incident)
    assert (ticket["state"], ticket["rule"], ticket["ground"]) == ("approved", "119.rescue", "pipa.18.2.3")
    assert [one["id"] for one in ticket["cameras"]] == [one["id"] for one in incident["cameras"]]
    assert len(ticket["cameras"]) == 5
    assert await asked(fire, incident) == [ticket], "who presses again has the one that stands"
    for camera in streamed(incident):
        assert (await looked(fire, incident, camera)).status_code == 201
    assert (await looked(fire, incident, streamed(incident)[0])).status_code == 201, "looked on: no second line"
    lines = (await operator.get("/video/disclosures")).json()["items"]
    assert sorted(line["camera_id"] for line in lines) == sorted(streamed(incident))
    assert {
        (line["receipt_no"], line["officer_name"], line["agency_id"], line["purpose"], line["provided"], line["kind"])
        for line in lines
    } == {(incident["receipt_no"], "fire-07", "fire", "화재 현장 확인", True, "live")}
    assert {(line["approved_by"], line["ticket_number"]) for line in lines} == {("rule:119.rescue", ticket["number"])}
    shown = (await operator.get(f"/incidents/{incident['id']}")).json()
    assert "video_opened" in keys(shown)
    assert shown["video_waiting"] == 0


@pytest.mark.parametrize("lacks", ["network", "hand-off", "type", "real"])
async def test_what_no_rule_opens_waits_for_somebody_of_the_centre(
    operator: httpx.AsyncClient, desk: Desk, lead: httpx.AsyncClient, city: Database, lacks: str
) -> None:
    if lacks == "network":
        async with city.transaction() as tx:
            await tx.execute(text("update agency set networks = '{}'"))
    fire = await desk(Role.FIRE, "fire")
    more = {"type": {"type": "crime"}, "real": {"mode": "drill"}}.get(lacks, {})
    incident = await opened(operator, **more)
    if lacks != "hand-off":
        incident = await acted(operator, incident, "handoffs", agency="fire", kind="joint")
    (ticket,) = await asked(fire, incident)
    assert (ticket["state"], ticket["rule"]) == ("requested", None)
    camera = streamed(incident)[0]
    assert (await looked(fire, incident, camera)).status_code == 409
    assert (await operator.get(f"/incidents/{incident['id']}")).json()["video_waiting"] == 1
    assert (await _decided(operator, ticket, "approve")).status_code == 403, "a person decides, not a script's token"
    done = await _decided(lead, ticket, "approve", reason="현장 확인에 필요")
    assert (done.status_code, done.json()["state"], done.json()["decided_name"]) == (200, "approved", "lead-01")
    assert (await looked(fire, incident, camera)).status_code == 201
    again = await _decided(lead, ticket, "refuse", reason="다시 생각함")
    assert (again.status_code, again.json()["key"]) == (409, "video.ticket.not_waiting")


async def test_a_request_that_waits_opens_once_a_rule_matches(
    operator: httpx.AsyncClient, fire: httpx.AsyncClient
) -> None:
    incident = await opened(operator)
    (waits,) = await asked(fire, incident)
    assert waits["state"] == "requested"
    await acted(operator, incident, "handoffs", agency="fire", kind="joint")
    (now,) = await asked(fire, incident)
    assert (now["id"], now["state"], now["rule"]) == (waits["id"], "approved", "119.rescue")


async def test_past_and_files_wait_for_a_ground_a_document_and_another_person(
    operator: httpx.AsyncClient, fire: httpx.AsyncClient, lead: httpx.AsyncClient, person: Person, clock: HeldClock
) -> None:
    incident = await _fire(operator)
    span = {
        "past_from": (clock.now() - timedelta(minutes=10)).isoformat(),
        "past_until": clock.now().isoformat(),
    }
    live, past = await asked(fire, incident, **span)
    assert (live["state"], past["state"], past["kind"]) == ("approved", "requested", "past")
    for body, key in (
        ({}, "ground"),
        ({"ground": "pipa.18.2.3"}, "document"),
        ({"ground": "pipa.99.9", "document": "가-1"}, "ground"),
    ):
        answer = await _decided(lead, past, "approve", **body)
        assert (answer.status_code, answer.json()["key"]) == (409, f"video.ticket.{key}")
    done = await _decided(lead, past, "approve", ground="pipa.18.2.3", document="소방-2026-0118")
    assert done.status_code == 200, done.text
    assert (done.json()["document"], done.json()["article"]) == ("소방-2026-0118", "개인정보 보호법 제18조제2항제3호")
    # The centre's own people ask somebody else, too.
    other = await person("oper-11")
    ours = {**span, "live": False, "ground": "pipa.15.1.3", "document": "관제-7", "purpose": "경위 확인"}
    (own,) = await asked(other, incident, **ours, export=True)
    assert own["kind"] == "export"
    answer = await _decided(other, own, "approve")
    assert (answer.status_code, answer.json()["key"]) == (409, "video.ticket.own")
    assert (await _decided(other, own, "refuse", reason="내가 취소")).json()["key"] == "video.ticket.own"
    assert (await _decided(lead, own, "approve")).status_code == 200
    answer = await other.post(f"/incidents/{incident['id']}/video-tickets", json={"purpose": "그냥 보기"})
    assert (answer.status_code, answer.json()["key"]) == (409, "video.ticket.not_needed")


async def _officer(city: Database, **more: Any) -> Principal:
    async with city.transaction() as tx:
        row = await tx.row(text("select * from token where name = 'fire-07'"))
    assert row is not None
    about = {"id": row["id"], "agency_id": "fire", "address": HERE, "network": "127.0.0.0/8", **more}
    return Principal(kind="token", name="fire-07", roles=frozenset({Role.FIRE}), **about)


async def test_the_past_is_open_for_the_span_the_cameras_the_officer_and_the_network_of_the_ticket(
    operator: httpx.AsyncClient, fire: httpx.AsyncClient, lead: httpx.AsyncClient, city: Database, clock: HeldClock
) -> None:
    incident = await _fire(operator)
    begin, end = clock.now() - timedelta(minutes=10), clock.now()
    form = {"live": False, "past_from": begin.isoformat(), "past_until": end.isoformat()}
    papers = {"ground": "pipa.18.2.3", "document": "소방-1"}
    (past,) = await asked(fire, incident, **form, camera_ids=["C-0000", "C-0002"], **papers)
    (file,) = await asked(fire, incident, **form, camera_ids=["C-0004"], export=True, **papers)
    officer, case = await _officer(city), UUID(incident["id"])
    inner = Span(begin + timedelta(minutes=1), end)

    async def sees(who: Principal, camera: str = "C-0000", span: Span = inner) -> bool:
        async with city.transaction() as tx:
            try:
                right = await rights.past(tx, who, camera, span, case)
            except Conflict:
                return False
            return right.id == UUID(past["id"]) or camera == "C-0004"

    async def leaves(camera: str, span: Span = inner) -> bool:
        async with city.transaction() as tx:
            try:
                right = await rights.export(tx, officer, [camera], span, case)
            except Conflict:
                return False
        return right.id == UUID(file["id"])

    assert not await sees(officer), "nothing before it is approved"
    for one in (past, file):
        assert (await _decided(lead, one, "approve")).status_code == 200
    assert await sees(officer)
    assert await sees(officer, "C-0004"), "what will leave as a file may be seen"
    assert await leaves("C-0004")
    assert not await leaves("C-0000"), "seeing is no leave to take away"
    assert not await leaves("C-0004", Span(begin - timedelta(seconds=1), end))
    assert not await sees(officer, "C-0005")
    assert not await sees(officer, span=Span(begin - timedelta(seconds=1), end))
    assert not await sees(officer, span=Span(begin, end + timedelta(seconds=1)))
    for other in ({"network": "10.0.0.0/8"}, {"network": None}, {"id": new_id()}):
        assert not await sees(await _officer(city, **other)), other
    clock.advance(6 * 3600)
    assert not await sees(officer), "its time is over"


async def test_a_span_or_a_camera_that_is_none_is_said(
    operator: httpx.AsyncClient, fire: httpx.AsyncClient, clock: HeldClock
) -> None:
    incident = await _fire(operator)
    now = clock.now()
    minute, day = timedelta(minutes=1), timedelta(hours=24)
    for begin, end in (
        (now, now - minute),
        (now - minute, now + 2 * minute),
        (now - day - minute, now),
        (None, now),
        (now - minute, None),
    ):
        form = {"past_from": begin and begin.isoformat(), "past_until": end and end.isoformat(), "purpose": "확인한다"}
        answer = await fire.post(f"/incidents/{incident['id']}/video-tickets", json=form)
        assert answer.status_code == 422, (begin, end)
    for wrong in ({"export": True}, {"camera_ids": ["없는-카메라"]}, {"past_from": "2026-12-05T10:00:00"}):
        answer = await fire.post(f"/incidents/{incident['id']}/video-tickets", json={"purpose": "확인한다", **wrong})
        assert answer.status_code == 422, wrong
    assert (await operator.get("/video/tickets")).json()["items"] == []


async def test_from_another_network_a_ticket_is_none(
    operator: httpx.AsyncClient, fire: httpx.AsyncClient, city: Database
) -> None:
    incident = await _fire(operator)
    await asked(fire, incident)
    camera = streamed(incident)[0]
    assert (await looked(fire, incident, camera)).status_code == 201
    async with city.transaction() as tx:
        await tx.execute(text("update agency set networks = '{127.0.0.1/32}' where id = 'fire'"))
    assert (await looked(fire, incident, camera)).json()["key"] == "video.ticket.needed"


async def test_another_officer_of_the_same_room_asks_for_themselves(
    operator: httpx.AsyncClient, fire: httpx.AsyncClient, desk: Desk, person: Person
) -> None:
    incident = await _fire(operator)
    (ticket,) = await asked(fire, incident)
    other = await person("fire-12", Role.FIRE, "fire")
    assert (await looked(other, incident, streamed(incident)[0])).status_code == 409
    theirs = (await other.get(f"/incidents/{incident['id']}/video-tickets")).json()["items"]
    assert [(one["id"], one["mine"]) for one in theirs] == [(ticket["id"], False)]
    police = await desk(Role.POLICE, "police")
    assert (await police.get("/video/tickets")).json()["items"] == [], "another agency hears nothing of it"
    assert (await police.get(f"/incidents/{incident['id']}/video-tickets")).status_code == 404


@pytest.mark.parametrize("by", ["closed", "revoked", "expired"])
async def test_every_end_ends_all_at_once_and_for_good(
    operator: httpx.AsyncClient,
    fire: httpx.AsyncClient,
    lead: httpx.AsyncClient,
    city: Database,
    clock: HeldClock,
    app: FastAPI,
    by: str,
) -> None:
    incident = await _fire(operator)
    (ticket,) = await asked(fire, incident)
    camera = streamed(incident)[0]
    given = (await looked(fire, incident, camera)).json()["ticket"]
    if by == "closed":
        await acted(operator, incident, "close", outcome="false", reason="음식 연기")
    elif by == "revoked":
        assert (await _decided(lead, ticket, "revoke", reason="잘못 열었다")).status_code == 200
    else:
        clock.advance(6 * 3600 - 1)
        given = (await looked(fire, incident, camera)).json()["ticket"]
        clock.advance(1)
        await deciding.expire(app.state.context)
    async with city.transaction() as tx:
        assert await openings.redeem(tx, given, HERE) is None, "what was given shows nothing more"
        assert (
            await tx.scalar(text("select count(*) from video_disclosure where until_at > :now"), {"now": tx.now()}) == 0
        )
    assert (await looked(fire, incident, camera)).status_code == 409
    (after,) = (await operator.get("/video/tickets")).json()["items"]
    assert (after["state"], after["ended_by"]) == ("ended", by)
    if by == "closed":
        await acted(operator, incident, "reopen", reason="다시 연기")
        assert (await looked(fire, incident, camera)).json()["key"] == "video.ticket.needed", "it does not rise again"
        (new,) = await asked(fire, incident)
        assert new["id"] != ticket["id"]
    else:
        shown = (await operator.get(f"/incidents/{incident['id']}")).json()
        assert f"video_{by}" in keys(shown)


async def test_other_cameras_of_an_incident_take_a_ticket_around_along_and_one_for_named_cameras_stays(
    operator: httpx.AsyncClient, fire: httpx.AsyncClient, lead: httpx.AsyncClient, city: Database
) -> None:
    incident = await _fire(operator)
    outside = next(f"C-{n:04d}" for n in range(8) if f"C-{n:04d}" not in [one["id"] for one in incident["cameras"]])
    (around,) = await asked(fire, incident)
    (named,) = await asked(fire, incident, camera_ids=[outside])
    assert (around["around"], named["around"], named["state"]) == (True, False, "approved"), (
        "it is within the rule's reach"
    )
    camera = streamed(incident)[0]
    assert (await looked(fire, incident, outside)).status_code == 201
    async with city.transaction() as tx:
        await tx.execute(text("delete from incident_camera where camera_id = :id"), {"id": camera})
        await openings.end(tx, UUID(incident["id"]), "cameras", kept=[])
        assert await tx.scalar(text("select count(*) from video_opening where ended_at is null")) == 1
    assert (await looked(fire, incident, camera)).json()["key"] == "video.camera.not_chosen"
    assert (await looked(fire, incident, outside)).status_code == 201


async def test_the_database_itself_keeps_approvals_and_the_register_straight(
    operator: httpx.AsyncClient, fire: httpx.AsyncClient, city: Database, clock: HeldClock
) -> None:
    incident = await _fire(operator)
    span = {"past_from": (clock.now() - timedelta(minutes=5)).isoformat(), "past_until": clock.now().isoformat()}
    await asked(fire, incident, **span)
    await looked(fire, incident, streamed(incident)[0])
    approved = "update video_ticket set state = 'approved', decided_at = now(), expires_at = now() + interval '1 h', "
    for statement in (
        approved + "rule = '119.rescue' where kind = 'past'",
        approved + "decided_by = 'account:1' where kind = 'past'",
        approved + "decided_by = 'account:1', ground = 'pipa.18.2.3', document = '' where kind = 'past'",
        "update video_ticket set decided_by = officer_kind || ':' || officer_id",
        "update video_disclosure set officer_name = 'somebody else'",
    ):
        with pytest.raises(DBAPIError):
            async with city.transaction() as tx:
                await tx.connection.exec_driver_sql(statement)


async def test_the_wall_is_the_centres_own_and_a_line_of_its_own_use(
    operator: httpx.AsyncClient, fire: httpx.AsyncClient, city: Database
) -> None:
    body = {"camera_id": "C-0007", "purpose": "야간 육안관제"}
    assert (await fire.post("/video/watch", json=body)).status_code == 403
    given = await operator.post("/video/watch", json=body)
    assert given.status_code == 201, given.text
    async with city.transaction() as tx:
        opening = await openings.redeem(tx, given.json()["ticket"], HERE)
    assert opening is not None
    assert (opening.incident_id, opening.bound) == (None, False)
    (line,) = (await operator.get("/video/disclosures", params={"provided": "false"})).json()["items"]
    assert (line["camera_id"], line["purpose"], line["provided"], line["receipt_no"]) == (
        "C-0007",
        "야간 육안관제",
        False,
        None,
    )


async def test_a_mark_stands_in_the_timeline_and_names_the_next_cameras_but_opens_none(
    operator: httpx.AsyncClient, fire: httpx.AsyncClient, clock: HeldClock
) -> None:
    incident = await _fire(operator)
    mark = {"camera_id": "C-0000", "at": clock.now().isoformat(), "mover": "person", "x": 0.25, "y": 0.5, "n": 3}
    answer = await fire.post(f"/incidents/{incident['id']}/video-track", json=mark)
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert len(items) == 3
    assert "C-0000" not in {one["id"] for one in items}
    assert all(one["by_road"] is False and one["from_at"] < one["until_at"] for one in items), "a town without roads"
    assert [one["metres"] for one in items] == sorted(one["metres"] for one in items)
    assert (await looked(fire, incident, items[0]["id"])).status_code == 409, "seeing it is another matter"
    shown = (await operator.get(f"/incidents/{incident['id']}")).json()
    assert "video_marked" in keys(shown)
    late = {**mark, "at": (clock.now() + timedelta(minutes=5)).isoformat()}
    for wrong in (late, {**mark, "camera_id": "없음"}, {**mark, "x": 1.5}, {**mark, "at": "2026-12-05T10:00:00"}):
        assert (await fire.post(f"/incidents/{incident['id']}/video-track", json=wrong)).status_code == 422
    await acted(operator, incident, "close", outcome="false", reason="음식 연기")
    assert (await fire.post(f"/incidents/{incident['id']}/video-track", json=mark)).status_code == 409


async def test_the_same_picture_asked_for_twice_at_once_is_one_line(
    operator: httpx.AsyncClient, fire: httpx.AsyncClient, city: Database
) -> None:
    async with city.transaction() as tx:
        await tx.execute(text("update camera set stream_url = 'rtsp://127.0.0.1:9/' || id"))
    incident = await acted(operator, await opened(operator), "handoffs", agency="fire", kind="joint")
    await asked(fire, incident)
    first, *others = [one["id"] for one in incident["cameras"]]
    body = {"camera_id": first, "incident_id": incident["id"], "purpose": "화재 현장 확인"}
    answers = await asyncio.gather(
        *(fire.post("/video/openings", json=body | {"beside": others}) for _ in range(4)),
        *(fire.post("/video/openings", json=body | {"beside": others[::-1]}) for _ in range(4)),
    )
    assert {answer.status_code for answer in answers} == {201}
    lines = (await operator.get("/video/disclosures", params={"case": incident["receipt_no"]})).json()["items"]
    assert sorted(line["camera_id"] for line in lines) == sorted([first, *others])
