"""Web push in Chromium, as far as a browser without a push service of its own can go: asked only on a press, refused in
words, and what is pushed is shown once however often it comes.
"""

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import CDPSession, Page, expect

from tests.e2e.conftest import Desk
from tests.town import Town

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.xdist_group("e2e"),
    pytest.mark.long,
]
ANSWERS = """(answer) => {
    Notification.requestPermission = () => { window.asked = (window.asked ?? 0) + 1; return Promise.resolve(answer); };
}"""
UNREACHED = "() => { PushManager.prototype.subscribe = () => Promise.reject(new DOMException('', 'AbortError')); }"
SHOWN = """async () => (await (await navigator.serviceWorker.ready).getNotifications())
    .map((one) => ({ title: one.title, body: one.body, tag: one.tag, data: one.data }))"""


async def test_a_browser_is_asked_on_a_press_only_and_shows_what_is_pushed(desk: Desk, town: Town) -> None:
    async with desk.page("admin/mine") as page:
        begin = page.get_by_role("button", name="이 브라우저로 받기")
        await begin.wait_for()
        await page.evaluate(ANSWERS, "denied")
        assert await page.evaluate("window.asked ?? 0") == 0
        await begin.click()
        await expect(page.get_by_role("alert")).to_contain_text("브라우저가 알림을 막았습니다")
        assert await page.evaluate("window.asked") == 1

        await page.context.grant_permissions(["notifications"])
        await page.evaluate(ANSWERS, "granted")
        await page.evaluate(UNREACHED)
        await begin.click()
        await expect(page.get_by_role("alert")).to_contain_text("푸시 서비스에 닿지 못했습니다")

        for _ in range(2):
            told = {"notice": "n-1", "incident": "i-1", "title": "두레: 긴급 알림", "body": "새 알림", "urgent": True}
            await pushed(page, town, json.dumps(told))
        assert await page.evaluate(SHOWN) == [
            {"title": "두레: 긴급 알림", "body": "새 알림", "tag": "n-1", "data": {"notice": "n-1", "incident": "i-1"}}
        ]
        await pushed(page, town, "what nobody can read")
        assert {one["tag"] for one in await page.evaluate(SHOWN)} == {"n-1", "dure"}


async def pushed(page: Page, town: Town, data: str) -> None:
    """The browser's push service delivers a message to the city's worker, and the worker has taken it."""
    line: CDPSession = await page.context.new_cdp_session(page)
    registered: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def heard(event: dict[str, Any]) -> None:
        for one in event["registrations"]:
            if one["scopeURL"].startswith(town.url) and not one["isDeleted"] and not registered.done():
                registered.set_result(one["registrationId"])

    line.on("ServiceWorker.workerRegistrationUpdated", heard)
    before = await page.evaluate("async () => (await (await navigator.serviceWorker.ready).getNotifications()).length")
    await line.send("ServiceWorker.enable")
    async with asyncio.timeout(20):
        number = await registered
    message = {"origin": town.url, "registrationId": number, "data": data}
    await line.send("ServiceWorker.deliverPushMessage", message)
    await page.wait_for_function(
        """async (before) => {
            const shown = await (await navigator.serviceWorker.ready).getNotifications();
            return shown.length > 0 && shown.length >= before;
        }""",
        arg=before,
    )
    await line.detach()
