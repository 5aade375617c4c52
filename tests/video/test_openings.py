"""The right to see a camera, from asking to its end: over HTTP, on a real database, with real pictures behind it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.commands.simulate.rtsp import Cameras
from dure.engine import edge
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from dure.kernel.clock import HeldClock
from dure.respond import pictures
from dure.respond.room import ROOM as RESPOND
from dure.trust.policy import union
from dure.trust.principal import Principal
from dure.trust.retention.model import Hold, Mark, divide
from dure.trust.roles import Role
from dure.trust.vault import reasons, texts
from dure.trust.web import install
from dure.trust.who.watch import Watch
from dure.video import openings
from dure.video import relay as relay_module
from dure.video.kept import OPENING
from dure.video.model import Queue
from dure.video.openings import LASTS
from dure.video.room import ROOM as VIDEO
from dure.video.serve import application
from dure.video.tickets import store
from dure.video.tickets.model import Right
from dure.video.tickets.rights import right_of
from dure.video.tickets.rules import TABLE
from dure.video.tickets.store import Wanted
from tests.respond.conftest import Desk, acted, clock, database, desk, opened, operator
from tests.video.conftest import HERE, Served, operator_of
from tests.video.screen import pieces

__all__ = ["clock", "database", "desk", "operator"]
pytestmark = pytest.mark.timeout(180)
SOON_S = 5
"""A second, where the machine has nothing else to do. By itself a right would last for minutes of a clock that stands
still."""


@pytest.fixture
def app(database: Database, database_url: str, tmp_path: Path) -> FastAPI:
    """Incidents and pictures behind the real edge and policy."""
    app = edge.build(title="test", version="0", limits={})
    settings = Settings(tmp_path, database_url, "nats://nowhere", public_url="http://city", video_url="ws://city:1")
    app.state.context = Context(settings, database, None, catalogue())  # type: ignore[arg-type]
    install(app, union([RESPOND.grants, VIDEO.grants]))
    assert RESPOND.router is not None
    app.include_router(RESPOND.router, prefix="/api/v1")
    return app


@pytest.fixture
async def streams(database: Database, cameras: Served) -> Cameras:
    """The market's cameras have their pictures at the simulator; one has none."""
    async with database.transaction() as tx:
        await tx.execute(
            text("update camera set stream_url = 'rtsp://127.0.0.1:' || :port || '/' || id where id <> 'C-0003'"),
            {"port": str(cameras[1])},
        )
    return cameras[0]


async def ask(
    desk: httpx.AsyncClient, incident: dict[str, Any], camera: str, purpose: str = "화재 확인"
) -> httpx.Response:
    body = {"camera_id": camera, "incident_id": incident["id"], "purpose": purpose}
    return await desk.post("/video/openings", json=body)


async def ticket(desk: httpx.AsyncClient, incident: dict[str, Any], camera: str) -> str:
    answer = await ask(desk, incident, camera)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["ticket"])


async def approved(database: Database, role: Role, incident: dict[str, Any], cameras: list[str]) -> Right:
    """A view ticket of the desk that has a token of this role, as if a rule had opened it."""
    async with database.transaction() as tx:
        row = await tx.row(text("select * from token where name = :name"), {"name": f"{role.value}-07"})
        assert row is not None
        who = Principal("token", row["id"], row["name"], frozenset({role}), agency_id=row["agency_id"], address=HERE)
        about = UUID(incident["id"]), incident["receipt_no"]
        wanted = Wanted(*about, "live", tuple(cameras), True, "현장 확인", timedelta(hours=1))
        made, _new = await store.make(tx, who, wanted, TABLE[0])
        return right_of(made, who)


async def lines(database: Database, action: str = "video.open") -> list[tuple[str, str, str]]:
    async with database.transaction() as tx:
        rows = await tx.rows(
            text("select entity_id, purpose, case_id from audit where action = :action order by at"), {"action": action}
        )
        said = [str(one) for one in reasons.opened(tx, [row["purpose"] for row in rows])]
    assert all("sealed:incident:" in row["purpose"] for row in rows), "and there, too"
    return [(row["entity_id"], why, row["case_id"]) for row, why in zip(rows, said, strict=True)]


