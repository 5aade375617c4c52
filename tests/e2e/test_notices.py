"""A public warning is drafted, counted and submitted; a CAP alert goes out; quiet hours and contacts are set: by keys
and presses, in a browser.
"""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Desk

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.xdist_group("e2e"),
    pytest.mark.long,
]


async def test_a_public_warning_is_written_and_submitted(desk: Desk) -> None:
    async with desk.page("notices/warnings") as page:
        await page.get_by_role("button", name="재난문자 쓰기").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("내용").fill("연기가 퍼집니다.\n창문을 닫으십시오.")
        await expect(dialog).to_contain_text("20자")
        await dialog.get_by_label("지역 코드").fill("36110 x")
        await expect(dialog).to_contain_text("x: 지역 코드는")
        await dialog.get_by_label("지역 코드").fill("36110")
        await dialog.get_by_role("button", name="저장").click()
        row = page.get_by_role("row").filter(has_text="연기가 퍼집니다")
        await expect(row).to_contain_text("작성 중")
        await row.dblclick()
        await page.get_by_role("button", name="승인 요청").click()
        await expect(page.get_by_role("dialog")).to_contain_text("승인 대기")
        await expect(page.get_by_role("dialog")).to_contain_text("20/157자")
        await page.keyboard.press("Escape")
        await expect(row).to_contain_text("승인 대기")


async def test_an_alert_is_published_and_hours_and_contacts_are_set(desk: Desk) -> None:
    async with desk.page("notices/alerts") as page:
        await page.get_by_role("button", name="경보 내기").click()
        dialog = page.get_by_role("dialog")
        for label, words in (("보낸 곳", "room@city.example"), ("지역 이름", "한빛동"), ("지역 코드", "36110"),
                             ("무슨 일 (한국어)", "시장 화재"), ("머리글 (한국어)", "연기를 피하십시오")):  # fmt: skip
            await dialog.get_by_label(label).fill(words)
        await dialog.get_by_role("button", name="발령").click()
        row = page.get_by_role("row").filter(has_text="room@city.example")
        await row.dblclick()
        await expect(page.get_by_label("서명한 문서")).to_contain_text("SignatureValue")
        await page.get_by_role("button", name="해제").click()
        await expect(page.get_by_role("row").filter(has_text="해제")).to_have_count(1)

        await page.get_by_role("radio", name="연락처와 시간").click()
        await page.get_by_label("누구의").select_option(label="소방 119상황실")
        await page.get_by_role("button", name="연락처 넣기").click()
        await page.get_by_role("dialog").get_by_label("전화번호나 전자우편").fill("010-1234-5678")
        await page.get_by_role("dialog").get_by_role("button", name="저장").click()
        await expect(page.get_by_role("listitem").filter(has_text="010-****-5678")).to_be_visible()
        await page.get_by_role("button", name="새 기준").click()
        await page.get_by_label("시작하는 날").fill("2036-01-01")
        await page.get_by_label("근거").fill("점검")
        await page.get_by_role("dialog").get_by_role("button", name="저장").click()
        await expect(page.get_by_text("2036-01-01부터")).to_be_visible()
