"""A signed-in board in a real browser that notes, after it has painted, when its count of open incidents grew."""

import contextlib
from collections.abc import AsyncIterator

from playwright.async_api import Page, async_playwright

from benchmarks.measuring import City
from tests.browser import launch_options

_WATCH = """
() => {
  window.grown = [];
  let last = 0;
  const read = () => {
    const counts = [...document.querySelectorAll('a[href*="severity="] strong')];
    const now = counts.reduce((sum, one) => sum + (parseInt(one.textContent.replace(/,/g, '')) || 0), 0);
    if (now <= last) return;
    const from = last + 1;
    last = now;
    requestAnimationFrame(() => requestAnimationFrame(() => {
      for (let n = from; n <= now; n += 1) window.grown.push(Date.now() / 1000);
    }));
  };
  new MutationObserver(read).observe(document.body, { subtree: true, childList: true, characterData: true });
}
"""


@contextlib.asynccontextmanager
async def board(town: City) -> AsyncIterator[Page]:
    """The board, signed in as the first administrator by the one-time link."""
    if town.admin_link is None:
        raise RuntimeError("the city has an administrator already")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**launch_options())
        page = await browser.new_page(viewport={"width": 1920, "height": 1080}, ignore_https_errors=True)
        await page.goto(town.admin_link)
        await page.fill('input[name="username"]', "bench")
        await page.fill('input[name="password"]', "a long enough sentence")
        await page.fill('input[name="again"]', "a long enough sentence")
        await page.click('button[type="submit"]')
        await page.wait_for_selector('a[href*="severity="] strong')
        await page.evaluate(_WATCH)
        yield page
        await browser.close()


async def grown(page: Page) -> list[float]:
    """When the count grew, one Unix time for each incident."""
    return [float(at) for at in await page.evaluate("window.grown")]