async def test_one_of_the_incidents_cameras_is_given_and_written_down_first(
    operator: httpx.AsyncClient, database: Database, streams: Cameras
) -> None:
    incident = await opened(operator)
    camera = incident["cameras"][0]["id"]
    answer = await ask(operator, incident, camera)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body["url"] == "ws://city:1/live"
    assert answer.headers["cache-control"] == "no-store"
    assert await lines(database) == [(camera, "화재 확인", incident["id"])]
    async with database.transaction() as tx:
        kept = await tx.row(text("select * from video_opening"))
    assert kept is not None
    assert body["ticket"] not in str(dict(kept)), "of a ticket only the hash is kept"
    assert "화재" not in kept["purpose"], "why somebody looked is sealed, as other words about an incident are"
    async with database.transaction() as tx:
        words = texts.opened_lines(tx, openings.PURPOSE, {kept["incident_id"]: kept["purpose"]})
    assert words == {kept["incident_id"]: "화재 확인"}
    assert kept["expires_at"] - kept["opened_at"] == LASTS


async def test_cameras_of_one_screen_are_given_by_one_request_or_none_is(
    operator: httpx.AsyncClient, database: Database, streams: Cameras
) -> None:
    incident = await opened(operator)
    first, *beside = [one["id"] for one in incident["cameras"] if one["has_stream"]]
    body = {"camera_id": first, "beside": [*beside, first], "incident_id": incident["id"], "purpose": "화재 확인"}
    answer = await operator.post("/video/openings", json=body)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert [one["camera_id"] for one in told["beside"]] == beside, "each once"
    assert len({told["ticket"], *(one["ticket"] for one in told["beside"])}) == len(beside) + 1
    assert sorted(camera for camera, _, _ in await lines(database)) == sorted([first, *beside])
    refused = await operator.post("/video/openings", json={**body, "beside": [*beside, "C-0003"]})
    assert refused.status_code in {403, 409}
    assert len(await lines(database)) == len(beside) + 1, "nothing of what is refused stays"
    wall = {"camera_id": first, "beside": beside, "purpose": "육안관제"}
    assert len((await operator.post("/video/watch", json=wall)).json()["beside"]) == len(beside)
    assert (await operator.post("/video/watch", json={**wall, "beside": ["C-1"] * 16})).status_code == 422


async def test_everything_else_is_refused_and_nothing_is_given(
    operator: httpx.AsyncClient, desk: Desk, database: Database, streams: Cameras
) -> None:
    incident = await opened(operator)
    chosen = [one["id"] for one in incident["cameras"]]
    (other, *_) = sorted({f"C-{n:04d}" for n in range(8)} - set(chosen))
    fire, welfare, official = await desk(Role.FIRE), await desk(Role.WELFARE), await desk(Role.OFFICIAL)
    police, device = await desk(Role.POLICE), await desk(Role.DEVICE)
    assert (await ask(operator, incident, other)).status_code == 403, "not one of the incident's"
    assert (await ask(operator, incident, "C-9999")).status_code == 403
    assert (await ask(operator, {"id": "00000000-0000-0000-0000-000000000000"}, chosen[0])).status_code == 404
    assert (await ask(operator, incident, chosen[0], purpose="ok")).status_code in {403, 422}
    assert (await ask(operator, incident, chosen[0], purpose="    ")).status_code in {403, 422}
    for nobody in (welfare, official, device):
        assert (await ask(nobody, incident, chosen[0])).status_code == 403
    assert (await ask(police, incident, chosen[0])).status_code == 404, (
        "a fire is not theirs until it is handed to them"
    )
    assert await lines(database) == []
    answer = await ask(fire, incident, chosen[0])
    assert (answer.status_code, answer.json()["key"]) == (409, "video.ticket.needed"), (
        "the fire room sees the fire only"
    )
    await approved(database, Role.FIRE, incident, chosen[:2])
    assert (await ask(fire, incident, chosen[0])).status_code == 201, "and its pictures under a ticket"
    closed = await acted(operator, incident, "close", outcome="false", reason="음식 연기")
    assert (await ask(operator, closed, chosen[0])).status_code == 409
    async with database.transaction() as tx:
        assert await tx.scalar(text("select count(*) from video_opening where ended_at is null")) == 0


