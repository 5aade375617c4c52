"""A real city and a real browser, once for all tests of this folder in a worker."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from dure.commands.simulate.sms_gateway import SmsGateway
from dure.sense.mqtt_client import MqttClient
from tests.browser import launch_options
from tests.support import passing_folder
from tests.town import Town, running

NAME, PASSWORD = "oper-07", "correct horse battery staple"
expect.set_options(timeout=60_000)  # two cores draw the maps in software, beside the other tests
SIZES = {"wall": (1920, 1080), "desk": (1366, 768), "phone": (390, 844)}


@pytest.fixture(scope="session")
def city_folder() -> Iterator[Path]:
    """The city's folder, open to the account that runs PostgreSQL."""
    with passing_folder() as made:
        yield made / "city"


class Phones:
    """The gateway of texts that the city uses: what arrives at which phone."""

    def __init__(self) -> None:
        self.gateway = SmsGateway()
        self.gateway.told = lambda _event, _row: self._came.set()
        self._came = asyncio.Event()

    @property
    def environment(self) -> dict[str, str]:
        """What a city must be told to send through it."""
        return {
            "DURE_SMS_URL": self.gateway.url,
            "DURE_SMS_KEY": self.gateway.key,
            "DURE_SMS_SECRET": self.gateway.secret,
            "DURE_SMS_SENDER": min(self.gateway.senders),
        }

    async def text(self, words: str, *, to: str | None = None, within_s: float = 60) -> dict[str, Any]:
        """The first text (no call) with these words, as soon as it has come."""
        async with asyncio.timeout(within_s):
            while True:
                self._came.clear()
                for one in self.gateway.taken:
                    if words in one["text"] and one["type"] != "VOICE" and to in (None, one["to"]):
                        return one
                await self._came.wait()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def phones() -> AsyncIterator[Phones]:
    """A gateway of texts, listening."""
    made = Phones()
    await made.gateway.start()
    yield made
    await made.gateway.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def town(city_folder: Path, phones: Phones) -> AsyncIterator[Town]:
    """The sample city, running."""
    async with running(city_folder, "--sample", told=phones.environment) as started:
        yield started


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium; without a graphics card it draws the map in software."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(**launch_options())
        yield started
        await started.close()


async def burn(town: Town, device: str, lon: float, lat: float) -> None:
    """Six seconds of fire at a new device there."""
    await smoulder(town, device, await town.device(device, lon=lon, lat=lat))


async def smoulder(town: Town, device: str, key: str) -> None:
    """Six seconds of fire at a device, by its key."""
    client = MqttClient(town.mqtt_host, town.mqtt_port, client_id=device, username=device, password=key)
    await client.connect()
    now = time.time()
    for second in range(7):
        reading = [{"n": "heat", "u": "Cel", "v": 71.0, "t": now - 6 + second}]
        await client.publish(f"city/{device}", json.dumps(reading).encode())
    await client.close()


@dataclass
class Watched:
    """What a page must not do, noted while it is used."""

    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)


class Desk:
    """Opens pages for somebody who sits before the city's screens."""

    def __init__(self, town: Town, browser: Browser, state: Path) -> None:
        self._town = town
        self._browser = browser
        self._state = state

    async def enter_first(self) -> None:
        """Becomes the first administrator through the one-time link, on the screen."""
        assert self._town.admin_link is not None
        context = await self._browser.new_context(locale="ko-KR")
        page = await context.new_page()
        await page.goto(self._town.admin_link)
        await page.fill("input[name=username]", NAME)
        await page.fill("input[name=password]", PASSWORD)
        await page.fill("input[name=again]", PASSWORD)
        await page.click("button[type=submit]")
        await page.get_by_role("navigation").first.wait_for()
        await context.storage_state(path=self._state)
        await context.close()

    @asynccontextmanager
    async def page(
        self, address: str, *, size: str = "desk", theme: str = "dark", language: str = "ko"
    ) -> AsyncIterator[Page]:
        """A page of the console at `#/address`. When it is left, nothing may have failed and nothing may have been
        asked of another host."""
        width, height = SIZES[size]
        context = await self._browser.new_context(
            viewport={"width": width, "height": height}, storage_state=self._state, has_touch=size == "phone"
        )
        await context.add_init_script(
            f"localStorage.setItem('dure.theme', '{theme}'); localStorage.setItem('dure.language', '{language}')"
        )
        page = await context.new_page()
        watched = Watched()
        host = urlsplit(self._town.url).netloc
        page.on("pageerror", lambda error: watched.errors.append(str(error)))
        page.on(
            "console",
            lambda said: watched.errors.append(said.text) if "Content Security Policy" in said.text else None,
        )
        page.on(
            "request",
            lambda request: (
                watched.outside.append(request.url)
                if urlsplit(request.url).netloc not in {host, ""} and not request.url.startswith(("blob:", "data:"))
                else None
            ),
        )
        try:
            await page.goto(f"{self._town.url}/#/{address}")
            await page.get_by_role("main").wait_for()
            yield page
        finally:  # what a failed test leaves open goes on showing pictures beside all others
            await context.close()
        assert watched.errors == []
        assert watched.outside == []


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def desk(town: Town, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Signed in as the first administrator."""
    seated = Desk(town, browser, tmp_path_factory.mktemp("e2e") / "signed-in.json")
    await seated.enter_first()
    return seated


async def proven(page: Page, then: Locator) -> None:
    """Proves to be there, where the last proof is five minutes old by now, until `then` is on the screen."""
    asked = page.get_by_role("dialog", name="본인 확인")
    await expect(asked.or_(then).first).to_be_visible()
    if await asked.is_visible():
        await asked.get_by_label("비밀번호").fill(PASSWORD)
        await asked.get_by_role("button", name="확인", exact=True).click()
    await expect(then).to_be_visible()


RAW_KEY = re.compile(r"[a-z_]+(\.[a-zA-Z_]+)+")
