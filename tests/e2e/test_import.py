"""A file with good and bad rows: the preview names each bad one, mends what can be mended, lets the good ones in, and
takes all back."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Desk
from tests.town import Town

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("e2e")]
HEADER = "device_id,kind,name,lon,lat"
ROWS = (
    "E2E-IMP-1,fire_detector,첫째,127.43,36.63",
    "E2E-IMP-2,fire_detector,둘째,36.63,127.43",
    "나쁜 번호,fire_detector,셋째,127.43,36.63",
    "E2E-IMP-4,fire_detector,넷째,127.43,36.631",
)


async def test_bad_rows_are_named_and_good_ones_come_in(town: Town, desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "장치.csv"
    file.write_text("\n".join((HEADER, *ROWS)) + "\n", encoding="cp949")
    async with desk.page("assets/import") as page:
        await page.get_by_label("자료 종류").select_option("devices")
        await page.locator("input[type=file]").set_input_files(file)
        await page.get_by_role("button", name="미리보기").click()
        await expect(page.get_by_text("CP949로 읽음")).to_be_visible()
        rejected = page.locator("tr.rejected")
        await expect(rejected).to_have_count(2)
        await expect(page.locator("tr.reason").first).to_be_visible()
        assert (await town.client.get("/devices/E2E-IMP-1")).status_code == 404, "a preview changes nothing"

        await page.get_by_role("button", name="바꾸기").first.click()
        await expect(rejected).to_have_count(1)
        async with page.expect_download() as download:
            await page.get_by_role("button", name="내려받기").click()
        kept = await (await download.value).path()
        assert "나쁜 번호" in kept.read_text(encoding="utf-8-sig")

        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_role("button", name="되돌리기")).to_be_visible()
        for device in ("E2E-IMP-1", "E2E-IMP-2", "E2E-IMP-4"):
            assert (await town.client.get(f"/devices/{device}")).status_code == 200
        await page.get_by_role("button", name="되돌리기").click()
        await expect(page.get_by_text("되돌렸습니다")).to_be_visible()
        assert (await town.client.get("/devices/E2E-IMP-1")).status_code == 404


async def test_a_file_that_cannot_be_read_says_why(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "picture.csv"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    async with desk.page("assets/import", language="en") as page:
        await page.locator("input[type=file]").set_input_files(file)
        await page.get_by_role("button", name="Preview").click()
        await expect(page.get_by_text("This file cannot be read")).to_be_visible()
