"""The screen that answers who could see something: from a camera and an incident, with reasons, and recorded."""

import os
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import Desk
from tests.town import Town

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("e2e")]
SHOTS = os.environ.get("DURE_SHOTS")


def row_of(page: Page) -> Locator:
    return page.get_by_role("row").filter(has_text="복지 연계")


_NEXT = """(words) => {
  const grid = document.querySelector('[role=grid]');
  const drawn = [...(grid?.querySelectorAll('[role=row]') ?? [])];
  if (drawn.length < 2) return null;
  if (drawn.some((row) => row.textContent.includes(words))) return 'found';
  if (drawn.at(-1).ariaRowIndex === grid.ariaRowCount) return 'end';
  grid.scrollTop += grid.clientHeight / 2;
  return null;
}"""
"""One look at the lines that are drawn, and on to those below."""


async def listed(page: Page) -> bool:
    """Whether the list has the row; it is scrolled down to it, for lines out of sight are not drawn."""
    return bool(await (await page.wait_for_function(_NEXT, arg="복지 연계")).json_value() == "found")


async def test_who_could_see_a_camera_and_an_incident(town: Town, desk: Desk) -> None:
    token = {"role": "welfare", "name": "복지 연계", "agency_id": (await town.items("/agencies"))[0]["id"]}
    assert (await town.client.post("/tokens", json=token)).status_code == 201
    camera = (await town.items("/cameras"))[0]["id"]
    told = await town.client.post("/incidents", json={"type": "medical", "source": "119", "description": "넘어짐"})
    async with desk.page(f"assets/cameras/{camera}") as page:
        saw = page.get_by_role("link", name="누가 보았나")
        await expect(saw).to_have_attribute("href", f"#/admin/audit?camera={camera}")
        await page.get_by_role("link", name="누가 볼 수 있나").click()
        await expect(page.locator("p", has_text="카메라가 어디 있는지 본다 (영상이 아니다)")).to_be_visible()
        await expect(page.get_by_text("도시의 것 (기관을 가리지 않음)")).to_be_visible()
        assert await listed(page)
        row = row_of(page)
        await expect(row.get_by_text("불가")).to_be_visible()
        await expect(row.get_by_text("이 역할에는 허용되어 있지 않습니다.")).to_be_visible()
        if SHOTS:
            await page.screenshot(path=Path(SHOTS) / "who-camera.png")
        await page.get_by_role("radio", name="볼 수 있음").click()
        await expect(page.get_by_role("gridcell", name="불가", exact=True)).to_have_count(0)
        assert not await listed(page)
    async with desk.page(f"incidents/{told.json()['id']}", theme="light") as page:
        await page.get_by_role("link", name="누가 볼 수 있나").first.click()
        assert await listed(page)
        await expect(row_of(page).get_by_text("다른 기관의 것입니다.")).to_be_visible()
        await page.get_by_label("하려는 일").select_option("incident.handle")
        await expect(page.locator("p", has_text="상황을 처리한다")).to_be_visible()
        if SHOTS:
            await page.screenshot(path=Path(SHOTS) / "who-incident.png")
    async with desk.page("admin/policy") as page:
        await expect(page.get_by_text("무엇을 누가 볼 수 있는지 물어 보세요")).to_be_visible()
        await page.get_by_role("textbox", name="번호(id)").fill(told.json()["id"])
        await page.keyboard.press("Enter")
        assert await listed(page)
        await expect(row_of(page)).to_be_visible()
    async with desk.page(f"admin/policy?entity=camera&id={camera}", size="phone") as page:
        assert await listed(page)
        await expect(row_of(page)).to_be_visible()
        if SHOTS:
            await page.screenshot(path=Path(SHOTS) / "who-phone.png")
    lines = await town.items("/audit", action="policy.ask")
    assert {line["entity"] for line in lines} >= {"camera", "incident"}
