"""The five cameras around an incident move on the screen, by H.264 in the browser's own decoder, and stop with it."""

import json
import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import Desk
from tests.town import Town

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("e2e"), pytest.mark.timeout(400)]
LON, LAT = 127.42925, 36.633268
"""Where no other test reports anything: two fires of one place within ten minutes are one incident."""
_SEEN = """() => [...document.querySelectorAll('.tile video')].map((video) => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [160, 90];
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    pen.drawImage(video, 0, 0, 160, 90);
    let sum = 7;
    for (const byte of pen.getImageData(0, 0, 160, 90).data) sum = (sum * 31 + byte) >>> 0;
    return { sum, width: video.videoWidth, at: video.currentTime, tracks: video.audioTracks?.length ?? 0 };
})"""
"""What each tile's decoded picture adds up to: two different sums are two different pictures."""
_MOVED = (
    "(before) => { const now = (" + _SEEN + ")();"
    " return now.length === 5 && now.every((one, i) => one.width > 0 && one.sum !== before[i]?.sum) }"
)


async def _incident(town: Town, kind: str, reference: str) -> dict[str, Any]:
    body = {
        "type": kind,
        "description": "연기가 난다",
        "source": "119",
        "lon": LON,
        "lat": LAT,
        "external_ref": reference,
    }
    answer = await town.client.post("/incidents", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert found["external_ref"] == reference, "merged into another test's incident"
    assert sum(one["has_stream"] for one in found["cameras"]) == 5
    return found


async def _five_move(page: Page) -> None:
    await expect(page.locator(".tile [data-shows=live]")).to_have_count(5, timeout=90_000)
    before = await page.evaluate(_SEEN)
    await page.wait_for_function(_MOVED, arg=before, timeout=90_000)


async def _close(town: Town, incident: dict[str, Any]) -> None:
    answer = await town.client.post(f"/incidents/{incident['id']}/close", json={"outcome": "false", "reason": "연습"})
    assert answer.status_code == 200, answer.text


async def test_five_tiles_move_heal_after_a_kill_and_stop_when_it_is_closed(town: Town, desk: Desk) -> None:
    incident = await _incident(town, "fire", "V-1")
    async with desk.page(f"incidents/{incident['id']}", size="wall") as page:
        await _five_move(page)
        await expect(page.locator(".tile .bar").first).to_contain_text("지연")
        await expect(page.locator(".tile .who").first).to_contain_text(incident["receipt_no"])
        with town.held():  # it might be back before anybody looks
            assert town.kill("relay")
            await expect(page.locator(".tile [data-shows=failed]").first).to_be_visible()
        await _five_move(page)
        await _close(town, incident)
        await expect(page.locator(".tile video")).to_have_count(0)
    camera = incident["cameras"][0]["id"]
    body = {"camera_id": camera, "incident_id": incident["id"], "purpose": "다시 보기"}
    assert (await town.client.post("/video/openings", json=body)).status_code == 409


async def test_where_no_picture_opens_by_itself_a_purpose_is_asked_and_kept(town: Town, desk: Desk) -> None:
    incident = await _incident(town, "crime", "V-2")
    async with desk.page(f"incidents/{incident['id']}") as page:
        await expect(page.locator(".tile")).to_have_count(5)
        assert await page.locator(".tile video").count() == 0
        await page.keyboard.press("v")
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("감사 기록")
        await expect(dialog.get_by_role("textbox")).to_be_focused()
        await page.keyboard.insert_text("용의자 이동 방향 확인")
        await dialog.get_by_role("button", name="영상 열기").click()
        await _five_move(page)
        assert await _looked_at(town, incident) == {(one["id"], "용의자 이동 방향 확인") for one in incident["cameras"]}
        await _followed(page, town, incident)
        await page.get_by_role("button", name="영상 닫기").click()
        await expect(page.locator(".tile video")).to_have_count(0)
    await _close(town, incident)


async def _looked_at(town: Town, incident: dict[str, Any]) -> set[tuple[str, str]]:
    """(camera, purpose) of the pictures that were opened for an incident, from the audit log."""
    lines = (await town.client.get("/audit", params={"action": "video.open"})).json()["items"]
    return {(line["entity_id"], line["purpose"]) for line in lines if line["case_id"] == incident["id"]}


async def _followed(page: Page, town: Town, incident: dict[str, Any]) -> None:
    """Somebody is marked on a picture; the next cameras line up with their times, and one is gone on from."""
    await page.keyboard.press("x")
    dialog = page.get_by_role("dialog")
    here = dialog.locator(".here")
    await expect(here.locator("[data-shows=live]")).to_be_visible()
    first = await here.get_attribute("data-camera")
    await here.get_by_role("button").click(position={"x": 60, "y": 40})
    await expect(dialog.locator(".one").first).to_contain_text(re.compile(r"\d\d:\d\d:\d\d–\d\d:\d\d:\d\d"))
    nexts = [await one.get_attribute("data-camera") for one in await dialog.locator(".one").all()]
    assert first not in nexts
    await expect(dialog.locator(".one [data-shows=live]").first).to_be_visible()
    await dialog.locator(".one").first.click()
    await expect(here).to_have_attribute("data-camera", str(nexts[0]))
    await expect(here.locator("[data-shows=live]")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    told = (await town.client.get(f"/incidents/{incident['id']}")).json()
    assert "video_marked" in {line["key"].rpartition(".")[2] for line in told["timeline"]}


async def test_the_ready_line_says_where_pictures_are_and_health_answers(town: Town) -> None:
    noted = json.loads((town.folder / "run.json").read_text(encoding="utf-8"))
    assert noted["video"].startswith("ws://localhost:")
    engines = (await town.client.get("/engines")).json()["items"]
    assert "relay" in {one["name"] for one in engines}
