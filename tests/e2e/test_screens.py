"""Every screen in both languages, both themes and three sizes: it fits, says all, can be reached and read."""

import os
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.e2e.conftest import RAW_KEY, Desk

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("e2e")]
MARKET = "2c4ed450-4f7d-5cad-ae27-05325bd930f5"
"""The sample city's central market: ids of the sample come from its codes."""
SCREENS = (
    "board",
    "incidents",
    "incidents/new",
    "alarms",
    "video/wall",
    "video/requests",
    "video/register",
    "video/exports",
    "assets/cameras",
    "assets/devices",
    "assets/places",
    "assets/import",
    "tasks",
    "rules",
    "rules/device_silent",
    "notices",
    "notices/warnings",
    "notices/alerts",
    "notices/templates",
    "notices/reach",
    "shifts",
    "shifts/roster",
    "shifts/logs",
    "statutory",
    "operations",
    "operations/public",
    "playbooks",
    "playbooks/missing_person",
    "market-fire",
    "market-fire-learning",
    "market-fire-learning/figures",
    "market-fire-learning/proposals",
    "market-fire-learning/curve",
    f"market-fire/{MARKET}",
    f"market-fire/{MARKET}/detectors",
    f"market-fire/{MARKET}/commission",
    "fire-sheet",
    "fire-works",
    "missing",
    "epidemic/report",
    "epidemic/tracing",
    "epidemic/beds",
    "epidemic/quarantine",
    "epidemic/screening",
    "admin/system",
    "admin/accounts",
    "admin/agencies",
    "admin/automations",
    "admin/tokens",
    "admin/audit",
    "admin/refusals",
    "admin/entry",
    "admin/mine",
)
NAMES = ("respond.", "learn.closings", "notices.glass", "market_fire.")
"""Consumers are shown by their names."""
WAYS = (
    ("wall", "dark", "ko"),
    ("phone", "light", "en"),
    pytest.param("desk", "light", "ko", marks=pytest.mark.long),
    pytest.param("phone", "dark", "en", marks=pytest.mark.long),
)

_TEXTS = """
() => [...document.querySelectorAll('body *')]
  .filter(e => e.children.length === 0 && e.checkVisibility() && !e.closest('.code'))
  .map(e => e.textContent.trim()).filter(Boolean)
"""
_UNNAMED = """
() => [...document.querySelectorAll('button, a[href], input, select, textarea, [role=button]')]
  .filter(e => e.checkVisibility() && !e.closest('[aria-hidden=true]'))
  .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length || e.title))
  .map(e => e.outerHTML.slice(0, 120))
"""
_SMALL = """
() => [...document.querySelectorAll('button, select, input:not([type=radio]):not([type=checkbox]), [role=switch]')]
  .filter(e => e.checkVisibility() && !e.closest('.maplibregl-canvas-container, .sr') && !e.classList.contains('sr'))
  .map(e => [e.getBoundingClientRect(), e.outerHTML.slice(0, 120)])
  .filter(([box]) => box.width > 0 && (box.width < 23.5 || box.height < 23.5) && !box.bottom < 0)
  .map(([box, html]) => `${Math.round(box.width)}x${Math.round(box.height)} ${html}`)
"""
_FAINT = """
() => {
  const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const part = v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ground = node => {
    for (let e = node; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll('body *')]
    .filter(e => e.children.length === 0 && e.textContent.trim() && e.checkVisibility({ opacityProperty: true }))
    .filter(e => !e.closest('svg, button:disabled, .over, option, .sr, kbd') && !e.matches('.sr'))
    .map(e => {
      const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
      return [(a + 0.05) / (b + 0.05), e.textContent.trim().slice(0, 30), e.className];
    })
    .filter(([ratio]) => ratio < 4.5)
    .map(([ratio, text, name]) => `${ratio.toFixed(2)} ${text} .${name}`);
}
"""


