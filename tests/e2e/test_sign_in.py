"""A passkey in a real browser: registered, used instead of a password, and shown again before a person is opened."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.async_api import Browser, CDPSession, Page, Route, expect

from dure.engine.database import plain_url
from dure.engine.servers.access import running_database_url
from dure.engine.servers.place import Place
from tests.town import Town

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("e2e")]
NAME, PASSWORD = "oper-21", "a long enough sentence 21"
PHONE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
OPEN = """
([person, incident]) => fetch(`/api/v1/people/${person}/open`, {
  method: 'POST', headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ purpose: '보호자 확인', code: 'rescue', case_kind: 'incident', case_id: incident }),
}).then(async answer => ({ status: answer.status, ...(await answer.json()) }))
"""


@asynccontextmanager
async def person_at(browser: Browser, url: str) -> AsyncIterator[tuple[Page, CDPSession, str]]:
    """A browser with an authenticator that knows its owner."""
    context = await browser.new_context(locale="ko-KR", viewport={"width": 1366, "height": 900}, accept_downloads=True)
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    cdp = await context.new_cdp_session(page)
    await cdp.send("WebAuthn.enable")
    made = await cdp.send("WebAuthn.addVirtualAuthenticator", {"options": PHONE})
    await page.goto(url)
    yield page, cdp, made["authenticatorId"]
    await context.close()
    assert errors == []


async def present(cdp: CDPSession, device: str, here: bool) -> None:
    """Whether somebody answers when the authenticator asks."""
    await cdp.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": device, "enabled": here})


async def _answers_when_asked(page: Page, cdp: CDPSession, device: str) -> None:
    """Somebody is there from the next challenge on: a request that found nobody is never answered later."""

    async def ready(route: Route) -> None:
        await present(cdp, device, True)
        await route.continue_()

    await page.route("**/sign-in/challenge", ready, times=1)


def database(town: Town) -> Any:
    return psycopg.connect(plain_url(str(running_database_url(Place(town.folder)))), autocommit=True)


def grow_stale(town: Town) -> None:
    """Six minutes pass since the last proof."""
    with database(town) as line:
        line.execute(
            "update session set proven_at = proven_at - interval '6 minutes' "
            "where account_id = (select id from account where username = %s)",
            (NAME,),
        )


async def _invited(town: Town) -> str:
    """A link by which a new operator sets a password."""
    answer = await town.client.post("/accounts", json={"username": NAME, "roles": ["operator"]})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["link"]["url"])


async def test_a_passkey_is_registered_opens_the_city_and_proves_before_a_person_is_opened(
    town: Town, browser: Browser, tmp_path: Path
) -> None:
    async with person_at(browser, await _invited(town)) as (page, cdp, device):
        await page.fill("input[name=password]", PASSWORD)
        await page.fill("input[name=again]", PASSWORD)
        await page.click("button[type=submit]")
        await page.fill("input[name=username]", NAME)
        await page.fill("input[name=password]", PASSWORD)
        await page.get_by_role("button", name="로그인", exact=True).click()
        await page.get_by_role("navigation").first.wait_for()

        await page.goto(f"{town.url}/#/admin/mine")
        await _add_passkey(page, tmp_path)

        await present(cdp, device, False)  # or the browser would fill it in at once
        await page.get_by_role("button", name="내 계정").first.click()
        async with page.expect_response("**/sign-in/challenge"):
            await page.get_by_role("button", name="로그아웃").click()
        await _answers_when_asked(page, cdp, device)
        await page.get_by_role("button", name="패스키로 로그인").click()
        await page.get_by_role("navigation").first.wait_for()
        await page.goto(f"{town.url}/#/admin/mine")
        await expect(page.get_by_text("패스키 · 두 가지로 확인")).to_be_visible()
        await _opens_a_person_after_a_proof(page, town)


async def _add_passkey(page: Page, folder: Path) -> None:
    await page.get_by_role("button", name="패스키 등록").click()
    await page.fill("input[name=passkey-name]", "당직실 노트북")
    await page.get_by_role("button", name="기기에서 확인").click()
    await expect(page.locator(".codes code")).to_have_count(10)
    async with page.expect_download() as waiting:
        await page.get_by_role("button", name="내려받기").click()
    kept = folder / "codes.txt"
    await (await waiting.value).save_as(kept)
    assert len(kept.read_text(encoding="utf-8").split()) >= 10
    await page.get_by_role("button", name="잘 두었습니다").click()
    await expect(page.get_by_text("당직실 노트북")).to_be_visible()


async def _opens_a_person_after_a_proof(page: Page, town: Town) -> None:
    with database(town) as line:
        person = str(line.execute("select id from person order by id limit 1").fetchone()[0])  # the sample's first
    opened = {"type": "medical", "description": "쓰러짐", "source": "119", "lon": 127.43, "lat": 36.63}
    incident = (await town.client.post("/incidents", json=opened)).json()["id"]
    name = (await page.evaluate(OPEN, [person, incident]))["name"]
    assert name, "a sign-in by passkey is a proof itself"
    grow_stale(town)
    refused = await page.evaluate(OPEN, [person, incident])
    assert (refused["status"], refused["key"]) == (403, "trust.step_up.needed")
    await page.goto(f"{town.url}/#/people")
    await page.get_by_label("전체 값").fill(name)
    await page.get_by_role("button", name="찾기", exact=True).click()
    await page.get_by_role("button", name="가림 풀기", exact=True).first.click()
    reason = page.locator("dialog")
    await reason.locator("textarea").fill("쓰러진 사람의 보호자 확인")
    await reason.locator("input").fill(incident)
    await reason.get_by_role("button", name="기록하고 열기").click()
    # One dialog proves it, and what was asked goes on by itself.
    await page.get_by_role("dialog", name="본인 확인").get_by_role("button", name="패스키로 확인").click()
    await expect(page.get_by_role("heading", name=name, exact=True).first).to_be_visible()
    await expect(page.locator("dialog")).to_have_count(0)
    with database(town) as line:
        found = line.execute("select action from audit where actor_name = %s order by at", (NAME,)).fetchall()
    actions = [row[0] for row in found]
    assert actions[-3:] == ["request.refuse", "session.prove", "person.open"]
