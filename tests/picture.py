"""Takes the pictures of the README: starts a sample city, lets a market burn, and looks at the board in a real browser.

Run from the project's folder, after `./dure test` has made the environment:
`.venv/bin/python -m tests.picture`
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Page, async_playwright

from tests.browser import launch_options

ROOT = Path(__file__).resolve().parents[1]
SIZE = {"width": 1920, "height": 1080}
_PAINTED_MS, _DRAWN_MS, _STEP_MS = 20_000, 4_000, 400
"""A map takes its time where the browser draws without a graphics card."""
_PASSWORD = "a long enough sentence"


def _dure(*words: str) -> list[str]:
    return [sys.executable, "-m", "dure.cli", *words]


async def _sign_in(page: Page, link: str) -> None:
    await page.goto(link)
    await page.fill('input[name="username"]', "oper-07")
    await page.fill('input[name="password"]', _PASSWORD)
    await page.fill('input[name="again"]', _PASSWORD)
    await page.click('button[type="submit"]')
    await page.wait_for_selector('a[href*="severity="] strong')


async def _shoot(city: dict[str, str], folder: Path, to: Path) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**launch_options())
        context = await browser.new_context(
            viewport=SIZE, locale="ko-KR", timezone_id="Asia/Seoul", color_scheme="dark"
        )
        page = await context.new_page()
        await _sign_in(page, city["admin_link"])
        await page.wait_for_timeout(_PAINTED_MS)
        fire = await asyncio.create_subprocess_exec(
            *_dure("simulate", "market-fire", "--speed", "1.5", "--json", "--data", str(folder)),
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        assert fire.stdout is not None
        told: dict[str, object] = {}
        async for line in fire.stdout:
            event = json.loads(line)
            told[event["event"]] = event
            if event["event"] == "joined":
                break
        for key in ("n", "j", "m"):  # show it, choose it, go there
            await page.keyboard.press(key)
            await page.wait_for_timeout(_STEP_MS)
        await page.wait_for_timeout(_DRAWN_MS)
        await page.screenshot(path=to / "board.png")
        opened = await page.evaluate("fetch('/api/v1/incidents').then(a => a.json()).then(a => a.items[0].id)")
        await page.goto(f"{city['url']}/#/incidents/{opened}")
        await page.wait_for_timeout(_PAINTED_MS)
        await page.screenshot(path=to / "incident.png")
        await fire.wait()
        await browser.close()


def main() -> int:
    """Make docs/board.png and docs/incident.png."""
    to = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"
    with tempfile.TemporaryDirectory(prefix="dure-picture-") as made:
        Path(made).chmod(0o755)
        folder = Path(made) / "city"
        ports = ("--port", "0", "--mqtt-port", "0")
        words = _dure("up", "--sample", "--json", "--no-browser", *ports, "--data", str(folder))
        with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE) as up:
            try:
                assert up.stdout is not None
                city = json.loads(up.stdout.readline())
                asyncio.run(_shoot(city, folder, to))
            finally:
                up.terminate()
                up.wait(60)
    return 0


if __name__ == "__main__":
    sys.exit(main())
