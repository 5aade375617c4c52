"""A manual moves a barrier over Modbus TCP and a machine over HTTP, once, and asks a person where it does not move."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import h11
import httpx
import pytest
from sqlalchemy import text

from dure.commands.simulate.answering import Answering
from dure.commands.simulate.barrier import Barrier, Faults
from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.kernel.errors import Conflict, NotFound, PreconditionFailed
from dure.kernel.geometry import LonLat, moved
from dure.respond.automations import plc, setup, tables
from dure.respond.automations.model import LOST_AFTER, Machine, Plc, Way
from dure.respond.automations.running import Runner
from dure.respond.doors import signing
from dure.respond.doors.client import Client
from dure.respond.playbooks.parse import parse
from dure.trust.address import networks
from dure.trust.principal import system
from dure.trust.roles import Role
from tests.respond.conftest import MARKET, Desk, acted, keys, opened
from tests.respond.runs.test_run import act, begun, run_of, woken
from tests.support import differences, tables_of

MANUAL = """---
종류: fire
심각도: 심각
판: 1
주관: 재난안전대응과
골든타임: 신호 → 경보 확정 60초
---
# 시험 매뉴얼

## 1. 막는다
- 자동화: `underpass_barrier_close`, 양쪽 차단기를 내린다
- 재난문자: `underpass_flood`, 다른 길로 가 달라고 알린다

