"""A detector's life in one market, on screens: put into use on a phone, a steam day whose cause is told, the stall's
setting proposed, replayed and approved with a reason, and a fire night that 119 is told of at once.
"""

import json
import os
import re
import time
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from dure.sense.mqtt_client import MqttClient
from tests.e2e.conftest import Desk
from tests.e2e.test_run import _manuals
from tests.town import Town

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.xdist_group("e2e"),
    pytest.mark.long,
]
DEVICE = "mw-0001"
SHOTS = os.environ.get("DURE_SHOTS")


async def shot(page: Page, name: str) -> None:
    """The screen as it is, where a person wants to judge it."""
    if SHOTS:
        await page.wait_for_timeout(600)
        await page.screenshot(path=Path(SHOTS) / f"watch-{name}.png")


async def say(town: Town, key: str, heat: float, *, smoke: bool, seconds: int = 7) -> None:
    """Readings of the last seconds, one a second."""
    client = MqttClient(town.mqtt_host, town.mqtt_port, client_id=DEVICE, username=DEVICE, password=key)
    await client.connect()
    now = time.time()
    for second in range(seconds):
        at = now - seconds + 1 + second
        reading = [{"n": "heat", "u": "Cel", "v": heat, "t": at}, {"n": "smoke", "vb": smoke, "t": at}]
        await client.publish(f"city/{DEVICE}", json.dumps(reading).encode())
    await client.close()


async def commissioned(town: Town, desk: Desk) -> tuple[str, str, str]:
    """The market's name, the stall's and the detector's key, after it was put into use on a phone."""
    (market, *_) = (await town.client.get("/market-fire/markets")).json()["items"]
    key = await town.device(DEVICE, lon=market["lon"], lat=market["lat"])
    async with desk.page(f"market-fire/{market['id']}/commission", size="phone") as page:
        await page.fill("input[name=device]", DEVICE)
        await page.press("input[name=device]", "Enter")
        stall = page.locator(".plan [data-stall]").nth(6)
        name = (await stall.get_attribute("aria-label") or "").split(",")[0]
        await stall.focus()
        await stall.press("Enter")
        await page.get_by_role("button", name=f"{name}에 놓기").click()
        await expect(page.locator("[data-state=waiting]")).to_contain_text("시험 단추")
        client = MqttClient(town.mqtt_host, town.mqtt_port, client_id=DEVICE, username=DEVICE, password=key)
        await client.connect()
        await client.publish(f"city/{DEVICE}", json.dumps([{"n": "button", "vb": True, "t": time.time()}]).encode())
        await client.close()
        await page.get_by_role("button", name="사용 시작").click()
        await expect(page.locator("[data-state=done]")).to_contain_text(name)
    return market["name"], name, key


async def test_commissioning_a_steam_day_and_a_fire_night(town: Town, desk: Desk) -> None:
    await _manuals(town)
    market, stall, key = await commissioned(town, desk)
    async with desk.page("board", size="wall") as page:
        await say(town, key, 24.0, smoke=True)
        await expect(page.locator(".new[role=status]")).to_be_visible()
        await page.keyboard.press("n")
        await page.keyboard.press("Enter")
        stage = page.get_by_role("region", name="단계 확인")
        await expect(stage.get_by_role("status")).to_have_text("예비경보")
        await page.keyboard.press("2")
        denying = page.get_by_role("dialog", name="불이 아니라고 답하기")
        await denying.get_by_label("무엇 때문이었나").select_option("steam")
        await denying.get_by_role("button", name="불 아님").click()
        await expect(stage.get_by_role("status")).to_have_text("불 아님")
        incident = page.url.rsplit("/", 1)[-1].partition("?")[0]
        room = page.url
        await say(town, key, 24.0, smoke=False, seconds=12)

        await page.goto(f"{town.url}/#/market-fire-learning/alarms?all=1")
        row = page.get_by_role("row").filter(has_text=stall)
        await expect(row.first).to_contain_text("수증기")
        await shot(page, "causes")
        await row.first.get_by_role("link", name=re.compile(re.escape(stall))).click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text(market)
        await page.get_by_role("button", name="설정 제안").click()
        form = page.get_by_role("dialog", name="설정 제안")
        await form.get_by_label("김 나는 때부터").select_option("660")
        await form.get_by_label("김 나는 때까지").select_option("840")
        await form.get_by_label("까닭").fill("점심마다 김이 난다")
        await form.get_by_role("button", name="설정 제안").click()
        await expect(form).to_have_count(0)
        await page.goto(f"{town.url}/#/market-fire-learning/proposals")
        card = page.get_by_role("region", name=f"{market} {stall}")
        await expect(card).to_contain_text("지난 1년 다시 돌려 보기")
        await expect(card).to_contain_text("놓침 0 → 0")
        await shot(page, "replay")
        await card.get_by_role("button", name="승인").click()
        deciding = page.get_by_role("dialog", name="승인")
        await deciding.get_by_label("까닭").fill("환기구가 없는 국밥집")
        await deciding.get_by_role("button", name="승인").click()
        await expect(page.get_by_text("제안이 없습니다")).to_be_visible()

        await page.goto(room)
        await say(town, key, 68.0, smoke=True)
        await expect(stage.get_by_role("status")).to_have_text("확정, 119 신고")
        await expect(page.get_by_role("region", name="이관", exact=True)).to_contain_text("119")
        await shot(page, "fire")
        for part, words in (("", "야간 보고"), ("/figures", stall), ("/curve", "비화재보와 신고 지연")):
            await page.goto(f"{town.url}/#/market-fire-learning{part}")
            await expect(page.get_by_role("main")).to_contain_text(words)
            await shot(page, f"learning{part.replace('/', '-')}")
    closed = await town.client.post(f"/incidents/{incident}/close", json={"outcome": "real", "reason": "누전"})
    assert closed.status_code == 200, closed.text
