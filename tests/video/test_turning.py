"""Who turns a camera: the centre's own people alone, by every role and route; within what it was put up for; written
down; by a manual, too; and home again afterwards.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from dure.app import ROOMS
from dure.city.room import ROOM as CITY
from dure.commands.simulate.onvif import Onvif
from dure.engine import edge
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from dure.kernel.errors import DureError
from dure.kernel.geometry import LonLat, moved
from dure.kernel.ids import new_id
from dure.respond import turning
from dure.respond.room import ROOM as RESPOND
from dure.respond.types import TYPES
from dure.trust.policy import permissions_of, union
from dure.trust.principal import Principal, system
from dure.trust.roles import Role
from dure.trust.web import install
from dure.video.onvif.client import Position, Preset
from dure.video.ptz import asking, rules, turner
from dure.video.room import ROOM as VIDEO
from tests.respond.conftest import MARKET, Desk, acted, clock, database, desk, opened, operator

__all__ = ["clock", "database", "desk", "operator"]
CAMERA = "C-0002"


def person(*roles: Role, **more: Any) -> Principal:
    return Principal("account", new_id(), "oper-07", frozenset(roles), **more)


CENTRE = [(Role.OPERATOR,), (Role.SHIFT_LEAD,), (Role.ADMIN,), (Role.OPERATOR, Role.ADMIN)]


def strangers() -> Iterator[Principal]:
    """Everybody else: other roles alone and beside one of the centre, agencies, tokens, services, what is lent."""
    for role in Role:
        if role not in rules.CENTRE:
            yield person(role)
            yield person(role, Role.OPERATOR)
            yield person(role, Role.ADMIN, agency_id="police")
        for kind in ("token", "system"):
            yield Principal(kind, new_id(), "machine", frozenset({role}))
    for agency in ("police", "fire", "disaster", "welfare", "gas"):
        yield person(Role.OPERATOR, agency_id=agency)
    yield person(Role.OPERATOR, acting_for="oper-08")
    yield person(Role.OPERATOR, shared=True)
    yield person(Role.OPERATOR, delegated=((Role.OPERATOR, "oper-08"),))
    yield person()


def test_only_people_of_the_centre_may_turn() -> None:
    assert all(rules.may_turn(person(*roles)) for roles in CENTRE)
    assert [one for one in strangers() if rules.may_turn(one)] == []
    table = union([room.grants for room in ROOMS])
    assert {role for role in Role if "video.turn" in permissions_of([role], table)} == rules.CENTRE
    assert rules.RESIDENT_POLICE == "ask"
    assert not rules.may_turn(person(Role.POLICE))


@given(st.sets(st.sampled_from(list(Role))), st.sampled_from([None, "control", "police", "city"]), st.booleans())
def test_no_mixture_of_roles_lets_a_third_party_turn(roles: set[Role], agency: str | None, shared: bool) -> None:
    who = person(*roles, agency_id=agency, shared=shared)
    allowed = bool(roles) and roles <= rules.CENTRE and agency in {None, "control"} and not shared
    assert rules.may_turn(who) == allowed


def test_a_purpose_covers_what_it_names_and_no_more() -> None:
    assert rules.within(["fire"], "fire")
    assert rules.within(["dumping", "multi"], "medical")
    assert not rules.within([], "fire")
    assert not rules.within(["dumping"], "fire")
    assert not rules.within(["traffic_enforcement"], "crime")
    assert not rules.within(["불명"], "other")
    groups = {one.merge_group for one in TYPES}
    assert {"crime", "fire", "traffic", "missing_person"} <= groups


@given(st.floats(0, 359.9), st.floats(0, 359.9))
def test_the_preset_nearest_to_the_place_is_taken(azimuth: float, towards: float) -> None:
    here = LonLat(127.4, 36.6)
    there = moved(here, towards, 80)
    presets = [Preset(str(n), f"p{n}", Position(((n * 45 + 180) % 360 - 180) / 180, 0, 0)) for n in range(8)]
    best = rules.nearest([*presets, Preset("x", "blind", None)], "", here, azimuth, there)
    assert best is not None
    assert best.position is not None
    off = abs((azimuth + best.position.pan * 180 - towards + 180) % 360 - 180)
    assert off <= 23
    looks = rules.looks_at(here, azimuth, there)
    assert abs((azimuth + looks.pan * 180 - towards + 180) % 360 - 180) < 1
    named = rules.nearest(presets, "P3", here, None, None)
    assert named is not None
    assert named.token == "3"
    assert rules.nearest(presets, "", here, None, there) is None


@pytest.fixture
def app(database: Database, database_url: str, tmp_path: Path) -> FastAPI:
    """Incidents and cameras behind the real edge and policy."""
    app = edge.build(title="test", version="0", limits={})
    settings = Settings(tmp_path, database_url, "nats://nowhere", public_url="http://city", video_url="ws://city:1")
    app.state.context = Context(settings, database, None, catalogue())  # type: ignore[arg-type]
    install(app, union([CITY.grants, RESPOND.grants, VIDEO.grants]))
    for room in (RESPOND, VIDEO):
        assert room.router is not None
        app.include_router(room.router, prefix="/api/v1")
    return app


@pytest.fixture
async def domes(database: Database) -> AsyncIterator[Onvif]:
    """All cameras of the market are domes put up against fire, but one that is there for rubbish."""
    simulated = Onvif(8554)
    await simulated.open("127.0.0.1", 0)
    async with database.transaction() as tx:
        await tx.execute(
            text("update camera set ptz = true, azimuth_deg = 0, state = 'ok', purposes = case when id = 'C-0003' "
                 "then array['dumping'] else array['fire'] end")
        )  # fmt: skip
        await tx.execute(
            text(
                "insert into video_control (camera_id, onvif_url, profile, changed_at) "
                "select id, replace(:url, 'X', id), 'main', now() from camera"
            ),
            {"url": simulated.address("X")},
        )
    yield simulated
    await simulated.close()


def turn(incident: dict[str, Any], camera: str = CAMERA, act: str = "move", **more: Any) -> dict[str, Any]:
    return {"camera_id": camera, "incident_id": incident["id"], "act": act, **more}


async def asked(database: Database) -> list[dict[str, Any]]:
    async with database.transaction() as tx:
        return [dict(row) for row in await tx.rows(text("select * from video_turn order by asked_at, id"))]


async def test_no_token_of_any_role_or_agency_turns_by_any_route(
    database: Database, operator: httpx.AsyncClient, desk: Desk, domes: Onvif
) -> None:
    incident = await opened(operator)
    for role in Role:
        for agency in (None, "police"):
            client = await desk(role, agency)
            for answer in (
                await client.post("/video/turns", json=turn(incident)),
                await client.get(f"/video/cameras/{CAMERA}/turning", params={"incident_id": incident["id"]}),
            ):
                assert answer.status_code in {403, 404}, (role, agency, answer.text)
    assert await asked(database) == []
    assert not any(head.turned for head in domes.heads.values())


async def test_every_turn_is_made_written_down_and_undone(
    app: FastAPI, database: Database, operator: httpx.AsyncClient, domes: Onvif
) -> None:
    incident = await opened(operator)
    who, context = person(Role.OPERATOR), app.state.context
    form = turning.TurnForm.model_validate(turn(incident, act="preset", preset="2"))
    async with database.transaction() as tx:
        made = await turning.turn_camera(tx, form, who)
    assert await turner.once(context) == 1
    assert domes.head(CAMERA).pan == 0.5
    async with database.transaction() as tx:
        (line,) = await tx.rows(text("select actor, entity_id, case_id from audit where action = 'video.turn'"))
        told = await turning.read_turning(tx, who, CAMERA, UUID(incident["id"]))
    assert (line["actor"], line["entity_id"], str(line["case_id"])) == (who.actor, CAMERA, incident["id"])
    assert (told.turns, told.within_purposes, told.act, told.outcome) == (True, True, "preset", "done")
    assert [row["id"] for row in await asked(database)] == [made.id]
    await acted(operator, incident, "close", outcome="real", reason="끝")
    assert await turner.once(context) == 1
    assert domes.head(CAMERA).pan == 0
    assert domes.head(CAMERA).turned == ["GotoPreset", "GotoHomePosition"]
    assert await turner.once(context) == 0


async def test_other_purposes_other_cameras_and_closed_cases_are_refused(
    database: Database, operator: httpx.AsyncClient, domes: Onvif
) -> None:
    incident = await opened(operator)
    who = person(Role.SHIFT_LEAD)

    async def refused(key: str, by: Principal = who, **form: Any) -> None:
        with pytest.raises(DureError) as error:
            async with database.transaction() as tx:
                await turning.turn_camera(tx, turning.TurnForm.model_validate(turn(incident, **form)), by)
        assert error.value.key == key

    await refused("video.turn.other_purpose", camera="C-0003")
    await refused("video.camera.not_chosen", camera="C-0999")
    await refused("video.turn.centre_only", by=person(Role.OPERATOR, agency_id="police"))
    await acted(operator, incident, "close", outcome="real", reason="끝")
    await refused("respond.incident.closed")
    assert await asked(database) == []


async def test_a_manual_turns_what_can_and_may_be_turned_to_the_place(
    app: FastAPI, database: Database, operator: httpx.AsyncClient, domes: Onvif
) -> None:
    incident = await opened(operator)
    async with database.transaction() as tx:
        row = await tx.row(text("select * from incident where id = :id"), {"id": UUID(incident["id"])})
        turned = await turning.to_place(tx, system("playbook"), row, "")
    assert CAMERA in turned
    assert "C-0003" not in turned
    assert await turner.once(app.state.context) == len(turned)
    assert all(domes.head(one).turned == ["GotoPreset"] for one in turned)
    rows = await asked(database)
    assert {row["outcome"] for row in rows} == {"done"}
    assert {(row["lon"], row["lat"]) for row in rows} == {(MARKET.lon, MARKET.lat)}


async def test_a_camera_that_does_not_answer_fails_its_turn_and_no_other(
    app: FastAPI, database: Database, operator: httpx.AsyncClient, domes: Onvif
) -> None:
    incident = await opened(operator)
    async with database.transaction() as tx:
        await tx.execute(
            text("update video_control set onvif_url = 'http://127.0.0.1:1/x' where camera_id = :id"), {"id": CAMERA}
        )
        for camera in (CAMERA, "C-0004"):
            await asking.ask(tx, system("t"), camera, UUID(incident["id"]), "fire", asking.Turn("move", pan=1))
    await turner.once(app.state.context)
    found = {row["camera_id"]: (row["outcome"], row["why"]) for row in await asked(database)}
    assert found == {CAMERA: ("failed", "unreachable"), "C-0004": ("done", None)}


async def test_a_camera_that_was_found_is_connected_and_its_login_stands_nowhere_in_the_open(
    database: Database, desk: Desk
) -> None:
    admin, dome = await desk(Role.ADMIN), Onvif(8554, login="viewer:hunter2")
    await dome.open("127.0.0.1", 0)
    form = {"address": dome.address("N-1"), "username": "viewer", "password": "hunter2"}
    asked_of = await admin.post("/cameras/discovery/ask", json=form)
    assert asked_of.status_code == 200, asked_of.text
    assert [one["width"] for one in asked_of.json()["streams"]] == [640, 320]
    assert "hunter2" not in asked_of.text
    wrong = await admin.put(f"/cameras/{CAMERA}/onvif", json={**form, "password": "wrong"})
    assert wrong.status_code == 422
    assert (await admin.put(f"/cameras/{CAMERA}/onvif", json=form)).status_code == 204
    assert (await admin.put("/cameras/NEW-1/onvif", json=form)).status_code == 404
    new = {**form, "name": "시장 옥상", "lon": 127.4, "lat": 36.6, "purposes": ["fire"]}
    assert (await admin.put("/cameras/NEW-1/onvif", json=new)).status_code == 204
    async with database.transaction() as tx:
        rows = await tx.rows(
            text("select c.stream_url, c.ptz, v.onvif_url, v.onvif_login, v.sub_url, v.presets from camera c "
                 "join video_control v on v.camera_id = c.id")
        )  # fmt: skip
    assert len(rows) == 2
    for row in rows:
        assert row["ptz"]
        assert row["stream_url"].startswith("rtsp://127.0.0.1:8554/")
        assert row["sub_url"].endswith("/sub")
        assert len(row["presets"]) == 4
        assert b"hunter2" not in bytes(row["onvif_login"])
    for role in (Role.OPERATOR, Role.POLICE, Role.SERVICE):
        assert (await (await desk(role)).put(f"/cameras/{CAMERA}/onvif", json=form)).status_code == 403
    for far in ("http://8.8.8.8/", "http://169.254.169.254/", "http://camera.example/", "ftp://127.0.0.1/"):
        assert (await admin.post("/cameras/discovery/ask", json={"address": far})).status_code == 422, far
    for wrong_one in ("http://[f0]:359/x", "https://[5b]:8077/", "http://127.0.0.1:99999/", "http://300.1.1.1/"):
        shown = {**form, "address": wrong_one}
        assert (await admin.post("/cameras/discovery/ask", json=shown)).status_code == 422, wrong_one
        assert (await admin.put(f"/cameras/{CAMERA}/onvif", json=shown)).status_code == 422, wrong_one
    await dome.close()
