"""Looking back over HTTP: what is recorded, what a view ticket opens of it, and marked moments."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.trust.roles import Role
from tests.respond.conftest import Desk, acted, opened
from tests.video.past.made import kept
from tests.video.tickets.conftest import (
    app,
    asked,
    city,
    clock,
    database,
    desk,
    fire,
    lead,
    operator,
    person,
    streamed,
)

__all__ = ["app", "city", "clock", "database", "desk", "fire", "lead", "operator", "person"]
pytestmark = pytest.mark.timeout(120)


def line(clock: HeldClock, **more: Any) -> dict[str, str]:
    """The time line of the last hour."""
    return {"since": (clock.now() - timedelta(hours=1)).isoformat(), "until": clock.now().isoformat(), **more}


async def looked(
    client: httpx.AsyncClient, incident: dict[str, Any], clock: HeldClock, *cameras: str
) -> httpx.Response:
    body = {
        "camera_ids": cameras,
        "start": (clock.now() - timedelta(minutes=9)).isoformat(),
        "end": (clock.now() - timedelta(minutes=1)).isoformat(),
        "purpose": "최초 발화 지점 확인",
    }
    return await client.post(f"/incidents/{incident['id']}/footage", json=body)


async def test_ten_minutes_back_need_a_ticket_that_somebody_else_approved(
    operator: httpx.AsyncClient,
    fire: httpx.AsyncClient,
    lead: httpx.AsyncClient,
    city: Database,
    clock: HeldClock,
    h264: bytes,
    tmp_path: Path,
) -> None:
    incident = await acted(operator, await opened(operator), "handoffs", agency="fire", kind="joint")
    first, second, *_ = streamed(incident)
    begin = clock.now() - timedelta(minutes=8)
    await kept(city, tmp_path, first, h264, begin, begin + timedelta(minutes=1))
    refused = await looked(fire, incident, clock, first, second)
    assert (refused.status_code, refused.json()["key"]) == (409, "video.ticket.no_past")
    assert (await looked(operator, incident, clock, first)).status_code == 409, "nor the centre's own people"
    span = {"past_from": (clock.now() - timedelta(minutes=10)).isoformat(), "past_until": clock.now().isoformat()}
    _live, past = await asked(fire, incident, **span)
    assert (await looked(fire, incident, clock, first)).status_code == 409, "it waits"
    body = {"ground": "pipa.18.2.3", "document": "현장대응단-2026-118"}
    assert (await lead.post(f"/video/tickets/{past['id']}/approve", json=body)).status_code == 200
    seen = (await fire.get(f"/incidents/{incident['id']}/footage", params=line(clock))).json()
    spans = {one["camera_id"]: len(one["spans"]) for one in seen["cameras"]}
    assert (spans[first], spans[second]) == (2, 0), "a gap is a gap, and a camera without pictures says so"
    assert [(one["ticket"], one["camera_ids"]) for one in seen["rights"]] == [
        (past["number"], [one["id"] for one in past["cameras"]])
    ]
    answer = await looked(fire, incident, clock, first, second, "C-9999")
    assert answer.status_code == 201, answer.text
    given = {one["camera_id"]: one for one in answer.json()["items"]}
    assert given[first]["ticket"].startswith("durev_")
    assert given["C-9999"]["ticket"] is None
    assert "승인" in given["C-9999"]["refused"]
    assert answer.json()["url"].endswith("/past")
    lines = (await operator.get("/video/disclosures", params={"kind": "past"})).json()["items"]
    assert {(one["camera_id"], one["document"], one["ticket_number"]) for one in lines} == {
        (first, "현장대응단-2026-118", past["number"]),
        (second, "현장대응단-2026-118", past["number"]),
    }
    assert (await looked(lead, incident, clock, first)).status_code == 409, "a ticket is one officer's"
    await acted(operator, incident, "close", outcome="false", reason="음식 연기")
    assert (await looked(fire, incident, clock, first)).status_code == 409
    async with city.transaction() as tx:
        assert await tx.scalar(text("select count(*) from video_opening where ended_at is null")) == 0


async def test_moments_are_marked_for_the_incident_and_their_notes_are_sealed(
    operator: httpx.AsyncClient, fire: httpx.AsyncClient, desk: Desk, city: Database, clock: HeldClock
) -> None:
    incident = await acted(operator, await opened(operator), "handoffs", agency="fire", kind="joint")
    where = f"/incidents/{incident['id']}/bookmarks"
    at = (clock.now() - timedelta(minutes=3)).isoformat()
    made = await operator.post(where, json={"at": at, "camera_id": "C-0001", "note": "검은 승합차가 들어온다"})
    assert made.status_code == 201, made.text
    assert (await fire.post(where, json={"at": at, "note": "불꽃"})).status_code == 201
    seen = (await fire.get(f"/incidents/{incident['id']}/footage", params=line(clock))).json()["bookmarks"]
    assert {(one["note"], one["camera_id"], one["mine"]) for one in seen} == {
        ("검은 승합차가 들어온다", "C-0001", False),
        ("불꽃", None, True),
    }
    async with city.transaction() as tx:
        notes = [row["note"] for row in await tx.rows(text("select note from video_bookmark"))]
    assert not any("승합차" in note or "불꽃" in note for note in notes)
    mine = f"{where}/{made.json()['id']}"
    assert (await fire.delete(mine)).status_code == 404, "only one's own"
    assert (await operator.delete(mine)).status_code == 204
    police = await desk(Role.POLICE, "police")
    assert (await police.post(where, json={"at": at, "note": "몰라야 한다"})).status_code == 404
    assert (await police.get(f"/incidents/{incident['id']}/footage", params=line(clock))).status_code == 404


@pytest.mark.parametrize("wrong", [{"until": "2030-01-01T00:00:00Z"}, {"since": "2026-01-01T00:00:00"}, {"until": "x"}])
async def test_a_time_line_is_a_day_at_most_and_has_its_zone(
    operator: httpx.AsyncClient, clock: HeldClock, wrong: dict[str, str]
) -> None:
    incident = await opened(operator)
    answer = await operator.get(f"/incidents/{incident['id']}/footage", params=line(clock, **wrong))
    assert answer.status_code == 422