async def test_rights_to_see_end_with_their_time_but_not_what_an_investigation_holds(
    operator: httpx.AsyncClient, database: Database, streams: Cameras, clock: HeldClock, app: FastAPI
) -> None:
    first, second = await opened(operator), await opened(operator, type="medical")
    for incident in (first, second):
        camera = next(one["id"] for one in incident["cameras"] if one["has_stream"])
        assert (await ask(operator, incident, camera)).status_code == 201
    assert OPENING in VIDEO.retention
    assert OPENING.find_due is not None
    assert OPENING.destroy is not None
    assert OPENING.rule(date(2026, 12, 5)).days == 30
    async with database.transaction() as tx:
        assert await OPENING.find_due(tx, tx.now(), None, 10) == [], "what stands is not due"
    clock.advance(LASTS.total_seconds() + 1)
    async with database.transaction() as tx:
        things = await OPENING.find_due(tx, tx.now(), None, 10)
        assert [thing.incidents for thing in things] == [frozenset({one["id"]}) for one in (first, second)]
        assert all(len(thing.cameras) == 1 for thing in things)
        after = Mark(things[0].at, things[0].id)
        assert await OPENING.find_due(tx, tx.now(), after, 10) == things[1:]
        until = tx.now() + timedelta(days=1)
        going, held = divide(things, [Hold("incident", second["id"], until)], tx.now())
        assert (going, held) == ([things[0]], [things[1]])
        await OPENING.destroy(app.state.context, tx, going)
        left = await tx.rows(text("select incident_id from video_opening"))
    assert [str(row["incident_id"]) for row in left] == [second["id"]]


async def test_a_camera_without_an_address_says_so(
    operator: httpx.AsyncClient, database: Database, streams: Cameras
) -> None:
    incident = await opened(operator)
    assert "C-0003" in [one["id"] for one in incident["cameras"]]
    answer = await ask(operator, incident, "C-0003")
    assert (answer.status_code, answer.json()["key"]) == (409, "video.camera.no_stream")
    seen = {one["id"]: one["has_stream"] for one in incident["cameras"]}
    assert seen["C-0003"] is False
    assert any(seen.values())


# --- at the relay's door ---


@dataclass
class Wire:
    """A WebSocket as the door sees it, without a network between."""

    door: Any
    address: str = HERE
    heard: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    said: list[dict[str, Any]] = field(default_factory=list)
    pictures: int = 0
    code: int | None = None
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    times: list[tuple[int, float]] = field(default_factory=list)
    task: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.reads.set()

    async def _send(self, message: Any) -> None:
        await self.reads.wait()
        if message["type"] == "websocket.close":
            self.code = message["code"]
        elif "bytes" in message:
            for kind, at_s, _came, _data in pieces(message["bytes"]):
                if kind != 0:
                    self.pictures += 1
                    self.times.append((kind, at_s))
        elif "text" in message:
            self.said.append(json.loads(message["text"]))
        self.arrived.set()

    def say(self, value: object) -> None:
        words = value if isinstance(value, str) else json.dumps(value)
        self.heard.put_nowait({"type": "websocket.receive", "text": words})

    def begin(self, first: object) -> "Wire":
        self.heard.put_nowait({"type": "websocket.connect"})
        self.say(first)
        scope = {"type": "websocket", "path": "/live", "headers": [], "client": (self.address, 40_000)}
        self.task = asyncio.create_task(self.door(scope, self.heard.get, self._send))
        return self

    async def until(self, done: Any, within_s: float = 60) -> None:
        async with asyncio.timeout(within_s):
            while not done(self):
                assert self.code is None, self.said
                await self.arrived.wait()
                self.arrived.clear()

    async def sees(self, more: int = 3) -> None:
        before = self.pictures
        await self.until(lambda wire: wire.pictures >= before + more)

    async def ends(self, within_s: float = 20) -> int | None:
        assert self.task is not None
        async with asyncio.timeout(within_s):
            await self.task
        return self.code


@asynccontextmanager
async def _door(context: Context) -> AsyncIterator[Any]:
    watch = Watch(context.database)
    door, relay, care = application(context, pictures.standing, watch)
    tasks = {asyncio.create_task(care)}
    try:
        yield door
    finally:
        tasks |= {watch._task} if watch._task else set()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await relay.end()
        while left := [one for one in asyncio.all_tasks() if "wakes" in repr(one.get_coro())]:
            await asyncio.wait(left)