async def _go(page: Page, address: str) -> None:
    """Goes to a screen and waits until nothing loads any more."""
    await page.evaluate("address => { location.hash = '#/' + address }", address)
    await page.locator(f'main[data-address="{address}"]').wait_for()
    await expect(page.locator(".loading")).to_have_count(0)


@pytest.mark.parametrize(("size", "theme", "language"), WAYS)
async def test_each_screen_fits_and_says_everything(desk: Desk, size: str, theme: str, language: str) -> None:
    wrong: list[str] = []
    async with desk.page("board", size=size, theme=theme, language=language) as page:
        for screen in SCREENS:
            await _go(page, screen)
            if await page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"):
                wrong.append(f"{screen}: wider than the screen")
            if await page.locator(".state.bad").count():
                wrong.append(f"{screen}: {await page.locator('.state.bad').first.inner_text()}")
            texts = await page.evaluate(_TEXTS)
            keys = [
                text
                for text in texts
                if RAW_KEY.fullmatch(text) and not text.startswith(NAMES) and not text.endswith(".csv")
            ]
            wrong += [f"{screen}: no text for {text}" for text in keys]
            for what, script in (("unnamed", _UNNAMED), ("small", _SMALL), ("faint", _FAINT)):
                wrong += [f"{screen}: {what}: {one}" for one in await page.evaluate(script)]
    assert wrong == []


_WAITING: dict[str, dict[str, Any]] = {
    "audit/reviews/owed": {"items": [{"month": "2026-09-01", "days_overdue": 12}]},
    "findings/summary": {"overdue": 12, "findings": 3},
    "shifts/now": {
        "as_of": "2026-11-22T00:00:00Z",
        "gaps": [],
        "owed": [],
        "rises": [{"status": "spent", "receipt_no": f"2026-{n:05}"} for n in range(12)],
    },
}
"""Much that waits for whoever reads the top bar, as the city would say it."""


def _saying(said: dict[str, Any]) -> Callable[[Route], Awaitable[None]]:
    """Answers a page's questions so."""

    async def answer(route: Route) -> None:
        await route.fulfill(json=said)

    return answer


@pytest.mark.parametrize("language", ["ko", "en"])
async def test_the_bar_fits_whatever_waits(desk: Desk, language: str) -> None:
    async with desk.page("tasks", size="desk", theme="light", language=language) as page:
        for path, said in _WAITING.items():
            await page.route(f"**/api/v1/{path}", _saying(said))
        await page.reload()
        alerts = page.locator("header .alerts a")
        for address in ("admin/audit/reviews", "playbooks/reviews", "shifts"):
            await expect(page.locator(f'header .alerts a[href^="#/{address}"]')).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if folder := os.environ.get("DURE_SHOTS"):
            await page.screenshot(path=f"{folder}/bar-{language}.png")
        for each in [*await alerts.all(), page.locator("header .opener"), page.locator("header .find")]:
            await expect(each).to_be_in_viewport(ratio=1)


async def test_language_and_theme_change_at_once(desk: Desk) -> None:
    async with desk.page("incidents", size="wall", theme="light") as page:
        await expect(page.get_by_role("heading", name="상황", exact=True)).to_be_visible()
        await page.get_by_role("button", name="영어로 보기").click()
        await expect(page.get_by_role("heading", name="Incidents")).to_be_visible()
        assert await page.evaluate("document.documentElement.lang") == "en"
        await page.keyboard.press("Control+k")
        await page.keyboard.type("dark")
        await page.keyboard.press("Enter")
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


async def test_single_keys_can_be_switched_off(desk: Desk) -> None:
    async with desk.page("incidents") as page:
        await page.keyboard.press("?")
        await page.get_by_role("dialog").get_by_text("글자 하나 단축키 쓰기").click()
        await page.keyboard.press("Escape")
        await page.keyboard.press("i")
        await expect(page).to_have_url(re.compile("#/incidents$"))
        await page.keyboard.press("Control+k")
        await expect(page.get_by_role("combobox", name="이동·찾기·실행")).to_be_visible()
