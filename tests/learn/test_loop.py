"""From a closed incident to a changed manual that was rehearsed: over HTTP, on a real database, by the consumers."""

from typing import Any

import httpx
from sqlalchemy import text

from dure.engine import jobs
from dure.engine.consumers import Runner, register
from dure.engine.database import Database
from dure.engine.outbox import Relay
from dure.kernel.clock import HeldClock
from dure.learn.drills import script
from dure.learn.room import ROOM
from dure.respond.playbooks import library
from dure.respond.runs import interpreter, starting
from dure.trust.roles import Role
from tests.respond.conftest import MARKET, Desk, acted, opened


async def city(database: Database) -> None:
    """The manuals of this release, and the agencies that they name."""
    async with database.transaction() as tx:
        await tx.execute(
            text(
                "insert into agency (id, kind, name, name_en) values ('fire', 'fire', '한빛소방서', 'Hanbit Fire'), "
                "('police', 'police', '한빛경찰서', 'Hanbit Police'), ('disaster', 'disaster', '재난상황실', "
                "'Disaster Room') on conflict (id) do nothing"
            )
        )
        await library.load_shipped(tx)
        await register(tx, [*ROOM.consumers, starting.CONSUMER])


async def settled(database: Database) -> None:
    """All that follows by itself, until nothing does."""
    relay = Relay(database, None, "urn:test")  # type: ignore[arg-type]
    await relay.take()
    runners = [Runner(database, one) for one in (*ROOM.consumers, starting.CONSUMER)]
    queues = (interpreter.QUEUE, script.QUEUE)
    moved = True
    while moved:
        moved = await relay.number() > 0
        for runner in runners:
            while await runner.step():
                moved = True
        for queue in queues:
            while await jobs.step(database, queue):
                moved = True
    async with database.transaction() as tx:
        assert [dict(row) for row in await jobs.health(tx) if row["failing"]] == []
        assert await tx.scalar(text("select count(*) from dead_letter")) == 0


