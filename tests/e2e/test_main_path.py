"""From a reading over MQTT to an incident that a person handles, by keys alone, on the screen."""

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import Desk, burn
from tests.town import Town

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("e2e")]
DEVICE, LON, LAT = "E2E-FD-1", 127.42925, 36.630268


async def test_a_fire_waits_in_the_bar_and_is_handled_by_keys(town: Town, desk: Desk) -> None:
    async with desk.page("board", size="wall") as page:
        await expect(page.get_by_text("실시간")).to_be_visible()
        await expect(page.locator(".queue [role=listbox]")).to_be_visible()  # drawn with all its rows, or with none
        rows = page.locator(".queue [role=option]").first
        before = int(await rows.get_attribute("aria-setsize") or 0) if await rows.count() else 0
        await burn(town, DEVICE, LON, LAT)
        bar = page.locator(".new[role=status]")
        await expect(bar).to_be_visible(timeout=60_000)
        if before:
            await expect(rows).to_have_attribute("aria-setsize", str(before))  # a new one pushes no row away
        await page.keyboard.press("n")
        await expect(bar).to_be_hidden()
        await expect(rows).to_have_attribute("aria-setsize", str(before + 1))
        chosen = page.locator(".queue [role=option][aria-selected=true]")
        await expect(chosen).to_contain_text("카메라 5")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("화재")
        await _handle(page)


async def _handle(page: Page) -> None:
    """Acknowledges, notes, hands off and closes, without a pointer."""
    await expect(page.locator(".tile")).to_have_count(5)
    await page.keyboard.press("a")
    timeline = page.get_by_role("region", name="경과 기록")
    await expect(timeline.locator("li")).not_to_have_count(0)
    await expect(page.get_by_role("button", name="확인", exact=True)).to_be_hidden()
    await page.keyboard.press("t")
    await page.keyboard.type("점주와 통화함")
    await page.keyboard.press("Enter")
    await expect(timeline.get_by_text("점주와 통화함")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("h")
    dialog = page.get_by_role("dialog", name="이관")
    await expect(dialog.get_by_role("radio").first).to_be_visible()
    await dialog.get_by_role("radio", name="상황전파").click()  # the manual has passed it on already
    await dialog.get_by_role("button", name="보내기").click()
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("region", name="이관").get_by_text("미확인").first).to_be_visible()
    await page.keyboard.press("c")
    closing = page.get_by_role("dialog")
    await closing.get_by_role("textbox").fill("음식 연기, 현장 확인")
    await closing.get_by_role("radio", name="오인").click()
    await closing.get_by_role("button", name="종결").last.click()
    await expect(page.get_by_text("종결, 오인").first).to_be_visible()
    await page.get_by_role("button", name="되돌리기").click()
    await expect(page.get_by_role("button", name="종결…")).to_be_visible()


async def test_an_operator_takes_a_call_in(desk: Desk) -> None:
    async with desk.page("incidents") as page:
        await expect(page.get_by_role("link", name="상황 접수")).to_be_visible()
        await page.keyboard.press("i")
        await page.get_by_role("radio", name="119 신고").click()
        await page.get_by_label("들은 내용").fill("골목에 연기가 난다고 함")
        await page.get_by_label("주소나 장소").fill("어딘지 모르는 골목 안쪽")
        await page.get_by_role("button", name="상황 열기").click()
        await expect(page.get_by_text("위치를 아직 모릅니다")).to_be_visible()
        await page.get_by_role("button", name="위치 정하기").click()
        dialog = page.get_by_role("dialog")
        canvas = dialog.locator(".maplibregl-canvas")
        await expect(dialog.locator(".pick .zoom").first).to_be_visible()  # before, the map hears no click
        await canvas.click(position={"x": 300, "y": 150})
        await dialog.get_by_role("button", name="이 위치로").click()
        await expect(dialog).to_be_hidden()
        await expect(page.get_by_text("위치를 아직 모릅니다")).to_be_hidden()


async def test_the_palette_finds_and_goes(desk: Desk) -> None:
    async with desk.page("board") as page:
        await page.keyboard.press("Control+k")
        await page.keyboard.type("한빛중앙시장")
        options = page.get_by_role("option")
        await expect(options.filter(has_text="한빛중앙시장").first).to_be_visible()
        await page.keyboard.press("Escape")
        await page.keyboard.press("g")
        await page.keyboard.press("r")
        await expect(page.get_by_role("heading", name="감지 규칙")).to_be_visible()
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog", name="모든 키")).to_be_visible()