@pytest.fixture
async def door(app: FastAPI, streams: Cameras) -> AsyncIterator[Any]:
    """The relay's door, looked after."""
    async with _door(app.state.context) as made:
        yield made


async def test_a_ticket_shows_the_picture_until_the_incident_is_closed(
    operator: httpx.AsyncClient, door: Any, database: Database
) -> None:
    incident = await opened(operator)
    wires = [
        Wire(door).begin({"ticket": await ticket(operator, incident, one["id"])})
        for one in incident["cameras"][:3]
        if one["has_stream"]
    ]
    for wire in wires:
        await wire.sees()
        assert [one["type"] for one in wire.said][:1] == ["state"]
        assert any(one["type"] == "init" and one["mime"].startswith("video/mp4") for one in wire.said)
    await acted(operator, incident, "close", outcome="false", reason="음식 연기")
    since = time.monotonic()
    for wire in wires:
        assert await wire.ends() == 4403
        assert wire.said[-1] == {"type": "bye", "why": "over"}
    assert time.monotonic() - since < SOON_S


async def test_a_ticket_that_is_forged_from_elsewhere_or_too_late_shows_nothing(
    operator: httpx.AsyncClient, door: Any, clock: HeldClock
) -> None:
    incident = await opened(operator)
    camera = incident["cameras"][0]["id"]
    good = await ticket(operator, incident, camera)
    for first in (
        {"ticket": "durev_" + "x" * 43},
        {"ticket": good[:-1] + "_"},
        {"ticket": ""},
        {},
        "hello",
        "[1]",
        "x" * 600,
    ):
        wire = Wire(door).begin(first)
        assert await wire.ends() == 4401
        assert (wire.pictures, wire.said) == (0, [{"type": "bye", "why": "refused"}])
    assert await Wire(door, address="10.0.0.9").begin({"ticket": good}).ends() == 4401
    clock.advance(LASTS.total_seconds())
    assert await Wire(door).begin({"ticket": good}).ends() == 4401


async def test_a_ticket_ends_with_its_time_and_another_carries_the_picture_on(
    operator: httpx.AsyncClient, door: Any, clock: HeldClock
) -> None:
    incident = await opened(operator)
    camera, other = [one["id"] for one in incident["cameras"] if one["has_stream"]][:2]
    wire = Wire(door).begin({"ticket": await ticket(operator, incident, camera)})
    await wire.sees()
    clock.advance(LASTS.total_seconds() - 30)
    wire.say({"ticket": await ticket(operator, incident, camera), "ping": 5})
    await wire.until(lambda wire: any(one["type"] == "pong" for one in wire.said))
    clock.advance(60)
    await wire.sees(6)
    wire.say({"ticket": await ticket(operator, incident, other)})
    assert await wire.ends() == 4401, "a ticket of another camera is none here"
    wire = Wire(door).begin({"ticket": await ticket(operator, incident, camera)})
    await wire.sees()
    clock.advance(LASTS.total_seconds())
    assert await wire.ends() == 4403


async def test_one_ticket_shows_one_picture(operator: httpx.AsyncClient, door: Any) -> None:
    incident = await opened(operator)
    given = await ticket(operator, incident, incident["cameras"][0]["id"])
    first = Wire(door).begin({"ticket": given})
    await first.sees()
    second = Wire(door).begin({"ticket": given})
    await second.sees()
    assert await first.ends() == 4409
    second.heard.put_nowait({"type": "websocket.disconnect"})
    assert await second.ends() is None


async def test_who_is_revoked_sees_nothing_a_second_later(
    operator: httpx.AsyncClient, door: Any, database: Database
) -> None:
    incident = await opened(operator)
    wire = Wire(door).begin({"ticket": await ticket(operator, incident, incident["cameras"][0]["id"])})
    await wire.sees()
    async with database.transaction() as tx:
        await tx.execute(text("update token set revoked_at = :now"), {"now": tx.now()})
    since = time.monotonic()
    assert await wire.ends() == 4403
    assert time.monotonic() - since < SOON_S