async def got(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def sent(client: httpx.AsyncClient, method: str, path: str, status: int = 200, **form: Any) -> Any:
    answer = await client.request(method, path, json=form)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_review_begins_by_itself_and_ends_as_a_better_manual(
    operator: httpx.AsyncClient, desk: Desk, database: Database, clock: HeldClock
) -> None:
    await city(database)
    incident = await opened(operator, type="flood")
    await settled(database)
    clock.advance(20)
    await acted(operator, incident, "acknowledge")
    clock.advance(100)
    await settled(database)
    await acted(operator, incident, "run/items/3/skip", reason="물이 아직 얕다")
    assert (await operator.get(f"/incidents/{incident['id']}/review")).status_code == 404
    await acted(operator, incident, "close", outcome="real", reason="물이 빠졌다")
    await settled(database)

    (listed,) = (await got(operator, "/reviews"))["items"]
    assert (listed["state"], listed["rule"], listed["due_on"]) == ("open", "grave", "2026-12-19")
    path = f"/incidents/{incident['id']}/review"
    review = await got(operator, path)
    clocks = {one["name"]: one for one in review["facts"]["clocks"]}
    assert (clocks["signal_to_acknowledged"]["seconds"], clocks["signal_to_acknowledged"]["state"]) == (20, "met")
    third = next(step for step in review["facts"]["steps"] if step["number"] == 3)
    assert (third["status"], third["reasons"][0]["reason"]) == ("skipped", "물이 아직 얕다")
    person = review["facts"]["people"][0]
    assert (person["name"], person["id"].partition(":")[0]) == ("operator-07", "token")
    assert "119 신고로 상황 접수" in review["drafts"]["happened"]
    assert "목표" in review["drafts"]["expected"]

    early = await operator.post(f"{path}/state", json={"state": "written"})
    assert early.json()["key"] == "learn.review.unanswered"
    answers = {"happened": "물이 찼다", "expected": "10분 안에 막는다", "why": "차단기가 고장", "changes": "순찰차"}
    await sent(operator, "PUT", path, **answers)
    finding = await sent(operator, "POST", f"/incidents/{incident['id']}/findings", 201, title="순찰차를 먼저 부른다")
    assert (finding["state"], finding["base_number"]) == ("open", 1)
    await sent(operator, "POST", f"{path}/state", state="written")
    assert (await sent(operator, "POST", f"{path}/state", state="closed"))["closed_by"] == "operator-07"
    await _changed_and_rehearsed(operator, desk, database, clock, finding["id"])


async def _changed_and_rehearsed(
    operator: httpx.AsyncClient, desk: Desk, database: Database, clock: HeldClock, finding_id: str
) -> None:
    path = f"/findings/{finding_id}"
    same = await operator.post(f"{path}/propose", json={})
    assert same.json()["key"] == "learn.finding.same"
    texts = (await got(operator, path))["texts"]
    wrong = {**texts, "ko": texts["ko"].replace("- 임무:", "- 임뮤:", 1)}
    await sent(operator, "PUT", path, title="순찰차를 먼저 부른다", **wrong)
    refused = await operator.post(f"{path}/propose", json={})
    line = next(n for n, one in enumerate(wrong["ko"].split("\n"), 1) if "임뮤" in one)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"].startswith(f"ko:{line}:")
    better = {"ko": texts["ko"].replace("60초", "45초", 1), "en": texts["en"].replace("60 s", "45 s", 1)}
    await sent(operator, "PUT", path, title="순찰차를 먼저 부른다", why="늦었다", **better)
    await sent(operator, "POST", f"{path}/propose")
    assert (await got(operator, "/findings/summary"))["proposed"] == 1
    assert (await operator.post(f"{path}/approve", json={"reason": "좋다"})).status_code == 403
    lead = await desk(Role.SHIFT_LEAD)
    approved = await sent(lead, "POST", f"{path}/approve", reason="옳다")
    assert (approved["state"], approved["published_number"], approved["in_force"]) == ("published", 2, 2)
    versions = (await got(operator, "/playbooks/flood/versions"))["items"]
    assert versions[0]["note"].startswith("순찰차를 먼저 부른다 · ")
    unrehearsed = await operator.post(f"{path}/close", json={})
    assert unrehearsed.json()["key"] == "learn.finding.not_rehearsed"

    form = {"kind": "flood", "finding_id": finding_id, "lon": MARKET.lon, "lat": MARKET.lat, "title": "지하차도 훈련"}
    injects = [
        {"after_s": 10, "act": "say", "words": "차 두 대가 보인다"},
        {"after_s": 20, "act": "answer", "value": "police"},
        {"after_s": 30, "act": "moment", "value": "controlled"},
        {"after_s": 40, "act": "severity", "value": "serious", "words": "물이 준다"},
    ]
    drill = await sent(lead, "POST", "/drills", 201, **form, injects=injects)
    await settled(database)
    for _ in range(4):
        clock.advance(10)
        await settled(database)
    incident = await got(operator, f"/incidents/{drill['incident_id']}")
    assert (incident["mode"], incident["severity"]) == ("drill", "serious")
    script_ = (await got(operator, f"/drills/{drill['id']}"))["script"]
    assert [(one["number"], one["outcome"]) for one in script_] == [(n, "taken") for n in (1, 2, 3, 4)]
    assert {(one["status"], one["reason"]) for one in incident["notices"]} <= {("refused", "drill")}
    run = await got(operator, f"/incidents/{incident['id']}/run")
    for number in [step["number"] for step in run["steps"] if step["status"] not in {"done", "skipped"}]:
        await acted(operator, incident, f"run/items/{number}/override", reason="훈련에서 마쳤다")
    await acted(operator, incident, "close", outcome="drill", reason="훈련 끝")
    await settled(database)
    done = await got(operator, f"/drills/{drill['id']}")
    assert done["ended_at"] is not None
    assert done["score"]["passed"] is True, done["score"]
    assert (await got(operator, path))["state"] == "rehearsed"
    closed = await sent(operator, "POST", f"{path}/close")
    assert closed["state"] == "closed"
    assert (await got(operator, "/findings/summary"))["findings"] == 0
    assert [one["mode"] for one in (await got(operator, "/reviews"))["items"]] == ["real"]
