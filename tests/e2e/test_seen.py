"""The scene: a 119 receipt, the button in the fire officer's browser, five moving pictures, what has passed asked for
and approved at the centre, the case closed, and the pictures gone.
"""

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from dure.engine.database import Database
from dure.engine.servers.access import running_database_url
from dure.engine.servers.place import Place
from tests.e2e.conftest import Desk
from tests.e2e.test_privacy import hired, screen
from tests.e2e.test_video import _SEEN, _five_move, _incident
from tests.town import Town
from tests.video.conftest import made
from tests.video.past.made import kept

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("e2e"), pytest.mark.timeout(400)]
OFFICER, LEAD = "fire-51", "lead-51"
SHOTS = os.environ.get("DURE_SHOTS")


async def shot(page: Page, name: str) -> None:
    """The screen as it is, where a person wants to judge it."""
    if SHOTS:
        await page.wait_for_timeout(800)
        await page.screenshot(path=Path(SHOTS) / f"seen-{name}.png")


async def _network(town: Town, networks: list[str]) -> None:
    """The fire room's approved network."""
    agency = next(one for one in await town.items("/agencies") if one["id"] == "fire")
    body = {name: agency[name] for name in ("name", "name_en", "phone")} | {"networks": networks}
    answer = await town.client.patch("/agencies/fire", json=body)
    assert answer.status_code == 200, answer.text


async def test_the_button_five_pictures_the_past_asked_for_the_case_closed_and_the_pictures_gone(
    town: Town, desk: Desk, browser: Browser
) -> None:
    await hired(town, OFFICER, "fire", "fire")
    await hired(town, LEAD, "shift_lead", "control")
    await _network(town, ["127.0.0.0/8", "::1/128"])
    incident = await _incident(town, "fire", "119-2026-5501")
    answer = await town.client.post(f"/incidents/{incident['id']}/handoffs", json={"agency": "fire", "kind": "joint"})
    assert answer.status_code < 300, answer.text
    async with screen(browser, town, OFFICER) as officer, screen(browser, town, LEAD, size="wall") as lead:
        await officer.goto(f"{town.url}/#/incidents/{incident['id']}")
        button = officer.get_by_role("button", name=re.compile("^영상 요청"))
        await expect(button).to_be_visible()
        assert await officer.locator(".tile video").count() == 0, "nothing is shown before it is asked for"
        await shot(officer, "before")
        await button.click()
        await _five_move(officer)
        await expect(officer.locator(".tile .who").first).to_contain_text(incident["receipt_no"])
        await expect(officer.locator(".tile .who").first).to_contain_text(OFFICER)
        await shot(officer, "five")
        await _recorded(town, incident)
        await _past_is_approved(officer, lead)
        back = await officer.context.new_page()
        await back.goto(f"{town.url}/#/incidents/{incident['id']}")
        await _ten_minutes_back(back)
        lines = (await town.client.get("/video/disclosures", params={"case": incident["receipt_no"]})).json()["items"]
        assert {line["camera_id"] for line in lines} == {one["id"] for one in incident["cameras"]}
        shown = {(line["officer_name"], line["provided"], line["kind"]) for line in lines}
        assert shown == {(OFFICER, True, "live"), (OFFICER, True, "past")}
        closed = {"outcome": "false", "reason": "음식 연기"}
        assert (await town.client.post(f"/incidents/{incident['id']}/close", json=closed)).status_code == 200
        await expect(officer.locator(".tile video")).to_have_count(0)
        await expect(button).to_have_count(0)
        await expect(back.locator(".tile video")).to_have_count(0)
        await expect(back.get_by_text("상황이 종결되었습니다")).to_be_visible()
        await lead.goto(f"{town.url}/#/video/register?q={incident['receipt_no']}")
        lines = (await town.client.get("/video/disclosures", params={"case": incident["receipt_no"]})).json()["items"]
        wanted = sorted((one["id"], kind) for one in incident["cameras"] for kind in ("live", "past"))
        assert sorted((line["camera_id"], line["kind"]) for line in lines) == wanted, lines
        await expect(lead.get_by_role("row")).to_have_count(1 + len(lines))
        await shot(lead, "register")
    tickets = (await town.client.get(f"/incidents/{incident['id']}/video-tickets")).json()["items"]
    assert [(one["state"], one["ended_by"]) for one in tickets] == [("ended", "closed")] * 2
    await _network(town, [])


async def _recorded(town: Town, incident: dict[str, Any]) -> None:
    """Three minutes of the past of the five cameras, from eleven minutes ago on, as their recordings would be."""
    database = Database(str(running_database_url(Place(town.folder))))
    stream = made("-c:v", "libx264", "-preset", "ultrafast", "-g", "10")
    begin = datetime.now(UTC) - timedelta(minutes=11)
    for camera in incident["cameras"]:
        await kept(database, town.folder, camera["id"], stream, *(begin + timedelta(seconds=3 * n) for n in range(60)))
    await database.close()