async def test_an_agency_that_loses_its_reach_loses_the_picture_and_others_keep_theirs(
    operator: httpx.AsyncClient, desk: Desk, door: Any, database: Database
) -> None:
    part = await opened(operator, lon=127.39, external_ref="1")
    whole = await opened(operator, external_ref="2")
    police = await desk(Role.POLICE, "police")
    await acted(operator, part, "handoffs", agency="police", kind="joint")
    await acted(operator, part, "merge", into=whole["id"])
    camera = next(one["id"] for one in whole["cameras"] if one["has_stream"])
    await approved(database, Role.POLICE, whole, [camera])
    given = await ticket(police, whole, camera)
    unused = await ticket(police, whole, camera)
    theirs = Wire(door).begin({"ticket": given})
    ours = Wire(door).begin({"ticket": await ticket(operator, whole, camera)})
    await theirs.sees()
    await ours.sees()
    answer = await operator.post(f"/incidents/{whole['id']}/unmerge", json={"incident": part["id"]})
    assert answer.status_code == 200, answer.text
    since = time.monotonic()
    assert await theirs.ends() == 4403
    assert time.monotonic() - since < SOON_S
    assert await Wire(door).begin({"ticket": unused}).ends() == 4401, "nor does a ticket that nobody has used"
    await ours.sees(6)


@pytest.mark.parametrize(
    "statement",
    [
        "update session set revoked_at = now()",
        "update account set state = 'left', left_at = now()",
        "update account set agency_id = 'police'",
        "delete from grant_role",
        "update incident set status = 'closed', closed_at = now()",
        "delete from incident_camera",
    ],
)
async def test_whatever_takes_a_right_away_ends_the_picture_within_a_second(
    operator: httpx.AsyncClient, door: Any, database: Database, statement: str
) -> None:
    """However it is written: a person's session, account, agency or roles, the incident's state, its cameras."""
    incident = await opened(operator)
    camera = next(one["id"] for one in incident["cameras"] if one["has_stream"])
    person = await operator_of(database)
    async with database.transaction() as tx:
        given = await openings.grant(tx, person, camera, UUID(incident["id"]), "화재 확인")
    wire = Wire(door).begin({"ticket": given.ticket})
    await wire.sees()
    async with database.transaction() as tx:
        await tx.execute(text(statement))
    since = time.monotonic()
    assert await wire.ends() == 4403
    assert time.monotonic() - since < SOON_S
    assert await Wire(door).begin({"ticket": given.ticket}).ends() == 4401, "and the ticket opens nothing more"


async def test_other_cameras_and_a_merge_take_the_reason_away(operator: httpx.AsyncClient, door: Any) -> None:
    incident = await opened(operator)
    farther = await opened(operator, lon=127.39, external_ref="2")
    wire = Wire(door).begin({"ticket": await ticket(operator, incident, incident["cameras"][0]["id"])})
    await wire.sees()
    again = await acted(operator, incident, "cameras")
    await wire.sees(6)  # the same were chosen: it goes on
    answer = await operator.post(f"/incidents/{incident['id']}/merge", json={"into": farther["id"]})
    assert answer.status_code == 200, answer.text
    assert await wire.ends() == 4403
    assert (await ask(operator, again, incident["cameras"][0]["id"])).status_code == 409


async def test_a_slow_screen_loses_what_waits_and_goes_on_at_the_present(
    operator: httpx.AsyncClient, door: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "Queue", partial(Queue, most_pictures=4))
    incident = await opened(operator)
    wire = Wire(door).begin({"ticket": await ticket(operator, incident, incident["cameras"][0]["id"])})
    await wire.sees()
    wire.reads.clear()
    fast = Wire(door).begin({"ticket": await ticket(operator, incident, incident["cameras"][0]["id"])})
    await fast.sees(40)
    wire.reads.set()
    seen = len(wire.times)
    await wire.sees(6)
    gaps = [after[1] - before[1] for before, after in zip(wire.times, wire.times[1:], strict=False)]
    assert max(gaps) > 0.5, "what waited is gone"
    jumps = [at for at, gap in enumerate(gaps, start=1) if gap > 0.2]
    assert all(wire.times[at][0] == 3 for at in jumps), "after a gap it goes on with a picture that stands by itself"
    assert len(wire.times) - seen < 30
