"""Everybody listens to the live flow at once, while a thing of each kind changes."""

import asyncio
import json
from dataclasses import dataclass, field

import httpx
import psycopg

from tests.contract.matrix import table
from tests.contract.matrix.askers import INSIDE
from tests.contract.matrix.drive import Drive
from tests.contract.matrix.oracle import AGENCIES, Agency


@dataclass
class Heard:
    """What one listener heard: entities by name, ids at all, and ids that came with a value."""

    entities: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)


async def _listen(url: str, headers: dict[str, str], after: int, until: asyncio.Future[int]) -> Heard:
    heard = Heard()
    transport = httpx.AsyncHTTPTransport(local_address=INSIDE)
    async with (
        httpx.AsyncClient(base_url=url + "/api/v1", transport=transport, timeout=60) as client,
        client.stream("GET", f"/events?after={after}", headers=headers) as flow,
    ):
        assert flow.status_code == 200
        event = ""
        async for line in flow.aiter_lines():
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            elif line.startswith("data: "):
                told = json.loads(line.removeprefix("data: "))
                if event == "change":
                    heard.entities.add(told["entity"])
                    heard.ids.add(told["id"])
                    if told["value"] is not None:
                        heard.values.add(told["id"])
                elif event == "beat" and until.done() and told["position"] >= until.result():
                    return heard
    return heard


async def heard_by_all(drive: Drive) -> dict[tuple[str, Agency], Heard]:
    """By role and agency, while a camera, a device, an incident, an alarm and an import change."""
    client, ids = drive.town.client, drive.things.ids
    after = (await client.get("/health")).json()["position"]
    until: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as group:
        listening = {
            (role, agency): group.create_task(
                _listen(drive.town.url, drive.credentials[role, agency, "token"].headers, after, until)
            )
            for role in table.roles()
            for agency in AGENCIES
        }
        for path in (f"/cameras/{ids['camera_id']}", f"/devices/{ids['device_id']}"):
            assert (await client.patch(path, json={"name": "새 이름"})).status_code == 200, path
        for path, said in (
            (f"/incidents/{ids['incident_id']}/severity", {"severity": "watch", "reason": "실시간 점검"}),
            (f"/alarms/{ids['alarm_id']}/acknowledge", {}),
        ):
            answer = await client.post(path, json=said)
            assert answer.status_code in {200, 201}, answer.text
        ids["heard_run"] = await _imported(drive)
        until.set_result(await _last(drive))
    return {key: task.result() for key, task in listening.items()}


async def _last(drive: Drive) -> int:
    """The position of the last change, once each has one: what has none is not told yet."""
    asked = "select max(position), count(*) filter (where position is null) from outbox"
    async with await psycopg.AsyncConnection.connect(drive.database, autocommit=True) as line, asyncio.timeout(60):
        while True:
            row = await (await line.execute(asked)).fetchone()
            assert row is not None
            if not row[1]:
                return int(row[0])
            await asyncio.sleep(0.05)


async def _imported(drive: Drive) -> str:
    """A file of the first agency."""
    files = {"file": ("h.csv", "시설번호,위도,경도\nH-9,36.63,127.43\n".encode())}
    headers = drive.credentials["official", "own", "token"].headers
    transport = httpx.AsyncHTTPTransport(local_address=INSIDE)
    base = drive.town.client.base_url
    async with httpx.AsyncClient(base_url=base, transport=transport, timeout=30, headers=headers) as client:
        made = await client.post("/imports", data={"kind": "hydrants"}, files=files)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])