## 2. 기록
- 임무: 상황실 운영자, 기록을 확인한다
"""
CLOSE = "underpass_barrier_close"
Enter = Callable[..., Awaitable[str | None]]


@pytest.fixture
def plans() -> dict[Any, Any]:
    parsed = parse(MANUAL, "ko", {})
    assert parsed.playbook is not None, parsed.faults
    return {"ko": parsed.playbook}


@pytest.fixture
async def barrier(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Barrier]:
    """A barrier that is there as soon as it is told."""
    monkeypatch.setenv("DURE_DOOR_NETWORKS", "127.0.0.0/8")
    monkeypatch.setattr(plc, "_CONNECT_S", 0.5)
    made = Barrier(Faults(travel_s=0.0))
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def runner(database: Database) -> AsyncIterator[Runner]:
    out = Client(networks(["127.0.0.0/8"]))
    yield Runner(database, out)
    await out.close()


@pytest.fixture
def enter(database: Database, barrier: Barrier) -> Enter:
    """Enters the barrier."""

    async def make(id_: str = "barrier_east", place: LonLat | None = MARKET, within_s: float = 0.3) -> str | None:
        machine = Machine(
            CLOSE, "동쪽 차단기", Way.MODBUS, f"modbus://127.0.0.1:{barrier.port}/1",
            plc=Plc(0, True, 0, True, within_s), place=place,
        )  # fmt: skip
        async with database.transaction() as tx:
            return await setup.put(tx, system("test"), id_, machine)

    return make


async def drained(database: Database, runner: Runner) -> None:
    while await runner.step():
        pass
    await woken(database)


async def calls(database: Database) -> list[tuple[str, int, int]]:
    async with database.transaction() as tx:
        rows = await tx.rows(text("select status, tries, doubled from automation_call order by created_at, id"))
    return [(row["status"], row["tries"], row["doubled"]) for row in rows]


async def test_the_barrier_comes_down_and_the_act_is_done(
    operator: httpx.AsyncClient, database: Database, plans: dict[Any, Any], barrier: Barrier, runner: Runner,
    enter: Enter,
) -> None:  # fmt: skip
    await enter()
    await enter("barrier_elsewhere", moved(MARKET, 90, 2_000))
    incident = await opened(operator)
    await begun(database, incident, plans)
    assert act(await run_of(operator, incident), "1.1")["status"] == "running"
    assert barrier.written == []
    await drained(database, runner)
    assert barrier.written == [True]
    assert act(await run_of(operator, incident), "1.1")["status"] == "done"
    now = (await operator.get(f"/incidents/{incident['id']}")).json()
    assert "automation_done" in keys(now)
    await acted(operator, incident, "run/items/1.1/redo", reason="다시")
    await drained(database, runner)
    assert barrier.written == [True]  # it is down already
    assert await calls(database) == [("done", 1, 0)] * 2
    async with database.transaction() as tx:
        lines = await tx.rows(text("select entity_id, case_id from audit where action = 'automation.run'"))
    assert [(row["entity_id"], str(row["case_id"])) for row in lines] == [("barrier_east", incident["id"])] * 2


async def test_a_barrier_that_does_not_move_becomes_somebodys_task(
    operator: httpx.AsyncClient, database: Database, plans: dict[Any, Any], barrier: Barrier, runner: Runner,
    enter: Enter,
) -> None:  # fmt: skip
    barrier.faults = Faults(stuck=True)
    await enter(within_s=0.1)
    incident = await opened(operator)
    await begun(database, incident, plans)
    await drained(database, runner)
    now = (await operator.get(f"/incidents/{incident['id']}")).json()
    assert "automation_failed" in keys(now)
    (task,) = [one for one in now["tasks"] if one["title"] == "양쪽 차단기를 내린다 · 동쪽 차단기"]
    assert act(await run_of(operator, incident), "1.1")["status"] == "running"
    await acted(operator, incident, f"tasks/{task['id']}/take")
    await acted(operator, incident, f"tasks/{task['id']}/done")
    await woken(database)
    assert act(await run_of(operator, incident), "1.1")["status"] == "done"
    async with database.transaction() as tx:
        (told,) = await setup.listing(tx)
    assert told["last_fault"] == "not_there"


async def test_an_answer_that_is_lost_moves_nothing_twice(
    operator: httpx.AsyncClient, database: Database, clock: HeldClock, plans: dict[Any, Any], barrier: Barrier,
    runner: Runner, enter: Enter,
) -> None:  # fmt: skip
    barrier.faults = Faults(travel_s=0.0, mute=1)
    await enter()
    incident = await opened(operator)
    await begun(database, incident, plans)
    await drained(database, runner)
    assert await calls(database) == [("queued", 1, 0)]
    clock.advance(3)
    await drained(database, runner)
    assert await calls(database) == [("done", 2, 0)]
    assert barrier.written == [True]


async def test_a_call_whose_process_died_is_taken_again_and_counted(
    operator: httpx.AsyncClient, database: Database, clock: HeldClock, plans: dict[Any, Any], barrier: Barrier,
    runner: Runner, enter: Enter, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    await enter()
    incident = await opened(operator)
    await begun(database, incident, plans)

    async def killed(*_: Any) -> Any:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(plc, "move", killed)
        with pytest.raises(SystemExit):
            await runner.step()
    await drained(database, runner)
    assert barrier.written == []
    clock.advance((LOST_AFTER + timedelta(seconds=1)).total_seconds())
    await drained(database, runner)
    assert (barrier.written, await calls(database)) == ([True], [("done", 2, 1)])


async def test_nothing_moves_in_a_drill_or_elsewhere(
    operator: httpx.AsyncClient, database: Database, plans: dict[Any, Any], barrier: Barrier, runner: Runner,
    enter: Enter,
) -> None:  # fmt: skip
    await enter()
    far = moved(MARKET, 0, 5_000)
    drill = await opened(operator, mode="drill")
    elsewhere = await opened(operator, lon=far.lon, lat=far.lat, external_ref="far")
    for incident in (drill, elsewhere):
        await begun(database, incident, plans)
        await drained(database, runner)
        now = (await operator.get(f"/incidents/{incident['id']}")).json()
        assert [one for one in now["tasks"] if str(one["title"]).endswith("양쪽 차단기를 내린다")]
    assert (barrier.written, await calls(database)) == ([], [])
    async with database.transaction() as tx:
        drafts = await tx.rows(text("select incident_id, text from warning_draft"))
    assert [(str(row["incident_id"]), "지하차도" in row["text"]) for row in drafts] == [(elsewhere["id"], True)]


async def test_a_machine_over_http_takes_a_signed_request(
    operator: httpx.AsyncClient, database: Database, clock: HeldClock, plans: dict[Any, Any], barrier: Barrier,
    runner: Runner,
) -> None:  # fmt: skip
    del barrier  # its network is permitted
    heard: list[str] = []

    def answer(request: h11.Request, body: bytes) -> tuple[int, Any]:
        headers = {name.decode(): value.decode() for name, value in request.headers}
        assert secret is not None
        signed = signing.verified([secret.encode()], signing.US, "POST", headers, body, clock.now())
        heard.append(signed.reference)
        return (503, {}) if len(heard) == 1 else (200, {})

    door = Answering(answer, lambda: 0.0)
    port = await door.start("127.0.0.1", 0)
    machine = Machine(CLOSE, "망 차단", Way.HTTP, f"http://127.0.0.1:{port}/close")
    async with database.transaction() as tx:
        secret = await setup.put(tx, system("test"), "barrier_http", machine)
    incident = await opened(operator)
    await begun(database, incident, plans)
    await drained(database, runner)
    clock.advance(3)
    await drained(database, runner)
    await door.stop()
    assert len(heard) == 2
    assert len(set(heard)) == 1  # the same reference: it is the same thing
    assert act(await run_of(operator, incident), "1.1")["status"] == "done"


async def test_machines_are_entered_by_the_administrator(
    desk: Desk, operator: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DURE_DOOR_NETWORKS", "10.20.0.0/16")
    form = {"automation": CLOSE, "name": "동쪽", "way": "modbus", "url": "modbus://10.20.1.1", "plc": {"coil": 3}}
    assert (await operator.put("/automations/east", json=form)).status_code == 403
    admin = await desk(Role.ADMIN)
    assert (await admin.put("/automations/east", json=form)).json() == {"secret": None}
    for wrong in ({"plc": None}, {"lon": 127.0}, {"url": "modbus://10.30.1.1"}, {"automation": "East!"}):
        assert (await admin.put("/automations/east", json={**form, **wrong})).status_code == 422
    (one,) = (await operator.get("/automations")).json()["items"]
    assert (one["id"], one["coil"], one["input"], one["within_s"]) == ("east", 3, None, 20.0)


async def test_a_secret_is_shown_once_and_changes(database: Database, enter: Enter) -> None:
    assert await enter() is None  # a controller has none
    machine = Machine(CLOSE, "망 차단", Way.HTTP, "https://barrier.city.example/close")
    async with database.transaction() as tx:
        first = await setup.put(tx, system("test"), "http", machine)
        assert await setup.put(tx, system("test"), "http", machine, 1) is None
        assert await setup.rotate(tx, system("test"), "http") not in {first, None}
        with pytest.raises(PreconditionFailed):
            await setup.put(tx, system("test"), "http", machine, 1)
        with pytest.raises(Conflict):
            await setup.rotate(tx, system("test"), "barrier_east")
        assert all("sealed" not in one for one in await setup.listing(tx))
        assert await setup.names(tx) == {CLOSE}
        await setup.drop(tx, system("test"), "http")
        with pytest.raises(NotFound):
            await setup.drop(tx, system("test"), "http")


def test_tables_and_migration_agree(database_url: str) -> None:
    assert differences(database_url, tables_of(tables)) == []
