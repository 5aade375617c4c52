"""Recorders over HTTP: registered, given to cameras, and found by who looks back; logins stand nowhere."""

import json
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.city.room import ROOM as CITY
from dure.commands.simulate.archive import Archive
from dure.commands.simulate.onvif import Onvif
from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.trust.policy import union
from dure.trust.roles import Role
from dure.trust.web import install
from dure.video.past import queries
from dure.video.past.model import DAYS, at
from dure.video.recorders import reading, store
from dure.video.room import ROOM as VIDEO
from tests.respond.conftest import Desk, clock, database, desk
from tests.support import open_room
from tests.video.recorders.conftest import LOGIN, MINUTE
from tests.video.test_openings import app

__all__ = ["app", "clock", "database", "desk"]
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
async def manager(app: FastAPI, desk: Desk) -> httpx.AsyncClient:
    """Who manages cameras."""
    open_room(app, VIDEO.router)
    install(app, union([CITY.grants, VIDEO.grants]))
    return await desk(Role.ADMIN)


async def test_a_recorder_is_registered_given_to_cameras_read_and_forgotten(
    manager: httpx.AsyncClient, app: FastAPI, archive: Archive, begun: int, database: Database, clock: HeldClock
) -> None:
    clock.set(at(begun) + timedelta(hours=1))
    name, password = LOGIN.split(":")
    form = {"address": archive.finding.address("NVR"), "username": name, "password": password, "name": "시장 녹화기"}
    made = await manager.post("/video/recorders", json=form)
    assert made.status_code == 201, made.text
    one = made.json()
    assert (one["name"], one["model"], one["ahead_ms"], one["trouble"]) == (
        "시장 녹화기",
        "dure simulated dome",
        0,
        None,
    )
    assert [(track["token"], track["name"], track["camera_id"]) for track in one["tracks"]] == [
        ("T-1", "정문", None),
        ("T-2", "후문", None),
    ]
    assert (await manager.post("/video/recorders", json=form)).status_code == 409
    where = f"/video/recorders/{one['id']}"
    given = await manager.put(f"{where}/track", json={"token": "T-1", "camera_id": "C-0001"})
    assert given.status_code == 200, given.text
    for wrong, status in (
        ({"token": "T-2", "camera_id": "C-0001"}, 409),
        ({"token": "T-2", "camera_id": "no-such"}, 404),
        ({"token": "T-9", "camera_id": "C-0002"}, 404),
    ):
        assert (await manager.put(f"{where}/track", json=wrong)).status_code == status, wrong
    async with database.transaction() as tx:
        (row,) = await store.all_of(tx)
    assert await reading.once(app.state.context, row)
    values = {"since": at(begun), "until": at(begun + 60 * MINUTE), "now": clock.now(), "days": DAYS}
    async with database.transaction() as tx:
        spans = await tx.rows(queries.SPANS, {"cameras": ["C-0001", "C-0002"], **values})
        log = {one["action"] for one in await tx.rows(text("select action from audit"))}
        kept = [dict(one) for one in await tx.rows(text("select * from video_recorder"))]
    assert [(one["started_at"], one["ended_at"]) for one in spans] == [
        (at(begun), at(begun + 10 * MINUTE)),
        (at(begun + 15 * MINUTE), at(begun + 25 * MINUTE)),
    ]
    assert {"recorder.add", "recorder.assign"} <= log
    assert password not in json.dumps(kept, default=repr)
    listed = (await manager.get("/video/recorders")).json()["items"]
    assert [one["camera_id"] for one in listed[0]["tracks"]] == ["C-0001", None]
    assert password not in json.dumps(listed)
    taken = await manager.put(f"{where}/track", json={"token": "T-1", "camera_id": None})
    assert taken.status_code == 200
    async with database.transaction() as tx:
        assert await tx.rows(queries.SPANS, {"cameras": ["C-0001"], **values}) == []
    assert (await manager.delete(where)).status_code == 204
    assert (await manager.delete(where)).status_code == 404


async def test_what_is_no_recorder_is_refused_with_the_reason_and_by_who_may(
    manager: httpx.AsyncClient, desk: Desk, archive: Archive
) -> None:
    camera = Onvif(8554)
    await camera.open("127.0.0.1", 0)
    there = archive.finding.address("NVR")
    wrong = (
        ({"address": camera.address("C-1")}, "video.onvif.no_picture"),
        ({"address": there, "username": "viewer", "password": "wrong"}, "video.onvif.login"),
        ({"address": "http://8.8.8.8/onvif"}, "video.onvif.not_permitted"),
        ({"address": "http://127.0.0.1:1/onvif"}, "video.onvif.unreachable"),
    )
    for form, key in wrong:
        answer = await manager.post("/video/recorders", json=form)
        assert (answer.status_code, answer.json()["key"]) == (422, key), form
    await camera.close()
    operator = await desk(Role.OPERATOR)
    assert (await operator.get("/video/recorders")).status_code == 403
    assert (await operator.post("/video/recorders", json={"address": there})).status_code == 403
