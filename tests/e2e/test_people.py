"""The people screen: found by a whole number, masked; erased with a reason, and the proof is shown."""

import os
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Desk, proven
from tests.town import Town

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("e2e")]
SHOTS = os.environ.get("DURE_SHOTS")


async def test_somebody_is_found_masked_and_erased_with_proof(town: Town, desk: Desk) -> None:
    report = {"type": "medical", "source": "119", "external_ref": "PEOPLE-1", "description": "넘어짐"}
    told = await town.client.post("/incidents", json={**report, "caller": {"name": "성춘향", "phone": "010-2468-1357"}})
    assert told.status_code == 201, told.text
    async with desk.page("people") as page:
        await expect(page.get_by_text("아직 찾지 않았습니다")).to_be_visible()
        await page.get_by_label("찾는 값").select_option("phone")
        await page.get_by_label("전체 값").fill("01024681357")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="성*향")).to_be_visible()
        await expect(page.get_by_text("010-****-1357")).to_be_visible()
        assert "성춘향" not in await page.content()
        if SHOTS:
            await page.screenshot(path=Path(SHOTS) / "find.png")
        await page.get_by_role("button", name="파기", exact=True).click()
        do = page.get_by_role("button", name="열쇠 파기")
        await page.get_by_label("사유").fill("정보주체의 요청")
        await expect(do).to_be_disabled()
        await page.get_by_text("되돌릴 수 없음을 확인했습니다").click()
        if SHOTS:
            await page.screenshot(path=Path(SHOTS) / "erase.png")
        await do.click()
        await proven(page, page.get_by_role("heading", name="파기 증명"))
        await expect(page).to_have_url(re.compile("#/people/destroyed/"))
        await expect(page.get_by_text("파기됨")).to_be_visible()
        await expect(page.get_by_text("0 / 0")).to_be_visible()
        if SHOTS:
            await page.screenshot(path=Path(SHOTS) / "proof.png")
    async with desk.page("people", size="phone", theme="light") as page:
        await page.get_by_label("찾는 값").select_option("phone")
        await page.get_by_label("전체 값").fill("010-2468-1357")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("그런 사람이 없습니다")).to_be_visible()
        if SHOTS:
            await page.screenshot(path=Path(SHOTS) / "phone.png")
