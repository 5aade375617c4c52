"""A manual is read, written with its faults underlined, compared, published and brought back on the screen."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Desk
from tests.town import Town

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.xdist_group("e2e"),
    pytest.mark.long,
]


async def test_a_manual_is_written_published_and_brought_back(town: Town, desk: Desk) -> None:
    async with desk.page("playbooks/crowd") as page:
        await expect(page.get_by_role("heading", name="인파 밀집 대응 매뉴얼", level=1).first).to_be_visible()
        await expect(page.get_by_role("heading", name="1. 밀집 확인")).to_be_visible()
        await page.get_by_role("radio", name="고치기").click()
        text = page.get_by_role("textbox", name="매뉴얼 글")
        good = await text.input_value()
        await text.fill(good.replace("- 임무: 상황실", "- 임뮤: 상황실", 1))
        line = next(n for n, one in enumerate(good.split("\n"), 1) if one.startswith("- 임무: 상황실"))
        await expect(page.locator(".faults button").filter(has_text=f"{line}행")).to_be_visible()
        await expect(page.locator(".fault").first).to_have_text("임뮤")
        await expect(page.get_by_role("button", name="v2로 발행")).to_be_disabled()
        await text.fill(good.replace("움직임을 본다.", "움직임을 먼저 본다.", 1))
        await expect(page.get_by_text("문법 이상 없음, 7단계 실행 가능")).to_be_visible()
        await page.get_by_role("radio", name="변경").click()
        await expect(page.get_by_text("추가 1줄, 삭제 1줄")).to_be_visible()
        await page.keyboard.press("Control+s")
        await page.get_by_label("무엇을 왜 고쳤습니까").fill("말을 분명히 했다")
        await page.get_by_role("button", name="발행", exact=True).click()
        await expect(page.get_by_text("말을 분명히 했다")).to_be_visible()
        await expect(page.get_by_text("v2 · 쓰는 중")).to_be_visible()
        assert "먼저 본다" in (await town.client.get("/playbooks/crowd")).json()["texts"]["ko"]
        await page.get_by_role("button", name="되살리기").click()
        await expect(page.get_by_text("v1 · 쓰는 중")).to_be_visible()
