"""A public warning is drafted, counted and submitted; a CAP alert goes out; quiet hours and contacts are set: by keys
and presses, in a browser.
"""

import re

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.conftest import Desk
from tests.e2e.test_privacy import hired, screen
from tests.town import Town

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.xdist_group("e2e"),
    pytest.mark.long,
]
LEAD = "lead-52"


async def test_a_public_warning_is_written_sent_back_and_approved(town: Town, desk: Desk, browser: Browser) -> None:
    await hired(town, LEAD, "shift_lead", "control")
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
        async with screen(browser, town, LEAD, theme="light") as lead:
            await lead.goto(f"{town.url}/#/notices/warnings")
            theirs = lead.get_by_role("row").filter(has_text="연기가 퍼집니다")
            await theirs.dblclick()
            judging = lead.get_by_role("dialog")
            await expect(judging.get_by_role("button", name="반려", exact=True)).to_be_disabled()
            await judging.get_by_label("반려 사유").fill("지역을 좁히십시오")
            await judging.get_by_role("button", name="반려", exact=True).click()
            await expect(judging).to_contain_text("지역을 좁히십시오")
            await page.reload()
            await expect(row).to_contain_text("반려")
            await row.dblclick()
            await expect(page.get_by_role("dialog")).to_contain_text("지역을 좁히십시오")
            await page.get_by_role("button", name="승인 요청").click()
            await expect(page.get_by_role("dialog")).to_contain_text("승인 대기")
            await lead.reload()
            await theirs.dblclick()
            await judging.get_by_role("button", name="승인", exact=True).click()
            await expect(
                judging.get_by_text("승인했습니다").or_(lead.get_by_text("승인했습니다")).first
            ).to_be_visible()
        await page.reload()
        await row.dblclick()
        await page.get_by_label("보낸 기관").fill("행정안전부")
        await page.get_by_role("button", name="보낸 것으로 기록").click()
        await expect(page.get_by_role("dialog")).to_contain_text("행정안전부")


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
        await page.get_by_role("button", name="경보 갱신").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_label("머리글 (한국어)")).to_have_value("연기를 피하십시오")
        await dialog.get_by_label("머리글 (한국어)").fill("시장 둘레를 비우십시오")
        area = dialog.get_by_role("application", name=re.compile("지역 지도"))
        for x, y in ((60, 60), (180, 60), (120, 200)):
            await area.locator("canvas").first.click(position={"x": x, "y": y})
        await expect(dialog.get_by_text("꼭짓점 3개")).to_be_visible()
        await dialog.get_by_role("button", name="경보 갱신").click()
        row = page.get_by_role("row").filter(has_text="갱신")
        await row.dblclick()
        await expect(page.get_by_label("서명한 문서")).to_contain_text("<polygon>")
        await expect(page.get_by_role("list", name="이어진 경보").get_by_role("listitem")).to_have_count(2)
        await page.get_by_role("button", name="해제").click()
        await page.get_by_role("dialog").get_by_label("까닭").fill("불이 꺼졌다")
        await page.get_by_role("dialog").get_by_role("button", name="해제").click()
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
