"""Warmth is believed by what a detector reported before: a heat that jumps is asked about, one that rises is told to
119. Over real MQTT, through the readings that the city keeps.
"""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from dure.sense.mqtt_client import MqttClient
from tests.contract.test_main_path import eventually, signed_in
from tests.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def told(client: MqttClient, device: str, heat: Callable[[int], float]) -> None:
    """Forty seconds of readings that end now."""
    now = time.time()
    for second in range(41):
        body = json.dumps([{"n": "heat", "u": "Cel", "v": heat(second), "t": now - 40 + second}]).encode()
        await client.publish(f"city/{device}", body)


async def verified(town: Town, device: str, stage: str) -> dict[str, Any]:
    """The verification of the device's incident, once it is at a stage and has heard of the high heat."""

    async def ask() -> dict[str, Any] | None:
        alarms = [one for one in await town.items("/alarms") if one["device"] == device and one["incident_id"]]
        for one in alarms:
            answer = await town.client.get(f"/market-fire/verifications/{one['incident_id']}")
            found: dict[str, Any] = answer.json()
            heard = stage == "reported" or any(sign["kind"] == "hot" for sign in found.get("signs", ()))
            if answer.status_code == 200 and found["stage"] == stage and heard:
                return found
        return None

    found: dict[str, Any] = await eventually(ask)
    return found


async def test_a_heat_that_jumps_is_asked_about_and_one_that_rises_is_reported(town: Town) -> None:
    key = await town.device("jumps-1", lon=127.47, lat=36.66)
    client = await signed_in(town, "jumps-1", key)
    await told(client, "jumps-1", lambda second: 20.0 if second < 27 else 92.0)
    jumped = await verified(town, "jumps-1", "pre_alarm")
    (hot,) = [one for one in jumped["signs"] if one["kind"] == "hot"]
    assert "heat_jump" in hot["doubts"]
    assert jumped["deadline_at"] is not None
    key = await town.device("rises-1", lon=127.49, lat=36.66)
    other = await signed_in(town, "rises-1", key)
    await told(other, "rises-1", lambda second: 20.0 + 2.0 * second)
    risen = await verified(town, "rises-1", "reported")
    assert risen["why"] in {"fast_rise", "high_heat"}
    await client.close()
    await other.close()
