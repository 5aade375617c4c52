"""kill -9 of any process at any moment: no acknowledged reading, alarm or incident is lost or doubled.

A real city under its supervisor; devices publish over MQTT with QoS 1 and wait for each PUBACK; processes are killed at
moments drawn from a seed. Afterwards every acknowledged reading is asked for, and every fire must have exactly one
alarm and one incident.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dure.sense.mqtt_client import MqttClient
from tests.town import Town, running

PROCESSES = ("postgres", "nats", "web", "stream", "work", "relay")


@pytest.fixture
async def town(reachable: Path) -> AsyncIterator[Town]:
    async with running(reachable / "city") as started:
        yield started


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1])
async def test_six_kills_lose_and_double_nothing(town: Town, seed: int) -> None:
    await drill(town, seed, kills=6)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [2])
async def test_fifty_kills_lose_and_double_nothing(town: Town, seed: int) -> None:
    await drill(town, seed, kills=50)


async def drill(town: Town, seed: int, kills: int) -> None:
    chance = random.Random(seed)
    devices = [f"kill-{n}" for n in range(12)]
    keys = {device: await town.device(device, lon=127.30 + n * 0.01, lat=36.6) for n, device in enumerate(devices)}
    stop = asyncio.Event()
    acknowledged: dict[str, list[float]] = {device: [] for device in devices}
    burning = {device: time.time() + chance.uniform(1, kills * 2.0) for device in devices}
    clients = {device: await signed_in(town, device, keys[device]) for device in devices}

    async def report(device: str) -> None:
        while not stop.is_set():
            at = round(time.time(), 3)
            heat = 90 if at >= burning[device] else 21
            body = json.dumps([{"n": "heat", "u": "Cel", "v": heat, "t": at}]).encode()
            await clients[device].publish(f"city/{device}", body)
            acknowledged[device].append(at)
            await asyncio.sleep(0.5)

    reporting = [asyncio.create_task(report(device)) for device in devices]
    done = 0
    while done < kills:
        await asyncio.sleep(chance.uniform(0.5, 2.5))
        done += town.kill(chance.choice(PROCESSES))
    await town.healthy()
    await heard_for(8, acknowledged, burning)
    stop.set()
    await asyncio.gather(*reporting)
    for client in clients.values():
        await client.close()
    await town.settled(devices)
    await no_reading_lost_or_doubled(town, acknowledged)
    await one_alarm_and_one_incident_each(town, devices)


async def heard_for(seconds: float, acknowledged: dict[str, list[float]], burning: dict[str, float]) -> None:
    """Wait until each device has been heard burning for so long since now, however slowly the city came back."""
    now = time.time()
    async with asyncio.timeout(300):
        while True:
            if all(heard and heard[-1] >= max(burning[one], now) + seconds for one, heard in acknowledged.items()):
                return
            await asyncio.sleep(0.2)


async def signed_in(town: Town, device: str, key: str) -> MqttClient:
    client = MqttClient(town.mqtt_host, town.mqtt_port, client_id=device, username=device, password=key)
    await client.connect()
    return client


async def no_reading_lost_or_doubled(town: Town, acknowledged: dict[str, list[float]]) -> None:
    for device, times in acknowledged.items():
        kept = Counter(await town.readings(device))
        missing = [at for at in times if kept[at] == 0]
        doubled = [at for at, n in kept.items() if n > 1]
        assert not missing, (device, missing[:5])
        assert not doubled, (device, doubled[:5])


async def one_alarm_and_one_incident_each(town: Town, devices: list[str]) -> None:
    alarms = [alarm for alarm in await town.items("/alarms") if alarm["rule"] == "market_fire_signal"]
    assert Counter(alarm["device"] for alarm in alarms) == Counter(devices)
    incidents = await town.items("/incidents")
    linked = Counter(alarm["incident_id"] for alarm in alarms)
    assert None not in linked, "each alarm is in an incident"
    assert set(linked) == {incident["id"] for incident in incidents}
    receipts = Counter(incident["receipt_no"] for incident in incidents)
    assert max(receipts.values()) == 1
