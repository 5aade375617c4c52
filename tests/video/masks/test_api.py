"""Masks over HTTP and in the relay, on a real database and with real pictures."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.commands.simulate.rtsp import Cameras
from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.respond.cases import INCIDENT
from dure.trust.purposes import cases
from dure.trust.roles import Role
from dure.trust.room import ROOM as TRUST
from dure.video.masks import keeping, lifts
from dure.video.room import ROOM as VIDEO
from tests.respond.conftest import clock, database, desk, opened, operator
from tests.support import open_room
from tests.trust.conftest import account, hasher, signed_in
from tests.video.test_openings import Wire, app, door, streams, ticket

__all__ = ["app", "clock", "database", "desk", "door", "hasher", "operator", "streams"]
pytestmark = pytest.mark.timeout(180)
LEFT = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]
WHOLE = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]


@pytest.fixture(autouse=True)
def _incidents_are_cases() -> Iterator[None]:
    before = dict(cases.known())
    cases.install([INCIDENT])
    yield
    cases.install(before.values())


@pytest.fixture
async def lead(app: FastAPI, database: Database, door: Any) -> httpx.AsyncClient:
    """Somebody of the centre, just signed in."""
    open_room(app, TRUST.router)
    open_room(app, VIDEO.router)
    return await signed_in(app, await account(database, "lead-01", Role.SHIFT_LEAD))


@pytest.fixture
async def chief(app: FastAPI, database: Database, lead: httpx.AsyncClient) -> httpx.AsyncClient:
    """Somebody else."""
    return await signed_in(app, await account(database, "lead-02", Role.SHIFT_LEAD))


async def put(client: httpx.AsyncClient, polygons: Any, reason: str = "맞은편 집의 창") -> httpx.Response:
    return await client.post("/cameras/C-0000/masks", json={"polygons": polygons, "reason": reason})


async def lines(database: Database, start: str) -> list[str]:
    async with database.transaction() as tx:
        rows = await tx.rows(
            text("select action from audit where starts_with(action, :start) order by at, id"), {"start": start}
        )
    return [row["action"] for row in rows]


async def test_more_holds_at_once_and_less_only_with_a_second_person(
    lead: httpx.AsyncClient, chief: httpx.AsyncClient, operator: httpx.AsyncClient, database: Database, clock: HeldClock
) -> None:
    assert (await put(operator, [LEFT])).status_code == 403
    began = clock.now()
    first = await put(lead, [LEFT])
    assert first.status_code == 201, first.text
    assert first.json()["now"] == [LEFT]
    assert (await put(lead, [LEFT])).status_code == 409, "the same again"
    clock.advance(60)
    less = await put(lead, [])
    assert less.json()["now"] == [LEFT], "one alone uncovers nothing"
    waiting = less.json()["items"][0]
    assert (await put(chief, [WHOLE])).status_code == 409, "one waits"
    assert (await lead.post(f"/masks/{waiting['id']}/decision", json={"allow": True})).status_code == 409, "their own"
    done = await chief.post(f"/masks/{waiting['id']}/decision", json={"allow": True})
    assert done.status_code == 200, done.text
    assert done.json()["now"] == []
    assert (await chief.post(f"/masks/{waiting['id']}/decision", json={"allow": True})).status_code == 409
    assert await lines(database, "video.mask") == ["video.mask", "video.mask.ask", "video.mask.approve"]
    async with database.transaction() as tx:
        then = await keeping.over(tx, "C-0000", began, began + timedelta(seconds=30))
        assert [row["polygons"] for row in then] == [[LEFT], []], "what held then, and what holds now"
        assert keeping.together(then) == (tuple(tuple(point) for point in LEFT),)
        assert await keeping.all_now(tx) == {}


async def test_what_is_no_mask_is_refused(lead: httpx.AsyncClient, database: Database) -> None:
    crossing = [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]
    for polygons in (
        [crossing],
        [LEFT[:2]],
        [[[2, 0], [1, 1], [0, 1]]],
        [[[0.1, 0.1]] * 1_000],
        [LEFT] * 21,
        [["a", 1]],
    ):
        answer = await put(lead, polygons)
        assert answer.status_code == 422, polygons
    answer = await lead.post(
        "/cameras/C-0000/masks",
        content='{"polygons": [[[NaN, 0], [1, 0], [1, 1]]], "reason": "창문이 보인다"}',
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 400
    assert (await lead.post("/cameras/nowhere/masks", json={"polygons": [LEFT], "reason": "창문"})).status_code in {
        404,
        422,
    }
    assert (await lead.get("/cameras/nowhere/masks")).status_code == 404
    assert await lines(database, "video.mask") == []


async def test_two_people_look_beneath_for_a_case_and_some_minutes(
    lead: httpx.AsyncClient,
    chief: httpx.AsyncClient,
    operator: httpx.AsyncClient,
    door: Any,
    database: Database,
    clock: HeldClock,
) -> None:
    incident = await opened(operator)
    form = {"camera_id": "C-0000", "incident_id": incident["id"], "purpose": "창으로 들어간 사람 확인", "minutes": 5}
    assert (await lead.post("/mask-lifts", json=form)).status_code == 409, "nothing is covered"
    await put(lead, [WHOLE])
    wire = Wire(door).begin({"ticket": await ticket(lead, incident, "C-0000")})
    await wire.sees()
    assert len(door.veils._veils) == 1
    asked = await lead.post("/mask-lifts", json=form)
    assert asked.status_code == 201, asked.text
    (lift,) = asked.json()["items"]
    assert (lift["state"], lift["purpose"]) == ("waiting", form["purpose"])
    assert (await lead.post(f"/mask-lifts/{lift['id']}/decision", json={"allow": True})).status_code == 409
    assert (await operator.post(f"/mask-lifts/{lift['id']}/decision", json={"allow": True})).status_code == 403
    before = [one["type"] for one in wire.said].count("init")
    allowed = await chief.post(f"/mask-lifts/{lift['id']}/decision", json={"allow": True})
    assert allowed.json()["items"][0]["state"] == "standing", allowed.text
    await wire.until(lambda one: [said["type"] for said in one.said].count("init") > before)
    assert next(iter(door.veils._where.values())).__class__.__name__ == "Camera"
    ended = await chief.post(f"/mask-lifts/{lift['id']}/end")
    assert ended.json()["items"][0]["state"] == "over"
    await wire.until(lambda one: [said["type"] for said in one.said].count("init") > before + 1)
    assert next(iter(door.veils._where.values())).__class__.__name__ == "Veil"
    assert (await chief.post(f"/mask-lifts/{lift['id']}/end")).status_code == 409
    assert (await lines(database, "video.mask."))[-3:] == [
        "video.mask.lift.ask",
        "video.mask.lift",
        "video.mask.lift.end",
    ]
    elsewhere = {**form, "incident_id": "00000000-0000-0000-0000-000000000000"}
    assert (await lead.post("/mask-lifts", json=elsewhere)).status_code == 403
    again = (await lead.post("/mask-lifts", json=form)).json()["items"][0]
    clock.advance(lifts.WAITS.total_seconds() + 1)
    assert (await lead.get("/mask-lifts")).json()["items"][0]["state"] == "over", "a request does not wait for ever"
    assert (await chief.post(f"/mask-lifts/{again['id']}/decision", json={"allow": True})).status_code in {403, 409}


async def test_a_still_to_draw_on_is_masked_and_written_down(
    lead: httpx.AsyncClient, database: Database, door: Any, streams: Cameras
) -> None:
    await put(lead, [LEFT])
    still = await lead.post("/cameras/C-0000/still", json={"purpose": "가림 영역 그리기"})
    assert still.status_code == 200, still.text
    assert still.content.startswith(b"\xff\xd8")
    assert still.headers["cache-control"] == "no-store"
    assert await lines(database, "video.still") == ["video.still"]
    assert (await lead.post("/cameras/C-0003/still", json={"purpose": "가림 영역 그리기"})).status_code == 503
    assert (await lead.post("/cameras/C-0000/still", json={"purpose": "ok"})).status_code in {403, 422}
