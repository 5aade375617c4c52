"""A detector is put into use on a phone in the market: code, stall on the plan, a press that arrives, done, undone."""

import json
import time

import pytest
from playwright.async_api import expect

from dure.sense.mqtt_client import MqttClient
from tests.e2e.conftest import Desk
from tests.town import Town

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("e2e")]
DEVICE = "mfc-0001"


async def test_a_detector_is_put_into_use_on_a_phone(town: Town, desk: Desk) -> None:
    (market, *_) = (await town.client.get("/market-fire/markets")).json()["items"]
    key = await town.device(DEVICE, lon=market["lon"], lat=market["lat"])
    async with desk.page(f"market-fire/{market['id']}/commission", size="phone") as page:
        await page.fill("input[name=device]", f"https://city/d/{DEVICE}")
        await page.press("input[name=device]", "Enter")
        stall = page.locator(".plan [data-stall]").nth(4)
        name = (await stall.get_attribute("aria-label") or "").split(",")[0]
        await stall.focus()
        await stall.press("Enter")
        await page.get_by_role("button", name=f"{name}에 놓기").click()
        waiting = page.locator("[data-state=waiting]")
        await expect(waiting).to_contain_text("시험 단추")
        finish = page.get_by_role("button", name="사용 시작")
        await expect(finish).to_be_disabled()
        client = MqttClient(town.mqtt_host, town.mqtt_port, client_id=DEVICE, username=DEVICE, password=key)
        await client.connect()
        press = [{"n": "button", "vb": True, "t": time.time()}, {"n": "battery", "u": "%EL", "v": 97, "t": time.time()}]
        await client.publish(f"city/{DEVICE}", json.dumps(press).encode())
        pressed = time.monotonic()
        await client.close()
        await expect(page.locator("[data-state=arrived]")).to_contain_text("전지 97")
        assert time.monotonic() - pressed < 15  # within seconds: every two the doors write, every second it is asked
        await finish.click()
        await expect(page.locator("[data-state=done]")).to_contain_text(name)
        await page.get_by_role("button", name="되돌리기", exact=True).click()
        await expect(page.locator("[data-state=undone]")).to_be_visible()
        assert (await town.client.get(f"/devices/{DEVICE}")).json()["asset_id"] is None
