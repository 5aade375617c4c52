"""A steam day and a fire night in one market: the room shows the stage with its clock, the operator says by one key
that it is steam, and heat with smoke in another stall is told to 119 at once.
"""

import json
import os
import time
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from dure.sense.mqtt_client import MqttClient
from tests.e2e.conftest import Desk, smoulder
from tests.e2e.test_run import _manuals
from tests.town import Town

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("e2e")]
SHOTS = os.environ.get("DURE_SHOTS")


async def detectors(town: Town) -> list[tuple[str, str, str]]:
    """Two detectors of the first market, far from each other: id, key, the stall's name."""
    (market,) = await town.items("/assets", kind="market", q="한빛중앙시장")
    stalls = (await town.client.get("/assets", params={"parent_id": market["id"], "limit": 200})).json()["items"]
    found = []
    for stall in (stalls[40], stalls[150]):
        (device,) = (await town.client.get("/devices", params={"asset_id": stall["id"]})).json()["items"]
        key = (await town.client.post(f"/devices/{device['id']}/key")).json()["key"]
        found.append((str(device["id"]), str(key), str(stall["name"])))
    return found


async def burn(town: Town, device: str, key: str) -> None:
    """Six seconds of heat and smoke."""
    client = MqttClient(town.mqtt_host, town.mqtt_port, client_id=device, username=device, password=key)
    await client.connect()
    now = time.time()
    for second in range(7):
        at = now - 6 + second
        reading = [{"n": "heat", "u": "Cel", "v": 68.0, "t": at}, {"n": "smoke", "vb": True, "t": at}]
        await client.publish(f"city/{device}", json.dumps(reading).encode())
    await client.close()


async def shot(page: Page, name: str) -> None:
    if SHOTS:
        await page.wait_for_timeout(600)
        await page.screenshot(path=Path(SHOTS) / f"stages-{name}.png")


async def test_a_steam_day_and_a_fire_night(town: Town, desk: Desk) -> None:
    await _manuals(town)
    steam, fire = await detectors(town)
    async with desk.page("board", size="wall") as page:
        await smoulder(town, *steam[:2])
        await expect(page.locator(".new[role=status]")).to_be_visible()
        await page.keyboard.press("n")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("한빛중앙시장")
        stage = page.get_by_role("region", name="단계 확인")
        await expect(stage.get_by_role("status")).to_have_text("예비경보")
        await expect(stage).to_contain_text("남음")
        await expect(stage).to_contain_text("열·연기 5초 지속")
        await shot(page, "pre-alarm")
        await page.keyboard.press("2")
        denying = page.get_by_role("dialog", name="불이 아니라고 답하기")
        await denying.get_by_label("무엇 때문이었나").select_option("steam")
        await denying.get_by_role("button", name="불 아님").click()
        await expect(stage.get_by_role("status")).to_have_text("불 아님")
        await expect(stage.get_by_role("list", name="답")).to_contain_text("불 아님 (수증기)")
        await shot(page, "steam")
        await burn(town, *fire[:2])
        await expect(stage.get_by_role("status")).to_have_text("확정, 119 신고")
        await expect(stage).to_contain_text("연기와 열이 함께")
        await expect(page.get_by_role("region", name="이관", exact=True)).to_contain_text("소방 119상황실")
        await shot(page, "fire")
        incident = page.url.rsplit("/", 1)[-1].partition("?")[0]
    closed = await town.client.post(f"/incidents/{incident}/close", json={"outcome": "real", "reason": "누전"})
    assert closed.status_code == 200, closed.text


async def test_works_are_announced(town: Town, desk: Desk) -> None:
    async with desk.page("fire-works") as page:
        await expect(page.get_by_text("예고가 없습니다")).to_be_visible()
        await page.get_by_role("button", name="예고 적기").click()
        asking = page.get_by_role("dialog", name="예고 적기")
        await asking.get_by_label("시장").select_option(label="동문시장")
        await asking.get_by_label("무엇").select_option("disinfection")
        await asking.get_by_label("알린 곳").fill("동문시장 상인회")
        await shot(page, "announce")
        await asking.get_by_role("button", name="저장").click()
        row = page.get_by_role("listitem").filter(has_text="동문시장")
        await expect(row).to_contain_text("시장 전체")
        await shot(page, "announced")
        await row.get_by_role("button", name="끝내기").click()
        await expect(page.get_by_text("예고가 없습니다")).to_be_visible()
