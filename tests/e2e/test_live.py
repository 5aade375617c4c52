"""The screens live by one stream: after a drop they say so, catch up, and are again as the city is."""

import asyncio

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import Desk
from tests.town import Town

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("e2e")]

_SHOWN = "() => [...document.querySelectorAll('.queue [role=option]')].map(e => e.dataset.id).sort()"
_COUNT = "() => Number(document.querySelector('.queue [role=option]')?.ariaSetSize ?? 0)"
"""A queue draws the rows in sight only; each says among how many it stands."""


async def _open(town: Town, what: str, lon: float) -> str:
    body = {"type": "other", "description": what, "source": "operator", "lon": lon, "lat": 36.61}
    answer = await town.client.post("/incidents", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def _as_the_city_is(town: Town, page: Page) -> None:
    """The queue holds what a fresh snapshot holds, no more and no less."""
    async with asyncio.timeout(60):
        while True:
            if await page.locator(".new[role=status]").count():
                await page.keyboard.press("n")
            snapshot = (await town.client.get("/snapshot")).json()["entities"]["incident"]
            standing = sorted(i["id"] for i in snapshot if i["status"] != "closed" and i["merged_into"] is None)
            shown = set(await page.evaluate(_SHOWN))
            in_sight = shown <= set(standing) and len(shown) >= min(15, len(standing))
            if in_sight and await page.evaluate(_COUNT) == len(standing):
                return
            await asyncio.sleep(0.1)


async def test_what_happened_while_the_server_was_away_is_on_the_screen_after(town: Town, desk: Desk) -> None:
    async with desk.page("board", size="wall") as page:
        await _as_the_city_is(town, page)
        first = await _open(town, "끊기기 전", 127.40)
        await _as_the_city_is(town, page)
        with town.held():
            assert town.kill("web")
            await expect(page.get_by_text("끊김")).to_be_visible(timeout=60_000)
        await town.healthy()
        second = await _open(town, "끊긴 뒤", 127.46)
        closed = await town.client.post(
            f"/incidents/{first}/close", json={"outcome": "drill", "reason": "끊긴 동안 종결"}
        )
        assert closed.status_code == 200, closed.text
        await expect(page.get_by_text("실시간")).to_be_visible(timeout=60_000)
        await _as_the_city_is(town, page)
        assert second in await page.evaluate(_SHOWN)


async def test_tabs_share_one_stream(town: Town, desk: Desk) -> None:
    async with desk.page("board", size="wall") as page:
        await _as_the_city_is(town, page)
        other = await page.context.new_page()
        await other.goto(f"{town.url}/#/board")
        await _as_the_city_is(town, other)
        for one in (page, other):
            asked = await one.evaluate("performance.getEntriesByType('resource').map(e => new URL(e.name).pathname)")
            assert "/api/v1/events" not in asked, "the stream belongs to the shared worker, not to a tab"
        await _open(town, "두 화면에 함께", 127.43)
        await asyncio.gather(_as_the_city_is(town, page), _as_the_city_is(town, other))


async def test_a_dead_engine_is_named_on_every_screen_until_it_is_back(town: Town, desk: Desk) -> None:
    async with desk.page("rules", size="wall") as page:
        await expect(page.get_by_text("실시간")).to_be_visible()
        named = page.get_by_role("banner").get_by_text("stream")
        async with town.kept_down("stream"):  # it might be back before anybody is told
            await expect(named).to_be_visible(timeout=60_000)
        await expect(named).to_be_hidden(timeout=60_000)
