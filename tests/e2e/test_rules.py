"""A rule is written on the screen: it says line and reason while one types, and can be switched off and on."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Desk
from tests.town import Town

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("e2e")]


async def test_the_editor_says_what_is_wrong_and_where(town: Town, desk: Desk) -> None:
    async with desk.page("rules/new") as page:
        text = page.get_by_label("규칙 본문 (TOML)").get_by_role("textbox")
        await expect(page.locator(".errors button").first).to_be_visible()
        assert await page.get_by_role("button", name="저장").is_disabled()
        toml = (
            (await text.input_value())
            .replace('name.ko = ""', 'name.ko = "시험 규칙"')
            .replace('name.en = ""', 'name.en = "A trial"')
        )
        await text.fill(toml)
        await expect(page.get_by_text("규칙으로 읽힙니다")).to_be_visible()
        lines = toml.split("\n")
        broken = next(i for i, line in enumerate(lines) if line.startswith("for ="))
        await text.fill("\n".join([*lines[:broken], 'for = "soon"', *lines[broken + 1 :]]))
        await expect(page.locator(".errors button").filter(has_text=f"{broken + 1}행")).to_be_visible()
        await text.fill(toml)
        await expect(page.get_by_role("button", name="저장")).to_be_enabled()
        await page.keyboard.press("Control+s")
        await expect(page).to_have_url(re.compile("#/rules/city_heat$"))
        assert (await town.client.get("/rules/city_heat")).json()["enabled"] is True


async def test_a_rule_is_switched_off_and_back(town: Town, desk: Desk) -> None:
    async with desk.page("rules") as page:
        switch = page.get_by_role("switch", name="장치 배터리 부족 켜고 끄기")
        await switch.click()
        await expect(switch).to_have_attribute("aria-checked", "false")
        assert (await town.client.get("/rules/device_battery")).json()["enabled"] is False
        await page.get_by_role("button", name="되돌리기").click()
        await expect(switch).to_have_attribute("aria-checked", "true")
