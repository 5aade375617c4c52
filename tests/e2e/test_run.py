"""The manual of an incident on the screen: begun by itself, seen by step, finished, answered and skipped by keys."""

import asyncio
import os

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Desk
from tests.town import Town

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("e2e")]


async def _manuals(town: Town) -> None:
    """Waits until the work process of a new city has taken the manuals in."""
    for _ in range(300):
        if (await town.client.get("/playbooks/market_fire")).status_code != 404:
            return
        await asyncio.sleep(0.2)


async def test_a_manual_is_carried_out_by_keys(town: Town, desk: Desk) -> None:
    await _manuals(town)
    call = {"type": "market_fire", "description": "연기", "source": "119", "lon": 127.4412, "lat": 36.6411}
    opened = await town.client.post("/incidents", json=call)
    assert opened.status_code == 201, opened.text
    incident = opened.json()["id"]
    async with desk.page(f"incidents/{incident}", size="wall") as page:
        panel = page.get_by_role("region", name="대응 매뉴얼")
        steps = panel.locator(".step")
        await expect(steps).to_have_count(12)
        await page.keyboard.press("p")
        first = steps.first.locator("> button")
        await expect(first).to_be_focused()
        await expect(first).to_contain_text("남음")
        await page.keyboard.press("Enter")
        done = steps.first.get_by_role("button", name="완료:").first
        await done.press("Enter")
        await expect(first).not_to_contain_text("남음")
        await expect(page.get_by_role("region", name="경과 기록").get_by_text("단계 완료: 1.")).to_be_visible()
        await page.keyboard.press("p")
        second = steps.nth(1).locator("> button")
        await expect(second).to_be_focused()
        await page.keyboard.press("ArrowDown")
        await expect(steps.nth(2).locator("> button")).to_be_focused()
        await page.keyboard.press("ArrowUp")
        await page.keyboard.press("Enter")
        await steps.nth(1).get_by_role("button", name="불이에요", exact=True).press("Enter")
        await expect(steps.nth(1)).to_contain_text("점주가 불을 직접 보았다")
        await steps.nth(6).locator("> button").press("Enter")
        await steps.nth(6).get_by_role("button", name="건너뛰기", exact=True).last.press("Enter")
        dialog = page.get_by_role("dialog", name="건너뛰는 까닭")
        await dialog.get_by_role("textbox").fill("점주와 통화함")
        await page.keyboard.press("Tab")
        await dialog.get_by_role("button", name="건너뛰기", exact=True).press("Enter")
        await expect(dialog).to_be_hidden()
        await expect(page.get_by_text("점주와 통화함").first).to_be_visible()
        if folder := os.environ.get("DURE_SHOTS"):
            await page.screenshot(path=f"{folder}/run.png")
    async with desk.page(f"incidents/{incident}", size="phone", theme="light", language="en") as page:
        await expect(page.get_by_role("region", name="Playbook").locator(".step")).to_have_count(12)
        if folder := os.environ.get("DURE_SHOTS"):
            await page.screenshot(path=f"{folder}/run-phone.png", full_page=True)
