"""The board of a past moment: clearly past, nothing can be acted on, Escape comes back."""

from datetime import UTC, datetime

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Desk
from tests.town import Town

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("e2e")]


async def test_the_board_of_a_past_moment_shows_what_stood_and_takes_no_acts(town: Town, desk: Desk) -> None:
    body = {"type": "other", "description": "지나간 일", "source": "operator", "lon": 127.49, "lat": 36.69}
    answer = await town.client.post("/incidents", json={**body, "severity": "critical"})
    incident = answer.json()
    then = datetime.now(UTC).isoformat()
    no = incident["receipt_no"].split("-")[-1]
    closed = await town.client.post(f"/incidents/{incident['id']}/close", json={"outcome": "drill", "reason": "끝"})
    assert closed.status_code == 200
    async with desk.page(f"board?then={then.replace('+00:00', 'Z')}", size="wall") as page:
        row = page.locator(f'.queue [data-id="{incident["id"]}"]')
        await expect(row).to_contain_text(no)
        await expect(page.get_by_role("region", name="지난 상황판")).to_be_visible()
        await row.click()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.method))
        for key in ("a", "d", "h", "Enter"):
            await page.keyboard.press(key)
        await expect(page.locator("dialog")).to_have_count(0)
        await expect(row.get_by_role("button")).to_have_count(0)
        assert "POST" not in asked
        await page.keyboard.press("[")
        await expect(row).to_have_count(0)
        await page.keyboard.press("]")
        await expect(row).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("region", name="지난 상황판")).to_have_count(0)
        await expect(row).to_have_count(0)


@pytest.mark.parametrize("at", ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "2026-01-01T00:00:00", "soon"])
async def test_a_moment_outside_the_week_is_refused(town: Town, at: str) -> None:
    answer = await town.client.get("/snapshot", params={"at": at})
    assert answer.status_code == 422


_MANY = """(one) => {
  const real = window.fetch;
  const many = () => Array.from({ length: 50_000 }, (_, n) => ({ ...one, id: String(n).padStart(36, '0') }));
  window.fetch = (url, ...more) => String(url.url ?? url).includes('/snapshot?at=')
    ? Promise.resolve(new Response(JSON.stringify({ at: '', entities: { incident: many(), alarm: [] } })))
    : real(url, ...more);
}"""
"""Answers for the server: fifty thousand incidents just like one."""


async def test_a_queue_of_fifty_thousand_draws_the_rows_in_sight_and_moves_by_keys(town: Town, desk: Desk) -> None:
    body = {"type": "other", "description": "본보기", "source": "operator", "lon": 127.49, "lat": 36.67}
    first = (await town.client.post("/incidents", json=body)).json()
    known = (await town.client.get("/snapshot")).json()["entities"]["incident"]
    one = next(each for each in known if each["id"] == first["id"])
    then = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    async with desk.page("rules") as page:
        await page.evaluate(_MANY, one)
        await page.evaluate("(then) => { location.hash = `#/board?then=${then}`; }", then)
        rows = page.locator(".queue [role=option]")
        await expect(rows.first).to_have_attribute("aria-setsize", "50000")
        assert await rows.count() < 60
        for _ in range(8):
            await page.keyboard.press("j")
        chosen = page.locator(".queue [role=option][aria-selected=true]")
        await expect(chosen).to_have_attribute("aria-posinset", "9")
        await expect(chosen).to_be_in_viewport()
        await page.keyboard.press("k")
        await expect(chosen).to_have_attribute("aria-posinset", "8")
        await page.evaluate("document.querySelector('.queue .rows').scrollTop = 1e9")
        await expect(rows.last).to_have_attribute("aria-posinset", "50000")
        assert await rows.count() < 60
