"""Two people in one incident's room at once: each sees what the other does, and who is second is told."""

import os
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.conftest import Desk
from tests.e2e.test_privacy import hired, screen
from tests.respond.room.test_files import exif, photo
from tests.town import Town

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("e2e")]
SHOTS = os.environ.get("DURE_SHOTS")
OTHER = "room-31"


async def shot(page: Page, name: str, *, whole: bool = False) -> None:
    """The screen as it is, where a person wants to judge it."""
    if SHOTS:
        await page.wait_for_timeout(500)
        await page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=whole)


async def test_two_people_work_in_one_room(town: Town, desk: Desk, browser: Browser) -> None:
    await hired(town, OTHER, "operator", "control")
    call = {"type": "gas", "description": "가스 냄새", "source": "119", "lon": 127.4412, "lat": 36.6411}
    opened = await town.client.post("/incidents", json=call)
    assert opened.status_code == 201, opened.text
    incident = opened.json()["id"]
    async with desk.page(f"incidents/{incident}", size="wall") as one:
        people = one.get_by_role("region", name="사람과 역할")
        await expect(people).to_contain_text("지금 1명")
        async with screen(browser, town, OTHER, size="phone") as two:
            await two.goto(f"{town.url}/#/incidents/{incident}")
            await expect(people).to_contain_text(OTHER)
            await one.keyboard.press("k")
            asking = one.get_by_role("dialog", name="임무 요청")
            await asking.get_by_label("무엇을").fill("밸브실을 잠근다")
            whom = await asking.locator("option", has_text=OTHER).get_attribute("value")
            await asking.get_by_label("누구에게").select_option(whom)
            await asking.get_by_role("button", name="요청", exact=True).click()
            task = two.get_by_role("listitem", name="밸브실을 잠근다")
            await expect(task).to_contain_text("남음")
            await task.get_by_role("button", name="맡기:").click()
            await expect(one.get_by_role("listitem", name="밸브실을 잠근다")).to_contain_text(f"{OTHER} 맡음")
            await expect(people).to_contain_text("임무")
            await task.get_by_role("button", name="완료:").click()
            ending = two.get_by_role("dialog", name="임무 완료")
            await expect(ending).to_be_visible()

            # Who ends it first has ended it; the other is told by whom, and nothing is overruled.
            async with one.expect_response(lambda answer: answer.url.endswith("/cancel")) as answered:
                await one.evaluate(_CANCEL, incident)
            assert (await answered.value).status == 200
            await ending.get_by_label("결과").fill("잠갔음")
            await ending.get_by_role("button", name="완료", exact=True).click()
            await expect(two.get_by_text("취소했습니다").first).to_be_visible()
            await two.keyboard.press("Escape")

            await expect(asking).to_be_hidden()
            await one.keyboard.press("e")
            deciding = one.get_by_role("dialog", name="결정 적기")
            await expect(two.get_by_role("region", name="사람과 역할")).to_contain_text("결정 적는 중")
            await deciding.get_by_label("무엇을 정했나").fill("반경 50 m를 비운다")
            await deciding.get_by_label("까닭").fill("농도가 폭발 하한의 20 %를 넘었다")
            await deciding.get_by_role("button", name="적기", exact=True).click()
            await expect(two.get_by_role("region", name="결정")).to_contain_text("반경 50 m를 비운다")

            await expect(deciding).to_be_hidden()
            await one.keyboard.press("f")
            adding = one.get_by_role("dialog", name="자료 올리기")
            plain = photo(320, 200)
            sent = plain[:2] + exif(orientation=1) + plain[2:]
            file = {"name": "north.jpg", "mimeType": "image/jpeg", "buffer": sent}
            await adding.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item]
            await adding.get_by_label("무엇인가").fill("북측 출입구")
            await adding.get_by_role("button", name="올리기", exact=True).click()
            files = two.get_by_role("region", name="자료")
            await expect(files).to_contain_text("촬영 정보, 위치 정보 지움")
            await files.get_by_role("button", name="열기:").click()
            looking = two.get_by_role("dialog", name="북측 출입구")
            await looking.get_by_label("여는 목적").fill("현장 확인")
            await looking.get_by_role("button", name="보기").click()
            picture = looking.get_by_role("img", name="북측 출입구")
            await expect(picture).to_be_visible()
            assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
            await shot(two, "room-file-phone")
            await two.keyboard.press("Escape")
            await shot(one, "room-wall")
            await shot(two, "room-phone", whole=True)
        await expect(people).to_contain_text("지금 1명")
    closed = await town.client.post(f"/incidents/{incident}/close", json={"outcome": "real", "reason": "환기함"})
    assert closed.status_code == 200, closed.text


_CANCEL = """async (incident) => {
  const read = await fetch(`/api/v1/incidents/${incident}`);
  const task = (await read.json()).tasks.find((one) => one.from === 'hand');
  await fetch(`/api/v1/incidents/${incident}/tasks/${task.id}/cancel`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ reason: '이미 잠겼다' }),
  });
}"""