async def _ten_minutes_back(page: Page) -> None:
    """One click: five cameras at ten minutes ago. They play on one clock, stand still picture by picture, say where
    nothing was recorded, and a moment is marked.
    """
    await page.get_by_role("link", name="10분 전").click()
    tiles = page.locator(".tile[data-shows=picture]")
    await expect(tiles).to_have_count(5)
    show = page.locator(".show")
    await expect(show).to_have_attribute("data-sought", re.compile(r"^\d+$"))
    before = await page.evaluate(_SEEN)
    assert all(one["width"] and not one["tracks"] for one in before)
    await page.keyboard.press(" ")
    await page.wait_for_function(
        "(before) => { const now = (" + _SEEN + ")(); return now.every((one, i) => one.at > before[i].at + 1) }",
        arg=before,
    )
    await shot(page, "past")
    await page.keyboard.press(" ")
    await expect(show).to_have_attribute("data-playing", "false")
    clocks = [one["at"] for one in await page.evaluate(_SEEN)]
    assert max(clocks) - min(clocks) < 0.3, clocks
    at = int(str(await show.get_attribute("data-at")))
    await page.keyboard.press(".")
    await page.wait_for_function("(at) => document.querySelector('.show').dataset.at > at", arg=at)
    stepped = int(str(await show.get_attribute("data-at")))
    assert 0 < stepped - at <= 200
    await page.keyboard.press(",")
    await page.wait_for_function("(at) => document.querySelector('.show').dataset.at < at", arg=stepped)
    await page.keyboard.press("m")
    dialog = page.get_by_role("dialog")
    await page.keyboard.insert_text("불꽃이 처음 보인다")
    await dialog.get_by_role("button", name="책갈피", exact=True).click()
    await expect(page.get_by_role("complementary", name="책갈피")).to_contain_text("불꽃이 처음 보인다")
    line = page.get_by_role("slider", name="시간선")
    await line.focus()
    await page.keyboard.press("End")
    await expect(page.locator(".tile[data-shows=gap]")).to_have_count(5)
    await shot(page, "gap")
    await page.get_by_role("button", name="불꽃이 처음 보인다").click()
    await expect(tiles).to_have_count(5)


async def _past_is_approved(officer: Page, lead: Page) -> None:
    """Ten minutes back are asked for in the room, and decided on at the centre, by the keys."""
    await officer.get_by_role("button", name="지난 영상 요청").click()
    dialog = officer.get_by_role("dialog")
    await expect(dialog.get_by_role("textbox").first).to_be_focused()
    await officer.keyboard.insert_text("발화 시점 확인")
    await dialog.get_by_label("문서번호").fill("소방-2026-0118")
    await expect(dialog.get_by_label("법적 근거").get_by_role("option").nth(1)).to_be_attached()
    await shot(officer, "past-dialog")
    await dialog.get_by_role("button", name="요청", exact=True).click()
    await expect(dialog).to_have_count(0)
    alert = lead.get_by_role("link", name="영상 요청 1건")
    await expect(alert).to_be_visible()
    await alert.click()
    await expect(lead.get_by_role("row", name=OFFICER)).to_be_visible()
    await shot(lead, "requests")
    await lead.keyboard.press("a")
    dialog = lead.get_by_role("dialog")
    await expect(dialog.get_by_label("문서번호")).to_have_value("소방-2026-0118")
    await shot(lead, "approve")
    await dialog.get_by_role("button", name="승인", exact=True).click()
    await expect(dialog).to_have_count(0)
    await expect(alert).to_have_count(0)


async def test_the_wall_shows_cameras_found_by_name_and_they_change_places(town: Town, desk: Desk) -> None:
    async with desk.page("video/wall", size="wall") as page:
        await expect(page.locator(".wall .tile")).to_have_count(5)  # its keys are heard as soon as it stands
        await page.keyboard.press("1")
        await expect(page.locator(".wall .tile")).to_have_count(1)
        for key, many in (("3", 9), ("4", 16), ("2", 5)):
            await page.keyboard.press(key)
            await expect(page.locator(".wall .tile")).to_have_count(many)
        await page.keyboard.press("f")
        await page.wait_for_function("() => document.fullscreenElement?.matches('.wall')")
        await page.keyboard.press("f")
        await page.wait_for_function("() => !document.fullscreenElement")
        for _ in range(2):
            await page.get_by_role("searchbox").fill("시장")
            await page.get_by_role("list", name="찾은 카메라").get_by_role("button").nth(_).click()
        await expect(page.locator(".wall [data-shows=live]")).to_have_count(2, timeout=90_000)
        shown = [await page.locator(".wall .tile").nth(n).get_attribute("data-camera") for n in range(2)]
        await page.locator(".wall .tile").nth(0).drag_to(page.locator(".wall .tile").nth(1))
        await expect(page.locator(".wall .tile").nth(0)).to_have_attribute("data-camera", str(shown[1]))
        await page.locator(".wall .tile").nth(0).focus()
        await page.keyboard.press("]")
        await expect(page.locator(".wall .tile").nth(0)).to_have_attribute("data-camera", str(shown[0]))
        await shot(page, "wall")
    lines = (await town.client.get("/video/disclosures", params={"provided": "false"})).json()["items"]
    assert {line["camera_id"] for line in lines} >= set(shown)
