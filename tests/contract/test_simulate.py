"""`dure simulate` against running cities, over real MQTT: the fire becomes an incident, the steam does not."""

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.town import DURE, ROOT, Town, running

pytestmark = [pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="session")]


async def simulated(folder: Path, *words: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code, and the last line of each kind."""
    process = await asyncio.create_subprocess_exec(
        *DURE, "simulate", *words, "--json", "--data", str(folder), cwd=ROOT, stdout=subprocess.PIPE
    )
    out, _ = await process.communicate()
    lines = [json.loads(line) for line in out.splitlines()]
    assert process.returncode is not None
    return process.returncode, {line["event"]: line for line in lines}


async def test_a_market_burns_in_the_sample_city_and_somebody_presses_a_bell(town: Town) -> None:
    before = {one["id"]: one["version"] for one in await town.items("/devices", kind="gateway")}
    code, told = await simulated(town.folder, "market-fire", "--speed", "6")
    assert code == 0, told
    verdict = told["verdict_good"]
    assert verdict["ok"]
    assert verdict["fire_incident"]
    assert not verdict["steam_alarm"]
    assert told["cast"]["detectors"] == 75
    assert told["alarm"]["after"] >= 5
    assert told["cameras"]["n"] == 5
    incident = (await town.client.get(f"/incidents/{verdict['incident_id']}")).json()
    assert incident["receipt_no"] == verdict["receipt_no"]
    assert incident["type"] == "market_fire"
    assert incident["place"]["name"].startswith("한빛중앙시장 나동 17호")
    assert {clock["name"] for clock in incident["clocks"]} >= {"signal_to_confirmed", "signal_to_answered"}
    assert before == {one["id"]: one["version"] for one in await town.items("/devices", kind="gateway")}
    tokens = await town.items("/tokens")
    assert [one["revoked_at"] for one in tokens if one["name"] == "dure simulate"] != [None]
    code, told = await simulated(town.folder, "bells")
    assert code == 0, told
    bell = (await town.client.get(f"/incidents/{told['bell_good']['incident_id']}")).json()
    assert bell["type"] == "emergency_bell"


@pytest.mark.long
async def test_in_a_city_of_ones_own_only_devices_made_for_it_are_touched(reachable: Path) -> None:
    async with running(reachable / "city") as town:
        key = await town.device("real-1", lon=127.4, lat=36.6)
        code, told = await simulated(town.folder, "market-fire", "--speed", "6", "--seed", "3")
        assert code == 0, told
        assert told["cast"]["sample"] == "no"
        devices = {one["id"]: one for one in await town.items("/devices", kind="fire_detector")}
        assert len(devices) == 13
        assert devices["real-1"]["version"] == 1
        assert key
