"""What others rely on, tried as they would: commands, MQTT, HTTP and SSE of a running city, from a reading on."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from dure.sense.mqtt_client import MqttClient, MqttRefusedError
from tests.town import Town, said

LON, LAT = 127.4300, 36.6300
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def report(client: MqttClient, device: str, values: list[tuple[float, float]]) -> None:
    """Publishes heat readings (time, Cel)."""
    for at, heat in values:
        body = json.dumps([{"n": "heat", "u": "Cel", "v": heat, "t": at}]).encode()
        await client.publish(f"city/{device}", body)


async def signed_in(town: Town, device: str, key: str) -> MqttClient:
    client = MqttClient(town.mqtt_host, town.mqtt_port, client_id=device, username=device, password=key)
    await client.connect()
    return client


async def eventually(ask: Any, within_s: float = 60) -> Any:
    """The first answer of `ask` that is not empty."""
    async with asyncio.timeout(within_s):
        while True:
            if found := await ask():
                return found
            await asyncio.sleep(0.05)


async def alarms_of(town: Town, device: str) -> list[dict[str, Any]]:
    return [
        one for one in await town.items("/alarms") if one["device"] == device and one["rule"] == "market_fire_signal"
    ]


async def test_five_seconds_of_heat_become_an_incident_with_five_cameras(town: Town) -> None:
    key = await town.device("contract-1", lon=LON, lat=LAT)
    client = await signed_in(town, "contract-1", key)
    snapshot = (await town.client.get("/snapshot")).json()
    heard = asyncio.create_task(first_incident(town, snapshot["position"]))
    began = round(time.time(), 3)
    for second in range(6):
        await report(client, "contract-1", [(began + second, 75.0)])
        await asyncio.sleep(max(0.0, began + second + 1 - time.time()))
    [alarm] = await eventually(lambda: alarms_of(town, "contract-1"))
    assert set(alarm) >= {"id", "rule", "device", "subject", "stage", "onset_at", "raised_at", "cleared_at", "late"}
    assert alarm["late"] is False
    assert alarm["stage"] == "pre_alarm"

    async def placed() -> str | None:
        return (await alarms_of(town, "contract-1"))[0]["incident_id"]

    incident_id = await eventually(placed)
    change = await asyncio.wait_for(heard, 60)
    assert change["entity"] == "incident"
    incident = (await town.client.get(f"/incidents/{incident_id}")).json()
    assert alarm["id"] in [one if isinstance(one, str) else one["id"] for one in incident["alarms"]]
    assert (incident["status"], incident["mode"], incident["place"]["located"]) == ("open", "real", True)
    assert len(incident["cameras"]) == 5
    assert all({"id", "site_id", "distance_m", "reason", "state"} <= set(camera) for camera in incident["cameras"])
    assert incident["clocks"]
    assert incident["timeline"]
    await client.close()


async def first_incident(town: Town, after: int) -> dict[str, Any]:
    """The first change of an incident that the live flow tells."""
    async with town.client.stream("GET", "/events", params={"after": after}, timeout=None) as stream:
        async for line in stream.aiter_lines():
            if line.startswith("data: ") and '"incident"' in line:
                change: dict[str, Any] = json.loads(line.removeprefix("data: "))
                if change.get("entity") == "incident":
                    return change
    raise AssertionError("the flow ended")


async def test_less_than_five_seconds_make_none(town: Town) -> None:
    key = await town.device("contract-2", lon=LON + 0.01, lat=LAT)
    client = await signed_in(town, "contract-2", key)
    now = time.time() - 6
    await report(client, "contract-2", [(now + n * 0.7, 90.0) for n in range(8)] + [(now + 4.95, 20.0)])
    sentinel = await town.device("contract-3", lon=LON + 0.02, lat=LAT)
    other = await signed_in(town, "contract-3", sentinel)
    await report(other, "contract-3", [(now + n, 90.0) for n in range(6)])
    await eventually(lambda: alarms_of(town, "contract-3"))
    assert await alarms_of(town, "contract-2") == []
    await client.close()
    await other.close()


async def test_a_wrong_key_and_anothers_topic_are_refused(town: Town) -> None:
    key = await town.device("contract-4", lon=LON, lat=LAT)
    await town.device("contract-5", lon=LON, lat=LAT)
    with pytest.raises(MqttRefusedError):
        await signed_in(town, "contract-4", "wrong")
    client = await signed_in(town, "contract-4", key)
    await report(client, "contract-4", [(time.time(), 20.0)])
    name = json.dumps([{"bn": "contract-5/", "n": "heat", "u": "Cel", "v": 21}]).encode()
    await client.publish("city/contract-4", name)

    async def refused() -> bool:
        return any(one["device"] == "contract-4" for one in await town.items("/refusals"))

    await eventually(refused)
    await client.close()


async def test_observations_by_http_say_what_they_refuse(town: Town) -> None:
    await town.device("contract-6", lon=LON, lat=LAT)
    token = await said("token", "--role", "service", "--data", str(town.folder))
    records = [
        {"n": "contract-6/heat", "u": "Cel", "v": 21.5},
        {"n": "nobody/heat", "u": "Cel", "v": 21.5},
        {"n": "contract-6/heat", "u": "lx", "v": 21.5},
        {"n": "contract-6/smoke", "vb": False},
    ]
    answer = await town.client.post("/observations", json=records, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 202
    body = answer.json()
    assert body["accepted"] == 2
    assert [one["index"] for one in body["rejected"]] == [1, 2]
    assert all(one["reason"] for one in body["rejected"])


async def test_nobody_and_the_wrong_role_get_nothing(town: Town) -> None:
    async with httpx.AsyncClient(base_url=town.url + "/api/v1") as stranger:
        for path in (
            "/incidents",
            "/alarms",
            "/cameras/nearest?lon=127.4&lat=36.6",
            "/events",
            "/snapshot",
            "/devices",
        ):
            assert (await stranger.get(path)).status_code == 401, path
        citizen = await said("token", "--role", "citizen", "--data", str(town.folder))
        headers = {"Authorization": f"Bearer {citizen}"}
        assert (await stranger.get("/devices", headers=headers)).status_code == 403
        assert (await stranger.post("/observations", headers=headers, json=[])).status_code == 403


async def test_reports_open_incidents_once(town: Town) -> None:
    report = {
        "type": "traffic",
        "description": "3중 추돌",
        "source": "119",
        "external_ref": "A-1",
        "lon": LON,
        "lat": LAT,
    }
    first = await town.client.post("/incidents", json=report)
    again = await town.client.post("/incidents", json=report)
    assert first.status_code in {200, 201}
    assert first.json()["id"] == again.json()["id"]
    other = await town.client.post("/incidents", json={**report, "type": "landslide", "external_ref": "A-2"})
    assert (other.status_code, other.json()["type"]) == (201, "landslide"), (
        "no call for help is turned away by its type"
    )
    nowhere = await town.client.post(
        "/incidents",
        json={"type": "fire", "description": "연기가 납니다", "source": "citizen", "address": "없는길 999"},
    )
    assert nowhere.json()["place"]["located"] is False


async def test_files_come_in_and_come_again_unchanged(town: Town, tmp_path: Path) -> None:
    rows = "시설번호,시설유형코드,시도명,시군구명,위도,경도,사용가능여부\n" + "".join(
        f"CT-{n},1,가온도,한빛시,{LAT + n * 1e-4:.6f},{LON:.6f},Y\n" for n in range(20)
    )
    path = tmp_path / "소화전 목록.csv"
    path.write_bytes((rows + "CT-3,1,가온도,한빛시,0,0,Y\n").encode("cp949"))
    first = json.loads(await said("import", "hydrants", str(path), "--json", "--data", str(town.folder)))
    assert (first["read"], first["imported"]) == (21, 20)
    assert first["rejected"][0]["row"] == 22
    again = json.loads(await said("import", "hydrants", str(path), "--json", "--data", str(town.folder)))
    assert (again["imported"], again["updated"], again["unchanged"]) == (0, 0, 20)


async def test_the_five_nearest(town: Town) -> None:
    answer = await town.client.get("/cameras/nearest", params={"lon": LON, "lat": LAT, "n": 5})
    items = answer.json()["items"]
    assert len(items) == 5
    sites = [item["site_id"] for item in items]
    assert max(sites.count(site) for site in sites) <= 2
    assert {"id", "site_id", "distance_m", "reason", "state"} <= set(items[0])
